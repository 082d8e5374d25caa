//! Every request of the management API that names an entity or a repository.

use http::{Method, StatusCode};

use crate::ground::Sent;

/// The list that is sent. Whoever may not know is not told what is wrong with it.
const LIST: &str = r#"{"resourceAccess":[{"principalId":273949,"accessType":["READ"]}]}"#;

/// What a tag of an external repository is said to name.
const COMMIT: &str = r#"{"tag":"v1","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#;

/// What is made in a project.
const REFERENCE: &str = r#"{"concreteType":"org.sagebionetworks.repo.model.docker.DockerRepository","parentId":"ENTITY","repositoryName":"docker.io/library/ubuntu"}"#;

/// Calls that name no entity and no repository, or are about accounts and teams.
const NAMELESS: &[(Method, &str)] = &[
    (Method::POST, "/auth/v1/login"),
    (Method::DELETE, "/auth/v1/session"),
    (Method::GET, "/auth/v1/personalAccessToken"),
    (Method::POST, "/auth/v1/personalAccessToken"),
    (Method::GET, "/auth/v1/personalAccessToken/{}"),
    (Method::DELETE, "/auth/v1/personalAccessToken/{}"),
    (Method::GET, "/pierhead/v1/personalAccessToken"),
    (Method::DELETE, "/pierhead/v1/personalAccessToken/{}"),
    (Method::GET, "/pierhead/v1/refreshToken"),
    (Method::DELETE, "/pierhead/v1/refreshToken/{}"),
    (Method::GET, "/repo/v1/userProfile"),
    (Method::GET, "/repo/v1/userProfile/"),
    (Method::GET, "/repo/v1/userProfile/{}"),
    (Method::GET, "/repo/v1/user/{}/bundle"),
    (Method::GET, "/repo/v1/user/{}/certifiedUserPassingRecord"),
    (Method::GET, "/repo/v1/user/{}/team"),
    (Method::GET, "/repo/v1/userGroupHeaders"),
    (Method::GET, "/repo/v1/userGroupHeaders/batch"),
    (Method::POST, "/repo/v1/principal/available"),
    (Method::POST, "/repo/v1/team"),
    (Method::GET, "/repo/v1/team/{}"),
    (Method::DELETE, "/repo/v1/team/{}"),
    (Method::PUT, "/repo/v1/team/{}/member/{}"),
    (Method::DELETE, "/repo/v1/team/{}/member/{}"),
    (Method::GET, "/repo/v1/team/{}/member/{}/membershipStatus"),
    (Method::GET, "/repo/v1/teams"),
    (Method::POST, "/repo/v1/teamList"),
    (Method::GET, "/repo/v1/teamMembers/{}"),
    (Method::GET, "/pierhead/v1/openapi.json"),
    (Method::GET, "/repo/v1/trashcan/view"),
    (Method::GET, "/pierhead/v1/account"),
    (Method::POST, "/pierhead/v1/account"),
    (Method::GET, "/pierhead/v1/account/{}"),
    (Method::DELETE, "/pierhead/v1/account/{}"),
    (Method::PUT, "/pierhead/v1/account/{}/certified"),
    (Method::PUT, "/pierhead/v1/account/{}/operator"),
    (Method::PUT, "/pierhead/v1/account/{}/disabled"),
    (Method::PUT, "/pierhead/v1/account/{}/password"),
    (Method::POST, "/pierhead/v1/registration"),
    (Method::GET, "/pierhead/v1/invitation"),
    (Method::POST, "/pierhead/v1/invitation"),
    (Method::DELETE, "/pierhead/v1/invitation/{}"),
    (Method::POST, "/pierhead/v1/email"),
    (Method::POST, "/pierhead/v1/email/confirm"),
    (Method::POST, "/pierhead/v1/password"),
    (Method::POST, "/pierhead/v1/password/reset"),
    (Method::POST, "/pierhead/v1/password/reset/confirm"),
    (Method::GET, "/pierhead/v1/principal"),
    (Method::GET, "/pierhead/v1/team"),
    (Method::POST, "/pierhead/v1/team"),
    (Method::GET, "/pierhead/v1/team/{}"),
    (Method::DELETE, "/pierhead/v1/team/{}"),
    (Method::PUT, "/pierhead/v1/team/{}/member/{}"),
    (Method::DELETE, "/pierhead/v1/team/{}/member/{}"),
    (Method::PUT, "/pierhead/v1/team/{}/manager/{}"),
    (Method::DELETE, "/pierhead/v1/team/{}/manager/{}"),
    (Method::GET, "/pierhead/v1/project/unmended"),
];

/// What an entity's number or a repository's name is asked for with.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// The path as the service has it.
    pub(crate) path: &'static str,
    pub(crate) sent: Sent,
}

impl Call {
    /// How it is answered whatever it names. The record of what was done is for accounts alone, so
    /// whoever shows nothing is asked to sign in before anything is looked for.
    pub(crate) fn answer(&self, signed_in: bool) -> StatusCode {
        if self.path.starts_with("/pierhead/v1/audit") && !signed_in {
            StatusCode::UNAUTHORIZED
        } else {
            StatusCode::NOT_FOUND
        }
    }

    fn asking(mut self, query: &str) -> Self {
        self.sent.target.push_str(query);
        self
    }
}

/// The paths and methods that name nothing of a project's.
pub(crate) fn nameless() -> impl Iterator<Item = (Method, &'static str)> {
    NAMELESS.iter().cloned()
}

/// Requests that name an entity, by its number `ENTITY`.
pub(crate) fn by_number(etag: &str) -> Vec<Call> {
    let replaced = LIST.replacen('{', &format!(r#"{{"etag":"{etag}","#), 1);
    let described = format!(r#"{{"etag":"{etag}","name":"other","parentId":"ENTITY"}}"#);
    let children = r#"{"parentId":"ENTITY","includeTypes":["project","dockerrepo"]}"#;
    let mut calls = vec![
        call(Method::POST, "/repo/v1/entity", REFERENCE),
        call(Method::GET, "/repo/v1/entity/{}", ""),
        call(Method::PUT, "/repo/v1/entity/{}", &described),
        call(Method::DELETE, "/repo/v1/entity/{}", ""),
        call(Method::POST, "/repo/v1/entity/children", children),
        call(Method::GET, "/repo/v1/entity/{}/path", ""),
        call(Method::GET, "/repo/v1/entity/{}/dockerTag", ""),
        call(Method::POST, "/repo/v1/entity/{}/dockerCommit", COMMIT),
        call(Method::GET, "/repo/v1/entity/{}/acl", ""),
        call(Method::POST, "/repo/v1/entity/{}/acl", LIST),
        call(Method::PUT, "/repo/v1/entity/{}/acl", &replaced),
        call(Method::DELETE, "/repo/v1/entity/{}/acl", ""),
        call(Method::GET, "/repo/v1/entity/{}/benefactor", ""),
        call(Method::GET, "/repo/v1/entity/{}/permissions", ""),
        call(Method::PUT, "/repo/v1/trashcan/trash/{}", ""),
        call(Method::PUT, "/repo/v1/trashcan/restore/{}", ""),
        call(Method::PUT, "/repo/v1/trashcan/purge/{}", ""),
        call(Method::GET, "/pierhead/v1/entity/{}/trash", ""),
        call(Method::GET, "/pierhead/v1/entity/{}/history", ""),
        call(Method::DELETE, "/pierhead/v1/entity/{}/tag/{}", ""),
        call(
            Method::POST,
            "/pierhead/v1/entity/{}/retire",
            r#"{"newest":1}"#,
        ),
        call(
            Method::POST,
            "/pierhead/v1/entity/{}/retire",
            r#"{"newest":1,"dryRun":true}"#,
        ),
        call(Method::GET, "/pierhead/v1/audit", "").asking("?entity=ENTITY"),
        call(Method::GET, "/pierhead/v1/audit/export", "").asking("?entity=ENTITY"),
        call(
            Method::POST,
            "/repo/v1/entity/{}/bundle2",
            r#"{"includeEntity":true}"#,
        ),
        call(Method::GET, "/repo/v1/entity/{}/type", ""),
        call(
            Method::POST,
            "/repo/v1/entity/child",
            r#"{"parentId":"ENTITY","entityName":"tools"}"#,
        ),
    ];
    let access = "/repo/v1/entity/{}/access";
    for permission in ["READ", "DOWNLOAD", "CHANGE_PERMISSIONS"] {
        let query = format!("?accessType={permission}");
        calls.push(call(Method::GET, access, "").asking(&query));
    }
    let explain = "/pierhead/v1/entity/{}/explain";
    for action in ACTIONS {
        let query = format!("?action={action}");
        calls.push(call(Method::GET, explain, "").asking(&query));
        let about = format!("{query}&account=273948");
        calls.push(call(Method::GET, explain, "").asking(&about));
    }
    calls
}

/// Requests that name a repository, by its name `NAME`.
pub(crate) fn by_name() -> Vec<Call> {
    let find = call(Method::GET, "/repo/v1/entity/dockerRepo/id", "");
    let mut calls = vec![find.asking("?repositoryName=NAME")];
    for action in ACTIONS {
        let explain = call(Method::GET, "/pierhead/v1/explain", "");
        calls.push(explain.asking(&format!("?repositoryName=NAME&action={action}")));
    }
    calls
}

/// What can be explained about a thing.
const ACTIONS: [&str; 16] = [
    "pull",
    "list-tags",
    "push",
    "head",
    "delete",
    "see",
    "see-list",
    "describe",
    "create-external-reference",
    "change-external-reference",
    "trash",
    "restore",
    "purge",
    "change-sharing",
    "audit",
    "list-trash",
];

fn call(method: Method, path: &'static str, body: &str) -> Call {
    let sent = Sent::new(method, path.replace("{}", "ENTITY"));
    let sent = if body.is_empty() {
        sent
    } else {
        sent.with_header("content-type", "application/json")
            .with_body(body)
    };
    Call { path, sent }
}
