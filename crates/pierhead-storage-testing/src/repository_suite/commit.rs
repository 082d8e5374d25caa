//! Blobs made visible: committed, mounted, held, deleted.

use std::collections::BTreeSet;

use pierhead_storage::{
    BlobMount, Deletion, Holder, ManifestPut, NewName, ParentId, StoreError, Touch,
};

use super::bench::{
    Bench, at, caller, commit, deed, digest, layers, manifest, name, new, open, owner, progress,
    repository, size,
};
use crate::check::{Outcome, ensure, refused, same};

pub(super) async fn a_committed_blob_is_seen_through_its_view_alone(mut bench: Bench) -> Outcome {
    let red = repository(bench.repository("red", "alice", 0, "v1").await?);
    let green = repository(bench.repository("green", "alice", 0, "v1").await?);
    let linked = bench.blob(&open(red.clone()), "alice", 1, at(0)).await?;
    same("the size", linked.size, size(1))?;
    same("the digest", linked.digest, digest(1))?;
    let sky = new("blue/sky", "alice")?;
    bench.blob(&open(sky.clone()), "alice", 2, at(0)).await?;
    bench.reopen().await;
    let found = bench.store.find_blob(&red, &digest(1), Touch::No).await?;
    same("the linked blob", found, Some(linked))?;
    let (bobs_sky, sea) = (new("blue/sky", "bob")?, new("blue/sea", "alice")?);
    bench.expect(&sky, 2, true).await?;
    for (view, number) in [
        (&green, 1),
        (&sky, 1),
        (&red, 2),
        (&green, 2),
        (&bobs_sky, 2),
        (&sea, 2),
        (&red, 3),
    ] {
        bench.expect(view, number, false).await?;
    }
    // Nothing is reserved or listed by staging.
    same(
        "the new name",
        bench.store.find_repository(&name("blue/sky")?).await?,
        None,
    )
}

pub(super) async fn a_commit_ends_its_session(bench: Bench) -> Outcome {
    let view = new("red", "alice")?;
    let permit = open(view.clone());
    let upload = bench.upload(&permit, "alice", at(0)).await?;
    bench
        .store
        .commit_blob(commit(upload.generation, 1, at(0)), &permit)
        .await?;
    let again = bench
        .store
        .commit_blob(commit(upload.generation, 1, at(0)), &permit)
        .await;
    refused!("a second commit", again, StoreError::Superseded)?;
    let saved = bench
        .store
        .save_upload(upload.generation, progress(1), at(0))
        .await;
    refused!("a save after the commit", saved, StoreError::Superseded)?;
    let found = bench
        .store
        .find_upload(upload.generation.upload, &owner(&view, "alice")?)
        .await;
    refused!("the session", found, StoreError::NotFound)?;
    same("condemned places", bench.condemned().await?, Vec::new())
}

pub(super) async fn a_twins_own_place_is_condemned(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let sky = open(new("blue/sky", "bob")?);
    let first = bench.blob(&red, "alice", 1, at(0)).await?;
    let mut places = BTreeSet::new();
    for permit in [&red, &sky] {
        let upload = bench.upload(permit, "bob", at(1)).await?;
        bench
            .store
            .save_upload(upload.generation, progress(size(1)), at(1))
            .await?;
        let twin = bench
            .store
            .commit_blob(commit(upload.generation, 1, at(1)), permit)
            .await?;
        same("the twin's record", &twin, &first)?;
        places.insert(upload.place);
        bench.expect(&permit.view, 1, true).await?;
    }
    same(
        "condemned places",
        bench.condemned().await?.into_iter().collect(),
        places,
    )
}

pub(super) async fn a_session_commits_only_where_it_was_begun(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let green = open(repository(
        bench.repository("green", "alice", 0, "v1").await?,
    ));
    let (sky, sea) = (
        open(new("blue/sky", "alice")?),
        open(new("blue/sea", "alice")?),
    );
    let bobs_sky = open(new("blue/sky", "bob")?);
    for (home, elsewhere) in [
        (&red, &green),
        (&red, &sky),
        (&sky, &sea),
        (&sky, &bobs_sky),
    ] {
        let upload = bench.upload(home, "alice", at(0)).await?;
        let before = bench.fingerprint(&[upload.generation.upload]).await?;
        let answer = bench
            .store
            .commit_blob(commit(upload.generation, 1, at(0)), elsewhere)
            .await;
        ensure(
            answer.is_err(),
            format_args!("begun in {home:?}, committed in {elsewhere:?}"),
        )?;
        let after = bench.fingerprint(&[upload.generation.upload]).await?;
        same("what can be seen after a refusal", after, before)?;
    }
    Ok(())
}

pub(super) async fn a_mount_makes_a_blob_visible_without_its_bytes(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let green = open(repository(
        bench.repository("green", "alice", 0, "v1").await?,
    ));
    let (sky, sea) = (
        open(new("blue/sky", "alice")?),
        open(new("blue/sea", "alice")?),
    );
    let record = bench.blob(&red, "alice", 1, at(0)).await?;
    let mount = BlobMount {
        digest: digest(1),
        by: caller("alice")?,
        at: at(1),
    };
    // Each is the next one's source: links to links, links to staged, staged to staged and back.
    let chain = [(&red, &green), (&green, &sky), (&sky, &sea), (&sea, &red)];
    for (source, target) in chain {
        let mounted = bench
            .store
            .mount_blob(mount.clone(), source, target)
            .await?;
        same("the mounted record", mounted.as_ref(), Some(&record))?;
        bench.expect(&target.view, 1, true).await?;
    }
    bench.reopen().await;
    for permit in [&red, &green, &sky, &sea] {
        bench.expect(&permit.view, 1, true).await?;
    }
    Ok(())
}

pub(super) async fn a_mount_needs_its_source_to_hold_the_blob(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let green = open(repository(
        bench.repository("green", "alice", 0, "v1").await?,
    ));
    bench.blob(&red, "alice", 1, at(0)).await?;
    bench
        .blob(&open(new("blue/sky", "alice")?), "alice", 2, at(0))
        .await?;
    let sources = [
        (&green, 1),
        (&red, 2),
        (&red, 3),
        (&open(new("blue/sky", "bob")?), 2),
    ];
    for (source, number) in sources {
        let target = open(new("blue/sea", "bob")?);
        let mount = BlobMount {
            digest: digest(number),
            by: caller("bob")?,
            at: at(1),
        };
        let before = bench.fingerprint(&[]).await?;
        same(
            "the mount",
            bench.store.mount_blob(mount, source, &target).await?,
            None,
        )?;
        same(
            "what can be seen after it",
            bench.fingerprint(&[]).await?,
            before,
        )?;
    }
    Ok(())
}

pub(super) async fn holders_are_links_and_the_callers_own_staged(bench: Bench) -> Outcome {
    let mut expected = BTreeSet::new();
    for name_ in ["red", "green"] {
        let id = bench.repository(name_, "alice", 0, "v1").await?;
        bench.blob(&open(repository(id)), "alice", 1, at(0)).await?;
        expected.insert(name_.to_owned());
    }
    bench.repository("holds/nothing", "alice", 0, "v1").await?;
    for (name_, by) in [("blue/sky", "alice"), ("blue/sea", "bob")] {
        bench.blob(&open(new(name_, by)?), by, 1, at(0)).await?;
    }
    for (by, own) in [
        ("alice", Some("blue/sky")),
        ("bob", Some("blue/sea")),
        ("carol", None),
    ] {
        let holders = bench
            .store
            .blob_holders(&digest(1), &caller(by)?, 100)
            .await?;
        let mut names = BTreeSet::new();
        for holder in &holders {
            match holder {
                Holder::Repository(repository) => {
                    let found = bench.store.find_repository(&repository.name).await?;
                    same("the holder", found.as_ref(), Some(repository))?;
                    names.insert(repository.name.to_string());
                }
                Holder::Staged(staged) => {
                    let (parent, caller) = (Some(ParentId(7)), caller(by)?);
                    let name = name(own.unwrap_or("nothing"))?;
                    same(
                        "the staged holder",
                        staged,
                        &NewName {
                            name,
                            parent,
                            caller,
                        },
                    )?;
                    names.insert(staged.name.to_string());
                }
            }
        }
        let own = own.map(str::to_owned);
        let expected: BTreeSet<String> = expected.iter().cloned().chain(own).collect();
        same("holders without repetition", holders.len(), names.len())?;
        same("holders", names, expected)?;
        for limit in [1, 2] {
            let some = bench
                .store
                .blob_holders(&digest(1), &caller(by)?, limit)
                .await?;
            same("holders under a limit", some.len(), limit)?;
        }
    }
    let none = bench
        .store
        .blob_holders(&digest(9), &caller("alice")?, 100)
        .await?;
    same("holders of what nobody has", none, Vec::new())
}

pub(super) async fn deleting_a_blob_takes_it_out_of_one_view(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let green = open(repository(
        bench.repository("green", "alice", 0, "v1").await?,
    ));
    let (sky, bobs_sky) = (
        open(new("blue/sky", "alice")?),
        open(new("blue/sky", "bob")?),
    );
    let all = [&red, &green, &sky, &bobs_sky];
    for permit in all {
        let by = if permit == &bobs_sky { "bob" } else { "alice" };
        bench.blob(permit, by, 1, at(0)).await?;
    }
    for (count, permit) in all.into_iter().enumerate() {
        let first = bench.store.delete_blob(&digest(1), &deed(), permit).await?;
        same("the first deletion", first, Deletion::Deleted)?;
        let second = bench.store.delete_blob(&digest(1), &deed(), permit).await?;
        same("the second deletion", second, Deletion::Absent)?;
        bench.reopen().await;
        for (index, other) in all.iter().enumerate() {
            bench.expect(&other.view, 1, index > count).await?;
        }
    }
    Ok(())
}

pub(super) async fn a_blob_that_a_manifest_names_is_held(bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let green = open(repository(
        bench.repository("green", "alice", 0, "v1").await?,
    ));
    for permit in [&red, &green] {
        bench.blob(permit, "alice", 1, at(0)).await?;
    }
    let put = ManifestPut {
        references: layers(&[1]),
        ..manifest(2, "alice")?
    };
    bench.put(put, &red).await?;
    let held = bench.store.delete_blob(&digest(1), &deed(), &red).await?;
    same("the deletion", held, Deletion::Held { by: digest(2) })?;
    bench.expect(&red.view, 1, true).await?;
    // A manifest holds nothing in another repository.
    let elsewhere = bench.store.delete_blob(&digest(1), &deed(), &green).await?;
    same("the deletion elsewhere", elsewhere, Deletion::Deleted)?;
    let manifest = bench
        .store
        .delete_manifest(&digest(2), &deed(), &red)
        .await?;
    same("the manifest's deletion", manifest, Deletion::Deleted)?;
    let freed = bench.store.delete_blob(&digest(1), &deed(), &red).await?;
    same(
        "the deletion once nothing names it",
        freed,
        Deletion::Deleted,
    )
}
