//! More than one writer on one place.

use futures::future::{join, join_all};
use pierhead_storage::{BlobWriter, StoreError};

use super::bench::{Bench, pattern, seal, write_pattern};
use super::upload::LONG;
use crate::check::{Fault, Outcome, ensure, refused, same};

pub(super) async fn a_newer_writer_revokes_the_older(bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut older = bench.writer(&place, None).await?;
    write_pattern(&mut *older, 1, 0..100_000).await?;
    let from = older.checkpoint().await?;
    write_pattern(&mut *older, 2, 100_000..170_000).await?;

    let mut newer = bench.writer(&place, Some(&from)).await?;
    revoked(&mut *older).await?;
    write_pattern(&mut *newer, 1, from.offset..150_000).await?;
    revoked(&mut *older).await?;
    let last = newer.checkpoint().await?;
    revoked(&mut *older).await?;
    write_pattern(&mut *newer, 1, 150_000..200_000).await?;
    drop(older);
    ensure(
        last.offset <= 150_000,
        "a byte of the older writer was counted",
    )?;
    same("the sealed length", seal(&mut *newer).await?, 200_000)?;
    bench.holds(&place, 1, 200_000).await
}

pub(super) async fn a_writer_that_begins_anew_revokes_the_older(bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut older = bench.writer(&place, None).await?;
    write_pattern(&mut *older, 3, 0..100_000).await?;
    let mut newer = bench.writer(&place, None).await?;
    revoked(&mut *older).await?;
    write_pattern(&mut *newer, 4, 0..10).await?;
    same("the sealed length", seal(&mut *newer).await?, 10)?;
    revoked(&mut *older).await?;
    bench.holds(&place, 4, 10).await
}

pub(super) async fn a_revoked_writer_does_no_harm_when_dropped(bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut older = bench.writer(&place, None).await?;
    write_pattern(&mut *older, 5, 0..100_000).await?;
    let from = older.checkpoint().await?;
    write_pattern(&mut *older, 6, 100_000..200_000).await?;
    let mut newer = bench.writer(&place, Some(&from)).await?;
    write_pattern(&mut *newer, 5, from.offset..180_000).await?;
    drop(older);
    newer.checkpoint().await?;
    write_pattern(&mut *newer, 5, 180_000..190_000).await?;
    same("the sealed length", seal(&mut *newer).await?, 190_000)?;
    bench.holds(&place, 5, 190_000).await
}

pub(super) async fn of_many_writers_one_counts(bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let opened = join_all((0..8).map(|_| bench.store.writer(&place, None))).await;
    let mut lengths = Vec::new();
    for (seed, writer) in (0..).zip(opened) {
        let mut writer = writer?;
        match writer.write(pattern(seed, 0..50_000)).await {
            Ok(()) => lengths.push((seed, seal(&mut *writer).await?)),
            Err(StoreError::Superseded) => {}
            Err(other) => return Err(other.into()),
        }
    }
    match lengths[..] {
        [(seed, 50_000)] => bench.holds(&place, seed, 50_000).await,
        _ => Err(Fault::new(format_args!(
            "writers that sealed, with lengths: {lengths:?}"
        ))),
    }
}

pub(super) async fn no_byte_of_a_revoked_writer_arrives_while_both_write(bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut older = bench.writer(&place, None).await?;
    write_pattern(&mut *older, 7, 0..70_000).await?;
    let from = older.checkpoint().await?;
    let stubborn = async {
        for at in 0..200 {
            match older.write(pattern(8, at * 4_000..(at + 1) * 4_000)).await {
                Err(StoreError::Superseded) => return Ok(()),
                answer => answer?,
            }
            if at % 16 == 0 {
                match older.checkpoint().await {
                    Err(StoreError::Superseded) => return Ok(()),
                    answer => answer.map(drop)?,
                }
            }
        }
        Ok(())
    };
    let taking_over = async {
        let mut newer = bench.writer(&place, Some(&from)).await?;
        write_pattern(&mut *newer, 7, from.offset..250_000).await?;
        newer.checkpoint().await?;
        write_pattern(&mut *newer, 7, 250_000..300_000).await?;
        same("the sealed length", seal(&mut *newer).await?, 300_000)
    };
    let (stubborn, taking_over): (Outcome, Outcome) = join(stubborn, taking_over).await;
    stubborn.and(taking_over)?;
    revoked(&mut *older).await?;
    bench.holds(&place, 7, 300_000).await
}

pub(super) async fn an_opening_that_is_refused_revokes_nobody(bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut first = bench.writer(&place, None).await?;
    write_pattern(&mut *first, 8, 0..LONG).await?;
    let gone = first.checkpoint().await?;
    drop(first);
    let mut writer = bench.writer(&place, None).await?;
    write_pattern(&mut *writer, 9, 0..10).await?;
    writer.checkpoint().await?;
    write_pattern(&mut *writer, 9, 10..1_000).await?;
    let answer = bench.store.writer(&place, Some(gone)).await;
    refused!("opening past the bytes", answer, StoreError::NotFound)?;
    write_pattern(&mut *writer, 9, 1_000..200_000).await?;
    writer.checkpoint().await?;
    same("the sealed length", seal(&mut *writer).await?, 200_000)?;
    bench.holds(&place, 9, 200_000).await
}

pub(super) async fn removing_revokes_a_writer(bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut older = bench.writer(&place, None).await?;
    write_pattern(&mut *older, 10, 0..100_000).await?;
    let from = older.checkpoint().await?;
    write_pattern(&mut *older, 10, 100_000..170_000).await?;
    bench.store.remove(&place, Some(&from)).await?;
    revoked(&mut *older).await?;
    let listed = bench.store.list(None, 10).await?;
    same("places still listed", listed.len(), 0)?;

    let mut newer = bench.writer(&place, None).await?;
    revoked(&mut *older).await?;
    drop(older);
    write_pattern(&mut *newer, 11, 0..50_000).await?;
    same("the sealed length", seal(&mut *newer).await?, 50_000)?;
    bench.holds(&place, 11, 50_000).await
}

/// Requires every call of a writer to answer that it was superseded.
async fn revoked(writer: &mut dyn BlobWriter) -> Outcome {
    for len in [1, 300_000] {
        let answer = writer.write(pattern(99, 0..len)).await;
        refused!(
            "a write by a revoked writer",
            answer,
            StoreError::Superseded
        )?;
    }
    let answer = writer.checkpoint().await;
    refused!(
        "a checkpoint by a revoked writer",
        answer,
        StoreError::Superseded
    )?;
    refused!(
        "a seal by a revoked writer",
        writer.seal().await,
        StoreError::Superseded
    )
}
