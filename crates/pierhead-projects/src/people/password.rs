//! Hashing and comparing passwords: at most two at once, the rest queue, a long queue refuses.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::oneshot;
use parking_lot::Mutex;
use pierhead_auth::Secret;
use pierhead_auth::password::{Hasher, HashingError, PasswordHash};

use crate::people::offload::Offload;

/// Runs at the same time; each takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// Requests that may wait beside those that run.
const QUEUE: usize = 32;

/// One piece of work for a hasher. It answers its caller itself.
type Work = Box<dyn FnOnce(&mut Hasher) + Send>;

/// The queue in front of argon2.
#[derive(Clone)]
pub(crate) struct Passwords {
    offload: Arc<dyn Offload>,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("Passwords")
            .field("running", &state.running)
            .field("waiting", &state.queue.len())
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    running: usize,
    queue: VecDeque<Work>,
}

/// Why a password was not worked on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordWork {
    #[error("too many passwords are being checked; try again in {} s", .0.as_secs())]
    Full(Duration),
    #[error("checking a password was given up")]
    Lost,
    #[error(transparent)]
    Hashing(#[from] HashingError),
}

impl Passwords {
    pub(crate) fn new(offload: Arc<dyn Offload>) -> Self {
        Self {
            offload,
            state: Arc::default(),
        }
    }

    /// Runs `work` when its turn comes. Dropping the future takes a piece of work that waits out of
    /// the queue's time: it is skipped when its turn comes.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Hasher) -> R + Send + 'static,
    ) -> Result<R, PasswordWork> {
        let (answer, answered) = oneshot::channel();
        let piece: Work = Box::new(move |hasher| {
            if !answer.is_canceled() {
                // Whoever asked may have gone while this ran.
                drop(answer.send(work(hasher)));
            }
        });
        self.submit(piece)?;
        answered.await.map_err(|_| PasswordWork::Lost)
    }

    /// Hashes a new password.
    pub(crate) async fn hash(&self, password: Secret) -> Result<PasswordHash, PasswordWork> {
        Ok(self.run(move |hasher| hasher.hash(&password)).await??)
    }

    fn submit(&self, piece: Work) -> Result<(), PasswordWork> {
        {
            let mut state = self.state.lock();
            if state.running >= AT_ONCE {
                if state.queue.len() >= QUEUE {
                    return Err(PasswordWork::Full(Duration::from_secs(1)));
                }
                state.queue.push_back(piece);
                return Ok(());
            }
            state.running += 1;
        }
        let state = Arc::clone(&self.state);
        let worker = Worker {
            state,
            first: Some(piece),
            hasher: Some(Hasher::new()),
        };
        self.offload.run(Box::new(move || worker.work()));
        Ok(())
    }
}

/// One of the two that work; gives its place back however it ends.
struct Worker {
    state: Arc<Mutex<State>>,
    /// What it was started for.
    first: Option<Work>,
    /// Its memory is used again for what queues, and goes with the worker.
    hasher: Option<Hasher>,
}

impl Worker {
    fn work(mut self) {
        while let Some(piece) = self.next() {
            let Some(hasher) = self.hasher.as_mut() else {
                return;
            };
            piece(hasher);
        }
    }

    /// The next piece; without one the place is given back under the same lock, so that nobody can
    /// queue up behind a worker that is about to leave.
    fn next(&mut self) -> Option<Work> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        let mut state = self.state.lock();
        let piece = state.queue.pop_front();
        if piece.is_none() {
            state.running -= 1;
            drop(state);
            self.hasher = None;
        }
        piece
    }
}

impl Drop for Worker {
    /// Gives the place back when the job was never run, or a piece of work panicked.
    fn drop(&mut self) {
        if self.hasher.is_none() {
            return;
        }
        let mut state = self.state.lock();
        state.running -= 1;
        // Nobody is left to work the queue off, and waiting would never end.
        let lost = if state.running == 0 {
            std::mem::take(&mut state.queue)
        } else {
            VecDeque::new()
        };
        drop(state);
        drop(lost);
    }
}

#[cfg(test)]
#[path = "password_tests.rs"]
mod tests;
