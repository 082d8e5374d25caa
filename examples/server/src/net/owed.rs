//! What clients have not taken yet of their answers.
//!
//! Over HTTP/1 the system ends a connection whose client takes nothing: bytes wait in its socket. Over
//! HTTP/2 a client may take every byte that comes and allow none of an answer's body (RFC 9113 section
//! 10.5), for ever and for nothing. What is under way keeps its connection, so this is looked after
//! here.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// Of a connection.
#[derive(Debug, Default)]
pub(super) struct Owed {
    /// Answers of which something is there for the client.
    answers: AtomicUsize,
    /// Grows whenever that is so of another one, or something was taken.
    changes: AtomicU64,
}

impl Owed {
    /// Returns once something has been there for so long at least, of which nothing was taken.
    pub(super) async fn stalls(&self, span: Duration) {
        loop {
            let before = self.changes.load(Ordering::Relaxed);
            tokio::time::sleep(span).await;
            let same = self.changes.load(Ordering::Relaxed) == before;
            if same && self.answers.load(Ordering::Relaxed) > 0 {
                return;
            }
        }
    }
}

/// Of one answer, which is asked for more as soon as its client takes of what it gave.
#[derive(Debug)]
pub(super) struct Part {
    of: Arc<Owed>,
    is_owed: bool,
}

impl Part {
    pub(super) fn of(of: Arc<Owed>) -> Self {
        let is_owed = false;
        Self { of, is_owed }
    }

    /// The answer was asked for more, and gave it or has to wait for it itself.
    pub(super) fn asked(&mut self, gave: bool) {
        match (self.is_owed, gave) {
            (false, true) => self.of.answers.fetch_add(1, Ordering::Relaxed),
            (true, false) => self.of.answers.fetch_sub(1, Ordering::Relaxed),
            _ => 0,
        };
        self.is_owed = gave;
        self.of.changes.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        self.asked(false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_millis(50);

    async fn stalls(owed: &Owed) -> bool {
        let stalled = tokio::time::timeout(SPAN * 5, owed.stalls(SPAN));
        stalled.await.is_ok()
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_stalls_and_whoever_waits_for_us_does_not() {
        let owed = Arc::new(Owed::default());
        assert!(!stalls(&owed).await, "nothing is owed");
        let mut one = Part::of(Arc::clone(&owed));
        one.asked(false);
        assert!(!stalls(&owed).await, "there is nothing to take yet");
        one.asked(true);
        assert!(stalls(&owed).await);
        let mut other = Part::of(Arc::clone(&owed));
        let taken = async {
            loop {
                tokio::time::sleep(SPAN / 5).await;
                other.asked(true);
            }
        };
        tokio::select! {
            () = owed.stalls(SPAN) => panic!("something is taken of the other"),
            () = taken => {}
            () = tokio::time::sleep(SPAN * 5) => {}
        }
        drop((one, other));
        assert!(!stalls(&owed).await, "both have ended");
    }
}
