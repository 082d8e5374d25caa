//! What is there, what is hidden, and who looks for it.

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{Method, StatusCode};
use pierhead::auth::token::{AccessEntry, Expected, RegistryClaims};
use pierhead::model::ContentDigest;
use pierhead::policy::{EntityId, PrincipalId, Scopes};
use pierhead::projects::{AccountRequest, Actor};
use serde_json::{Value, json};

use crate::ground::{Answer, Ground, HOST, Sent, Services};

/// The content of every repository here but the stranger's own, and the tag of its one manifest.
pub(crate) const BLOB: &str = "everybody has heard of these bytes";
const OWN_BLOB: &str = "and nobody of these";
pub(crate) const TAG: &str = "v1";
pub(crate) const MANIFEST_TYPE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A number of an entity that was never given, of the length of those that are.
const NEVER: &str = "1999999";

/// Something that a stranger is told nothing of.
#[derive(Clone, Debug)]
pub(crate) struct Hidden {
    pub(crate) what: &'static str,
    /// As the registry is asked for it.
    pub(crate) name: String,
    /// As the management API is asked for it.
    pub(crate) id: String,
}

/// Somebody who is told nothing.
#[derive(Clone, Debug)]
pub(crate) struct Looking {
    pub(crate) who: &'static str,
    /// The `Authorization` that the registry is shown.
    pub(crate) registry: Option<String>,
    /// The personal access token that the token endpoint and the management API are shown.
    pub(crate) secret: Option<String>,
    /// A repository of their own, if they have one.
    pub(crate) home: Option<String>,
}

#[derive(Debug)]
pub(crate) struct World {
    pub(crate) ground: Ground,
    /// Names that the registry is asked for.
    pub(crate) names: Vec<Hidden>,
    /// Numbers that the management API is asked for.
    pub(crate) entities: Vec<Hidden>,
    pub(crate) looking: Vec<Looking>,
    /// The `Authorization` of whoever may see the first two names.
    pub(crate) owner: Option<String>,
    /// The etag of the forbidden repository.
    pub(crate) etag: String,
    /// An upload that its owner has begun in the forbidden repository.
    pub(crate) upload: String,
}

/// An account with a personal access token.
struct Account {
    id: PrincipalId,
    secret: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        let ground = Ground::new();
        let services = ground.services();
        let owner = account(&services, "ana").await;
        let stranger = account(&services, "sam").await;
        let [project, doomed] = [
            make_project(&services, owner.id).await,
            make_project(&services, owner.id).await,
        ];
        let homes = make_project(&services, stranger.id).await;
        let home = format!("{}/house", show(homes));
        found(&services, &stranger, &home, OWN_BLOB).await;

        // Names of one length: what an answer repeats of its request makes it no longer.
        let name = |project: EntityId, name: &str| format!("{}/{name}", show(project));
        let forbidden = found(&services, &owner, &name(project, "tools"), BLOB).await;
        let trashed = found(&services, &owner, &name(project, "trash"), BLOB).await;
        let purged = found(&services, &owner, &name(project, "purge"), BLOB).await;
        let covered = found(&services, &owner, &name(doomed, "tools"), BLOB).await;
        let system = Actor::system("test");
        let mut references = Vec::new();
        for _ in 0..2 {
            let name = "docker.io/library/ubuntu".parse().expect("a name");
            let made = services
                .projects
                .create_reference(&system, project, &name, "");
            references.push(made.await.expect("a reference"));
        }
        for entity in [trashed, purged, doomed, references[1]] {
            let done = services.projects.trash(&system, entity).await;
            done.expect("it is there");
        }
        let done = services.projects.purge(&system, purged).await;
        done.expect("it is in the trash");
        let seen = services.projects.view(&system, forbidden).await;
        let etag = seen.expect("it is there").etag.to_string();
        let upload = begin_upload(&services, &owner, &name(project, "tools")).await;

        let never = format!("syn{NEVER}");
        let hidden = |what, name: &str, id: &str| Hidden {
            what,
            name: name.to_owned(),
            id: id.to_owned(),
        };
        let by_name = |what, name: &str| hidden(what, name, "");
        let by_id = |what, id: EntityId| hidden(what, "", &show(id));
        let names = vec![
            by_name("an absent name", &name(project, "none0")),
            by_name("a forbidden repository", &name(project, "tools")),
            by_name("a trashed repository", &name(project, "trash")),
            by_name("a purged repository", &name(project, "purge")),
            by_name("a repository of a trashed project", &name(doomed, "tools")),
            by_name(
                "an absent name in a trashed project",
                &name(doomed, "none0"),
            ),
            by_name("a name in a missing project", &format!("{never}/tools")),
            by_name("a name under a repository", &name(forbidden, "tools")),
            by_name("a name under a trashed repository", &name(trashed, "tools")),
            by_name("a name under a reference", &name(references[0], "tools")),
        ];
        let entities = vec![
            hidden("a number that was never given", "", &never),
            by_id("a forbidden project", project),
            by_id("a forbidden repository", forbidden),
            by_id("a trashed repository", trashed),
            by_id("a purged repository", purged),
            by_id("a forbidden reference", references[0]),
            by_id("a trashed reference", references[1]),
            by_id("a trashed project", doomed),
            by_id("a repository of a trashed project", covered),
        ];
        let every: Vec<&str> = names.iter().map(|hidden| &*hidden.name).collect();
        let looking = looking(&ground, &services, &stranger, &home, &every).await;
        let owner = bearer_of_two(&services, &owner, &names[0].name, &names[1].name).await;
        Self {
            ground,
            names,
            entities,
            looking,
            owner: Some(owner),
            etag,
            upload,
        }
    }
}

/// The stranger with a token that lists everything and with one that lists nothing, and nobody with
/// a token and without one.
async fn looking(
    ground: &Ground,
    services: &Services,
    stranger: &Account,
    home: &str,
    names: &[&str],
) -> Vec<Looking> {
    let own = format!("repository:{home}:pull,push,delete");
    let token = registry_token(services, Some(&stranger.secret), &own).await;
    let nobodys = registry_token(services, None, &own).await;
    let listed = |token: &str| {
        let mut claims = claims(ground, token);
        let names = names.iter().chain([&home]);
        let all = ["delete", "pull", "push"];
        claims.access = names
            .map(|name| AccessEntry::repository(*name, all))
            .collect();
        format!("Bearer {}", ground.keys.issue(&claims).expect("a token"))
    };
    let secret = Some(stranger.secret.clone());
    vec![
        Looking {
            who: "a stranger whose token lists everything",
            registry: Some(listed(&token)),
            secret: secret.clone(),
            home: Some(home.to_owned()),
        },
        Looking {
            who: "a stranger whose token lists their own",
            registry: Some(format!("Bearer {token}")),
            secret,
            home: Some(home.to_owned()),
        },
        Looking {
            who: "nobody",
            registry: None,
            secret: None,
            home: None,
        },
        Looking {
            who: "nobody with a token that lists everything",
            registry: Some(listed(&nobodys)),
            secret: None,
            home: None,
        },
    ]
}

/// What a registry token says.
pub(crate) fn claims(ground: &Ground, token: &str) -> RegistryClaims {
    let expected = Expected::new(format!("http://{HOST}"), HOST);
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).expect("later");
    let claims = ground.keys.verify(token, &expected, now.as_secs());
    claims.expect("a token of ours")
}

pub(crate) fn digest(blob: &str) -> ContentDigest {
    ContentDigest::sha256(blob.as_bytes())
}

pub(crate) fn manifest(blob: &str) -> String {
    json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": digest(blob).to_string(),
            "size": blob.len(),
        },
        "layers": [],
    })
    .to_string()
}

fn show(id: EntityId) -> String {
    format!("syn{}", id.get())
}

async fn account(services: &Services, name: &str) -> Account {
    let system = Actor::system("test");
    let projects = &services.projects;
    let name = name.parse().expect("a name");
    let request = AccountRequest::default().certified();
    let id = projects.create_account(&system, &name, request).await;
    let id = id.expect("the name is free");
    let token = projects.create_token(&system, id, "test", Scopes::ALL, None);
    let (_, token) = token.await.expect("a token");
    let secret = token.expose().to_owned();
    Account { id, secret }
}

async fn make_project(services: &Services, owner: PrincipalId) -> EntityId {
    let system = Actor::system("test");
    let made = services.projects.create_project(&system, owner, "Test", "");
    made.await.expect("a project")
}

pub(crate) fn basic(secret: &str) -> String {
    format!("Basic {}", BASE64_STANDARD.encode(format!("any:{secret}")))
}

async fn registry_token(services: &Services, secret: Option<&str>, scope: &str) -> String {
    let target = format!("/token?service={HOST}&scope={scope}");
    let sent = Sent::new(Method::GET, target);
    let answer = services.send(secret.map(basic).as_deref(), &sent).await;
    let answer: Value = serde_json::from_slice(&expect(StatusCode::OK, answer).body).expect("JSON");
    answer["token"].as_str().expect("a token").to_owned()
}

async fn bearer_of_two(services: &Services, account: &Account, one: &str, two: &str) -> String {
    let scope = format!("repository:{one}:pull&scope=repository:{two}:pull");
    let token = registry_token(services, Some(&account.secret), &scope).await;
    format!("Bearer {token}")
}

async fn bearer(services: &Services, account: &Account, name: &str) -> String {
    let scope = format!("repository:{name}:pull,push,delete");
    let token = registry_token(services, Some(&account.secret), &scope).await;
    format!("Bearer {token}")
}

/// A repository with one manifest.
async fn found(services: &Services, by: &Account, name: &str, content: &str) -> EntityId {
    let bearer = bearer(services, by, name).await;
    let blob = format!("/v2/{name}/blobs/uploads/?digest={}", digest(content));
    let blob = Sent::new(Method::POST, blob).with_body(content);
    expect(
        StatusCode::CREATED,
        services.send(Some(&bearer), &blob).await,
    );
    let put = Sent::new(Method::PUT, format!("/v2/{name}/manifests/{TAG}"))
        .with_header("content-type", MANIFEST_TYPE)
        .with_body(&manifest(content));
    expect(
        StatusCode::CREATED,
        services.send(Some(&bearer), &put).await,
    );
    let system = Actor::system("test");
    let found = services.projects.repository_named(&system, name);
    found.await.expect("it was pushed")
}

async fn begin_upload(services: &Services, by: &Account, name: &str) -> String {
    let bearer = bearer(services, by, name).await;
    let begin = Sent::new(Method::POST, format!("/v2/{name}/blobs/uploads/"));
    let accepted = expect(
        StatusCode::ACCEPTED,
        services.send(Some(&bearer), &begin).await,
    );
    let id = accepted.headers["docker-upload-uuid"].to_str();
    id.expect("an id").to_owned()
}

fn expect(status: StatusCode, answer: Answer) -> Answer {
    assert_eq!(answer.status, status, "{:?}", answer.body);
    answer
}

impl Sent {
    pub(crate) fn new(method: Method, target: impl Into<String>) -> Self {
        Self {
            method,
            target: target.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }

    pub(crate) fn with_body(mut self, body: &str) -> Self {
        body.clone_into(&mut self.body);
        self
    }
}
