//! The store itself: opening, the two ways in, closing.

use std::ffi::OsString;
use std::fmt;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::JoinHandle;

use futures::channel::oneshot;
use parking_lot::Mutex;
use pierhead_storage::{RepositoryId, StoreError};
use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

use crate::board::{Board, Effects};
use crate::error::{Fault, OpenFault, closed, from_sql};
use crate::options::SqliteOptions;
use crate::queue::{Latch, Queue};
use crate::readers::{self, Read, Reader};
use crate::writer::{Job, Work, Writer};
use crate::{migrate, repository, snapshot};

const OPEN: &str = "open the database";

/// A [`RepositoryStore`](pierhead_storage::RepositoryStore) in one SQLite file. A clone is another
/// handle to the same store; see the crate's documentation.
#[derive(Clone)]
pub struct SqliteStore {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    board: Arc<Board>,
    writes: Arc<Queue<Box<dyn Job>>>,
    reads: Arc<Queue<Read>>,
    /// Long reads go to a thread of their own, where they delay nobody.
    scans: Arc<Queue<Read>>,
    written: Arc<Latch<Result<(), StoreError>>>,
    read: Vec<Arc<Latch<()>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Locked all the while: the board is only right while nobody else writes.
    owner: File,
    _directory: Option<TempDir>,
}

impl SqliteStore {
    /// Opens a database, makes it when there is none, and brings an older one to this schema.
    /// Blocks while it does; starts one thread that writes and a few that read.
    ///
    /// Beside `path` stand SQLite's own files (`-wal`, `-shm`) and `-owner`, whose lock says that
    /// the database is open. All of them belong to the database.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with the reason as its source: the file is open elsewhere, is no
    /// database of this kind, was written by a newer program, or cannot be read and written.
    pub fn open(path: impl AsRef<Path>, options: SqliteOptions) -> Result<Self, StoreError> {
        Self::open_in(path.as_ref(), options, None)
    }

    /// Opens a new database in a temporary directory, which is removed with the last handle. For
    /// tests: it does not wait for the disk, so it would not survive a power loss.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the directory cannot be made or written.
    pub fn open_temporary() -> Result<Self, StoreError> {
        let directory = TempDir::new().map_err(|error| StoreError::unavailable(OPEN, error))?;
        let path = directory.path().join("metadata.db");
        Self::open_in(
            &path,
            SqliteOptions::default().not_durable(),
            Some(directory),
        )
    }

    fn open_in(
        path: &Path,
        options: SqliteOptions,
        directory: Option<TempDir>,
    ) -> Result<Self, StoreError> {
        let owner = own(path)?;
        // Only now: closing it would end the locks of whoever else had it open in this process.
        drop(private(path)?);
        let sql = |error| from_sql(OPEN, error);
        let mut connection = connect(path, options).map_err(sql)?;
        migrate::migrate(&mut connection)?;
        snapshot::ensure_epoch(&mut connection).map_err(|fault| fault.into_store(OPEN))?;
        let inner = Inner {
            path: path.to_owned(),
            board: Arc::new(Board::load(&connection).map_err(sql)?),
            writes: Arc::new(Queue::new(options.queue)),
            reads: Arc::new(Queue::new(options.queue)),
            scans: Arc::new(Queue::new(options.queue)),
            written: Arc::new(Latch::new()),
            read: (0..=options.readers)
                .map(|_| Arc::new(Latch::new()))
                .collect(),
            threads: Mutex::new(Vec::new()),
            owner,
            _directory: directory,
        };
        inner.start(connection, options)?;
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// Finishes what is queued, folds the write-ahead log into the database and closes it. Every
    /// handle answers [`StoreError::Unavailable`] from then on. Waits for a snapshot that is being
    /// taken.
    ///
    /// The last handle that is dropped does the same, but blocks its thread.
    ///
    /// # Errors
    /// When the log could not be folded in. Nothing is lost: the next opening does it.
    pub async fn close(&self) -> Result<(), StoreError> {
        self.inner.reads.close();
        self.inner.scans.close();
        for latch in &self.inner.read {
            latch.wait().await;
        }
        self.inner.writes.close();
        self.inner.written.wait().await
    }

    /// Writes a consistent copy of the database to a new file, while everything goes on. The copy
    /// is complete and synced when it appears under this name.
    ///
    /// It is marked as a copy: whoever opens it with [`SqliteStore::open`] begins another epoch, so
    /// that counters which went backwards are not taken for the ones they once were. A database
    /// brought back by other means needs [`SqliteStore::renew_epoch`].
    ///
    /// A dropped call leaves either the whole copy, or none but a file beside it that ends in
    /// `.partial`, which the next call to the same name replaces.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when there is a file of this name; [`StoreError::Full`] or
    /// [`StoreError::Unavailable`] when it cannot be written.
    pub async fn snapshot(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        let to = to.as_ref().to_owned();
        self.scan("take a snapshot", move |connection| {
            snapshot::take(connection, &to)
        })
        .await
    }

    /// Begins another epoch: every fence, cache and registry token made before is stale. For a
    /// database that was brought back by other means than [`SqliteStore::snapshot`].
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn renew_epoch(&self) -> Result<(), StoreError> {
        self.write("begin another epoch", |tx, effects| effects.begin_epoch(tx))
            .await
    }

    /// Takes a repository away with everything it holds, its sessions and what was staged under its
    /// name; says whether there was one. Its name is free, its id never returns, its rights have
    /// moved. For embedders; the registry itself never removes a repository.
    ///
    /// What is large is swept up by later calls of
    /// [`condemn`](pierhead_storage::RepositoryStore::condemn); nothing can see it until then.
    ///
    /// # Errors
    /// When the database cannot be written.
    pub async fn purge(&self, repository: RepositoryId) -> Result<bool, StoreError> {
        self.write("purge a repository", move |tx, effects| {
            repository::purge(tx, effects, repository)
        })
        .await
    }

    /// Runs a closure in the writer's transaction, in a savepoint of its own. An error or a panic
    /// undoes what it did and nothing else. Its answer comes once the group it was part of is on
    /// the disk and the versions it moved through [`Effects`] are on the board.
    ///
    /// The closure gets the connection, not the transaction: it must not begin, commit or roll back
    /// anything itself. It runs on the writer's thread, so it must be short and do nothing but SQL.
    /// Once queued it runs, whether or not the caller still waits.
    pub(crate) async fn write<T, F>(&self, what: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &mut Effects) -> Result<T, Fault> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Work::new(what, work, reply));
        let queued = self.inner.writes.push(job).await;
        queued.map_err(|_| closed(what))?;
        answer.await.unwrap_or_else(|_| Err(closed(what)))
    }

    /// Runs a closure on a reader. Each statement sees everything that was committed before it
    /// began; two statements may see two states.
    pub(crate) async fn read<T, F>(&self, what: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        readers::read(&self.inner.reads, what, work).await
    }

    /// Runs a closure on a reader, all of it on one state of the database. Facts for a cache are
    /// read so, together with [`stored_versions`](crate::board::stored_versions).
    #[cfg(feature = "projects")]
    pub(crate) async fn read_consistent<T, F>(
        &self,
        what: &'static str,
        work: F,
    ) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        self.read(what, |connection| readers::consistent(connection, work))
            .await
    }

    /// Runs a closure that may take long on a thread of its own, where it delays no other read.
    pub(crate) async fn scan<T, F>(&self, what: &'static str, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
    {
        readers::read(&self.inner.scans, what, work).await
    }

    pub(crate) fn board(&self) -> &Board {
        &self.inner.board
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore")
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

impl Inner {
    fn start(&self, connection: Connection, options: SqliteOptions) -> Result<(), StoreError> {
        let writer = Writer {
            connection,
            queue: Arc::clone(&self.writes),
            board: Arc::clone(&self.board),
            done: Arc::clone(&self.written),
        };
        self.spawn("sqlite-writer", move || writer.run())?;
        for (number, done) in self.read.iter().enumerate() {
            let queue = if number == 0 {
                &self.scans
            } else {
                &self.reads
            };
            let connection = connect(&self.path, options).and_then(|connection| {
                connection.pragma_update(None, "query_only", true)?;
                Ok(connection)
            });
            let reader = Reader {
                connection: connection.map_err(|error| from_sql(OPEN, error))?,
                queue: Arc::clone(queue),
                done: Arc::clone(done),
            };
            self.spawn("sqlite-reader", move || reader.run())?;
        }
        Ok(())
    }

    fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), StoreError> {
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(run);
        let thread = thread.map_err(|error| StoreError::unavailable("start a thread", error))?;
        self.threads.lock().push(thread);
        Ok(())
    }
}

impl Drop for Inner {
    /// Whoever opens the database next must find everything done: this waits.
    fn drop(&mut self) {
        self.reads.close();
        self.scans.close();
        self.writes.close();
        let here = std::thread::current().id();
        for thread in std::mem::take(self.threads.get_mut()) {
            // An embedder's hook may hold the last handle, and is dropped on one of these threads.
            if thread.thread().id() != here {
                let _ = thread.join();
            }
        }
        // For every copy of its descriptor: a process that is just being started holds one until it
        // runs its own program.
        let _ = self.owner.unlock();
    }
}

/// Claims the database for this store alone. The lock is on a file beside it, because SQLite's own
/// locks on the database file would go when any handle to that file is closed.
fn own(path: &Path) -> Result<File, StoreError> {
    let mut beside = OsString::from(path);
    beside.push("-owner");
    let file = private(Path::new(&beside))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::unavailable(
            OPEN,
            OpenFault::Owned(path.to_owned()),
        )),
        Err(TryLockError::Error(error)) => Err(StoreError::unavailable(OPEN, error)),
    }
}

/// Opens a file, and makes it for its owner alone if it is not there: a database may hold hashes of
/// passwords. SQLite gives its own files beside it the same mode.
pub(crate) fn private(path: &Path) -> Result<File, StoreError> {
    let mut options = File::options();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = options.open(path);
    opened.map_err(|error| StoreError::unavailable(OPEN, error))
}

/// A path that SQLite takes for one: it would read a URI in what begins with `file:`.
pub(crate) fn plain(path: &Path) -> PathBuf {
    Path::new(".").join(path)
}

/// A connection as all of ours are.
fn connect(path: &Path, options: SqliteOptions) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(plain(path), flags)?;
    connection.busy_timeout(options.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(128);
    connection.pragma_update(None, "journal_mode", "wal")?;
    let synchronous = if options.durable { "full" } else { "off" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.pragma_update(None, "cache_size", -i64::from(options.cache_kib))?;
    // A long read lets the log grow; afterwards it need not stay that long.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    Ok(connection)
}

#[cfg(test)]
#[path = "store_tests.rs"]
mod tests;
