//! What whoever looks after the server can see from outside: figures, and whether it is well.
//!
//! - `figures`, `kind`: what is counted of requests, connections and commits.
//! - `work`: what the server does by itself, round by round.
//! - `machine`: what the operating system knows.
//! - `sheet`, `scrape`: all of it as a page for Prometheus, and who is given it.
//! - `health`: whether the server runs, and whether it can do its work.

pub(crate) mod figures;
pub(crate) mod health;
mod kind;
mod machine;
pub(crate) mod scrape;
mod sheet;
pub(crate) mod work;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Everything that is counted, for as long as the process runs.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Of requests and connections.
    pub(crate) figures: figures::Figures,
    /// Of what the server does by itself.
    pub(crate) rounds: work::Rounds,
    started: SystemTime,
    /// When the certificate that is served ends, in seconds since 1970; 0 without one.
    certificate_ends: AtomicU64,
}

impl Watch {
    /// Nothing is counted yet.
    pub(crate) fn new() -> Self {
        Self {
            figures: figures::Figures::default(),
            rounds: work::Rounds::default(),
            started: SystemTime::now(),
            certificate_ends: AtomicU64::new(0),
        }
    }

    /// Another certificate is served from now on, until `ends`.
    pub(crate) fn certificate(&self, ends: SystemTime) {
        let seconds = since_1970(ends).as_secs();
        self.certificate_ends.store(seconds, Ordering::Relaxed);
    }
}

fn since_1970(at: SystemTime) -> Duration {
    at.duration_since(UNIX_EPOCH).unwrap_or_default()
}
