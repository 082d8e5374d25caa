//! Collection down to the bytes.

use futures::future::join;
use pierhead_storage::{CollectRule, Touch};

use super::bench::{Bench, Content, STEPS, Step};
use crate::check::{Outcome, ensure, same};
use crate::repository_suite::bench::{at, new, open, rule};

pub(super) async fn what_nothing_reaches_is_swept_away(mut bench: Bench) -> Outcome {
    let permit = open(new("red", "alice")?);
    let (old, young) = (
        Content {
            seed: 1,
            len: 100_000,
        },
        Content {
            seed: 2,
            len: 70_000,
        },
    );
    bench.push(&permit, old, at(0)).await?;
    bench.push(&permit, young, at(900)).await?;
    condemn(&bench, &rule(at(1_500))).await?;
    bench.places(2..=2).await?;
    // Condemned bytes stay for a while: a read begun before may still be going on.
    same(
        "removable at once",
        bench.repositories.removable(at(1_500), 10).await?.len(),
        0,
    )?;
    bench.reopen().await;
    bench.sweep().await?;
    bench.places(1..=1).await?;
    let gone = bench
        .repositories
        .find_blob(&permit.view, &old.digest(), Touch::No)
        .await?;
    same("the old blob", gone, None)?;
    bench.holds(&permit.view, young).await
}

pub(super) async fn an_unfinished_upload_is_swept_away_at_every_step(mut bench: Bench) -> Outcome {
    let permit = open(new("red", "alice")?);
    for step in STEPS.into_iter().filter(|step| *step < Step::Committed) {
        let id = bench.begin(&permit, at(0)).await?;
        let content = Content {
            seed: 1,
            len: 150_000,
        };
        bench
            .go_on(
                id,
                &permit,
                Content {
                    len: 70_001,
                    ..content
                },
                Step::Saved,
                at(0),
            )
            .await?;
        bench.go_on(id, &permit, content, step, at(0)).await?;
        bench.reopen().await;
        ensure(
            condemn(&bench, &rule(at(2_000))).await? > 0,
            "the idle session stays",
        )?;
        bench.sweep().await?;
        if step != Step::Checkpointed {
            bench.places(0..=0).await?;
            continue;
        }
        // What a store put beside for a checkpoint that nobody saved is not told of: it may stay
        // until the store is checked against its metadata.
        for listed in bench.blobs.list(None, 1_000).await? {
            bench.blobs.remove(&listed.place, None).await?;
        }
    }
    Ok(())
}

pub(super) async fn a_sweep_survives_a_crash_at_every_step(mut bench: Bench) -> Outcome {
    let permit = open(new("red", "alice")?);
    let kept = Content {
        seed: 9,
        len: 1_000,
    };
    bench.push(&permit, kept, at(1 << 20)).await?;
    for (crash, seed) in ["condemned", "removed", "forgotten"].into_iter().zip(1..) {
        let content = Content { seed, len: 100_000 };
        let record = bench.push(&permit, content, at(0)).await?;
        condemn(&bench, &rule(at(2_000))).await?;
        if crash != "condemned" {
            bench.blobs.remove(&record.place, None).await?;
        }
        if crash == "forgotten" {
            bench
                .repositories
                .forget(std::slice::from_ref(&record.place))
                .await?;
        }
        bench.reopen().await;
        let removable = bench.repositories.removable(at(1 << 32), 10).await?;
        same(crash, removable.len(), usize::from(crash != "forgotten"))?;
        bench.sweep().await?;
        bench.places(1..=1).await?;
        bench.holds(&permit.view, kept).await?;
    }
    Ok(())
}

pub(super) async fn a_push_of_what_is_being_swept_survives(mut bench: Bench) -> Outcome {
    let permit = open(new("red", "alice")?);
    for seed in 1..6 {
        let content = Content {
            seed,
            len: 60_000 + seed,
        };
        let old = bench.push(&permit, content, at(0)).await?;
        let id = bench.begin(&permit, at(2_000)).await?;
        bench
            .go_on(id, &permit, content, Step::Sealed, at(2_000))
            .await?;
        let due = rule(at(2_000));
        // Collection in its whole length, and the same digest's commit, at once.
        let collect = async {
            condemn(&bench, &due).await?;
            bench.sweep().await
        };
        let commit = bench.go_on(id, &permit, content, Step::Committed, at(2_000));
        let (collected, committed) = join(collect, commit).await;
        collected?;
        ensure(committed?.is_some(), "the push ended early")?;
        bench.holds(&permit.view, content).await?;
        // The pushes of earlier rounds are kept young, so that only one place each is left.
        bench.sweep().await?;
        bench.reopen().await;
        bench.holds(&permit.view, content).await?;
        let new = bench
            .repositories
            .find_blob(&permit.view, &content.digest(), Touch::No)
            .await?;
        let place = new.map(|record| record.place);
        ensure(place.is_some(), "the blob is gone")?;
        if place.as_ref() != Some(&old.place) {
            let listed = bench.blobs.list(None, 1_000).await?;
            let stays = listed.iter().any(|listed| listed.place == old.place);
            ensure(!stays, "the condemned place was not removed")?;
        }
    }
    bench.places(5..=5).await
}

async fn condemn(bench: &Bench, rule: &CollectRule) -> Outcome<u64> {
    let mut taken = 0;
    loop {
        match bench.repositories.condemn(rule, 100).await? {
            0 => return Ok(taken),
            rows => taken += rows,
        }
    }
}
