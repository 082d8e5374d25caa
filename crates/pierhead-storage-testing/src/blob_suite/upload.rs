//! One upload: written, checkpointed, gone on with, sealed.

use pierhead_storage::{BlobWriter, Checkpoint, StoreError};

use super::bench::{Bench, pattern, seal, unreadable, write_pattern};
use crate::abandon::abandon;
use crate::check::{Outcome, ensure, refused, same};

/// Longer than any part or buffer a test would use, and a multiple of nothing.
pub(super) const LONG: u64 = 300_007;

pub(super) async fn sealed_bytes_are_read_back(mut bench: Bench) -> Outcome {
    for len in [0, 1, 2, 4_095, 4_096, 65_535, 65_536, 65_537, LONG] {
        let place = bench.sealed(len, len).await?;
        bench.pause().await;
        bench.holds(&place, len, len).await?;
    }
    Ok(())
}

pub(super) async fn bytes_are_readable_only_once_sealed(mut bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    unreadable(&*bench.store, &place).await?;
    let mut writer = bench.writer(&place, None).await?;
    unreadable(&*bench.store, &place).await?;
    write_pattern(&mut *writer, 1, 0..LONG).await?;
    unreadable(&*bench.store, &place).await?;
    let checkpoint = checkpoint(&mut *writer, LONG).await?;
    unreadable(&*bench.store, &place).await?;
    drop(writer);
    bench.pause().await;
    unreadable(&*bench.store, &place).await?;
    finish(&bench, &place, &checkpoint, 1, LONG).await
}

pub(super) async fn an_upload_goes_on_from_its_checkpoint(mut bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut from: Option<Checkpoint> = None;
    for end in [1, 60_000, 65_536, 131_072, 131_073, LONG] {
        let mut writer = bench.writer(&place, from.as_ref()).await?;
        let start = from.map_or(0, |checkpoint| checkpoint.offset);
        write_pattern(&mut *writer, 2, start..end).await?;
        from = Some(checkpoint(&mut *writer, end).await?);
        drop(writer);
        bench.pause().await;
    }
    match from {
        Some(checkpoint) => finish(&bench, &place, &checkpoint, 2, LONG).await,
        None => Ok(()),
    }
}

pub(super) async fn the_tail_before_a_checkpoint_is_kept(mut bench: Bench) -> Outcome {
    // Whatever unit a store ships bytes in, some of these end within one.
    for len in [1, 777, 5_000, 65_537, 100_003, LONG] {
        let place = bench.store.allocate();
        let mut writer = bench.writer(&place, None).await?;
        write_pattern(&mut *writer, 3, 0..len).await?;
        let checkpoint = checkpoint(&mut *writer, len).await?;
        drop(writer);
        bench.pause().await;
        let mut writer = bench.writer(&place, Some(&checkpoint)).await?;
        write_pattern(&mut *writer, 3, checkpoint.offset..len + 10).await?;
        same("the sealed length", seal(&mut *writer).await?, len + 10)?;
        bench.holds(&place, 3, len + 10).await?;
    }
    Ok(())
}

pub(super) async fn a_checkpoint_is_never_ahead_of_its_bytes(mut bench: Bench) -> Outcome {
    for len in [1, 999, 65_536, LONG] {
        let place = bench.store.allocate();
        let mut writer = bench.writer(&place, None).await?;
        write_pattern(&mut *writer, 4, 0..len).await?;
        let checkpoint = writer.checkpoint().await?;
        ensure(
            checkpoint.offset <= len,
            format_args!(
                "{len} bytes were written, the checkpoint says {}",
                checkpoint.offset
            ),
        )?;
        drop(writer);
        bench.pause().await;
        // Sealed as it stands: what the checkpoint counted must be there.
        let mut writer = bench.writer(&place, Some(&checkpoint)).await?;
        let sealed = seal(&mut *writer).await?;
        same(
            "the length sealed from a checkpoint",
            sealed,
            checkpoint.offset,
        )?;
        bench.holds(&place, 4, checkpoint.offset).await?;
    }
    Ok(())
}

pub(super) async fn a_dropped_writer_loses_only_what_follows_its_checkpoint(
    mut bench: Bench,
) -> Outcome {
    for (kept, lost) in [
        (0, LONG),
        (1, 70_000),
        (100_000, 1),
        (65_536, 65_536),
        (LONG, LONG),
    ] {
        let place = bench.store.allocate();
        let mut writer = bench.writer(&place, None).await?;
        write_pattern(&mut *writer, 5, 0..kept).await?;
        let checkpoint = checkpoint(&mut *writer, kept).await?;
        write_pattern(&mut *writer, 6, kept..kept + lost).await?;
        drop(writer);
        bench.pause().await;
        finish(&bench, &place, &checkpoint, 5, kept + 1_000).await?;
    }
    Ok(())
}

pub(super) async fn a_checkpoint_may_be_used_again(mut bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut writer = bench.writer(&place, None).await?;
    write_pattern(&mut *writer, 7, 0..100_001).await?;
    let first = checkpoint(&mut *writer, 100_001).await?;
    for (seed, len) in [(8, 5), (9, 150_000), (10, 70_000)] {
        // Each goes on differently, is checkpointed, and is given up.
        let end = 100_001 + len;
        write_pattern(&mut *writer, seed, 100_001..end).await?;
        checkpoint(&mut *writer, end).await?;
        drop(writer);
        bench.pause().await;
        writer = bench.writer(&place, Some(&first)).await?;
    }
    drop(writer);
    finish(&bench, &place, &first, 7, 100_101).await
}

pub(super) async fn a_writer_without_a_checkpoint_begins_anew(mut bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut writer = bench.writer(&place, None).await?;
    write_pattern(&mut *writer, 11, 0..LONG).await?;
    checkpoint(&mut *writer, LONG).await?;
    drop(writer);
    bench.pause().await;
    let mut writer = bench.writer(&place, None).await?;
    write_pattern(&mut *writer, 12, 0..10).await?;
    same("the sealed length", seal(&mut *writer).await?, 10)?;
    bench.holds(&place, 12, 10).await
}

pub(super) async fn a_checkpoint_past_the_bytes_is_refused(mut bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut writer = bench.writer(&place, None).await?;
    write_pattern(&mut *writer, 13, 0..LONG).await?;
    let long = checkpoint(&mut *writer, LONG).await?;
    drop(writer);
    bench.pause().await;

    let elsewhere = bench.store.allocate();
    let answer = bench.store.writer(&elsewhere, Some(long.clone())).await;
    refused!(
        "a gap in a place that holds nothing",
        answer,
        StoreError::NotFound
    )?;

    let mut writer = bench.writer(&place, None).await?;
    write_pattern(&mut *writer, 14, 0..10).await?;
    let short = checkpoint(&mut *writer, 10).await?;
    drop(writer);
    bench.pause().await;
    let answer = bench.store.writer(&place, Some(long)).await;
    refused!("a gap behind ten bytes", answer, StoreError::NotFound)?;
    // Being refused took nothing away.
    finish(&bench, &place, &short, 14, 20).await
}

pub(super) async fn a_seal_is_idempotent(mut bench: Bench) -> Outcome {
    for len in [0, 10, 65_536, LONG] {
        let place = bench.store.allocate();
        let mut writer = bench.writer(&place, None).await?;
        write_pattern(&mut *writer, 15, 0..len).await?;
        let last = checkpoint(&mut *writer, len).await?;
        for time in ["first", "second", "third"] {
            same(time, seal(&mut *writer).await?, len)?;
        }
        drop(writer);
        if last.offset < len {
            // A store that counts whole parts only: there is no checkpoint to repeat it from.
            continue;
        }
        for _ in 0..2 {
            bench.pause().await;
            let mut writer = bench.writer(&place, Some(&last)).await?;
            same("sealed by a new writer", seal(&mut *writer).await?, len)?;
            same("sealed by it again", seal(&mut *writer).await?, len)?;
        }
        bench.holds(&place, 15, len).await?;
    }
    Ok(())
}

pub(super) async fn a_seal_broken_off_can_be_repeated(mut bench: Bench) -> Outcome {
    for polls in 0..6 {
        let place = bench.store.allocate();
        let mut writer = bench.writer(&place, None).await?;
        write_pattern(&mut *writer, 16, 0..LONG).await?;
        let last = checkpoint(&mut *writer, LONG).await?;
        if last.offset < LONG {
            return Ok(());
        }
        abandon(writer.seal(), polls).await;
        drop(writer);
        bench.pause().await;
        let mut writer = bench.writer(&place, Some(&last)).await?;
        same("sealed by a new writer", seal(&mut *writer).await?, LONG)?;
        bench.holds(&place, 16, LONG).await?;
    }
    Ok(())
}

pub(super) async fn a_call_broken_off_loses_only_what_follows_the_checkpoint(
    mut bench: Bench,
) -> Outcome {
    for polls in 0..6 {
        let place = bench.store.allocate();
        let mut writer = bench.writer(&place, None).await?;
        write_pattern(&mut *writer, 17, 0..70_001).await?;
        let first = checkpoint(&mut *writer, 70_001).await?;
        abandon(writer.write(pattern(18, 0..200_000)), polls).await;
        drop(writer);
        bench.pause().await;

        let mut writer = bench.writer(&place, Some(&first)).await?;
        write_pattern(&mut *writer, 19, 70_001..140_002).await?;
        abandon(writer.checkpoint(), polls).await;
        drop(writer);
        bench.pause().await;
        finish(&bench, &place, &first, 17, 80_001).await?;
    }
    Ok(())
}

pub(super) async fn a_sealed_place_never_changes(mut bench: Bench) -> Outcome {
    let place = bench.store.allocate();
    let mut writer = bench.writer(&place, None).await?;
    write_pattern(&mut *writer, 20, 0..70_000).await?;
    let early = checkpoint(&mut *writer, 70_000).await?;
    write_pattern(&mut *writer, 20, 70_000..LONG).await?;
    let last = checkpoint(&mut *writer, LONG).await?;
    seal(&mut *writer).await?;
    // What a writer answers here is its own affair, as long as nothing comes of it.
    let _ = writer.write(pattern(21, 0..100)).await;
    let _ = writer.checkpoint().await;
    let _ = writer.seal().await;
    drop(writer);
    bench.pause().await;

    for (what, from) in [
        ("the beginning", None),
        ("an early checkpoint", Some(early)),
    ] {
        let answer = bench.store.writer(&place, from).await;
        refused!(what, answer, StoreError::Conflict(_))?;
    }
    let mut writer = bench.writer(&place, Some(&last)).await?;
    let _ = writer.write(pattern(22, 0..100)).await;
    let _ = writer.seal().await;
    drop(writer);
    bench.pause().await;
    bench.holds(&place, 20, LONG).await
}

pub(super) async fn a_long_blob_streams(mut bench: Bench) -> Outcome {
    const LEN: u64 = (5 << 20) + 11;
    let place = bench.store.allocate();
    let mut writer = bench.writer(&place, None).await?;
    let mut from = 0;
    for end in (0..LEN).step_by(2 << 20).skip(1).chain([LEN]) {
        write_pattern(&mut *writer, 23, from..end).await?;
        let reached = writer.checkpoint().await?;
        drop(writer);
        bench.pause().await;
        writer = bench.writer(&place, Some(&reached)).await?;
        from = reached.offset;
    }
    write_pattern(&mut *writer, 23, from..LEN).await?;
    same("the sealed length", seal(&mut *writer).await?, LEN)?;
    drop(writer);
    bench.pause().await;
    bench.holds(&place, 23, LEN).await
}

pub(super) async fn a_blob_past_the_longest_is_refused(bench: Bench) -> Outcome {
    let longest = bench.store.limits().max_len;
    if longest > 64 << 20 {
        return Ok(());
    }
    let place = bench.store.allocate();
    let mut writer = bench.writer(&place, None).await?;
    write_pattern(&mut *writer, 24, 0..longest).await?;
    let answer = writer.write(pattern(24, longest..longest + 1)).await;
    refused!("one byte too many", answer, StoreError::TooLarge)
}

/// A checkpoint after so many bytes.
async fn checkpoint(writer: &mut dyn BlobWriter, written: u64) -> Outcome<Checkpoint> {
    let checkpoint = writer.checkpoint().await?;
    ensure(
        checkpoint.offset <= written,
        format_args!(
            "{written} bytes were written, the checkpoint says {}",
            checkpoint.offset
        ),
    )?;
    ensure(
        checkpoint.state.len() <= 1 << 20,
        "the checkpoint's state is longer than 1 MiB",
    )?;
    Ok(checkpoint)
}

/// Goes on from a checkpoint to the end, seals, and compares everything.
async fn finish(
    bench: &Bench,
    place: &pierhead_storage::Place,
    from: &Checkpoint,
    seed: u64,
    len: u64,
) -> Outcome {
    let mut writer = bench.writer(place, Some(from)).await?;
    write_pattern(&mut *writer, seed, from.offset..len).await?;
    same("the sealed length", seal(&mut *writer).await?, len)?;
    drop(writer);
    bench.holds(place, seed, len).await
}
