//! Manifests: put, found, deleted.

use futures::future::join;
use pierhead_model::{ContentDigest, Reference};
use pierhead_storage::{
    Deletion, ManifestPut, ParentId, PutOutcome, Repository, StoreError, StoredManifest,
};

use super::bench::{
    Bench, at, caller, children, deed, digest, layers, manifest, name, new, open, repository, tag,
};
use crate::check::{Fault, Outcome, ensure, same};

pub(super) async fn the_first_manifest_creates_the_repository(mut bench: Bench) -> Outcome {
    let put = ManifestPut {
        at: at(5),
        ..manifest(1, "alice")?
    };
    let (id, created) = bench.put(put, &open(new("blue/sky", "alice")?)).await?;
    ensure(created, "the first manifest created nothing")?;
    let second = bench
        .put(manifest(2, "bob")?, &open(repository(id)))
        .await?;
    same("the second manifest", second, (id, false))?;
    bench.reopen().await;
    let expected = Repository {
        id,
        name: name("blue/sky")?,
        parent: Some(ParentId(7)),
        creator: caller("alice")?,
        created_at: at(5),
    };
    let found = bench.store.find_repository(&name("blue/sky")?).await?;
    same("the repository", found, Some(expected))?;
    for near in ["blue", "blue/sk", "blue/sky2", "blue/sky/x"] {
        same(near, bench.store.find_repository(&name(near)?).await?, None)?;
    }
    let other = bench.repository("red", "alice", 1, "v1").await?;
    ensure(other != id, "two repositories have one id")
}

pub(super) async fn of_two_first_manifests_one_creates_and_one_is_stale(bench: Bench) -> Outcome {
    for round in 0..10 {
        let name_ = format!("race-{round}");
        let (alices, bobs) = (open(new(&name_, "alice")?), open(new(&name_, "bob")?));
        let (first, second) = join(
            bench.store.put_manifest(manifest(1, "alice")?, &alices),
            bench.store.put_manifest(manifest(2, "bob")?, &bobs),
        )
        .await;
        let (won, lost) = match (first, second) {
            (
                Ok(PutOutcome::Stored {
                    repository,
                    created: true,
                }),
                Err(StoreError::Stale),
            ) => (repository, 2),
            (
                Err(StoreError::Stale),
                Ok(PutOutcome::Stored {
                    repository,
                    created: true,
                }),
            ) => (repository, 1),
            other => return Err(Fault::new(format_args!("the two answered {other:?}"))),
        };
        let reference = Reference::Digest(digest(lost));
        let found = bench
            .store
            .find_manifest(&repository(won), &reference)
            .await?;
        same("the manifest that was stale", found, None)?;
    }
    Ok(())
}

pub(super) async fn a_manifest_is_found_exactly_as_received(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let green = repository(bench.repository("green", "alice", 0, "v1").await?);
    let odd = bytes::Bytes::from_static(b"{ \"a\" :\t1e0,\r\n\"\\u003c\": \"\xc3\xa9\"}\n ");
    let put = ManifestPut {
        digest: ContentDigest::of(pierhead_model::Algorithm::Sha512, &odd),
        bytes: odd.clone(),
        media_type: "application/vnd.example+json".parse().map_err(Fault::new)?,
        tags: vec![tag("latest")?, tag("1.0")?],
        ..manifest(1, "alice")?
    };
    let expected = StoredManifest {
        digest: put.digest,
        media_type: put.media_type.clone(),
        bytes: odd,
    };
    bench.put(put, &red).await?;
    bench.reopen().await;
    let references = [
        Reference::Digest(expected.digest),
        tag("latest")?.into(),
        tag("1.0")?.into(),
    ];
    for reference in references {
        let found = bench.store.find_manifest(&red.view, &reference).await?;
        same("the manifest", found.as_ref(), Some(&expected))?;
        let elsewhere = bench.store.find_manifest(&green, &reference).await?;
        same("the manifest elsewhere", elsewhere, None)?;
    }
    let absent = bench
        .store
        .find_manifest(&red.view, &tag("2.0")?.into())
        .await?;
    same("an absent tag", absent, None)
}

pub(super) async fn a_large_manifest_is_kept(mut bench: Bench) -> Outcome {
    let bytes = crate::blob_suite::pattern(1, 0..4 << 20);
    let put = ManifestPut {
        digest: ContentDigest::sha256(&bytes),
        bytes: bytes.clone(),
        annotations: Some(format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20))),
        ..manifest(1, "alice")?
    };
    let reference = Reference::Digest(put.digest);
    let (id, _) = bench.put(put, &open(new("red", "alice")?)).await?;
    bench.reopen().await;
    let found = bench
        .store
        .find_manifest(&repository(id), &reference)
        .await?;
    ensure(
        found.is_some_and(|found| found.bytes == bytes),
        "the bytes are other ones",
    )
}

pub(super) async fn a_new_name_is_empty(bench: Bench) -> Outcome {
    let view = new("red", "alice")?;
    bench.blob(&open(view.clone()), "alice", 1, at(0)).await?;
    for reference in [Reference::Digest(digest(1)), tag("v1")?.into()] {
        same(
            "a manifest",
            bench.store.find_manifest(&view, &reference).await?,
            None,
        )?;
    }
    same("tags", bench.store.tags(&view, None, 10).await?, Vec::new())?;
    let referrers = bench
        .store
        .referrers(&view, &super::bench::referrers(1))
        .await?;
    same("referrers", referrers, Vec::new())?;
    same(
        "history",
        bench.store.history(&view, None, None, 10).await?,
        Vec::new(),
    )?;
    let permit = open(view);
    let deleted = bench
        .store
        .delete_manifest(&digest(1), &deed(), &permit)
        .await?;
    same("a manifest's deletion", deleted, Deletion::Absent)?;
    let deleted = bench
        .store
        .delete_tag(&tag("v1")?, &deed(), &permit)
        .await?;
    same("a tag's deletion", deleted, Deletion::Absent)?;
    same(
        "repositories",
        bench.store.repositories(None, 10).await?,
        Vec::new(),
    )
}

pub(super) async fn what_its_pusher_staged_becomes_links(mut bench: Bench) -> Outcome {
    let (alices, bobs) = (open(new("red", "alice")?), open(new("red", "bob")?));
    let sea = new("blue/sea", "alice")?;
    bench.blob(&alices, "alice", 1, at(0)).await?;
    bench.blob(&alices, "alice", 2, at(0)).await?;
    bench.blob(&bobs, "bob", 3, at(0)).await?;
    bench.blob(&open(sea.clone()), "alice", 4, at(0)).await?;
    // All that was staged, not only what the manifest names.
    let put = ManifestPut {
        references: layers(&[1]),
        ..manifest(10, "alice")?
    };
    let (id, _) = bench.put(put, &alices).await?;
    let red = open(repository(id));
    bench.reopen().await;
    for (number, seen) in [(1, true), (2, true), (3, false), (4, false)] {
        bench.expect(&red.view, number, seen).await?;
    }
    bench.expect(&sea, 4, true).await?;
    // Another caller's come with that caller's own manifest, and not with anybody else's.
    let carols = ManifestPut {
        references: layers(&[3]),
        ..manifest(11, "carol")?
    };
    let outcome = bench.store.put_manifest(carols, &red).await?;
    same(
        "a stranger's manifest",
        outcome,
        PutOutcome::Missing(vec![digest(3)]),
    )?;
    let bobs = ManifestPut {
        references: layers(&[1, 3]),
        ..manifest(12, "bob")?
    };
    bench.put(bobs, &red).await?;
    bench.expect(&red.view, 3, true).await
}

pub(super) async fn deleting_a_manifest_takes_its_tags(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let green = open(repository(
        bench.repository("green", "alice", 0, "v1").await?,
    ));
    let tags = vec![tag("v2")?, tag("v3")?];
    bench
        .put(
            ManifestPut {
                tags,
                ..manifest(1, "alice")?
            },
            &red,
        )
        .await?;
    let index = ManifestPut {
        references: children(&[1]),
        ..manifest(2, "alice")?
    };
    bench.put(index, &red).await?;
    let held = bench
        .store
        .delete_manifest(&digest(1), &deed(), &red)
        .await?;
    same(
        "the deletion while an index names it",
        held,
        Deletion::Held { by: digest(2) },
    )?;
    same(
        "the index's deletion",
        bench
            .store
            .delete_manifest(&digest(2), &deed(), &red)
            .await?,
        Deletion::Deleted,
    )?;
    same(
        "the deletion",
        bench
            .store
            .delete_manifest(&digest(1), &deed(), &red)
            .await?,
        Deletion::Deleted,
    )?;
    same(
        "it again",
        bench
            .store
            .delete_manifest(&digest(1), &deed(), &red)
            .await?,
        Deletion::Absent,
    )?;
    bench.reopen().await;
    for reference in [
        Reference::Digest(digest(1)),
        tag("v2")?.into(),
        tag("v3")?.into(),
    ] {
        same(
            "a lookup",
            bench.store.find_manifest(&red.view, &reference).await?,
            None,
        )?;
    }
    let left = bench.store.tags(&red.view, None, 10).await?;
    same(
        "tags left",
        left.iter().map(|tag| tag.name.as_str()).collect(),
        vec!["v1"],
    )?;
    let elsewhere = bench
        .store
        .find_manifest(&green.view, &Reference::Digest(digest(0)))
        .await?;
    ensure(elsewhere.is_some(), "another repository's manifest is gone")?;
    // Emptied, the repository stays.
    bench
        .store
        .delete_manifest(&digest(0), &deed(), &red)
        .await?;
    ensure(
        bench.store.find_repository(&name("red")?).await?.is_some(),
        "the repository is gone",
    )
}
