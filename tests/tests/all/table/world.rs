//! Everybody who asks, with their tokens, and whoever keeps things in order for them.

use std::collections::BTreeMap;

use pierhead_tests::{ALL, Account, Api, Manager};
use serde_json::{Value, json};

use super::cells::{Caller, Scopes};

/// What a repository's list is made of: who, and what they hold.
pub(crate) type Entries = Vec<(i64, u8)>;

/// An account of the table.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    /// A personal access token for each of [`Scopes::EVERY`].
    tokens: Vec<String>,
}

/// The accounts of one server.
#[derive(Debug)]
pub(crate) struct People {
    pub(crate) api: Api,
    /// Owns the projects, puts into the trash can what is there, repairs what was changed: an
    /// operator, who is no caller of the table.
    pub(crate) keeper: Person,
    callers: BTreeMap<(Caller, bool), Person>,
}

impl People {
    /// Makes the accounts and their tokens, all through the management API.
    pub(crate) fn new(host: &str) -> Self {
        let manager = Manager::of(host);
        let api = manager.api().clone();
        let keeper = Person::of(&api, &manager.operator);
        let mut callers = BTreeMap::new();
        let signed_in = Caller::EVERY.into_iter();
        for caller in signed_in.filter(|caller| *caller != Caller::Anonymous) {
            for certified in [false, true] {
                let word = format!("{caller:?}").to_ascii_lowercase();
                let account = manager.account(&word, certified);
                if caller == Caller::Operator {
                    manager.switch(&account, "operator", true);
                }
                callers.insert((caller, certified), Person::of(&api, &account));
            }
        }
        Self {
            api,
            keeper,
            callers,
        }
    }

    /// The account of a caller; none is anonymous.
    pub(crate) fn get(&self, caller: Caller, certified: bool) -> Option<&Person> {
        self.callers.get(&(caller, certified))
    }

    /// Every account of the table.
    pub(crate) fn every(&self) -> impl Iterator<Item = (Caller, bool, &Person)> {
        self.callers
            .iter()
            .map(|((caller, certified), person)| (*caller, *certified, person))
    }

    /// The certified account that is given nothing anywhere, and that once created every
    /// repository: to have created something gives nothing.
    pub(crate) fn founder(&self) -> &Person {
        &self.callers[&(Caller::Stranger, true)]
    }

    /// A list that gives the keeper all eight, and each account what a rule says.
    pub(crate) fn entries(&self, rule: impl Fn(Caller) -> u8) -> Entries {
        let theirs = self
            .every()
            .map(|(caller, _, person)| (person.id, rule(caller)));
        let all = theirs.chain([(self.keeper.id, u8::MAX)]);
        all.filter(|(_, bits)| *bits != 0).collect()
    }

    /// A registry token for these scopes, got with a personal access token or, with none, by nobody.
    pub(crate) fn registry_token(&self, secret: &str, scopes: &[String]) -> String {
        let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let answer = if secret.is_empty() {
            self.api.anonymous_token(&scopes)
        } else {
            self.api.token("any-name", secret, &scopes)
        };
        text(&answer.expect(200).json()["token"])
    }

    /// A request of the keeper's to the management API.
    #[track_caller]
    pub(crate) fn keep(&self, method: &str, path: &str, document: &Value, status: u16) -> Value {
        let secret = self.keeper.secret(Scopes::All);
        let answer = self.api.manage(secret, method, path, document);
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.json());
        answer.json()
    }

    /// Makes a list what it shall be, whether there is one or not.
    pub(crate) fn share(&self, id: i64, entries: &[(i64, u8)]) {
        let path = format!("/repo/v1/entity/syn{id}/acl");
        let secret = self.keeper.secret(Scopes::All);
        let now = self.api.manage(secret, "GET", &path, &Value::Null);
        if now.status == 200 {
            let list = list(entries, Some(&now.json()["etag"]));
            self.keep("PUT", &path, &list, 200);
        } else {
            self.keep("POST", &path, &list(entries, None), 201);
        }
    }

    /// The etag of a list that counts on the entity itself.
    pub(crate) fn etag(&self, id: i64) -> Value {
        let path = format!("/repo/v1/entity/syn{id}/acl");
        self.keep("GET", &path, &Value::Null, 200)["etag"].clone()
    }
}

impl Person {
    fn of(api: &Api, account: &Account) -> Self {
        let token = |scopes: &Scopes| {
            let names: &[&str] = match scopes {
                Scopes::All => &["view", "download", "modify"],
                Scopes::View => &["view"],
                Scopes::Download => &["download"],
                Scopes::Modify => &["modify"],
            };
            account.make_token(api, names).1
        };
        Self {
            id: i64::try_from(account.id).expect("a number that a database holds"),
            tokens: Scopes::EVERY.iter().map(token).collect(),
        }
    }

    /// The token with these scopes.
    pub(crate) fn secret(&self, scopes: Scopes) -> &str {
        let at = Scopes::EVERY.iter().position(|it| *it == scopes);
        &self.tokens[at.expect("one of all")]
    }
}

/// The names of permissions, in the order of their bits.
pub(crate) fn names(bits: u8) -> Value {
    let names = ALL.iter().enumerate();
    let held = names.filter(|(bit, _)| bits >> bit & 1 == 1);
    held.map(|(_, name)| *name).collect()
}

/// A list as it is sent.
pub(crate) fn list(entries: &[(i64, u8)], etag: Option<&Value>) -> Value {
    let entry = |(who, bits): &(i64, u8)| json!({ "principalId": who, "accessType": names(*bits) });
    let entries: Vec<Value> = entries.iter().map(entry).collect();
    match etag {
        Some(etag) => json!({ "etag": etag, "resourceAccess": entries }),
        None => json!({ "resourceAccess": entries }),
    }
}

/// A number, which the management API also writes as `syn101` or as a string.
pub(crate) fn number(value: &Value) -> i64 {
    let written = value
        .as_str()
        .map(|text| text.trim_start_matches("syn").parse());
    match (value.as_i64(), written) {
        (Some(number), _) | (_, Some(Ok(number))) => number,
        _ => panic!("`{value}` is no number"),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("`{value}` is no text"))
        .to_owned()
}
