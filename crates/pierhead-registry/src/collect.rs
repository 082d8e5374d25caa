//! Collection in two steps, without stopping anything.
//!
//! First, rows that have outlived their grace go and the places nothing reaches any more are
//! condemned, for good. Only later, past the life of any redirect or open read, are the bytes
//! removed and the places forgotten.

use std::collections::HashSet;
use std::time::Duration;

use pierhead_storage::{CollectRule, Condemned, StoreError};

use crate::{Error, Registry};

/// Rows or places taken in one transaction.
const BATCH: usize = 500;

/// When a [`Registry::collector`] works.
#[derive(Clone, Copy, Debug)]
pub struct CollectSchedule {
    /// The pause between two rounds: a quarter of an hour by default.
    pub every: Duration,
    /// How long a condemned place keeps its bytes: an hour by default. Longer than any read takes.
    pub keep: Duration,
}

impl Default for CollectSchedule {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(15 * 60),
            keep: Duration::from_secs(60 * 60),
        }
    }
}

/// What a round of collection did.
#[derive(Clone, Debug, Default)]
pub struct Collected {
    /// Rows that went.
    pub rows: u64,
    /// Places whose bytes were removed.
    pub places: u64,
    /// The first place that could not be removed; it is tried again in the next round.
    pub failed: Option<StoreError>,
}

impl Registry {
    /// One round. Dropped at any point it leaves the rest to the next one.
    pub async fn collect(&self, schedule: &CollectSchedule) -> Result<Collected, Error> {
        let inner = &self.inner;
        let mut done = Collected::default();
        let limits = &inner.limits;
        loop {
            let rule = CollectRule {
                at: inner.clock.now(),
                link_grace: limits.grace,
                staged_grace: limits.grace,
                upload_idle: limits.upload_idle,
            };
            match inner.rows.condemn(&rule, BATCH).await? {
                0 => break,
                rows => done.rows += rows,
            }
        }
        let Some(before) = inner.clock.now().checked_sub(schedule.keep) else {
            return Ok(done);
        };
        // What cannot be removed now stays for the next round, and keeps nothing else waiting.
        let mut stuck = HashSet::new();
        loop {
            let limit = BATCH + stuck.len();
            let condemned = inner.rows.removable(before, limit).await?;
            let fresh = |it: &Condemned| !stuck.contains(&it.place);
            let condemned: Vec<_> = condemned.into_iter().filter(fresh).collect();
            if condemned.is_empty() {
                break;
            }
            let mut gone = Vec::with_capacity(condemned.len());
            for it in condemned {
                match inner.blobs.remove(&it.place, it.checkpoint.as_ref()).await {
                    Ok(()) => gone.push(it.place),
                    Err(error) => {
                        done.failed = done.failed.take().or(Some(error));
                        stuck.insert(it.place);
                    }
                }
            }
            inner.rows.forget(&gone).await?;
            done.places += gone.len() as u64;
        }
        Ok(done)
    }

    /// Collects for ever, and tells `report` of every round: a future that its owner runs beside
    /// the service and drops to end it.
    pub async fn collector(
        &self,
        schedule: CollectSchedule,
        mut report: impl FnMut(Result<Collected, Error>) + Send,
    ) {
        loop {
            self.inner.clock.sleep(schedule.every).await;
            report(self.collect(&schedule).await);
        }
    }
}
