//! Whether a history of one register can be put into an order.
//!
//! A register holds a value or nothing: a tag and what it names, a manifest and whether it is
//! there. Its history is linearisable if the operations can be put into one order in which each
//! gives what it gave and in which none comes before one that had ended when it began (Herlihy and
//! Wing). The search is Wing and Gong's: it tries every operation that may be next, and remembers
//! where it has been.

use std::collections::HashSet;

/// What an operation does to a register, or saw there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It holds this from then on.
    Put(usize),
    /// It held nothing, and holds this from then on.
    Make(usize),
    /// It held something, and holds nothing from then on.
    Take,
    /// If it held this, it holds nothing from then on.
    TakeIf(usize),
    /// It may hold nothing from then on.
    MayTake,
    /// It held this.
    Saw(Option<usize>),
    /// It held something, or nothing.
    Held(bool),
}

impl Effect {
    /// Whether it only looks, and this is what it saw.
    fn looks(self, held: Option<usize>) -> bool {
        matches!(self, Self::Saw(_) | Self::Held(_)) && !self.behind(held).is_empty()
    }

    /// What the register may hold behind it; nothing when it cannot be where it holds this.
    fn behind(self, held: Option<usize>) -> Vec<Option<usize>> {
        let if_so = |so: bool, behind| if so { vec![behind] } else { Vec::new() };
        match self {
            Self::Put(value) => vec![Some(value)],
            Self::Make(value) => if_so(held.is_none(), Some(value)),
            Self::Take => if_so(held.is_some(), None),
            Self::TakeIf(value) => vec![held.filter(|held| *held != value)],
            Self::MayTake => vec![held, None],
            Self::Saw(value) => if_so(held == value, held),
            Self::Held(something) => if_so(held.is_some() == something, held),
        }
    }
}

/// An operation with the moments between which it happened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Operation {
    pub(crate) effect: Effect,
    pub(crate) begin: u64,
    pub(crate) end: u64,
}

/// The longest history that is looked at.
pub(crate) const MAX: usize = 128;

/// Whether there is such an order, in a register that holds nothing in the beginning.
pub(crate) fn is_linearisable(history: &[Operation]) -> bool {
    assert!(history.len() <= MAX, "{} operations", history.len());
    let all = (0..history.len()).fold(0, |all, at| all | bit(at));
    let mut seen = HashSet::new();
    let mut open = vec![(0, None)];
    while let Some((done, held)) = open.pop() {
        if done == all {
            return true;
        }
        let left = || (0..history.len()).filter(|at| done & bit(*at) == 0);
        // Whatever begins behind this moment comes after the operation that ended there.
        let first_end = left().map(|at| history[at].end).min().unwrap_or(u64::MAX);
        let next = || left().filter(|at| history[*at].begin < first_end);
        // What only looks and sees what is there can come first without harm.
        let looks = next().find(|at| history[*at].effect.looks(held));
        let next: Vec<_> = looks.map_or_else(|| next().collect(), |at| vec![at]);
        for at in next {
            for behind in history[at].effect.behind(held) {
                let next = (done | bit(at), behind);
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
    }
    false
}

fn bit(at: usize) -> u128 {
    1 << at
}

#[test]
fn histories_are_told_apart() {
    use Effect::{Held, Make, MayTake, Put, Saw, Take, TakeIf};
    for (possible, history) in [
        (true, vec![]),
        (true, vec![(Saw(None), 0, 1)]),
        (false, vec![(Saw(Some(1)), 0, 1)]),
        (true, vec![(Put(1), 0, 1), (Saw(Some(1)), 2, 3)]),
        // A stale read: the put had ended.
        (false, vec![(Put(1), 0, 1), (Saw(None), 2, 3)]),
        (true, vec![(Put(1), 0, 2), (Saw(None), 1, 3)]),
        (true, vec![(Put(1), 1, 3), (Saw(Some(1)), 0, 2)]),
        // A value from the future.
        (false, vec![(Saw(Some(1)), 0, 1), (Put(1), 2, 3)]),
        // Two reads that see two puts in different orders.
        (
            false,
            vec![
                (Put(1), 0, 9),
                (Put(2), 0, 9),
                (Saw(Some(1)), 1, 2),
                (Saw(Some(2)), 3, 4),
                (Saw(Some(1)), 5, 6),
            ],
        ),
        // A put that goes back behind one that was read.
        (
            false,
            vec![
                (Put(1), 0, 1),
                (Put(2), 2, 9),
                (Saw(Some(2)), 3, 4),
                (Saw(Some(1)), 5, 6),
            ],
        ),
        (true, vec![(Put(1), 0, 1), (Take, 2, 3), (Saw(None), 4, 5)]),
        (false, vec![(Take, 0, 1)]),
        (false, vec![(Put(1), 0, 1), (Take, 2, 9), (Take, 2, 9)]),
        (false, vec![(Make(1), 0, 9), (Make(1), 0, 9)]),
        (
            true,
            vec![(Put(1), 0, 1), (TakeIf(2), 2, 3), (Held(true), 4, 5)],
        ),
        (
            false,
            vec![(Put(1), 0, 1), (TakeIf(1), 2, 3), (Held(true), 4, 5)],
        ),
        (
            true,
            vec![
                (Put(1), 0, 1),
                (MayTake, 2, 3),
                (Held(true), 4, 5),
                (Held(true), 6, 7),
            ],
        ),
        (
            false,
            vec![
                (Put(1), 0, 1),
                (MayTake, 2, 3),
                (Held(false), 4, 5),
                (Held(true), 6, 7),
            ],
        ),
    ] {
        let operations =
            history
                .iter()
                .map(|&(effect, begin, end)| Operation { effect, begin, end });
        let operations: Vec<_> = operations.collect();
        assert_eq!(is_linearisable(&operations), possible, "{history:?}");
    }
}
