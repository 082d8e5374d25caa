//! Lists, and what collection takes.

use std::time::Duration;

use pierhead_model::{ContentDigest, RepositoryActions, RepositoryName};
use pierhead_registry::{
    Action, CollectSchedule, Error, Limits, ReferrerQuery, Repository, visible_where,
};

use crate::bench::{Bench, ana, ben, image_of, named, put, with_token};

#[tokio::test]
async fn tags_come_in_pages_and_an_unknown_start_is_no_error() {
    let bench = Bench::new();
    bench.image("a/b", "m", b"layer").await.expect("a push");
    for tag in ["a", "Z", "z9"] {
        put(&bench.registry, &ana(), "a/b", tag, image_of(b"layer"))
            .await
            .expect("a put");
    }
    let reader = bench
        .registry
        .reader(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    for (after, limit, expected, more) in [
        (None, 10, &["Z", "a", "m", "z9"][..], false),
        (None, 2, &["Z", "a"], true),
        (Some("a"), 2, &["m", "z9"], false),
        (Some("not a tag"), 1, &["z9"], false),
        (Some("zz"), 5, &[], false),
        (None, 4, &["Z", "a", "m", "z9"], false),
        (None, usize::MAX - 1, &["Z", "a", "m", "z9"], false),
    ] {
        let page = reader.tags(after, limit).await.expect("a page");
        let found: Vec<_> = page.items.iter().map(pierhead_model::Tag::as_str).collect();
        assert_eq!(
            (found.as_slice(), page.more),
            (expected, more),
            "after {after:?}"
        );
    }
}

#[tokio::test]
async fn a_name_without_a_repository_has_no_tags_and_empty_referrers() {
    let bench = Bench::new();
    let reader = bench
        .registry
        .reader(&ana(), &named("a/new"))
        .await
        .expect("allowed");
    assert!(matches!(
        reader.tags(None, 10).await,
        Err(Error::NameUnknown)
    ));
    let query = ReferrerQuery {
        subject: ContentDigest::sha256(b"x"),
        artifact_type: None,
        after: None,
        limit: 10,
        max_bytes: 1024,
    };
    let page = reader.referrers(query).await.expect("a page");
    assert!(page.items.is_empty() && !page.more);
}

#[tokio::test]
async fn the_catalog_leaves_out_what_its_caller_may_not_see_before_it_cuts() {
    let bench = Bench::new();
    for name in ["a/one", "a/two", "b/three"] {
        bench.image(name, "v1", b"layer").await.expect("a push");
    }
    bench.rules.refuse(&ben(), "a/one", &[Action::Pull]);
    let page = bench
        .registry
        .catalog(&ben(), None, 1)
        .await
        .expect("a page");
    assert_eq!((page.items, page.more), (vec![named("a/two")], true));
    let page = bench
        .registry
        .catalog(&ben(), Some("a/two"), 5)
        .await
        .expect("a page");
    assert_eq!((page.items, page.more), (vec![named("b/three")], false));
    let bound = with_token(ben(), "a/two", RepositoryActions::ALL);
    let refused = bench.registry.catalog(&bound, None, 1).await;
    assert!(
        matches!(refused, Err(Error::BeyondToken { .. })),
        "{refused:?}"
    );
}

#[tokio::test]
async fn collection_takes_what_nothing_names_and_nothing_else() {
    let grace = Limits::default()
        .with_grace(Duration::ZERO)
        .with_upload_idle(Duration::ZERO);
    let bench = Bench::with(|builder| builder.limits(grace));
    bench.image("a/b", "v1", b"named").await.expect("a push");
    bench.push("a/b", b"not named").await.expect("a push");
    tokio::time::sleep(Duration::from_millis(5)).await;
    let keep = Duration::ZERO;
    let schedule = CollectSchedule {
        keep,
        ..CollectSchedule::default()
    };
    let done = bench.registry.collect(&schedule).await.expect("a round");
    assert!(done.places >= 1 && done.failed.is_none(), "{done:?}");
    assert_eq!(
        bench
            .pull("a/b", &ContentDigest::sha256(b"named"))
            .await
            .expect("kept"),
        b"named"
    );
    let gone = bench
        .pull("a/b", &ContentDigest::sha256(b"not named"))
        .await;
    assert!(matches!(gone, Err(Error::BlobUnknown { .. })), "{gone:?}");
}

#[tokio::test]
async fn bytes_that_cannot_be_removed_are_left_to_the_next_round() {
    let grace = Limits::default().with_grace(Duration::ZERO);
    let bench = Bench::with(|builder| builder.limits(grace));
    bench.image("a/b", "v1", b"named").await.expect("a push");
    bench.push("a/b", b"not named").await.expect("a push");
    tokio::time::sleep(Duration::from_millis(5)).await;
    let schedule = CollectSchedule {
        keep: Duration::ZERO,
        ..CollectSchedule::default()
    };
    bench
        .plan
        .fail("remove", 1, pierhead_storage_testing::When::Before);
    let first = bench.registry.collect(&schedule).await.expect("a round");
    assert!(first.failed.is_some(), "{first:?}");
    let second = bench.registry.collect(&schedule).await.expect("a round");
    assert!(second.failed.is_none() && second.places >= 1, "{second:?}");
}

#[tokio::test]
async fn what_a_caller_sees_is_kept_over_pages_of_what_they_do_not() {
    let bench = Bench::new();
    for number in 0..200 {
        let name = format!("a/{number:03}");
        bench.image(&name, "m", b"layer").await.expect("a push");
    }
    let keep = |it: &Repository| ["a/000", "a/070", "a/140"].contains(&it.name.as_str());
    for (after, limit, expected) in [
        (None, 10, &["a/000", "a/070", "a/140"][..]),
        (None, 2, &["a/000", "a/070"]),
        (Some("a/000"), 1, &["a/070"]),
        (Some("a/140"), 10, &[]),
        (None, 0, &[]),
    ] {
        let found = visible_where(&*bench.rows, after, limit, keep).await;
        let found = found.expect("a list");
        let found: Vec<_> = found.iter().map(RepositoryName::as_str).collect();
        assert_eq!(found, expected, "{limit} after {after:?}");
    }
}
