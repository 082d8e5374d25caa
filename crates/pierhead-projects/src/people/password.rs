//! Hashing and comparing passwords: at most two at once, the rest queue. In a long queue whoever waits
//! for most makes room, so that nobody's many requests keep others from signing in.

use std::collections::{HashMap, VecDeque};
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

/// How soon one that was refused may come again.
const AGAIN: Duration = Duration::from_secs(1);

/// One piece of work for a hasher. It answers its caller itself; without a hasher it refuses.
type Work = Box<dyn FnOnce(Option<&mut Hasher>) + Send>;

/// A piece of work that waits, and who asked for it.
struct Waiting {
    who: String,
    work: Work,
}

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
    queue: VecDeque<Waiting>,
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

    /// Runs `work` when its turn comes, for `who`, an account or whoever asks for one. Dropping the
    /// future takes a piece of work that waits out of the queue's time: it is skipped when its turn
    /// comes.
    pub(crate) async fn run<R: Send + 'static>(
        &self,
        who: String,
        work: impl FnOnce(&mut Hasher) -> R + Send + 'static,
    ) -> Result<R, PasswordWork> {
        let (answer, answered) = oneshot::channel();
        let piece: Work = Box::new(move |hasher| {
            if !answer.is_canceled() {
                // Whoever asked may have gone while this ran.
                drop(answer.send(hasher.map(work)));
            }
        });
        self.submit(who, piece);
        let done = answered.await.map_err(|_| PasswordWork::Lost)?;
        done.ok_or(PasswordWork::Full(AGAIN))
    }

    /// Hashes a new password.
    pub(crate) async fn hash(
        &self,
        who: String,
        password: Secret,
    ) -> Result<PasswordHash, PasswordWork> {
        Ok(self
            .run(who, move |hasher| hasher.hash(&password))
            .await??)
    }

    fn submit(&self, who: String, piece: Work) {
        {
            let mut state = self.state.lock();
            if state.running >= AT_ONCE {
                state.queue.push_back(Waiting { who, work: piece });
                let refused = state.too_many();
                drop(state);
                if let Some(refused) = refused {
                    (refused.work)(None);
                }
                return;
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
    }
}

impl State {
    /// Takes one out of a queue that is too long: the last of whoever waits for most, and of several
    /// such the one that came last.
    fn too_many(&mut self) -> Option<Waiting> {
        if self.queue.len() <= QUEUE {
            return None;
        }
        let mut counts: HashMap<&str, usize> = HashMap::new();
        for waiting in &self.queue {
            *counts.entry(&waiting.who).or_default() += 1;
        }
        let most = (0..self.queue.len()).max_by_key(|at| {
            self.queue
                .get(*at)
                .and_then(|it| counts.get(&*it.who))
                .copied()
        })?;
        self.queue.remove(most)
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
            piece(Some(hasher));
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
        piece.map(|piece| piece.work)
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
