//! Which former versions of tags may go.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use pierhead_model::{ContentDigest, Reference, Tag};
use pierhead_registry::{Action, Error, RetentionRule};
use pierhead_storage::{Inventory, InventoryManifest, LastPush};
use proptest::prelude::*;

use crate::bench::{Bench, ana, image_of, named, put};

/// A repository in short words: manifests, and pushes from the oldest to the newest, one a second.
#[derive(Clone, Debug, Default)]
struct Written {
    /// Number, subject, children.
    manifests: Vec<(u8, Option<u8>, Vec<u8>)>,
    /// Tag, manifest.
    pushes: Vec<(u8, u8)>,
    /// Tags that are gone.
    untagged: Vec<u8>,
}

fn digest(number: u8) -> ContentDigest {
    ContentDigest::sha256(&[number])
}

fn after(seconds: usize) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_000 + seconds as u64)
}

impl Written {
    fn tags(&self) -> BTreeMap<u8, u8> {
        let mut tags: BTreeMap<_, _> = self.pushes.iter().copied().collect();
        tags.retain(|tag, _| !self.untagged.contains(tag));
        tags
    }

    fn inventory(&self) -> Inventory {
        let tagged: BTreeSet<u8> = self.tags().into_values().collect();
        let manifest =
            |(number, subject, children): &(u8, Option<u8>, Vec<u8>)| InventoryManifest {
                digest: digest(*number),
                size: u64::from(*number),
                at: self.last_push(*number),
                subject: subject.map(digest),
                children: children.iter().map(|child| digest(*child)).collect(),
                tagged: tagged.contains(number),
            };
        let mut seen = BTreeSet::new();
        let pushes = self.pushes.iter().enumerate().rev();
        let pushes = pushes.filter(|(_, push)| seen.insert(**push));
        let pushes = pushes.map(|(at, (tag, number))| LastPush {
            tag: tag_of(*tag),
            digest: digest(*number),
            at: after(at),
        });
        let pushes = pushes.collect();
        Inventory {
            content: 1,
            manifests: self.manifests.iter().map(manifest).collect(),
            pushes,
        }
    }

    /// What has no tag was pushed before everything, each after what it may name.
    fn last_push(&self, number: u8) -> SystemTime {
        match self.pushes.iter().rposition(|(_, it)| *it == number) {
            Some(at) => after(at),
            None => UNIX_EPOCH + Duration::from_secs(u64::from(number)),
        }
    }

    fn retired(&self, newest: Option<usize>, younger: Option<u64>) -> Vec<u8> {
        let rule = RetentionRule::new(newest, younger.map(Duration::from_secs)).expect("bounds");
        let now = after(self.pushes.len());
        let retired = rule.retirable(&self.inventory(), now).concat();
        retired
            .iter()
            .map(|it| u8::try_from(it.size).expect("a number"))
            .collect()
    }
}

fn tag_of(tag: u8) -> Tag {
    format!("t{tag}").parse().expect("a tag")
}

fn images(numbers: std::ops::Range<u8>) -> Vec<(u8, Option<u8>, Vec<u8>)> {
    numbers.map(|number| (number, None, Vec::new())).collect()
}

#[test]
fn a_rule_without_a_bound_is_none() {
    assert_eq!(RetentionRule::new(None, None), None);
    assert!(RetentionRule::new(Some(0), None).is_some());
}

#[test]
fn a_former_version_goes_once_no_bound_spares_it() {
    // One tag that named 0, 1, 2, 3, 4 in turn.
    let tag = Written {
        manifests: images(0..5),
        pushes: (0..5).map(|number| (0, number)).collect(),
        ..Written::default()
    };
    for (newest, younger, retired) in [
        (Some(5), None, &[][..]),
        (Some(3), None, &[0, 1]),
        (Some(1), None, &[0, 1, 2, 3]),
        (Some(0), None, &[0, 1, 2, 3]),
        (None, Some(3), &[0, 1, 2]),
        (None, Some(1), &[0, 1, 2, 3]),
        (None, Some(0), &[0, 1, 2, 3]),
        (Some(1), Some(4), &[0, 1]),
        (Some(4), Some(2), &[0]),
        (Some(0), Some(u64::MAX), &[]),
        (Some(usize::MAX), Some(0), &[]),
    ] {
        assert_eq!(
            tag.retired(newest, younger),
            retired,
            "{newest:?} {younger:?}"
        );
    }
    // A version that is gone already is not counted among the newest.
    let gap = Written {
        manifests: [images(0..3), images(4..5)].concat(),
        ..tag.clone()
    };
    assert_eq!(gap.retired(Some(3), None), [0]);
    // A deleted tag has versions as any other, and names none of them.
    let untagged = Written {
        untagged: vec![0],
        ..tag.clone()
    };
    assert_eq!(untagged.retired(Some(2), None), [0, 1, 2]);
    assert_eq!(untagged.retired(Some(0), None), [0, 1, 2, 3, 4]);
    // What one tag lets go, another may name, or count among its newest.
    let mut shared = tag;
    shared.pushes.extend([(1, 0), (1, 1), (2, 2), (2, 3)]);
    shared.untagged = vec![2];
    assert_eq!(shared.retired(Some(1), None), [0, 2]);
    assert_eq!(shared.retired(Some(0), None), [0, 2, 3]);
}

#[test]
fn what_stays_keeps_what_belongs_to_it_and_the_rest_goes_together() {
    let image = |number| (number, None, Vec::new());
    let index = |number, children: &[u8]| (number, None, children.to_vec());
    let about = |number, subject| (number, Some(subject), Vec::new());
    // Tag 0 named index 10 of 1 and 2, then index 11 of 2 and 3. 20 is about 10, 21 about 11, 22
    // about 20; 23 is about what is not here. 4 was pushed by its digest alone, 12 is an index of it.
    let written = Written {
        manifests: vec![
            image(1),
            image(2),
            image(3),
            image(4),
            index(10, &[1, 2]),
            index(11, &[2, 3]),
            index(12, &[4, 99]),
            about(20, 10),
            about(21, 11),
            about(22, 20),
            about(23, 99),
        ],
        pushes: vec![(0, 10), (0, 11)],
        ..Written::default()
    };
    assert_eq!(written.retired(Some(2), None), [] as [u8; 0]);
    assert_eq!(written.retired(Some(1), None), [10, 20, 22, 1]);
    // Tagged, the artifact about it keeps it, and all that belongs to it.
    let mut kept = written.clone();
    kept.pushes.push((1, 22));
    assert_eq!(kept.retired(Some(0), None), [] as [u8; 0]);
    // Named by an index that stays, a former version stays, too.
    let mut named = written;
    named.pushes.insert(0, (0, 4));
    assert_eq!(named.retired(Some(1), None), [10, 20, 22, 1]);
}

#[test]
fn what_was_pushed_by_its_digest_since_was_put_there_on_purpose() {
    // Tag 0 named 1, then index 3 of 2, then 4.
    let written = Written {
        manifests: vec![
            (1, None, Vec::new()),
            (2, None, Vec::new()),
            (3, None, vec![2]),
            (4, None, Vec::new()),
        ],
        pushes: vec![(0, 1), (0, 3), (0, 4)],
        ..Written::default()
    };
    let going = |rule: Option<RetentionRule>, inventory: &Inventory| -> Vec<u64> {
        let rule = rule.expect("a bound");
        let going = rule.retirable(inventory, after(9)).concat();
        going.iter().map(|it| it.size).collect()
    };
    let newest = RetentionRule::new(Some(1), None);
    let mut inventory = written.inventory();
    assert_eq!(going(newest, &inventory), [1, 3, 2]);
    // Pushed again without a tag: 1; and 2, whose index is to come.
    inventory.manifests[0].at = after(5);
    assert_eq!(going(newest, &inventory), [3, 2]);
    inventory.manifests[1].at = after(5);
    assert_eq!(going(newest, &inventory), [3]);
    // Young is what was pushed of late, with a tag or without.
    let young = RetentionRule::new(None, Some(Duration::from_secs(5)));
    let mut inventory = written.inventory();
    inventory.manifests[0].at = after(5);
    assert_eq!(going(young, &inventory), [3, 2]);
}

#[test]
fn what_was_taken_in_part_is_decided_as_before_for_the_rest() {
    // Tag 0 named 120 indexes in turn, each of an image of its own.
    let mut manifests = images(0..120);
    manifests.extend((0..120).map(|number| (number + 120, None, vec![number])));
    let written = Written {
        manifests,
        pushes: (120..240).map(|number| (0, number)).collect(),
        ..Written::default()
    };
    let rule = RetentionRule::new(Some(1), None).expect("a bound");
    let mut inventory = written.inventory();
    let mut batches = rule.retirable(&inventory, after(120));
    assert_eq!(batches.concat().len(), 238);
    assert!(batches.len() > 2 && batches.iter().all(|batch| batch.len() <= 100));
    while !batches.is_empty() {
        let taken: BTreeSet<_> = batches.remove(0).iter().map(|it| it.digest).collect();
        inventory.manifests.retain(|it| !taken.contains(&it.digest));
        let rest = rule.retirable(&inventory, after(120));
        assert_eq!(rest.concat(), batches.concat());
    }
}

#[test]
fn a_clock_that_went_backwards_makes_nothing_old() {
    let written = Written {
        manifests: images(0..2),
        pushes: vec![(0, 0), (0, 1)],
        ..Written::default()
    };
    let rule = RetentionRule::new(None, Some(Duration::from_secs(1))).expect("a bound");
    assert!(rule.retirable(&written.inventory(), UNIX_EPOCH).is_empty());
}

fn written() -> impl Strategy<Value = Written> {
    // A manifest names only those before it, as digests have it.
    let manifest = (
        any::<bool>(),
        0_u8..12,
        prop::collection::btree_set(0_u8..12, 0..4),
    );
    (
        prop::collection::vec(manifest, 1..12),
        prop::collection::vec((0_u8..4, 0_u8..12), 0..16),
        prop::collection::vec(0_u8..4, 0..2),
    )
        .prop_map(|(manifests, pushes, untagged)| {
            let manifests = manifests.into_iter().zip(0..);
            let manifests: Vec<_> = manifests
                .map(|((refers, subject, children), number)| {
                    let subject = (refers && subject < number).then_some(subject);
                    let children = children.into_iter().filter(|child| *child < number);
                    (number, subject, children.collect())
                })
                .collect();
            let here = u8::try_from(manifests.len()).unwrap_or(u8::MAX);
            // A tag names what is here; a former version may be gone.
            let mut pushes: Vec<(u8, u8)> = pushes;
            pushes.extend((0..4).map(|tag| (tag, tag % here)));
            Written {
                manifests,
                pushes,
                untagged,
            }
        })
}

proptest! {
    #[test]
    fn nothing_that_stays_loses_what_belongs_to_it(
        written in written(), newest in 0_usize..4, younger in 0_u64..8,
    ) {
        let retired = written.retired(Some(newest), Some(younger));
        let gone: BTreeSet<u8> = retired.iter().copied().collect();
        prop_assert_eq!(gone.len(), retired.len(), "each once");
        for number in written.tags().values() {
            prop_assert!(!gone.contains(number), "a tag names it");
        }
        for (number, subject, children) in &written.manifests {
            let here = |other: &u8| written.manifests.iter().any(|(it, ..)| it == other);
            if gone.contains(number) {
                for child in children.iter().filter(|child| gone.contains(child)) {
                    let at = |wanted| retired.iter().position(|it| it == wanted);
                    prop_assert!(at(number) < at(child), "holders first");
                }
                let versions: BTreeSet<_> = written.pushes.iter().map(|(_, it)| it).collect();
                let held = written.manifests.iter().any(|(_, _, it)| it.contains(number));
                let refers = subject.as_ref().is_some_and(here);
                prop_assert!(versions.contains(number) || held || refers, "pushed on purpose");
            } else {
                for other in children.iter().chain(subject) {
                    prop_assert!(!gone.contains(other), "{} keeps {}", number, other);
                }
            }
            if subject.as_ref().is_some_and(|it| here(it) && !gone.contains(it)) {
                prop_assert!(!gone.contains(number), "a referrer of what stays");
            }
        }
        // A laxer rule takes no more, and the same rule again takes nothing.
        for laxer in [
            written.retired(Some(newest + 1), Some(younger)),
            written.retired(Some(newest), Some(younger + 1)),
        ] {
            prop_assert!(laxer.iter().all(|number| gone.contains(number)));
        }
        let mut rest = written.clone();
        rest.manifests.retain(|(number, ..)| !gone.contains(number));
        prop_assert_eq!(rest.retired(Some(newest), Some(younger)), Vec::<u8>::new());
    }
}

#[tokio::test]
async fn retiring_takes_the_manifests_and_leaves_tags_history_and_what_is_shared() {
    let bench = Bench::new();
    let name = named("a/b");
    let mut digests = Vec::new();
    for layer in [&b"one"[..], b"two", b"three"] {
        bench.push("a/b", b"{}").await.expect("a push");
        bench.push("a/b", layer).await.expect("a push");
        let receipt = put(&bench.registry, &ana(), "a/b", "v1", image_of(layer)).await;
        digests.push(receipt.expect("a manifest").digest);
    }
    let rule = RetentionRule::new(Some(1), None).expect("a bound");
    let remover = bench
        .registry
        .remover(&ana(), &name)
        .await
        .expect("allowed");
    let planned = remover.retirable(&rule).await.expect("a plan");
    let reader = bench.registry.reader(&ana(), &name).await.expect("allowed");
    for digest in &digests {
        let found = reader.manifest(&Reference::Digest(*digest)).await;
        found.expect("a plan takes nothing");
    }
    let retired = remover.retire(&rule).await.expect("retired");
    assert_eq!(retired, planned);
    let gone: BTreeSet<_> = retired.iter().map(|it| it.digest).collect();
    assert_eq!(gone, digests[..2].iter().copied().collect());
    assert!(retired.iter().all(|it| it.tags == [tag_of_name("v1")]));
    for (digest, here) in digests.iter().zip([false, false, true]) {
        let found = reader.manifest(&Reference::Digest(*digest)).await;
        assert_eq!(found.is_ok(), here, "{found:?}");
    }
    let view = pierhead_storage::View::Repository(
        bench
            .rows
            .find_repository(&name)
            .await
            .expect("rows")
            .expect("a repository")
            .id,
    );
    let history = bench.rows.history(&view, None, None, 10).await;
    assert_eq!(history.expect("rows").len(), 3);
    assert!(remover.retire(&rule).await.expect("again").is_empty());

    bench.rules.refuse(&ana(), "a/b", &[Action::Delete]);
    let refused = bench.registry.remover(&ana(), &name).await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
}

fn tag_of_name(name: &str) -> Tag {
    name.parse().expect("a tag")
}
