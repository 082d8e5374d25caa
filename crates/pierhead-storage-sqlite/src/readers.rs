//! Threads that read: each has a connection of its own and never waits for the writer.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::channel::oneshot;
use pierhead_storage::StoreError;
use rusqlite::Connection;

use crate::error::{Fault, closed, panicked};
use crate::queue::{Latch, Queue};

/// One request to whichever reader is free.
pub(crate) type Read = Box<dyn FnOnce(&Connection) + Send>;

/// A reader's own end of things.
pub(crate) struct Reader {
    pub(crate) connection: Connection,
    pub(crate) queue: Arc<Queue<Read>>,
    pub(crate) done: Arc<Latch<()>>,
}

/// Lets nobody wait for a thread that is gone, however it went.
struct Farewell(Arc<Latch<()>>);

impl Drop for Farewell {
    fn drop(&mut self) {
        self.0.set(());
    }
}

impl Reader {
    /// Serves the queue until it is closed and empty.
    pub(crate) fn run(self) {
        let _farewell = Farewell(Arc::clone(&self.done));
        while let Some(read) = self.queue.pop() {
            read(&self.connection);
        }
    }
}

/// Runs a closure on a reader of this pool. Dropped while it is queued, it is not run.
pub(crate) async fn read<T, F>(
    queue: &Queue<Read>,
    what: &'static str,
    work: F,
) -> Result<T, StoreError>
where
    T: Send + 'static,
    F: FnOnce(&Connection) -> Result<T, Fault> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let request: Read = Box::new(move |connection| {
        if reply.is_canceled() {
            return;
        }
        let answer = match catch_unwind(AssertUnwindSafe(|| work(connection))) {
            Ok(answer) => answer.map_err(|fault| fault.into_store(what)),
            Err(_) => Err(panicked(what)),
        };
        // A failure can leave a transaction open; the next request must not read in the past.
        if !connection.is_autocommit() {
            let _ = connection.execute_batch("ROLLBACK");
        }
        let _ = reply.send(answer);
    });
    queue.push(request).await.map_err(|_| closed(what))?;
    answer.await.unwrap_or_else(|_| Err(closed(what)))
}

/// Runs several statements on one state of the database.
pub(crate) fn consistent<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> Result<T, Fault>,
) -> Result<T, Fault> {
    connection.prepare_cached("BEGIN")?.execute([])?;
    let found = work(connection)?;
    connection.prepare_cached("COMMIT")?.execute([])?;
    Ok(found)
}
