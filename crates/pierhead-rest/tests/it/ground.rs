//! A registry's worth of accounts and projects, and somebody who asks about them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::executor::block_on;
use futures::future::BoxFuture;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Request, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use pierhead_auth::Secret;
use pierhead_auth::token::{KeyRing, SigningKey};
use pierhead_model::{ContentDigest, MediaType, RepositoryName};
use pierhead_policy::{EntityId, Level, Options, PrincipalId, Scope};
use pierhead_projects::{
    AccountRequest, Actor, Projects, ProjectsOptions, ShareRequest, ThreadOffload,
};
use pierhead_registry::{
    Action, Allowed, Clock, Credentials, Decision, GrantType, Peer, Resource, Secret as WireSecret,
    TokenRequest,
};
use pierhead_rest::{RestOptions, RestService};
use pierhead_storage::{ManifestPut, NewName, Permit, PutOutcome, RepositoryStore as _, View};
use pierhead_storage_sqlite::SqliteStore;
use serde_json::Value;
use tower_service::Service as _;

pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const SERVICE: &str = "registry.example:5000";

/// A clock that stands until it is told to move; with it, waiting ends at once or never.
#[derive(Debug)]
pub(crate) struct TestClock {
    now: parking_lot::Mutex<SystemTime>,
    pub(crate) hurries: std::sync::atomic::AtomicBool,
}

impl TestClock {
    pub(crate) fn advance(&self, seconds: u64) {
        *self.now.lock() += Duration::from_secs(seconds);
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        *self.now.lock()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        if self.hurries.load(std::sync::atomic::Ordering::Relaxed) {
            Box::pin(futures::future::ready(()))
        } else {
            Box::pin(futures::future::pending())
        }
    }
}

pub(crate) struct Ground {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) projects: Projects,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) service: RestService,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) fault: bool,
}

impl Reply {
    /// The document, if the status is this one.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }

    /// The words of an error of this status.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16) -> String {
        let document = self.expect(status);
        assert_eq!(
            document["concreteType"],
            "org.sagebionetworks.repo.model.ErrorResponse"
        );
        assert_eq!(document.as_object().unwrap().len(), 2);
        document["reason"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// A member that is a text.
#[track_caller]
pub(crate) fn text(document: &Value, member: &str) -> String {
    let found = document[member].as_str();
    found
        .unwrap_or_else(|| panic!("{member} in {document}"))
        .to_owned()
}

pub(crate) fn server() -> Actor {
    Actor::system("test")
}

pub(crate) fn ground() -> Ground {
    ground_with(Options::default())
}

pub(crate) fn ground_with(policy: Options) -> Ground {
    ground_of(|options| options.with_policy(policy))
}

pub(crate) fn ground_of(change: impl FnOnce(ProjectsOptions) -> ProjectsOptions) -> Ground {
    let store = Arc::new(SqliteStore::open_temporary().unwrap());
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let clock = Arc::new(TestClock {
        now: parking_lot::Mutex::new(start),
        hurries: false.into(),
    });
    let keys = KeyRing::new(SigningKey::generate().unwrap());
    let options = change(ProjectsOptions::new("https://registry.example", SERVICE));
    let projects = Projects::new(
        store.clone(),
        store.clone(),
        keys,
        options,
        clock.clone(),
        Arc::new(ThreadOffload),
    );
    let service = RestService::new(projects.clone(), RestOptions::default());
    Ground {
        store,
        projects,
        clock,
        service,
    }
}

/// A hash made once; making one takes 20 ms of a core.
fn hash() -> Secret {
    static HASH: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let hash = pierhead_auth::password::hash_password(&Secret::from(PASSWORD)).unwrap();
        hash.as_str().to_owned()
    });
    Secret::from(HASH.as_str())
}

/// A body that says nothing and does not end.
pub(crate) struct Silent;

impl Body for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Pending
    }
}

impl Ground {
    /// What is answered to a request, whatever it is. Every answer keeps to what all have in common
    /// and to what the document says of it.
    pub(crate) fn send<B>(&self, request: Request<B>) -> Reply
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<pierhead_rest::BoxError>,
    {
        self.checked(request, None)
    }

    fn checked<B>(&self, request: Request<B>, sent: Option<&[u8]>) -> Reply
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<pierhead_rest::BoxError>,
    {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let reply = self.answered(request);
        if method != http::Method::HEAD {
            crate::shape::check(&method, &path, sent, &reply);
        }
        reply
    }

    /// The document, which says what all else is compared with.
    pub(crate) fn document(&self) -> Reply {
        let request = Request::get("/pierhead/v1/openapi.json");
        self.answered(request.body(Full::<Bytes>::default()).unwrap())
    }

    fn answered<B>(&self, request: Request<B>) -> Reply
    where
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<pierhead_rest::BoxError>,
    {
        let head = request.method() == http::Method::HEAD;
        let Ok(response) = block_on(self.service.clone().call(request));
        let (parts, body) = response.into_parts();
        let Ok(body) = block_on(body.collect());
        let body = body.to_bytes();
        let reply = Reply {
            status: parts.status.as_u16(),
            fault: parts.extensions.get::<pierhead_rest::Fault>().is_some(),
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        };
        let kind = reply.header("content-type");
        let lines = kind == Some("application/x-ndjson") && reply.status == 200;
        assert!(kind == Some("application/json") || lines, "{kind:?}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
        if !head {
            let length = body.len().to_string();
            assert_eq!(reply.header("content-length"), Some(length.as_str()));
        }
        let challenged = reply.header("www-authenticate") == Some("Bearer realm=\"pierhead\"");
        assert_eq!(challenged, parts.status == StatusCode::UNAUTHORIZED);
        assert_eq!(reply.fault, parts.status.is_server_error());
        // Clients take these words for a reason to ask again, for a long time.
        let passing = ["try again", "timeout", "timed out", "slow down", "slowdown"];
        let text = reply.text.to_lowercase();
        let passes = passing.iter().any(|words| text.contains(words));
        let asks_again = [408, 429].contains(&reply.status) || reply.fault;
        assert!(asks_again || !passes, "{text}");
        reply
    }

    /// Asks with a token, or without one when it is empty.
    pub(crate) fn call(&self, token: &str, method: &str, path: &str, body: &str) -> Reply {
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .extension(Peer::at([192, 0, 2, 1].into()));
        if !token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let sent = Full::new(Bytes::copy_from_slice(body.as_bytes()));
        self.checked(request.body(sent).unwrap(), Some(body.as_bytes()))
    }

    pub(crate) fn get(&self, token: &str, path: &str) -> Reply {
        self.call(token, "GET", path, "")
    }

    /// Signs in by the API.
    pub(crate) fn session(&self, name: &str) -> String {
        let body = format!(r#"{{"username":"{name}","password":"{PASSWORD}"}}"#);
        let answer = self.call("", "POST", "/auth/v1/login", &body).expect(201);
        text(&answer, "accessToken")
    }

    /// A personal access token with these scopes.
    pub(crate) fn token(&self, who: PrincipalId, scopes: &[Scope]) -> String {
        let scopes = scopes.iter().copied().collect();
        let server = server();
        let made = self
            .projects
            .create_token(&server, who, "test", scopes, None);
        block_on(made).unwrap().1.expose().to_owned()
    }

    /// A personal access token for everything.
    pub(crate) fn full(&self, who: PrincipalId) -> String {
        self.token(who, &[Scope::View, Scope::Download, Scope::Modify])
    }

    /// An account that signs in with [`PASSWORD`].
    pub(crate) fn account(&self, name: &str, certified: bool) -> PrincipalId {
        self.person(name, certified, false)
    }

    pub(crate) fn operator(&self, name: &str) -> PrincipalId {
        self.person(name, false, true)
    }

    fn person(&self, name: &str, certified: bool, operator: bool) -> PrincipalId {
        let mut request = AccountRequest::with_password_hash(hash());
        request.certified = certified;
        request.operator = operator;
        let name = name.parse().unwrap();
        block_on(self.projects.create_account(&server(), &name, request)).unwrap()
    }

    pub(crate) fn project(&self, owner: PrincipalId, list: &[(PrincipalId, Level)]) -> EntityId {
        let server = server();
        let made = self.projects.create_project(&server, owner, "Project", "");
        let id = block_on(made).unwrap();
        let all = [(owner, Level::Administrator)];
        self.share(id, &[&all, list].concat());
        id
    }

    /// Replaces a list.
    pub(crate) fn share(&self, entity: EntityId, list: &[(PrincipalId, Level)]) {
        let list = levels(list);
        let request = ShareRequest::Replace { list, etag: None };
        block_on(self.projects.share(&server(), entity, &request)).unwrap();
    }

    /// Gives a repository a list of its own.
    pub(crate) fn local(&self, entity: EntityId, list: &[(PrincipalId, Level)]) {
        let request = ShareRequest::GiveLocal(levels(list));
        block_on(self.projects.share(&server(), entity, &request)).unwrap();
    }

    /// What the registry takes, got for a personal token: a password takes 20 ms of a core.
    pub(crate) fn registry_token(&self, username: &str) -> String {
        let who = block_on(self.projects.account_named(username)).unwrap();
        let password = WireSecret::new(self.full(who.unwrap().id));
        let issuer = self.projects.token_issuer();
        let token = issuer.issue(TokenRequest {
            credentials: Credentials::Basic {
                username: username.to_owned(),
                password,
            },
            grant: GrantType::Password,
            from: Peer::default(),
            service: Some(SERVICE.to_owned()),
            scopes: Vec::new(),
            offline: false,
        });
        block_on(token).unwrap().token
    }

    /// Pushes an index to a repository, which comes into being if it is not there.
    pub(crate) fn push(&self, username: &str, name: &str, tag: &str) -> EntityId {
        self.push_version(username, name, tag, 0)
    }

    /// The same of another content for each number.
    pub(crate) fn push_version(
        &self,
        username: &str,
        name: &str,
        tag: &str,
        version: usize,
    ) -> EntityId {
        let token = WireSecret::new(self.registry_token(username));
        let token = Credentials::Bearer(token);
        let authenticator = self.projects.authenticator();
        let caller = block_on(authenticator.authenticate(token, &Peer::default())).unwrap();
        let name: RepositoryName = name.parse().unwrap();
        let repository = block_on(self.store.find_repository(&name)).unwrap();
        let resource = Resource {
            name: &name,
            repository: repository.as_ref(),
        };
        let authorizer = self.projects.authorizer();
        let decision = block_on(authorizer.decide(&caller, Action::Push, &resource)).unwrap();
        let Decision::Allow(Allowed { fence, parent }) = decision else {
            panic!("{username} may not push {name}");
        };
        let view = match &repository {
            Some(found) => View::Repository(found.id),
            None => View::New(NewName {
                name: name.clone(),
                parent,
                caller: caller.id.clone(),
            }),
        };
        let spaces = " ".repeat(version);
        let bytes = Bytes::from(format!(r#"{{"schemaVersion":2,"manifests":[]}}{spaces}"#));
        let put = ManifestPut {
            digest: ContentDigest::sha256(&bytes),
            bytes,
            media_type: MediaType::OCI_INDEX,
            artifact_type: None,
            subject: None,
            annotations: None,
            references: Vec::new(),
            tags: vec![tag.parse().unwrap()],
            by: caller.id.clone(),
            at: self.clock.now(),
            admission: None,
        };
        let permit = Permit { view, fence };
        match block_on(self.store.put_manifest(put, &permit)).unwrap() {
            PutOutcome::Stored { repository, .. } => EntityId::new(repository.0).unwrap(),
            PutOutcome::Missing(_) => unreachable!("nothing is referred to"),
        }
    }
}

fn levels(list: &[(PrincipalId, Level)]) -> pierhead_projects::SentList {
    let entries = list.iter();
    entries
        .map(|(who, level)| (*who, level.permissions()))
        .collect()
}

/// Ana's certified and owns a project with `tools` in it, which vic sees; bob is a stranger.
pub(crate) struct Scene {
    pub(crate) ground: Ground,
    pub(crate) ana: PrincipalId,
    pub(crate) vic: PrincipalId,
    pub(crate) project: String,
    pub(crate) tools: String,
    pub(crate) as_ana: String,
    pub(crate) as_vic: String,
    pub(crate) as_bob: String,
    pub(crate) project_id: EntityId,
    pub(crate) tools_id: EntityId,
}

pub(crate) fn scene() -> Scene {
    let ground = ground();
    let [ana, vic, bob] = ["ana", "vic", "bob"].map(|name| ground.account(name, name == "ana"));
    let project_id = ground.project(ana, &[(vic, Level::CanView)]);
    let project = format!("syn{}", project_id.get());
    let tools_id = ground.push("ana", &format!("{project}/tools"), "v1");
    Scene {
        tools: format!("syn{}", tools_id.get()),
        as_ana: ground.full(ana),
        as_vic: ground.full(vic),
        as_bob: ground.full(bob),
        ground,
        ana,
        vic,
        project,
        project_id,
        tools_id,
    }
}

impl Scene {
    /// The path of a call about the repository.
    pub(crate) fn of_tools(&self, rest: &str) -> String {
        format!("/repo/v1/entity/{}{rest}", self.tools)
    }

    /// The path of a call about the project.
    pub(crate) fn of_project(&self, rest: &str) -> String {
        format!("/repo/v1/entity/{}{rest}", self.project)
    }
}
