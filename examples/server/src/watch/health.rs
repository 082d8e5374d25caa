//! Whether the server runs (`/healthz`), and whether it can do its work (`/readyz`), for whatever
//! starts it again or sends it clients. Nothing else is told, and nobody is asked who they are.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use hyper::http::HeaderValue;
use hyper::{Method, Response, StatusCode};
use pierhead::projects::Projects;
use pierhead::projects::listing::CatalogQuery;
use rustix::fs::{Access, access, statvfs};
use tokio::sync::{Mutex, Semaphore};

/// How long what was found stands. However many ask, the disk is asked so often at most.
const FRESH: Duration = Duration::from_secs(1);

/// How long the database, and then the disk, may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// With less left, in bytes, the next push may fail half way.
const ROOM: u64 = 16 << 20;

/// Whether the server is well.
#[derive(Clone, Debug)]
pub(crate) struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    projects: Projects,
    blobs: PathBuf,
    stopping: AtomicBool,
    /// Held while it is found out, so that others wait for the same.
    last: Mutex<Option<(Instant, Result<(), Ill>)>>,
    /// One look at the disk at a time: one that hangs is not followed by others.
    looks: Arc<Semaphore>,
}

/// Why nobody should be sent here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ill {
    Stopping,
    Database,
    Disk,
    Full,
}

impl Ill {
    fn word(self) -> &'static str {
        match self {
            Self::Stopping => "stopping\n",
            Self::Database => "the database does not answer\n",
            Self::Disk => "the data directory cannot be written\n",
            Self::Full => "the disk is full\n",
        }
    }
}

impl Health {
    /// Of the database behind `projects` and the directory with the blobs.
    pub(crate) fn new(projects: Projects, blobs: PathBuf) -> Self {
        Self(Arc::new(Inner {
            projects,
            blobs,
            stopping: AtomicBool::new(false),
            last: Mutex::new(None),
            looks: Arc::new(Semaphore::new(1)),
        }))
    }

    /// From now on nobody should be sent here.
    pub(crate) fn stop(&self) {
        self.0.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether a path is answered here.
    pub(crate) fn serves(path: &str) -> bool {
        matches!(path, "/healthz" | "/readyz")
    }

    /// The answer to a request for a path that [`Self::serves`].
    pub(crate) async fn answer(&self, method: &Method, path: &str) -> Response<Full<Bytes>> {
        let (status, text) = if !matches!(*method, Method::GET | Method::HEAD) {
            (
                StatusCode::METHOD_NOT_ALLOWED,
                "only GET and HEAD are answered here\n",
            )
        } else if path == "/healthz" {
            (StatusCode::OK, "ok\n")
        } else {
            match self.ready().await {
                Ok(()) => (StatusCode::OK, "ok\n"),
                Err(ill) => (StatusCode::SERVICE_UNAVAILABLE, ill.word()),
            }
        };
        let mut answer = Response::new(Full::from(text));
        *answer.status_mut() = status;
        let headers = answer.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if status == StatusCode::METHOD_NOT_ALLOWED {
            headers.insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        }
        answer
    }

    async fn ready(&self) -> Result<(), Ill> {
        let this = &*self.0;
        if this.stopping.load(Ordering::Relaxed) {
            return Err(Ill::Stopping);
        }
        let mut last = this.last.lock().await;
        if let Some((_, found)) = last.filter(|(at, _)| at.elapsed() < FRESH) {
            return found;
        }
        let found = self.look().await;
        *last = Some((Instant::now(), found));
        found
    }

    async fn look(&self) -> Result<(), Ill> {
        let this = &*self.0;
        let one = CatalogQuery {
            limit: 1,
            ..CatalogQuery::default()
        };
        let read = this.projects.store().catalog(&one);
        match tokio::time::timeout(PATIENCE, read).await {
            Ok(Ok(_)) => {}
            Ok(Err(_)) | Err(_) => return Err(Ill::Database),
        }
        let Ok(turn) = Arc::clone(&this.looks).try_acquire_owned() else {
            return Err(Ill::Disk);
        };
        let blobs = this.blobs.clone();
        let room = tokio::task::spawn_blocking(move || {
            let room = room(&blobs);
            drop(turn);
            room
        });
        match tokio::time::timeout(PATIENCE, room).await {
            Ok(Ok(room)) => room,
            Ok(Err(_)) | Err(_) => Err(Ill::Disk),
        }
    }
}

/// Whether a directory can be written, without writing: a disk is not to wear from being asked.
fn room(directory: &std::path::Path) -> Result<(), Ill> {
    access(directory, Access::WRITE_OK | Access::EXEC_OK).map_err(|_| Ill::Disk)?;
    let disk = statvfs(directory).map_err(|_| Ill::Disk)?;
    let files = disk.f_files == 0 || disk.f_favail > 0;
    if files && disk.f_bavail.saturating_mul(disk.f_frsize) >= ROOM {
        Ok(())
    } else {
        Err(Ill::Full)
    }
}

#[cfg(test)]
mod tests {
    use pierhead::auth::token::{KeyRing, SigningKey};
    use pierhead::projects::{ProjectsOptions, ThreadOffload};
    use pierhead::registry::TokioClock;
    use pierhead::sqlite::SqliteStore;

    use super::*;

    #[tokio::test]
    async fn a_server_is_ready_while_its_database_answers_and_until_it_stops() {
        let folder = tempfile::tempdir().expect("a scratch directory");
        let rows = Arc::new(SqliteStore::open_temporary().expect("a database"));
        let projects = Projects::new(
            rows.clone(),
            rows.clone(),
            KeyRing::new(SigningKey::generate().expect("randomness")),
            ProjectsOptions::new("https://registry.example.org", "registry.example.org"),
            Arc::new(TokioClock),
            Arc::new(ThreadOffload),
        );
        let health = |blobs: &str| Health::new(projects.clone(), folder.path().join(blobs));
        let well = health("");
        assert_eq!(well.ready().await, Ok(()));
        assert_eq!(health("none").ready().await, Err(Ill::Disk));
        rows.close().await.expect("it closes");
        assert_eq!(well.ready().await, Ok(()), "that stands for a second");
        assert_eq!(health("").ready().await, Err(Ill::Database));
        well.stop();
        assert_eq!(well.ready().await, Err(Ill::Stopping));
        let request = [(Method::GET, 503), (Method::HEAD, 503), (Method::POST, 405)];
        for (method, status) in request {
            let answer = well.answer(&method, "/readyz").await;
            assert_eq!(answer.status().as_u16(), status, "{method}");
        }
    }
}
