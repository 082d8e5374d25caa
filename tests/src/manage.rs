//! Accounts, projects and sharing, through the management API of a running server.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use crate::{ADMIN_PASSWORD, Answer, Api};

/// The sharing levels, and all there is.
pub const VIEW: &[&str] = &["READ"];
/// What "can download" holds.
pub const DOWNLOAD: &[&str] = &["READ", "DOWNLOAD"];
/// What "can edit" holds.
pub const EDIT: &[&str] = &["READ", "DOWNLOAD", "UPDATE", "CREATE"];
/// What "can edit & delete" holds.
pub const EDIT_AND_DELETE: &[&str] = &["READ", "DOWNLOAD", "UPDATE", "CREATE", "DELETE"];
/// What "administrator" holds.
pub const ALL: &[&str] = &[
    "READ",
    "DOWNLOAD",
    "CREATE",
    "UPDATE",
    "DELETE",
    "CHANGE_PERMISSIONS",
    "CHANGE_SETTINGS",
    "MODERATE",
];

/// A list of who holds what, by the numbers of accounts and teams.
pub type Shares<'a> = &'a [(u64, &'a [&'a str])];

/// The management API, and who runs the server.
#[derive(Clone, Debug)]
pub struct Manager {
    api: Api,
    /// The operator that every server begins with.
    pub operator: Account,
}

/// An account that has signed in and made itself a personal access token.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its number.
    pub id: u64,
    /// Its user name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// A sign-in session.
    pub session: String,
    /// A personal access token with every scope.
    pub token: String,
    /// The token's number.
    pub token_id: String,
}

impl Manager {
    /// Signs in as the operator.
    pub fn of(host: &str) -> Self {
        let api = Api::anonymous(host);
        let operator = Account::sign_in(&api, "admin", ADMIN_PASSWORD);
        Self { api, operator }
    }

    /// Whoever shows nothing.
    pub fn api(&self) -> &Api {
        &self.api
    }

    /// Makes an account. Its name begins with this word and is nobody else's.
    pub fn account(&self, word: &str, certified: bool) -> Account {
        let name = format!("{word}{}", another());
        let password = format!("the password of {name}");
        let new = json!({ "name": name, "password": password, "certified": certified });
        let made = self.ask(&self.operator.session, "POST", "/pierhead/v1/account", &new);
        made.expect(201);
        Account::sign_in(&self.api, &name, &password)
    }

    /// Makes a team of these accounts, and gives its number.
    pub fn team(&self, members: &[&Account]) -> u64 {
        let new = json!({ "name": format!("team{}", another()) });
        let made = self.ask(&self.operator.session, "POST", "/pierhead/v1/team", &new);
        let team = number(&made.expect(201).json()["id"]);
        for account in members {
            self.member(team, account, "PUT");
        }
        team
    }

    /// Puts an account into a team (`PUT`), or takes it out (`DELETE`).
    pub fn member(&self, team: u64, account: &Account, method: &str) {
        let path = format!("/pierhead/v1/team/{team}/member/{}", account.id);
        let session = &self.operator.session;
        self.ask(session, method, &path, &Value::Null).expect(200);
    }

    /// Switches `certified`, `operator` or `disabled` of an account.
    pub fn switch(&self, account: &Account, what: &str, value: bool) {
        let path = format!("/pierhead/v1/account/{}/{what}", account.id);
        let value = json!({ "value": value });
        let session = &self.operator.session;
        self.ask(session, "PUT", &path, &value).expect(200);
    }

    /// Makes a project, and gives its id.
    pub fn project(&self, owner: &Account) -> String {
        let new = json!({
            "concreteType": "org.sagebionetworks.repo.model.Project",
            "name": "A project",
        });
        let made = self.ask(&owner.token, "POST", "/repo/v1/entity", &new);
        text(&made.expect(201).json()["id"])
    }

    /// The id of a repository.
    pub fn repository(&self, name: &str) -> Answer {
        let path = format!("/repo/v1/entity/dockerRepo/id?repositoryName={name}");
        self.get(&self.operator, &path)
    }

    /// The id of a repository that is there.
    pub fn repository_id(&self, name: &str) -> String {
        text(&self.repository(name).expect(200).json()["id"])
    }

    /// Gives an entity a list of its own, in the place of the one that it has, if it has one. The
    /// operator does that.
    pub fn share(&self, id: &str, shares: Shares<'_>) {
        let path = format!("/repo/v1/entity/{id}/acl");
        let entries = shares
            .iter()
            .map(|(who, what)| json!({ "principalId": who, "accessType": what }));
        let mut list = json!({ "resourceAccess": entries.collect::<Vec<_>>() });
        let now = self.get(&self.operator, &path);
        if now.status == 200 {
            list["etag"] = now.json()["etag"].clone();
            let done = self.ask(&self.operator.token, "PUT", &path, &list);
            done.expect(200);
        } else {
            let done = self.ask(&self.operator.token, "POST", &path, &list);
            done.expect(201);
        }
    }

    /// Lets a repository inherit again. The operator does that.
    pub fn inherit(&self, id: &str) {
        let path = format!("/repo/v1/entity/{id}/acl");
        let token = &self.operator.token;
        self.ask(token, "DELETE", &path, &Value::Null).expect(200);
    }

    /// What becomes of `trash`, `restore` or `purge`.
    pub fn trashcan(&self, by: &Account, does: &str, id: &str) -> Answer {
        let path = format!("/repo/v1/trashcan/{does}/{id}");
        self.ask(&by.token, "PUT", &path, &Value::Null)
    }

    /// What an account reads.
    pub fn get(&self, by: &Account, path: &str) -> Answer {
        self.ask(&by.token, "GET", path, &Value::Null)
    }

    /// A request with a credential and a document.
    pub fn ask(&self, credential: &str, method: &str, path: &str, document: &Value) -> Answer {
        self.api.manage(credential, method, path, document)
    }

    /// The registry to an account, with a token for everything on these names.
    pub fn registry(&self, account: &Account, names: &[&str]) -> Api {
        let token = self.registry_token(&account.name, &account.token, names);
        self.api.bearing(&token)
    }

    /// A registry token for everything on these names, got with a password or a personal access
    /// token.
    pub fn registry_token(&self, name: &str, secret: &str, names: &[&str]) -> String {
        let scopes = names.iter().map(|name| scope(name)).collect::<Vec<_>>();
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let answer = self.api.token(name, secret, &scopes).expect(200);
        text(&answer.json()["token"])
    }
}

impl Account {
    /// Signs in, and makes a token with every scope.
    pub fn sign_in(api: &Api, name: &str, password: &str) -> Self {
        let session = api.session(name, password);
        let who = api.manage(&session, "GET", "/repo/v1/userProfile", &Value::Null);
        let id = number(&who.expect(200).json()["ownerId"]);
        let mut account = Self {
            id,
            name: name.to_owned(),
            password: password.to_owned(),
            session,
            token: String::new(),
            token_id: String::new(),
        };
        let all = ["view", "download", "modify"];
        (account.token_id, account.token) = account.make_token(api, &all);
        account
    }

    /// Another token, with these scopes: its number, and its text.
    pub fn make_token(&self, api: &Api, scopes: &[&str]) -> (String, String) {
        let new = json!({ "name": "a token", "scope": scopes });
        let made = api.manage(&self.session, "POST", "/auth/v1/personalAccessToken", &new);
        let made = made.expect(201).json();
        (text(&made["id"]), text(&made["token"]))
    }
}

/// The scope of everything on a name.
pub fn scope(name: &str) -> String {
    format!("repository:{name}:pull,push,delete")
}

fn another() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn text(value: &Value) -> String {
    let text = value.as_str();
    text.unwrap_or_else(|| panic!("`{value}` is no text"))
        .to_owned()
}

fn number(value: &Value) -> u64 {
    text(value).parse().expect("a number")
}
