//! A call of the older writer is on its way when its place changes hands.
//!
//! A store may compare its turn, let go, and hand the bytes to another thread: they then arrive in a
//! newer writer's time, unless they happen to be quick. So many places change hands at once, each
//! many times over, and every thread of the store is kept busy by it.

use bytes::Bytes;
use futures::future::{join, try_join_all};
use pierhead_storage::{Checkpoint, Place, StoreError};

use super::bench::{Bench, pattern, seal, write_pattern};
use crate::abandon::abandon;
use crate::check::{Outcome, same};

/// Places that change hands at the same time.
const PLACES: u64 = 24;

/// How often each of them does.
const TIMES: u64 = 6;

/// What each writer adds that counts, in bytes.
const STEP: u64 = 3_001;

/// What is on its way: longer than all that counts, so that it shows wherever it arrives.
const STALE: u64 = 200_003;

/// How the older writer's call ends.
#[derive(Clone, Copy)]
enum Older {
    /// Its request is gone.
    BrokenOff,
    /// It is waited for, while the newer writer is opened.
    WaitedFor,
}

pub(super) async fn a_write_on_its_way_never_arrives_in_a_newer_writers_time(
    bench: Bench,
) -> Outcome {
    let stale = pattern(1, 0..STALE);
    for older in [Older::BrokenOff, Older::WaitedFor] {
        let uploads = (100..100 + PLACES).map(|seed| handed_on(&bench, seed, older, &stale));
        let places = try_join_all(uploads).await?;
        // Once more when all is done: what is late enough arrives in sealed bytes.
        for (seed, place) in places {
            bench.holds(&place, seed, TIMES * STEP).await?;
        }
    }
    Ok(())
}

/// An upload each step of which is made by a writer of its own, while the one before still writes.
async fn handed_on(bench: &Bench, seed: u64, how: Older, stale: &Bytes) -> Outcome<(u64, Place)> {
    let place = bench.store.allocate();
    let mut writer = bench.writer(&place, None).await?;
    let mut from = Checkpoint {
        offset: 0,
        state: Bytes::new(),
    };
    for end in (1..=TIMES).map(|step| step * STEP) {
        write_pattern(&mut *writer, seed, from.offset..end).await?;
        from = writer.checkpoint().await?;
        writer = match how {
            Older::BrokenOff => {
                abandon(writer.write(stale.clone()), 1).await;
                bench.writer(&place, Some(&from)).await?
            }
            Older::WaitedFor => {
                let opening = bench.store.writer(&place, Some(from.clone()));
                // What it answers depends on who was first.
                let (_, newer) = join(writer.write(stale.clone()), opening).await;
                newer?
            }
        };
    }
    write_pattern(&mut *writer, seed, from.offset..TIMES * STEP).await?;
    same("the sealed length", seal(&mut *writer).await?, TIMES * STEP)?;
    bench.holds(&place, seed, TIMES * STEP).await?;
    Ok((seed, place))
}

pub(super) async fn a_seal_on_its_way_never_arrives_in_a_newer_writers_time(
    bench: Bench,
) -> Outcome {
    for older in [Older::BrokenOff, Older::WaitedFor] {
        for _ in 0..TIMES / 2 {
            let uploads = (200..200 + PLACES).map(|seed| sealed_while_opened(&bench, seed, older));
            for (seed, place, len) in try_join_all(uploads).await? {
                bench.holds(&place, seed, len).await?;
            }
        }
    }
    Ok(())
}

/// Either the older writer seals what it has, and there is nothing to go on with; or the newer one
/// is opened first, and what it writes is all that counts.
async fn sealed_while_opened(bench: &Bench, seed: u64, how: Older) -> Outcome<(u64, Place, u64)> {
    let place = bench.store.allocate();
    let mut older = bench.writer(&place, None).await?;
    write_pattern(&mut *older, seed, 0..STEP).await?;
    let from = older.checkpoint().await?;
    write_pattern(&mut *older, seed, STEP..2 * STEP).await?;
    let opened = match how {
        Older::BrokenOff => {
            abandon(older.seal(), 1).await;
            drop(older);
            bench.store.writer(&place, Some(from.clone())).await
        }
        Older::WaitedFor => {
            let opening = bench.store.writer(&place, Some(from.clone()));
            join(older.seal(), opening).await.1
        }
    };
    let mut newer = match opened {
        Ok(newer) => newer,
        Err(StoreError::Conflict(_)) => {
            bench.holds(&place, seed, 2 * STEP).await?;
            return Ok((seed, place, 2 * STEP));
        }
        Err(other) => return Err(other.into()),
    };
    write_pattern(&mut *newer, seed, from.offset..STEP).await?;
    write_pattern(&mut *newer, seed, STEP..3 * STEP).await?;
    newer.checkpoint().await?;
    same("the sealed length", seal(&mut *newer).await?, 3 * STEP)?;
    bench.holds(&place, seed, 3 * STEP).await?;
    Ok((seed, place, 3 * STEP))
}
