//! What the server does by itself, round by round. Whoever runs such work says after each round
//! what came of it:
//!
//! ```ignore
//! watch.rounds.ended(Work::Snapshot, &Round::good().took(span).with("bytes", length));
//! ```

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

/// Work that nobody asks for by a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Work {
    /// Removing what nothing reaches.
    Collector,
    /// Purging what was long enough in the trash can.
    Trash,
    /// Taking away former versions of tags.
    Retention,
    /// Copying the database.
    Snapshot,
    /// Leaving messages to be carried.
    Mail,
}

impl Work {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Collector => "collector",
            Self::Trash => "trash",
            Self::Retention => "retention",
            Self::Snapshot => "snapshot",
            Self::Mail => "mail",
        }
    }
}

/// What came of one round.
#[derive(Clone, Debug)]
pub(crate) struct Round {
    good: bool,
    took: Option<Duration>,
    amounts: Vec<(&'static str, u64)>,
}

impl Round {
    /// All of it was done.
    pub(crate) fn good() -> Self {
        Self {
            good: true,
            took: None,
            amounts: Vec::new(),
        }
    }

    /// Some of it, or all, was not done.
    pub(crate) fn failed() -> Self {
        Self {
            good: false,
            ..Self::good()
        }
    }

    /// How long it took.
    pub(crate) fn took(mut self, span: Duration) -> Self {
        self.took = Some(span);
        self
    }

    /// How much of something was done, such as `("blobs", 3)`; amounts of all rounds are added up.
    pub(crate) fn with(mut self, what: &'static str, amount: u64) -> Self {
        self.amounts.push((what, amount));
        self
    }
}

/// What came of all rounds since the start. Its lock is held for a few additions.
#[derive(Debug, Default)]
pub(crate) struct Rounds(Mutex<BTreeMap<Work, Tally>>);

/// The rounds of one kind of work.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    pub(super) good: u64,
    pub(super) failed: u64,
    /// Of those rounds that are measured.
    pub(super) took: Option<Duration>,
    pub(super) last_good: Option<SystemTime>,
    pub(super) amounts: BTreeMap<&'static str, u64>,
}

impl Rounds {
    /// A round has ended just now.
    pub(crate) fn ended(&self, work: Work, round: &Round) {
        let mut rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = rounds.entry(work).or_default();
        if round.good {
            tally.good += 1;
            tally.last_good = Some(SystemTime::now());
        } else {
            tally.failed += 1;
        }
        if let Some(took) = round.took {
            tally.took = Some(tally.took.unwrap_or_default().saturating_add(took));
        }
        for (what, amount) in &round.amounts {
            *tally.amounts.entry(what).or_default() += amount;
        }
    }

    pub(super) fn tallies(&self) -> BTreeMap<Work, Tally> {
        let rounds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rounds.clone()
    }
}

/// How long rounds take that come by themselves, a pause before each.
#[derive(Debug)]
pub(crate) struct Laps {
    before: Instant,
    pause: Duration,
}

impl Laps {
    /// The first pause begins now.
    pub(crate) fn after(pause: Duration) -> Self {
        Self {
            before: Instant::now(),
            pause,
        }
    }

    /// How long the round took that has just ended. Before the next one there is `pause`.
    pub(crate) fn ended(&mut self, pause: Duration) -> Duration {
        let took = self.before.elapsed().saturating_sub(self.pause);
        *self = Self::after(pause);
        took
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_add_up_and_only_a_good_one_is_remembered() {
        let rounds = Rounds::default();
        let second = Duration::from_secs(1);
        rounds.ended(
            Work::Trash,
            &Round::failed().took(second).with("entities", 1),
        );
        let tally = rounds.tallies()[&Work::Trash].clone();
        assert_eq!((tally.good, tally.failed, tally.last_good), (0, 1, None));
        let before = SystemTime::now();
        rounds.ended(Work::Trash, &Round::good().took(second).with("entities", 2));
        rounds.ended(Work::Mail, &Round::good());
        let tally = rounds.tallies()[&Work::Trash].clone();
        assert_eq!((tally.good, tally.failed), (1, 1));
        assert!(tally.last_good >= Some(before));
        assert_eq!(tally.took, Some(2 * second));
        assert_eq!(tally.amounts["entities"], 3);
        assert_eq!(rounds.tallies().len(), 2);
    }

    #[test]
    fn a_lap_is_what_the_pause_was_not() {
        let mut laps = Laps::after(Duration::from_secs(60));
        assert_eq!(laps.ended(Duration::ZERO), Duration::ZERO);
        std::thread::sleep(Duration::from_millis(2));
        assert!(laps.ended(Duration::ZERO) >= Duration::from_millis(2));
    }
}
