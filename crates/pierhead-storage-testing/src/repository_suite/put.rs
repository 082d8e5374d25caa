//! When a put is refused, and what a put broken off leaves behind.

use std::sync::{Arc, Mutex, PoisonError};

use pierhead_model::{ContentDigest, Reference, Tag};
use pierhead_storage::{
    Admission, AdmissionChange, AdmissionFacts, Deletion, ManifestPut, PutOutcome, Refusal,
    StoreError, StoredReference,
};

use super::bench::{
    Bench, at, children, content, deed, digest, layers, manifest, new, open, repository, tag,
};
use crate::abandon::abandon;
use crate::check::{Fault, Outcome, ensure, same};

pub(super) async fn a_manifest_is_refused_when_required_references_are_missing(
    bench: Bench,
) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    let green = open(repository(
        bench.repository("green", "alice", 5, "v1").await?,
    ));
    let sky = open(new("blue/sky", "alice")?);
    bench.blob(&red, "alice", 1, at(0)).await?;
    bench.blob(&green, "alice", 2, at(0)).await?;
    bench.blob(&sky, "alice", 3, at(0)).await?;
    let optional = |mut references: Vec<StoredReference>| {
        for reference in &mut references {
            reference.required = false;
        }
        references
    };
    let cases = [
        ("all here", &red, layers(&[1]), vec![]),
        ("linked elsewhere", &red, layers(&[1, 2]), vec![2]),
        (
            "staged elsewhere, and nowhere",
            &red,
            layers(&[3, 1, 4]),
            vec![3, 4],
        ),
        ("named twice", &red, layers(&[4, 4]), vec![4]),
        ("a blob is no manifest", &red, children(&[1]), vec![1]),
        ("a manifest is no blob", &red, layers(&[0]), vec![0]),
        (
            "a manifest of this repository",
            &red,
            children(&[0]),
            vec![],
        ),
        (
            "a manifest of another repository",
            &red,
            children(&[5]),
            vec![5],
        ),
        ("not required", &red, optional(layers(&[2, 4])), vec![]),
        (
            "a child not required",
            &red,
            optional(children(&[5, 6])),
            vec![],
        ),
        ("staged by its pusher", &sky, layers(&[3, 1]), vec![1]),
        (
            "no manifest is in a new name",
            &sky,
            children(&[0]),
            vec![0],
        ),
    ];
    for (index, (what, permit, references, missing)) in (100..).zip(cases) {
        let before = bench.fingerprint(&[]).await?;
        let tags = vec![tag("v9")?];
        let put = ManifestPut {
            references,
            tags,
            ..manifest(index, "alice")?
        };
        let outcome = bench.store.put_manifest(put, permit).await?;
        if missing.is_empty() {
            ensure(
                matches!(outcome, PutOutcome::Stored { .. }),
                format_args!("{what}: {outcome:?}"),
            )?;
        } else {
            let (mut found, mut expected) = match outcome {
                PutOutcome::Missing(found) => {
                    (found, missing.into_iter().map(digest).collect::<Vec<_>>())
                }
                stored @ PutOutcome::Stored { .. } => {
                    return Err(Fault::new(format_args!("{what}: {stored:?}")));
                }
            };
            found.sort();
            expected.sort();
            same(what, found, expected)?;
            same(
                "what can be seen after a refusal",
                bench.fingerprint(&[]).await?,
                before,
            )?;
        }
    }
    // Naming a digest never makes it readable.
    for number in [2, 3, 4] {
        bench.expect(&red.view, number, false).await?;
    }
    Ok(())
}

/// Remembers what it was told, and refuses what would move `fixed`.
#[derive(Debug, Default)]
struct Immutable(Mutex<Vec<Told>>);

/// A digest, a size, and tags with what they name now.
type Told = (ContentDigest, u64, Vec<(Tag, Option<ContentDigest>)>);

impl Admission for Immutable {
    fn admit(&self, facts: &AdmissionFacts<'_>) -> Result<(), Refusal> {
        let AdmissionChange::Manifest { digest, size, tags } = facts.change else {
            return Ok(());
        };
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.push((*digest, size, tags.to_vec()));
        let moves = |(tag, now): &(Tag, Option<ContentDigest>)| {
            tag.as_str() == "fixed" && now.is_some_and(|now| now != *digest)
        };
        if tags.iter().any(moves) {
            return Err(Refusal {
                message: "push another tag".into(),
            });
        }
        Ok(())
    }
}

pub(super) async fn admission_is_told_what_tags_name_now(bench: Bench) -> Outcome {
    let admission = Arc::new(Immutable::default());
    let put = |number, tags: &[&str]| -> Outcome<ManifestPut> {
        let tags = tags.iter().map(|text| tag(text)).collect::<Outcome<_>>()?;
        Ok(ManifestPut {
            tags,
            admission: Some(admission.clone()),
            ..manifest(number, "alice")?
        })
    };
    let (id, _) = bench
        .put(put(1, &["fixed", "v1"])?, &open(new("red", "alice")?))
        .await?;
    let red = open(repository(id));
    bench.put(put(1, &["fixed"])?, &red).await?;
    let before = bench.fingerprint(&[]).await?;
    let refused = bench
        .store
        .put_manifest(put(2, &["v2", "fixed"])?, &red)
        .await;
    let message = match &refused {
        Err(StoreError::Refused(refusal)) => Some(refusal.message.as_str()),
        _ => None,
    };
    same("the refusal", message, Some("push another tag"))?;
    same(
        "what can be seen after a refusal",
        bench.fingerprint(&[]).await?,
        before,
    )?;
    let size = |number| content(number).len() as u64;
    let told = std::mem::take(&mut *admission.0.lock().unwrap_or_else(PoisonError::into_inner));
    let expected = vec![
        (
            digest(1),
            size(1),
            vec![(tag("fixed")?, None), (tag("v1")?, None)],
        ),
        (digest(1), size(1), vec![(tag("fixed")?, Some(digest(1)))]),
        (
            digest(2),
            size(2),
            vec![(tag("v2")?, None), (tag("fixed")?, Some(digest(1)))],
        ),
    ];
    same("what admission was told", told, expected)
}

pub(super) async fn a_put_broken_off_happens_wholly_or_not_at_all(mut bench: Bench) -> Outcome {
    let red = open(repository(bench.repository("red", "alice", 0, "v1").await?));
    for (number, polls) in (1..).zip([0, 1, 2, 3, 5, 8]) {
        bench.blob(&red, "alice", number + 100, at(0)).await?;
        let tag_ = tag(&format!("t{number}"))?;
        let put = ManifestPut {
            tags: vec![tag_.clone()],
            references: layers(&[number + 100]),
            subject: Some(digest(50)),
            ..manifest(number, "alice")?
        };
        abandon(bench.store.put_manifest(put, &red), polls).await;
        bench.reopen().await;
        let by_digest = Reference::Digest(digest(number));
        let found = bench
            .store
            .find_manifest(&red.view, &by_digest)
            .await?
            .is_some();
        let tagged = bench
            .store
            .find_manifest(&red.view, &tag_.clone().into())
            .await?
            .is_some();
        let history = bench
            .store
            .history(&red.view, Some(&tag_), None, 10)
            .await?
            .len();
        let referrers = bench
            .store
            .referrers(&red.view, &super::bench::referrers(50))
            .await?;
        let refers = referrers
            .iter()
            .any(|referrer| referrer.digest == digest(number));
        let held = bench
            .store
            .delete_blob(&digest(number + 100), &deed(), &red)
            .await?;
        let seen = (
            tagged,
            history,
            refers,
            held == Deletion::Held { by: digest(number) },
        );
        same(
            "what came of a put broken off",
            seen,
            (found, usize::from(found), found, found),
        )?;
    }
    Ok(())
}
