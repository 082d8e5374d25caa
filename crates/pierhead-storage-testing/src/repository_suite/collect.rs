//! Collection.

use std::time::Duration;

use pierhead_storage::{BlobMount, CollectRule, ManifestPut, StoreError, Touch};

use super::bench::{
    Bench, at, caller, commit, deed, digest, layers, manifest, new, open, owner, progress,
    repository, rule, size,
};
use crate::check::{Outcome, ensure, refused, same};

pub(super) async fn an_unreferenced_blob_lives_for_its_grace(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let sky = open(new("blue/sky", "alice")?);
    let linked = bench.blob(&red, "alice", 1, at(0)).await?;
    let staged = bench.blob(&sky, "alice", 2, at(0)).await?;
    same(
        "rows taken within the grace",
        bench.condemn_all(&rule(at(900))).await?,
        0,
    )?;
    bench.expect(&red.view, 1, true).await?;
    bench.expect(&sky.view, 2, true).await?;
    // The two graces are each their own.
    let long = Duration::from_secs(1 << 20);
    bench
        .condemn_all(&CollectRule {
            staged_grace: long,
            ..rule(at(1_100))
        })
        .await?;
    bench.expect(&red.view, 1, false).await?;
    bench.expect(&sky.view, 2, true).await?;
    same(
        "condemned places",
        bench.condemned().await?,
        vec![linked.place],
    )?;
    bench
        .condemn_all(&CollectRule {
            link_grace: long,
            ..rule(at(1_100))
        })
        .await?;
    bench.reopen().await;
    bench.expect(&sky.view, 2, false).await?;
    ensure(
        bench.condemned().await?.contains(&staged.place),
        "the staged place is not condemned",
    )
}

pub(super) async fn what_a_manifest_names_is_never_taken(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    bench.blob(&red, "alice", 1, at(0)).await?;
    let put = ManifestPut {
        references: layers(&[1]),
        ..manifest(2, "alice")?
    };
    bench.put(put, &red).await?;
    same(
        "rows taken",
        bench.condemn_all(&rule(at(1 << 30))).await?,
        0,
    )?;
    bench.expect(&red.view, 1, true).await?;
    bench
        .store
        .delete_manifest(&digest(2), &deed(), &red)
        .await?;
    ensure(
        bench.condemn_all(&rule(at(1 << 30))).await? > 0,
        "nothing was taken in the end",
    )?;
    bench.expect(&red.view, 1, false).await?;
    same("condemned places", bench.condemned().await?.len(), 1)
}

pub(super) async fn what_another_view_holds_keeps_its_place(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let sky = open(new("blue/sky", "alice")?);
    bench.blob(&red, "alice", 1, at(0)).await?;
    bench.blob(&sky, "alice", 1, at(800)).await?;
    let twins = bench.condemned().await?;
    bench.condemn_all(&rule(at(1_100))).await?;
    bench.expect(&red.view, 1, false).await?;
    bench.expect(&sky.view, 1, true).await?;
    same("condemned places", bench.condemned().await?, twins)
}

pub(super) async fn looking_a_mount_and_a_repeated_upload_renew_the_grace(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let green = open(repository(
        bench.repository("green", "alice", 0, "v1").await?,
    ));
    let sky = open(new("blue/sky", "alice")?);
    bench.blob(&green, "alice", 3, at(800)).await?;
    for permit in [&red, &sky] {
        for number in [1, 2, 3, 4, 5] {
            bench.blob(permit, "alice", number, at(0)).await?;
        }
        let renew = Touch::Renew {
            at: at(800),
            grace: Duration::from_secs(1_000),
        };
        bench
            .store
            .find_blob(&permit.view, &digest(1), renew)
            .await?;
        bench.blob(permit, "alice", 2, at(800)).await?;
        let mount = BlobMount {
            digest: digest(3),
            by: caller("alice")?,
            at: at(800),
        };
        bench.store.mount_blob(mount, &green, permit).await?;
        bench
            .store
            .find_blob(&permit.view, &digest(4), Touch::No)
            .await?;
    }
    bench.condemn_all(&rule(at(1_200))).await?;
    for permit in [&red, &sky] {
        for (number, kept) in [(1, true), (2, true), (3, true), (4, false), (5, false)] {
            bench.expect(&permit.view, number, kept).await?;
        }
    }
    bench.condemn_all(&rule(at(1_900))).await?;
    for number in 1..=5 {
        bench.expect(&red.view, number, false).await?;
    }
    Ok(())
}

pub(super) async fn an_idle_session_ends_and_its_place_is_condemned(bench: Bench) -> Outcome {
    let view = new("red", "alice")?;
    let permit = open(view.clone());
    let idle = bench.upload(&permit, "alice", at(0)).await?;
    let busy = bench.upload(&permit, "alice", at(0)).await?;
    bench
        .store
        .save_upload(idle.generation, progress(5), at(100))
        .await?;
    bench
        .store
        .save_upload(busy.generation, progress(6), at(800))
        .await?;
    same(
        "rows taken within the time",
        bench.condemn_all(&rule(at(1_000))).await?,
        0,
    )?;
    bench.condemn_all(&rule(at(1_200))).await?;
    let of = owner(&view, "alice")?;
    let found = bench.store.find_upload(idle.generation.upload, &of).await;
    refused!("the idle session", found, StoreError::NotFound)?;
    let saved = bench
        .store
        .save_upload(idle.generation, progress(7), at(1_200))
        .await;
    refused!("saving the idle session", saved, StoreError::Superseded)?;
    let committed = bench
        .store
        .commit_blob(commit(idle.generation, 1, at(1_200)), &permit)
        .await;
    refused!(
        "committing the idle session",
        committed,
        StoreError::Superseded
    )?;
    bench.store.find_upload(busy.generation.upload, &of).await?;
    let removable = bench.store.removable(at(1 << 32), 10).await?;
    let found: Vec<_> = removable
        .into_iter()
        .map(|c| (c.place, c.checkpoint))
        .collect();
    same(
        "condemned places",
        found,
        vec![(idle.place, Some(progress(5).checkpoint))],
    )
}

pub(super) async fn what_is_condemned_never_returns(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let first = bench.blob(&red, "alice", 1, at(0)).await?;
    bench.condemn_all(&rule(at(2_000))).await?;
    let sky = open(new("blue/sky", "alice")?);
    let mount = BlobMount {
        digest: digest(1),
        by: caller("alice")?,
        at: at(2_000),
    };
    let mounted = bench.store.mount_blob(mount, &red, &sky).await?;
    same("a mount of what is condemned", mounted, None)?;
    let put = ManifestPut {
        references: layers(&[1]),
        ..manifest(2, "alice")?
    };
    let outcome = bench.store.put_manifest(put, &red).await?;
    let missing = pierhead_storage::PutOutcome::Missing(vec![digest(1)]);
    same("a manifest that names it", outcome, missing)?;

    let second = bench.blob(&red, "alice", 1, at(2_000)).await?;
    ensure(
        second.place != first.place,
        "the same digest came back at its condemned place",
    )?;
    bench.reopen().await;
    let found = bench
        .store
        .find_blob(&red.view, &digest(1), Touch::No)
        .await?;
    same("the record now", found, Some(second.clone()))?;
    same(
        "condemned places",
        bench.condemned().await?,
        vec![first.place.clone()],
    )?;
    bench.store.forget(&[first.place]).await?;
    let found = bench
        .store
        .find_blob(&red.view, &digest(1), Touch::No)
        .await?;
    same(
        "the record after the old place is forgotten",
        found,
        Some(second),
    )
}

pub(super) async fn places_are_removable_after_their_time_and_until_forgotten(
    mut bench: Bench,
) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let mut places = Vec::new();
    for number in 1..=6 {
        places.push(bench.blob(&red, "alice", number, at(0)).await?.place);
    }
    bench.condemn_all(&rule(at(2_000))).await?;
    same(
        "removable too early",
        bench.store.removable(at(1_999), 100).await?.len(),
        0,
    )?;
    let all = bench.store.removable(at(2_001), 100).await?;
    same("removable", all.len(), 6)?;
    same(
        "removable under a limit",
        bench.store.removable(at(2_001), 4).await?.len(),
        4,
    )?;
    bench.reopen().await;
    places.sort();
    let mut condemned = bench.condemned().await?;
    condemned.sort();
    same("condemned places", &condemned, &places)?;
    for _ in 0..2 {
        bench.store.forget(&places[..4]).await?;
    }
    condemned = bench.condemned().await?;
    condemned.sort();
    same("what is left", &condemned[..], &places[4..])
}

pub(super) async fn forgetting_takes_nothing_that_is_not_condemned(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let blob = bench.blob(&red, "alice", 1, at(0)).await?;
    let upload = bench.upload(&red, "alice", at(0)).await?;
    let before = bench.fingerprint(&[upload.generation.upload]).await?;
    bench.store.forget(&[blob.place, upload.place]).await?;
    bench.store.forget(&[]).await?;
    let after = bench.fingerprint(&[upload.generation.upload]).await?;
    same("what can be seen after forgetting", after, before)
}

pub(super) async fn condemning_in_small_steps_comes_to_the_same(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let sky = open(new("blue/sky", "alice")?);
    let mut places = Vec::new();
    for number in 1..=5 {
        places.push(bench.blob(&red, "alice", number, at(0)).await?.place);
        places.push(bench.blob(&sky, "alice", number + 10, at(0)).await?.place);
        places.push(bench.upload(&sky, "alice", at(0)).await?.place);
    }
    let mut steps = 0;
    while bench.store.condemn(&rule(at(2_000)), 1).await? > 0 {
        steps += 1;
        ensure(steps < 1_000, "condemning does not end")?;
    }
    ensure(steps > 1, "one step of one row took everything")?;
    let mut condemned = bench.condemned().await?;
    condemned.sort();
    places.sort();
    same("condemned places", condemned, places)
}

pub(super) async fn a_commit_and_a_collection_at_once_lose_nothing(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    for number in 1..10 {
        let old = bench.blob(&red, "alice", number, at(0)).await?;
        let upload = bench.upload(&red, "alice", at(2_000)).await?;
        bench
            .store
            .save_upload(upload.generation, progress(size(number)), at(2_000))
            .await?;
        let due = rule(at(2_000));
        let (committed, condemned) = futures::future::join(
            bench
                .store
                .commit_blob(commit(upload.generation, number, at(2_000)), &red),
            bench.store.condemn(&due, 100),
        )
        .await;
        condemned?;
        let record = committed?;
        let found = bench
            .store
            .find_blob(&red.view, &digest(number), Touch::No)
            .await?;
        same("the blob after both", found.as_ref(), Some(&record))?;
        let dead = bench.condemned().await?;
        ensure(
            !dead.contains(&record.place),
            "a visible blob's place is condemned",
        )?;
        ensure(
            record.place == old.place || record.place == upload.place,
            "the record names a place that is nobody's",
        )?;
    }
    Ok(())
}
