//! What can be chosen when a database is opened.

use std::time::Duration;

/// How a database is opened. Every choice has a default that suits a server of one machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SqliteOptions {
    pub(crate) readers: usize,
    pub(crate) queue: usize,
    pub(crate) cache_kib: u32,
    pub(crate) busy_timeout: Duration,
    pub(crate) durable: bool,
}

impl Default for SqliteOptions {
    fn default() -> Self {
        let processors = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
        Self {
            readers: processors.clamp(2, 4),
            queue: 1024,
            cache_kib: 4096,
            busy_timeout: Duration::from_secs(5),
            durable: true,
        }
    }
}

impl SqliteOptions {
    /// How many threads read, each with a connection of its own: as many as there are processors,
    /// between 2 and 4, unless told otherwise. At least one.
    pub fn with_readers(mut self, threads: usize) -> Self {
        self.readers = threads.max(1);
        self
    }

    /// How many requests may wait for the writer, and as many for the readers; 1,024 unless told
    /// otherwise. More wait without being queued.
    pub fn with_queue(mut self, requests: usize) -> Self {
        self.queue = requests.max(1);
        self
    }

    /// How much of the database each connection keeps in memory at most, in KiB; 4,096 unless told
    /// otherwise.
    pub fn with_cache_kib(mut self, kib: u32) -> Self {
        self.cache_kib = kib;
        self
    }

    /// How long to wait for a lock that another program holds on the file (a backup tool); five
    /// seconds unless told otherwise. Stores do not wait for one another: the second is refused.
    pub fn with_busy_timeout(mut self, wait: Duration) -> Self {
        self.busy_timeout = wait;
        self
    }

    /// Whether a commit waits for the disk. Without it an acknowledged change is lost with the
    /// power: for tests and throw-away data only.
    pub fn with_sync(mut self, sync: bool) -> Self {
        self.durable = sync;
        self
    }

    /// Gives up durability: for databases that nobody needs tomorrow.
    pub(crate) fn not_durable(mut self) -> Self {
        self.durable = false;
        self
    }
}
