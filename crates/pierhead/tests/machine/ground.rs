//! A registry over stores in memory, or over a directory and a database.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures::future::BoxFuture;
use pierhead::registry::{AllowAll, Clock, Limits, Registry, TokioClock};
use pierhead::storage::{BlobStore, MemoryBlobStore, MemoryRepositoryStore, RepositoryStore};
use pierhead_storage_testing::{BlobGround as _, RepositoryGround as _};

use crate::model::GRACE;
use crate::stores::{Database, Directory};

/// Which stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Disk,
}

/// Two stores that belong together, and a time of their own.
pub(crate) struct Ground {
    pub(crate) blobs: Arc<dyn BlobStore>,
    pub(crate) rows: Arc<dyn RepositoryStore>,
    pub(crate) clock: Arc<Hours>,
    disk: Option<(Directory, Database)>,
}

impl Ground {
    pub(crate) async fn new(kind: Kind) -> Self {
        let clock = Arc::default();
        match kind {
            Kind::Memory => Self {
                blobs: Arc::new(MemoryBlobStore::new()),
                rows: Arc::new(MemoryRepositoryStore::new()),
                clock,
                disk: None,
            },
            Kind::Disk => {
                let disk = (Directory::new(None), Database::new());
                Self::open(disk, clock).await
            }
        }
    }

    async fn open(disk: (Directory, Database), clock: Arc<Hours>) -> Self {
        Self {
            blobs: disk.0.open().await,
            rows: disk.1.open().await,
            clock,
            disk: Some(disk),
        }
    }

    /// The same stores, opened by another process; those in memory stay as they are. Nothing may
    /// hold the old ones any more.
    pub(crate) async fn reopened(self) -> Self {
        let Some(disk) = self.disk else {
            return self;
        };
        drop((self.blobs, self.rows));
        Self::open(disk, self.clock).await
    }

    /// A registry that remembers nothing yet, in which everybody may do everything.
    pub(crate) fn registry(&self) -> Registry {
        let (blobs, rows) = (Arc::clone(&self.blobs), Arc::clone(&self.rows));
        let open = AllowAll::new(Arc::clone(&rows));
        let grace = hours(GRACE);
        Registry::builder(blobs, rows, self.clock.clone())
            .authorizer(Arc::new(open))
            .limits(Limits::default().with_grace(grace).with_upload_idle(grace))
            .build()
    }
}

fn hours(count: u64) -> Duration {
    Duration::from_secs(3_600 * count)
}

/// A clock that a test moves on by hours; waiting is on the runtime.
#[derive(Debug, Default)]
pub(crate) struct Hours(AtomicU64);

impl Hours {
    /// When the clock began.
    const BEGAN: SystemTime = UNIX_EPOCH;

    pub(crate) fn advance(&self, hours: u64) {
        self.0.fetch_add(hours, Ordering::SeqCst);
    }

    /// How many hours after the beginning a time is.
    pub(crate) fn since_began(at: SystemTime) -> u64 {
        let since = at.duration_since(Self::BEGAN).expect("the clock goes on");
        since.as_secs() / 3_600
    }
}

impl Clock for Hours {
    fn now(&self) -> SystemTime {
        Self::BEGAN + hours(self.0.load(Ordering::SeqCst))
    }

    fn sleep(&self, span: Duration) -> BoxFuture<'static, ()> {
        TokioClock.sleep(span)
    }
}
