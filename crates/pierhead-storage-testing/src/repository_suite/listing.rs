//! What is listed: repositories, tags, referrers, history.

use pierhead_model::Reference;
use pierhead_storage::{
    Deletion, HistoryEntry, ManifestPut, Permit, Referrer, ReferrerQuery, TagRecord,
};

use super::bench::{
    Bench, at, caller, content, deed, digest, manifest, new, open, referrers, repository, tag,
};
use crate::check::{Outcome, ensure, same};

/// In the order of their bytes.
const TAGS: [&str; 9] = ["1.10", "1.2", "1.20", "A", "B", "_", "a", "a-b", "a.b"];

pub(super) async fn repositories_are_listed_in_byte_order(mut bench: Bench) -> Outcome {
    // `-` and `.` come before `/`, which comes before digits and letters.
    let names = ["a", "a-b", "a.b", "a/b", "a/b/c", "a0", "ab", "b"];
    for (number, name_) in (0..8).rev().zip(names.into_iter().rev()) {
        bench.repository(name_, "alice", number, "v1").await?;
    }
    bench
        .blob(&open(new("aa", "alice")?), "alice", 1, at(0))
        .await?;
    bench.reopen().await;
    for limit in [1, 3, 8, 100] {
        let (mut listed, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
        loop {
            let page = bench.store.repositories(after.as_deref(), limit).await?;
            ensure(page.len() <= limit, "a page is longer than its limit")?;
            listed.extend(page.iter().map(|repository| repository.name.to_string()));
            ensure(listed.len() <= names.len(), "paging does not end")?;
            match page.last() {
                Some(last) => after = Some(last.name.to_string()),
                None => break,
            }
        }
        same("names", listed, names.map(str::to_owned).to_vec())?;
    }
    for (after, rest) in [("a0", 2), ("a00", 2), ("zz", 0), ("", 8), ("a/", 5)] {
        same(
            after,
            bench.store.repositories(Some(after), 100).await?.len(),
            rest,
        )?;
    }
    Ok(())
}

pub(super) async fn tags_are_listed_in_byte_order(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "B").await?));
    for (number, name) in (1..10).rev().zip(TAGS.into_iter().rev()) {
        bench
            .put(
                ManifestPut {
                    tags: vec![tag(name)?],
                    ..manifest(number, "alice")?
                },
                &red,
            )
            .await?;
    }
    bench.repository("green", "alice", 0, "another").await?;
    bench.reopen().await;
    let mut expected = Vec::new();
    for (number, name) in (1..).zip(TAGS) {
        expected.push(TagRecord {
            name: tag(name)?,
            digest: digest(number),
        });
    }
    for limit in [1, 4, 9, 100] {
        let (mut listed, mut after): (Vec<TagRecord>, Option<String>) = (Vec::new(), None);
        loop {
            let page = bench.store.tags(&red.view, after.as_deref(), limit).await?;
            ensure(page.len() <= limit, "a page is longer than its limit")?;
            listed.extend(page.iter().cloned());
            ensure(listed.len() <= TAGS.len(), "paging does not end")?;
            match page.last() {
                Some(last) => after = Some(last.name.to_string()),
                None => break,
            }
        }
        same("tags", &listed, &expected)?;
    }
    // What to go on after need not be there, nor be a tag.
    for (after, rest) in [("1.15", 8), ("Z", 4), ("zzz", 0), ("", 9), ("%'\"", 9)] {
        same(
            after,
            bench.store.tags(&red.view, Some(after), 100).await?.len(),
            rest,
        )?;
    }
    Ok(())
}

pub(super) async fn a_tag_names_what_was_pushed_last(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    for number in [1, 2, 1] {
        bench
            .put(
                ManifestPut {
                    tags: vec![tag("v1")?],
                    ..manifest(number, "alice")?
                },
                &red,
            )
            .await?;
        let found = bench
            .store
            .find_manifest(&red.view, &tag("v1")?.into())
            .await?;
        same(
            "what the tag names",
            found.map(|found| found.digest),
            Some(digest(number)),
        )?;
    }
    same(
        "its deletion",
        bench.store.delete_tag(&tag("v1")?, &deed(), &red).await?,
        Deletion::Deleted,
    )?;
    same(
        "it again",
        bench.store.delete_tag(&tag("v1")?, &deed(), &red).await?,
        Deletion::Absent,
    )?;
    bench.reopen().await;
    same(
        "the tag",
        bench
            .store
            .find_manifest(&red.view, &tag("v1")?.into())
            .await?,
        None,
    )?;
    for number in [0, 1, 2] {
        let reference = Reference::Digest(digest(number));
        let stays = bench
            .store
            .find_manifest(&red.view, &reference)
            .await?
            .is_some();
        ensure(stays, "a manifest went away with its tag")?;
    }
    Ok(())
}

pub(super) async fn referrers_are_listed_in_digest_order(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let mut expected = Vec::new();
    for number in 1..=9 {
        let put = ManifestPut {
            subject: Some(digest(50)), // which is not here
            artifact_type: [None, Some("a/sig"), Some("a/sbom")][number % 3].map(str::to_owned),
            annotations: (number > 3).then(|| format!("{{\"n\":\"{number:0100}\"}}")),
            ..manifest(number as u64, "alice")?
        };
        expected.push(Referrer {
            digest: put.digest,
            media_type: put.media_type.clone(),
            size: content(number as u64).len() as u64,
            artifact_type: put.artifact_type.clone(),
            annotations: put.annotations.clone(),
        });
        bench.put(put, &red).await?;
    }
    let other = ManifestPut {
        subject: Some(digest(51)),
        ..manifest(20, "alice")?
    };
    bench.put(other, &red).await?;
    let elsewhere = ManifestPut {
        subject: Some(digest(50)),
        ..manifest(21, "alice")?
    };
    bench.put(elsewhere, &open(new("green", "alice")?)).await?;
    expected.sort_by_key(|referrer| referrer.digest);
    bench.reopen().await;

    for (limit, max_bytes) in [
        (1, 1 << 20),
        (4, 1 << 20),
        (100, 1 << 20),
        (100, 0),
        (100, 300),
    ] {
        let query = ReferrerQuery {
            limit,
            max_bytes,
            ..referrers(50)
        };
        same(
            "referrers",
            page_through(&bench, &red, query).await?,
            expected.clone(),
        )?;
    }
    for kind in ["a/sig", "a/sbom", "a/nothing"] {
        let query = ReferrerQuery {
            artifact_type: Some(kind.to_owned()),
            limit: 2,
            ..referrers(50)
        };
        let of_kind = expected
            .iter()
            .filter(|found| found.artifact_type.as_deref() == Some(kind));
        let of_kind: Vec<_> = of_kind.cloned().collect();
        same(kind, page_through(&bench, &red, query).await?, of_kind)?;
    }
    bench
        .store
        .delete_manifest(&expected[0].digest, &deed(), &red)
        .await?;
    let rest = bench.store.referrers(&red.view, &referrers(50)).await?;
    same("referrers after a deletion", rest, expected[1..].to_vec())?;
    same(
        "nobody's referrers",
        bench.store.referrers(&red.view, &referrers(52)).await?,
        Vec::new(),
    )
}

async fn page_through(
    bench: &Bench,
    permit: &Permit,
    mut query: ReferrerQuery,
) -> Outcome<Vec<Referrer>> {
    let mut listed: Vec<Referrer> = Vec::new();
    loop {
        let page = bench.store.referrers(&permit.view, &query).await?;
        ensure(page.len() <= query.limit, "a page is longer than its limit")?;
        let annotations = page
            .iter()
            .rev()
            .skip(1)
            .filter_map(|row| row.annotations.as_ref());
        ensure(
            annotations.map(String::len).sum::<usize>() <= query.max_bytes,
            "a page went on after its annotations had passed the bound",
        )?;
        match page.last() {
            Some(last) => query.after = Some(last.digest),
            None => return Ok(listed),
        }
        listed.extend(page);
        ensure(listed.len() <= 100, "paging does not end")?;
    }
}

pub(super) async fn history_keeps_every_push_newest_first(mut bench: Bench) -> Outcome {
    let (id, _) = bench
        .put(push(1, "v1", "alice", 1)?, &open(new("red", "alice")?))
        .await?;
    let red = open(repository(id));
    // The same again is a push, too; a manifest without a tag is none.
    let pushes = [
        (1, "v1", "alice", 1),
        (2, "v1", "bob", 2),
        (2, "v2", "bob", 3),
        (2, "v1", "alice", 4),
    ];
    for (number, name, by, seconds) in &pushes[1..] {
        bench.put(push(*number, name, by, *seconds)?, &red).await?;
    }
    bench.put(manifest(3, "alice")?, &red).await?;
    bench.repository("green", "alice", 0, "v1").await?;
    bench.store.delete_tag(&tag("v1")?, &deed(), &red).await?;
    bench
        .store
        .delete_manifest(&digest(2), &deed(), &red)
        .await?;
    bench.reopen().await;

    for only in [None, Some("v1"), Some("v2"), Some("v3")] {
        let filter = only.map(tag).transpose()?;
        let mut expected = Vec::new();
        for (number, name, by, seconds) in pushes.iter().rev() {
            if only.is_none_or(|only| only == *name) {
                expected.push((tag(name)?, digest(*number), at(*seconds), caller(by)?));
            }
        }
        for limit in [1, 3, 100] {
            let (mut listed, mut before): (Vec<HistoryEntry>, _) = (Vec::new(), None);
            loop {
                let page = bench
                    .store
                    .history(&red.view, filter.as_ref(), before, limit)
                    .await?;
                ensure(page.len() <= limit, "a page is longer than its limit")?;
                match page.last() {
                    Some(last) => before = Some(last.id),
                    None => break,
                }
                listed.extend(page);
                ensure(listed.len() <= 10, "paging does not end")?;
            }
            ensure(
                listed.is_sorted_by(|a, b| a.id > b.id),
                "the ids do not grow with each push",
            )?;
            let listed: Vec<_> = listed
                .into_iter()
                .map(|entry| (entry.tag, entry.digest, entry.at, entry.by))
                .collect();
            same("history", &listed, &expected)?;
        }
    }
    Ok(())
}

fn push(number: u64, name: &str, by: &str, seconds: u64) -> Outcome<ManifestPut> {
    Ok(ManifestPut {
        tags: vec![tag(name)?],
        at: at(seconds),
        ..manifest(number, by)?
    })
}
