//! A registry's worth of accounts and projects to test on.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::executor::block_on;
use futures::future::BoxFuture;
use pierhead_auth::Secret;
use pierhead_auth::token::{KeyRing, SigningKey};
use pierhead_model::{ContentDigest, MediaType, RepositoryName, TokenScope};
use pierhead_policy::{EntityId, Level, Options, PrincipalId};
use pierhead_projects::{
    AccountRequest, Actor, Offload, Projects, ProjectsOptions, SentList, ShareRequest,
    ThreadOffload,
};
use pierhead_registry::{
    Action, Allowed, AuthenticationError, Caller, Clock, Credentials, Decision, GrantType,
    IssuedToken, Peer, Resource, Secret as WireSecret, TokenRefusal, TokenRequest,
};
use pierhead_storage::{
    ManifestPut, NewName, Permit, PutOutcome, RepositoryStore, StoreError, View,
};
use pierhead_storage_sqlite::SqliteStore;

pub(crate) const PASSWORD: &str = "correct horse";
pub(crate) const SERVICE: &str = "registry.example";

/// A clock that stands until it is told to move.
#[derive(Debug)]
pub(crate) struct TestClock(parking_lot::Mutex<SystemTime>);

impl TestClock {
    pub(crate) fn advance(&self, seconds: u64) {
        *self.0.lock() += Duration::from_secs(seconds);
    }
}

impl Clock for TestClock {
    fn now(&self) -> SystemTime {
        *self.0.lock()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(futures::future::pending())
    }
}

pub(crate) struct Ground {
    pub(crate) store: Arc<SqliteStore>,
    pub(crate) projects: Projects,
    pub(crate) clock: Arc<TestClock>,
    keys: KeyRing,
}

/// An account that somebody vouches for.
pub(crate) fn acting(who: PrincipalId) -> Actor {
    Actor::account(who, &Peer::default())
}

pub(crate) fn server() -> Actor {
    Actor::system("test")
}

pub(crate) fn ground() -> Ground {
    ground_with(Options::default())
}

pub(crate) fn ground_with(policy: Options) -> Ground {
    let store = Arc::new(SqliteStore::open_temporary().unwrap());
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let clock = Arc::new(TestClock(parking_lot::Mutex::new(start)));
    let keys = KeyRing::new(SigningKey::generate().unwrap());
    let options = ProjectsOptions::new("https://registry.example", SERVICE).with_policy(policy);
    let projects = Projects::new(
        store.clone(),
        store.clone(),
        keys.clone(),
        options,
        clock.clone(),
        Arc::new(ThreadOffload),
    );
    Ground {
        store,
        projects,
        clock,
        keys,
    }
}

/// A hash made once; making one takes 20 ms of a core.
pub(crate) fn hash() -> Secret {
    static HASH: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
        let hash = pierhead_auth::password::hash_password(&Secret::from(PASSWORD)).unwrap();
        hash.as_str().to_owned()
    });
    Secret::from(HASH.as_str())
}

fn levels(list: &[(PrincipalId, Level)]) -> SentList {
    list.iter()
        .map(|(who, level)| (*who, level.permissions()))
        .collect()
}

impl Ground {
    /// The same accounts and projects, with passwords compared elsewhere.
    pub(crate) fn over(&self, offload: impl Offload) -> Projects {
        Projects::new(
            self.store.clone(),
            self.store.clone(),
            KeyRing::new(SigningKey::generate().unwrap()),
            self.projects.options().clone(),
            self.clock.clone(),
            Arc::new(offload),
        )
    }

    /// The same accounts and projects under other settings, as after a restart: with the same keys.
    pub(crate) fn set_options(&mut self, change: impl FnOnce(ProjectsOptions) -> ProjectsOptions) {
        let projects = Projects::new(
            self.store.clone(),
            self.store.clone(),
            self.keys.clone(),
            change(self.projects.options().clone()),
            self.clock.clone(),
            Arc::new(ThreadOffload),
        );
        self.projects = projects;
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
        block_on(
            self.projects
                .create_account(&server(), &name.parse().unwrap(), request),
        )
        .unwrap()
    }

    pub(crate) fn project(&self, owner: PrincipalId, list: &[(PrincipalId, Level)]) -> EntityId {
        let id = block_on(
            self.projects
                .create_project(&server(), owner, "Project", ""),
        )
        .unwrap();
        let all = [(owner, Level::Administrator)];
        self.share(id, &[&all, list].concat());
        id
    }

    /// Replaces a project's list.
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

    pub(crate) fn sign_in(
        &self,
        username: &str,
        password: &str,
        scopes: &[&str],
    ) -> Result<IssuedToken, TokenRefusal> {
        let credentials = Credentials::Basic {
            username: username.to_owned(),
            password: WireSecret::new(password),
        };
        self.issue(credentials, scopes)
    }

    pub(crate) fn issue(
        &self,
        credentials: Credentials,
        scopes: &[&str],
    ) -> Result<IssuedToken, TokenRefusal> {
        let request = TokenRequest {
            credentials,
            grant: GrantType::Password,
            from: Peer::at([192, 0, 2, 1].into()),
            service: Some(SERVICE.to_owned()),
            scopes: scopes
                .iter()
                .map(|text| TokenScope::parse(text).unwrap())
                .collect(),
            offline: false,
        };
        block_on(self.projects.token_issuer().issue(request))
    }

    pub(crate) fn bearer(&self, token: &str) -> Result<Caller, AuthenticationError> {
        let credentials = Credentials::Bearer(WireSecret::new(token));
        block_on(
            self.projects
                .authenticator()
                .authenticate(credentials, &Peer::default()),
        )
    }

    /// Somebody who signed in by password.
    pub(crate) fn caller(&self, name: &str) -> Caller {
        self.bearer(&self.sign_in(name, PASSWORD, &[]).unwrap().token)
            .unwrap()
    }

    pub(crate) fn decide(&self, caller: &Caller, action: Action, name: &str) -> Decision {
        let name: RepositoryName = name.parse().unwrap();
        let repository = block_on(self.store.find_repository(&name)).unwrap();
        let resource = Resource {
            name: &name,
            repository: repository.as_ref(),
        };
        block_on(self.projects.authorizer().decide(caller, action, &resource)).unwrap()
    }

    pub(crate) fn allowed(&self, caller: &Caller, action: Action, name: &str) -> Option<Permit> {
        let Decision::Allow(Allowed { fence, parent }) = self.decide(caller, action, name) else {
            return None;
        };
        let name: RepositoryName = name.parse().unwrap();
        let view = match block_on(self.store.find_repository(&name)).unwrap() {
            Some(found) => View::Repository(found.id),
            None => View::New(NewName {
                name,
                parent,
                caller: caller.id.clone(),
            }),
        };
        Some(Permit { view, fence })
    }

    /// Puts a manifest under a permit that was given earlier.
    pub(crate) fn put(&self, caller: &Caller, permit: &Permit) -> Result<PutOutcome, StoreError> {
        let bytes = Bytes::from_static(br#"{"schemaVersion":2,"manifests":[]}"#);
        let put = ManifestPut {
            digest: ContentDigest::sha256(&bytes),
            bytes,
            media_type: MediaType::OCI_INDEX,
            artifact_type: None,
            subject: None,
            annotations: None,
            references: Vec::new(),
            tags: vec!["latest".parse().unwrap()],
            by: caller.id.clone(),
            at: self.clock.now(),
            admission: None,
        };
        block_on(self.store.put_manifest(put, permit))
    }

    /// Decides and pushes.
    pub(crate) fn push(&self, caller: &Caller, name: &str) -> EntityId {
        let permit = self.allowed(caller, Action::Push, name).expect("may push");
        match self.put(caller, &permit).unwrap() {
            PutOutcome::Stored { repository, .. } => EntityId::new(repository.0).unwrap(),
            PutOutcome::Missing(_) => unreachable!("nothing is referred to"),
        }
    }
}
