//! The one thread that writes: group commit.
//!
//! Requests queue up while a commit waits for the disk; the next transaction takes all that are
//! there. Each runs in a savepoint of its own, so that one that fails or panics takes nothing with
//! it. The order at the end is what everything else rests on: COMMIT, then the board, then the
//! replies.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::channel::oneshot;
use pierhead_storage::StoreError;
use rusqlite::Connection;

use crate::board::{Board, Effects};
use crate::error::{Fault, closed, from_sql, given_up, panicked};
use crate::queue::{Latch, Queue};

/// How many requests share a commit at most; it bounds how long the first of them waits.
const GROUP: usize = 64;

const COMMIT: &str = "commit a group of changes";

/// One request to the writer.
pub(crate) trait Job: Send {
    /// Runs it inside its savepoint and keeps its answer; says whether the savepoint shall stand.
    fn run(&mut self, tx: &Connection, effects: &mut Effects) -> bool;

    /// The error that [`Job::run`] ended with.
    fn error(&self) -> Option<&StoreError>;

    /// Sends the answer; `lost` in place of a success that did not reach the disk.
    fn settle(self: Box<Self>, lost: Option<&StoreError>);
}

/// A request made of a closure.
pub(crate) struct Work<T, F> {
    what: &'static str,
    run: Option<F>,
    answer: Result<T, StoreError>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Work<T, F>
where
    F: FnOnce(&Connection, &mut Effects) -> Result<T, Fault>,
{
    pub(crate) fn new(
        what: &'static str,
        work: F,
        reply: oneshot::Sender<Result<T, StoreError>>,
    ) -> Self {
        Self {
            what,
            run: Some(work),
            answer: Err(closed(what)),
            reply,
        }
    }
}

impl<T, F> Job for Work<T, F>
where
    T: Send,
    F: FnOnce(&Connection, &mut Effects) -> Result<T, Fault> + Send,
{
    fn run(&mut self, tx: &Connection, effects: &mut Effects) -> bool {
        if let Some(work) = self.run.take() {
            // What the closure leaves half done is rolled back with its savepoint.
            let done = catch_unwind(AssertUnwindSafe(|| work(tx, effects)));
            self.answer = match done {
                Ok(answer) => answer.map_err(|fault| fault.into_store(self.what)),
                Err(_) => Err(panicked(self.what)),
            };
        }
        self.answer.is_ok()
    }

    fn error(&self) -> Option<&StoreError> {
        self.answer.as_ref().err()
    }

    fn settle(self: Box<Self>, lost: Option<&StoreError>) {
        let answer = match lost {
            Some(lost) => self.answer.and(Err(lost.clone())),
            None => self.answer,
        };
        // Nobody waits any more: the work is done all the same.
        let _ = self.reply.send(answer);
    }
}

/// The writer's own end of things.
pub(crate) struct Writer {
    pub(crate) connection: Connection,
    pub(crate) queue: Arc<Queue<Box<dyn Job>>>,
    pub(crate) board: Arc<Board>,
    pub(crate) done: Arc<Latch<Result<(), StoreError>>>,
}

/// Lets nobody wait for a thread that is gone, however it went.
struct Farewell {
    queue: Arc<Queue<Box<dyn Job>>>,
    done: Arc<Latch<Result<(), StoreError>>>,
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.queue.close();
        while self.queue.try_pop().is_some() {}
        self.done.set(Err(closed("finish writing")));
    }
}

impl Writer {
    /// Serves the queue until it is closed and empty, then folds the log into the database.
    pub(crate) fn run(self) {
        let _farewell = Farewell {
            queue: Arc::clone(&self.queue),
            done: Arc::clone(&self.done),
        };
        while let Some(first) = self.queue.pop() {
            self.group(first);
        }
        let folded = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        self.done
            .set(folded.map_err(|error| from_sql("fold the log into the database", error)));
    }

    fn group(&self, first: Box<dyn Job>) {
        let mut jobs = Vec::new();
        let outcome = self.transact(first, &mut jobs);
        if let Ok(effects) = &outcome {
            self.board.publish(effects);
        }
        let lost = outcome.err();
        for job in jobs {
            job.settle(lost.as_ref());
        }
    }

    /// Runs a group and commits it. `jobs` holds every request that was taken, whatever comes out.
    fn transact(
        &self,
        first: Box<dyn Job>,
        jobs: &mut Vec<Box<dyn Job>>,
    ) -> Result<Effects, StoreError> {
        let sql = |error| from_sql(COMMIT, error);
        let mut effects = Effects::default();
        let begun = self.execute("BEGIN IMMEDIATE");
        let mut next = Some(first);
        while let Some(mut job) = next {
            let outcome = match &begun {
                Ok(()) => self.attempt(job.as_mut()).map_err(sql),
                Err(_) => Ok(None),
            };
            // A full disk makes SQLite give up the transaction as a whole.
            let undone = self
                .connection
                .is_autocommit()
                .then(|| job.error().cloned());
            jobs.push(job);
            if begun.is_err() {
                break;
            }
            match outcome {
                Ok(Some(moved)) => effects.extend(moved),
                Ok(None) => {}
                Err(error) => {
                    self.abandon();
                    return Err(error);
                }
            }
            if let Some(error) = undone {
                return Err(error.unwrap_or_else(|| given_up(COMMIT)));
            }
            next = (jobs.len() < GROUP).then(|| self.queue.try_pop()).flatten();
        }
        begun.map_err(sql)?;
        self.execute("COMMIT").map_err(|error| {
            self.abandon();
            sql(error)
        })?;
        Ok(effects)
    }

    /// One request in its savepoint. An error here is the transaction's, not the request's own.
    fn attempt(&self, job: &mut dyn Job) -> rusqlite::Result<Option<Effects>> {
        self.execute("SAVEPOINT job")?;
        let mut effects = Effects::default();
        let stands = job.run(&self.connection, &mut effects);
        if self.connection.is_autocommit() {
            return Ok(None);
        }
        if !stands {
            self.execute("ROLLBACK TO job")?;
        }
        self.execute("RELEASE job")?;
        Ok(stands.then_some(effects))
    }

    fn abandon(&self) {
        if !self.connection.is_autocommit() {
            // When even this fails, the next BEGIN does, and says so.
            let _ = self.execute("ROLLBACK");
        }
    }

    fn execute(&self, sql: &'static str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(sql)?.execute([]).map(drop)
    }
}
