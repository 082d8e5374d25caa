//! Mounting: the source is read by permission, the target bounded by the token.

use pierhead_model::{ContentDigest, RepositoryActions};
use pierhead_registry::{Action, Caller, Mounted};

use crate::bench::{Bench, ana, ben, named, push, with_token};

async fn mount(bench: &Bench, caller: &Caller, from: Option<&str>, to: &str) -> &'static str {
    let writer = bench
        .registry
        .writer(caller, &named(to))
        .await
        .expect("allowed");
    let from = from.map(named);
    match writer
        .mount(&ContentDigest::sha256(b"layer"), from.as_ref())
        .await
    {
        Ok(Mounted::Mounted(_)) => "mounted",
        Ok(Mounted::Started(_)) => "upload",
        Err(error) => panic!("a mount is never an error: {error:?}"),
    }
}

#[tokio::test]
async fn a_mount_reads_what_its_caller_may_read_and_else_begins_an_upload() {
    let bench = Bench::new();
    bench
        .image("a/source", "v1", b"layer")
        .await
        .expect("a push");
    bench
        .image("a/other", "v1", b"another")
        .await
        .expect("a push");
    bench
        .image("b/target", "v1", b"something")
        .await
        .expect("a push");
    bench.rules.refuse(&ben(), "a/source", &[Action::Pull]);
    let listed = with_token(ana(), "b/target", RepositoryActions::ALL);
    let table: &[(&Caller, Option<&str>, &str, &str)] = &[
        (&ana(), Some("a/source"), "b/target", "mounted"),
        (&ana(), Some("a/source"), "b/new", "mounted"),
        (&ana(), Some("a/other"), "b/c1", "upload"),
        (&ana(), Some("a/absent"), "b/c2", "upload"),
        (&ben(), Some("a/source"), "b/c3", "upload"),
        (&ana(), None, "b/c4", "mounted"),
        (&listed, Some("a/source"), "b/target", "mounted"),
    ];
    for (caller, from, to, expected) in table {
        assert_eq!(
            mount(&bench, caller, *from, to).await,
            *expected,
            "{from:?} to {to}"
        );
    }
}

#[tokio::test]
async fn without_a_source_a_blob_that_may_not_be_read_stays_hidden() {
    let bench = Bench::new();
    bench
        .image("a/source", "v1", b"layer")
        .await
        .expect("a push");
    bench.rules.refuse(&ben(), "a/source", &[Action::Pull]);
    assert_eq!(mount(&bench, &ben(), None, "b/target").await, "upload");
}

#[tokio::test]
async fn what_one_caller_staged_no_other_can_mount() {
    let bench = Bench::new();
    push(&bench.registry, &ana(), "a/new", b"layer")
        .await
        .expect("a push");
    assert_eq!(mount(&bench, &ben(), None, "b/one").await, "upload");
    assert_eq!(
        mount(&bench, &ben(), Some("a/new"), "b/one").await,
        "upload"
    );
    assert_eq!(
        mount(&bench, &ana(), Some("a/new"), "b/two").await,
        "mounted"
    );
    assert_eq!(mount(&bench, &ana(), None, "b/three").await, "mounted");
}
