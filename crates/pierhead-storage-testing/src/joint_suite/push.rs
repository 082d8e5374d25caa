//! Pushes that are broken off.

use pierhead_model::{Algorithm, Hasher};
use pierhead_storage::{Progress, StoreError, Touch};

use super::bench::{Bench, Content, STEPS, Step};
use crate::blob_suite::bench::{pattern, unreadable};
use crate::check::{Outcome, refused, same};
use crate::repository_suite::bench::{at, new, open, owner};

const LENGTHS: [u64; 4] = [0, 1, 65_536, 200_003];

pub(super) async fn a_push_survives_a_crash_at_every_step(mut bench: Bench) -> Outcome {
    let permit = open(new("red", "alice")?);
    for (seed, len) in (1..).zip(LENGTHS) {
        for (number, step) in (0..).zip(STEPS) {
            let content = Content {
                seed: seed * 10 + number,
                len: len + number,
            };
            let id = bench.begin(&permit, at(0)).await?;
            bench.go_on(id, &permit, content, step, at(0)).await?;
            bench.reopen().await;
            let again = bench
                .go_on(id, &permit, content, Step::Committed, at(1))
                .await;
            if step == Step::Committed {
                let gone = bench
                    .repositories
                    .find_upload(id, &owner(&permit.view, "alice")?)
                    .await;
                refused!("the session after its commit", gone, StoreError::NotFound)?;
            } else {
                again?;
            }
            bench.reopen().await;
            bench.holds(&permit.view, content).await?;
        }
    }
    // What a store put beside for a checkpoint that nobody saved is not told of: it may stay until
    // the store is checked against its metadata.
    let pushed = LENGTHS.len() * STEPS.len();
    let expected = pushed..=pushed + LENGTHS.len();
    bench.places(expected.clone()).await?;
    bench.sweep().await?;
    bench.places(expected).await
}

pub(super) async fn a_push_survives_a_crash_after_every_checkpoint(mut bench: Bench) -> Outcome {
    let permit = open(new("red", "alice")?);
    let whole = Content {
        seed: 1,
        len: 250_007,
    };
    let id = bench.begin(&permit, at(0)).await?;
    for len in [1, 50_000, 65_536, 65_537, 199_999, 250_007] {
        // Each life of the server gets a little further, and one does not save what it did.
        let part = Content { len, ..whole };
        bench.go_on(id, &permit, part, Step::Saved, at(1)).await?;
        bench.reopen().await;
        bench
            .go_on(id, &permit, whole, Step::Checkpointed, at(1))
            .await?;
        bench.reopen().await;
        bench
            .go_on(id, &permit, whole, Step::Written, at(1))
            .await?;
        bench.reopen().await;
        let upload = bench
            .repositories
            .find_upload(id, &owner(&permit.view, "alice")?)
            .await?;
        same("the offset", upload.offset(), len)?;
    }
    bench
        .go_on(id, &permit, whole, Step::Committed, at(2))
        .await?;
    bench.reopen().await;
    bench.holds(&permit.view, whole).await
}

pub(super) async fn nothing_is_visible_before_its_row_is_committed(bench: Bench) -> Outcome {
    let permit = open(new("red", "alice")?);
    let content = Content {
        seed: 1,
        len: 100_000,
    };
    for step in STEPS {
        let id = bench.begin(&permit, at(0)).await?;
        let place = bench
            .repositories
            .find_upload(id, &owner(&permit.view, "alice")?)
            .await?
            .place;
        bench.go_on(id, &permit, content, step, at(0)).await?;
        let digest = content.digest();
        let seen = bench
            .repositories
            .find_blob(&permit.view, &digest, Touch::No)
            .await?
            .is_some();
        same(
            &format!("whether a row is seen after {step:?}"),
            seen,
            step == Step::Committed,
        )?;
        if step < Step::Sealed {
            unreadable(&*bench.blobs, &place).await?;
        }
    }
    Ok(())
}

pub(super) async fn a_session_taken_over_leaves_only_the_newer_bytes(bench: Bench) -> Outcome {
    let permit = open(new("red", "alice")?);
    let id = bench.begin(&permit, at(0)).await?;
    let start = Content {
        seed: 1,
        len: 70_001,
    };
    bench.go_on(id, &permit, start, Step::Saved, at(0)).await?;

    // The older request goes on in its own way, and is overtaken.
    let of = owner(&permit.view, "alice")?;
    let older = bench.repositories.take_upload(id, &of).await?;
    let from = older.progress.clone().map(|progress| progress.checkpoint);
    let mut writer = bench.blobs.writer(&older.place, from).await?;
    writer.write(pattern(2, 70_001..120_000)).await?;
    let checkpoint = writer.checkpoint().await?;

    let whole = Content {
        seed: 1,
        len: 150_000,
    };
    bench.go_on(id, &permit, whole, Step::Saved, at(1)).await?;
    let hash = Hasher::new(Algorithm::Sha256).save();
    let progress = Progress { checkpoint, hash };
    let saved = bench
        .repositories
        .save_upload(older.generation, progress, at(2))
        .await;
    refused!("a save by the older request", saved, StoreError::Superseded)?;
    let written = writer.write(pattern(2, 120_000..130_000)).await;
    refused!(
        "a write by the older request",
        written,
        StoreError::Superseded
    )?;
    refused!(
        "a seal by the older request",
        writer.seal().await,
        StoreError::Superseded
    )?;
    drop(writer);
    bench
        .go_on(id, &permit, whole, Step::Committed, at(3))
        .await?;
    bench.holds(&permit.view, whole).await
}

pub(super) async fn a_later_twin_is_swept_and_the_first_stays(mut bench: Bench) -> Outcome {
    let (red, sky) = (open(new("red", "alice")?), open(new("blue/sky", "alice")?));
    let content = Content {
        seed: 1,
        len: 100_000,
    };
    let first = bench.push(&red, content, at(0)).await?;
    let second = bench.push(&sky, content, at(1)).await?;
    same("the second record", second, first)?;
    bench.places(2..=2).await?;
    bench.sweep().await?;
    bench.places(1..=1).await?;
    bench.reopen().await;
    bench.holds(&red.view, content).await?;
    bench.holds(&sky.view, content).await
}
