//! Stores that write down what they are asked, and services over them that remember nothing yet.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt as _;
use pierhead::Pierhead;
use pierhead::auth::token::{KeyRing, SigningKey};
use pierhead::http::{HttpOptions, RegistryService};
use pierhead::projects::{Projects, ProjectsOptions, ThreadOffload};
use pierhead::registry::{Clock, TokioClock};
use pierhead::rest::{RestOptions, RestService};
use pierhead::sqlite::SqliteStore;
use pierhead::storage::{BlobStore, MemoryBlobStore, RepositoryStore};
use pierhead_storage_testing::{CallLog, Counting, Intercepted};
use tower_service::Service as _;

use crate::counted::Counted;

pub(crate) const HOST: &str = "registry.example:5000";

/// One database, its blobs, and the keys that tokens are signed with.
#[derive(Debug)]
pub(crate) struct Ground {
    rows: Arc<SqliteStore>,
    blobs: Arc<dyn BlobStore>,
    pub(crate) keys: KeyRing,
    clock: Arc<Standing>,
    log: CallLog,
}

/// A clock that stands: what is written down once in a minute is written once.
#[derive(Debug)]
struct Standing(SystemTime);

impl Clock for Standing {
    fn now(&self) -> SystemTime {
        self.0
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        TokioClock.sleep(span)
    }
}

/// The services of one server.
#[derive(Debug)]
pub(crate) struct Services {
    registry: RegistryService,
    rest: RestService,
    pub(crate) projects: Projects,
    log: CallLog,
}

/// A request, but for who sends it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) method: Method,
    /// Path and query.
    pub(crate) target: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// All of an answer, and what the stores were asked for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) calls: Vec<&'static str>,
}

impl Ground {
    pub(crate) fn new() -> Self {
        Self {
            rows: Arc::new(SqliteStore::open_temporary().expect("a scratch database")),
            blobs: Arc::new(MemoryBlobStore::new()),
            keys: KeyRing::new(SigningKey::generate().expect("a key")),
            clock: Arc::new(Standing(SystemTime::now())),
            log: CallLog::new(),
        }
    }

    /// A server that has just started.
    pub(crate) fn services(&self) -> Services {
        let (clock, log) = (&self.clock, &self.log);
        let rows: Arc<dyn RepositoryStore> = self.rows.clone();
        let rows: Arc<Counting<dyn RepositoryStore>> =
            Arc::new(Intercepted::new(rows, log.clone()));
        let blobs: Arc<Counting<dyn BlobStore>> =
            Arc::new(Intercepted::new(self.blobs.clone(), log.clone()));
        let projects = Projects::new(
            Arc::new(Counted::new(self.rows.clone(), log.clone())),
            rows.clone(),
            self.keys.clone(),
            ProjectsOptions::new(format!("http://{HOST}"), HOST),
            clock.clone(),
            Arc::new(ThreadOffload),
        );
        let http = HttpOptions::default().with_public_url(&format!("http://{HOST}"));
        let pierhead = Pierhead::builder(blobs, rows, clock.clone())
            .projects(&projects)
            .http(http.expect("a public URL"))
            .build();
        Services {
            registry: pierhead.service(),
            rest: RestService::new(projects.clone(), RestOptions::default()),
            projects,
            log: log.clone(),
        }
    }
}

impl Services {
    /// Sends a request to whichever service answers such paths.
    pub(crate) async fn send(&self, authorization: Option<&str>, sent: &Sent) -> Answer {
        let mut request = Request::builder()
            .method(&sent.method)
            .uri(&sent.target)
            .header("host", HOST)
            .header("content-length", sent.body.len());
        for (name, value) in &sent.headers {
            request = request.header(*name, value);
        }
        if let Some(authorization) = authorization {
            request = request.header("authorization", authorization);
        }
        let request = request.body(sent.body.clone()).expect("a request");
        self.log.take();
        let (parts, body) = if RestService::serves(request.uri().path()) {
            let answer = self.rest.clone().call(request).await;
            let (parts, body) = answer.expect("it never fails").into_parts();
            (parts, body.collect().await.expect("a whole answer"))
        } else {
            let answer = self.registry.clone().call(request).await;
            let (parts, body) = answer.expect("it never fails").into_parts();
            (parts, body.collect().await.expect("a whole answer"))
        };
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.to_bytes(),
            calls: self.log.take(),
        }
    }
}
