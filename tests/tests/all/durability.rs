//! 201 means on disk: what a trace of system calls says, and what is left after `kill -9`.
//!
//! The rounds of `kill -9` are 10 by default. The long form is a command of its own:
//!
//! ```text
//! PIERHEAD_KILLS=50 cargo test -p pierhead-tests --test all -- durability::kills --nocapture
//! ```
//!
//! `PIERHEAD_SEED` repeats a run whose seed was printed.

mod kills;
pub(crate) mod ledger;
mod push;
mod synced;
mod trace;
