//! A server inside the test's own process, to be made of other parts than the real one.

use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use pierhead::Pierhead;
use pierhead::auth::token::{KeyRing, SigningKey};
use pierhead::fs::{FsBlobStore, FsOptions};
use pierhead::http::{HttpOptions, RegistryService};
use pierhead::policy::{Options, Rules};
use pierhead::projects::{AccountRequest, Actor, Projects, ProjectsOptions, ThreadOffload};
use pierhead::registry::{Authorizer, Peer, TokioClock};
use pierhead::rest::{RestOptions, RestService};
use pierhead::sqlite::{SqliteOptions, SqliteStore};
use pierhead::storage::RepositoryStore;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tower_service::Service as _;

use crate::ADMIN_PASSWORD;

/// Makes an authorizer of the real one and the rows.
pub type Before = fn(Arc<dyn Authorizer>, Arc<dyn RepositoryStore>) -> Arc<dyn Authorizer>;

/// What a server is made of where it may differ from the real one.
#[derive(Clone, Copy, Debug)]
pub struct InsideOptions {
    /// The rules that every permission is decided by.
    pub policy: fn() -> Arc<dyn Rules>,
    /// Stands between the registry and its rows.
    pub between: fn(Arc<dyn RepositoryStore>) -> Arc<dyn RepositoryStore>,
    /// Stands before the registry's authorizer, and may look at the rows.
    pub before: Before,
}

impl Default for InsideOptions {
    /// The real server's parts.
    fn default() -> Self {
        Self {
            policy: || Arc::new(Options::default()),
            between: |rows| rows,
            before: |authorizer, _| authorizer,
        }
    }
}

/// A running server on a loopback port, on a data directory laid out like the real one's, with the
/// same operator. Dropping it stops it.
#[derive(Debug)]
pub struct Inside {
    /// Host and port.
    pub host: String,
    folder: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Inside {
    /// Starts a server on an empty data directory; it listens when this returns.
    pub fn start(options: InsideOptions) -> Self {
        let folder = TempDir::new().expect("a scratch directory");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        listener.set_nonblocking(true).expect("a socket of ours");
        let host = listener.local_addr().expect("it is bound").to_string();
        let (stop, stopped) = oneshot::channel();
        let thread = {
            let (data, host) = (data(folder.path()), host.clone());
            thread::spawn(move || run(&data, &host, options, listener, stopped))
        };
        Self {
            host,
            folder,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        data(self.folder.path())
    }

    /// Its address.
    pub fn address(&self) -> SocketAddr {
        self.host.parse().expect("an address")
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(
            thread::panicking() || matches!(ended, Some(Ok(()))),
            "the server inside panicked"
        );
    }
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}

fn run(
    data: &Path,
    host: &str,
    options: InsideOptions,
    listener: TcpListener,
    stopped: oneshot::Receiver<()>,
) {
    let runtime = Runtime::new().expect("threads");
    runtime.block_on(async {
        let (pierhead, projects) = assemble(data, host, options);
        let name = "admin".parse().expect("a name");
        let operator = AccountRequest::with_password(ADMIN_PASSWORD).operator();
        let first_start = Actor::system("first start");
        let made = projects.create_account(&first_start, &name, operator);
        made.await.expect("an empty database");
        let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
        let services = Services {
            registry: pierhead.service(),
            rest: RestService::new(projects, RestOptions::default()),
        };
        tokio::select! {
            () = accept(&listener, &services) => {}
            _ = stopped => {}
        }
        pierhead.close().await.expect("the stores close");
    });
    runtime.shutdown_timeout(Duration::from_secs(10));
}

fn assemble(data: &Path, host: &str, options: InsideOptions) -> (Pierhead, Projects) {
    let blobs = FsOptions::default().with_sync(false);
    let blobs = FsBlobStore::open(data.join("blobs"), blobs).expect("an empty directory");
    let rows = SqliteOptions::default().with_sync(false);
    let rows = SqliteStore::open(data.join("metadata.db"), rows).expect("an empty database");
    let rows = Arc::new(rows);
    let mut settings = ProjectsOptions::new(format!("http://{host}"), host);
    settings.policy = (options.policy)();
    let projects = Projects::new(
        rows.clone(),
        rows.clone(),
        KeyRing::new(SigningKey::generate().expect("a key")),
        settings,
        Arc::new(TokioClock),
        Arc::new(ThreadOffload),
    );
    let http = HttpOptions::default()
        .with_service(host)
        .expect("host and port");
    let between = (options.between)(rows.clone());
    let pierhead = Pierhead::builder(Arc::new(blobs), between, Arc::new(TokioClock))
        .projects(&projects)
        .authorizer((options.before)(projects.authorizer(), rows.clone()))
        .http(http)
        .closing(SqliteStore::clone(&rows))
        .build();
    (pierhead, projects)
}

/// What is served.
#[derive(Clone, Debug)]
struct Services {
    registry: RegistryService,
    rest: RestService,
}

async fn accept(listener: &tokio::net::TcpListener, services: &Services) {
    loop {
        let (stream, peer) = listener.accept().await.expect("a connection");
        stream.set_nodelay(true).expect("a socket");
        let services = services.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(Peer::at(peer.ip()));
            answer(services.clone(), request)
        });
        let served = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        // How a connection ends is its client's business.
        tokio::spawn(async move { drop(served.await) });
    }
}

type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

async fn answer(
    mut services: Services,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    if RestService::serves(request.uri().path()) {
        let answer = services.rest.call(request).await?;
        Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
    } else {
        let answer = services.registry.call(request).await?;
        Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
    }
}
