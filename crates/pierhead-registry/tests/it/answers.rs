//! Which answer comes first, and what a refusal gives away.

use pierhead_model::{ContentDigest, Reference, RepositoryActions};
use pierhead_registry::{Action, Caller, DenialKind, Error, Wanted};

use crate::bench::{Bench, ana, ben, named, with_token};

const ALL: &[Action] = &[Action::Pull, Action::Push, Action::Head, Action::Delete];

/// Each action's answer, in a word.
async fn each(bench: &Bench, caller: &Caller, name: &str) -> Vec<&'static str> {
    let (registry, name) = (&bench.registry, &named(name));
    let errors = [
        registry.reader(caller, name).await.err(),
        registry.checker(caller, name).await.err(),
        registry.writer(caller, name).await.err(),
        registry.remover(caller, name).await.err(),
    ];
    errors
        .iter()
        .map(|error| match error {
            None => "allowed",
            Some(Error::SignIn { .. }) => "sign in",
            Some(Error::Denied { .. }) => "denied",
            Some(Error::ScopeLacking { .. }) => "scope",
            Some(Error::BeyondToken { .. }) => "beyond token",
            Some(other) => panic!("an unexpected answer: {other:?}"),
        })
        .collect()
}

#[tokio::test]
async fn permissions_are_asked_before_the_token() {
    let bench = Bench::new();
    bench.rules.refuse(&ana(), "a/forbidden", ALL);
    bench.rules.refuse(&Caller::anonymous(), "a/forbidden", ALL);
    bench
        .rules
        .refuse_as(&ben(), "a/forbidden", ALL, DenialKind::Scope);
    let pull = RepositoryActions::PULL;
    let push = RepositoryActions::PUSH;
    let table: &[(Caller, &str, [&str; 4])] = &[
        (ana(), "a/b", ["allowed"; 4]),
        (ana(), "a/forbidden", ["denied"; 4]),
        (ben(), "a/forbidden", ["scope"; 4]),
        (Caller::anonymous(), "a/b", ["allowed"; 4]),
        (Caller::anonymous(), "a/forbidden", ["sign in"; 4]),
        (
            with_token(ana(), "a/forbidden", RepositoryActions::ALL),
            "a/forbidden",
            ["denied"; 4],
        ),
        (
            with_token(ana(), "a/b", pull),
            "a/b",
            ["allowed", "allowed", "beyond token", "beyond token"],
        ),
        (
            with_token(ana(), "a/b", push),
            "a/b",
            ["beyond token", "allowed", "allowed", "beyond token"],
        ),
        (
            with_token(ana(), "a/c", RepositoryActions::ALL),
            "a/b",
            ["beyond token"; 4],
        ),
        (
            with_token(ana(), "a/bb", RepositoryActions::ALL),
            "a/b",
            ["beyond token"; 4],
        ),
    ];
    for (caller, name, expected) in table {
        assert_eq!(
            each(&bench, caller, name).await,
            expected,
            "{caller:?} {name}"
        );
    }
}

#[tokio::test]
async fn a_refusal_says_what_a_token_would_have_to_list() {
    let bench = Bench::new();
    let caller = with_token(ana(), "a/other", RepositoryActions::ALL);
    let refused = bench.registry.writer(&caller, &named("a/b")).await;
    let Err(Error::BeyondToken {
        wanted: Wanted::Repository { name, actions },
    }) = refused
    else {
        panic!("the token does not list it");
    };
    assert_eq!(
        (name.as_str(), actions.to_string().as_str()),
        ("a/b", "pull,push")
    );
}

#[tokio::test]
async fn absent_and_forbidden_make_the_same_calls_and_errors() {
    let bench = Bench::new();
    bench
        .image("a/there", "v1", b"layer")
        .await
        .expect("a push");
    // Ben could once, and reads are remembered.
    bench
        .registry
        .reader(&ben(), &named("a/there"))
        .await
        .expect("allowed");
    bench
        .registry
        .reader(&ben(), &named("a/there"))
        .await
        .expect("allowed");
    for name in ["a/there", "a/absent"] {
        bench.rules.refuse(&ben(), name, ALL);
        // The first refusal finds out; a permission that moved is no news of a name.
        bench
            .registry
            .reader(&ben(), &named(name))
            .await
            .expect_err("refused");
    }
    let mut seen = Vec::new();
    // Whatever is remembered for others or from an earlier time must not tell.
    for name in ["a/there", "a/absent", "a/there", "a/absent"] {
        bench.log.take();
        let registry = &bench.registry;
        let errors = [
            registry.reader(&ben(), &named(name)).await.map(drop),
            registry.checker(&ben(), &named(name)).await.map(drop),
            registry.writer(&ben(), &named(name)).await.map(drop),
            registry.remover(&ben(), &named(name)).await.map(drop),
        ];
        let errors = errors.map(|result| format!("{result:?}"));
        seen.push((errors, bench.log.take()));
    }
    for calls in &seen {
        assert_eq!(calls, &seen[0]);
    }
}

#[tokio::test]
async fn what_is_permitted_but_missing_is_unknown() {
    let bench = Bench::new();
    bench.image("a/b", "v1", b"layer").await.expect("a push");
    let reader = bench
        .registry
        .reader(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let tag: Reference = "v2".parse().expect("a tag");
    let digest = ContentDigest::sha256(b"absent");
    assert!(matches!(
        reader.manifest(&tag).await,
        Err(Error::ManifestUnknown { .. })
    ));
    assert!(matches!(
        reader.blob(&digest).await,
        Err(Error::BlobUnknown { .. })
    ));
    let remover = bench
        .registry
        .remover(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    assert!(matches!(
        remover.blob(&digest).await,
        Err(Error::BlobUnknown { .. })
    ));
    assert!(matches!(
        remover.manifest(&digest).await,
        Err(Error::ManifestUnknown { .. })
    ));
}

#[tokio::test]
async fn without_an_authorizer_everything_is_refused() {
    let bench = Bench::new();
    let registry = pierhead_registry::Registry::builder(
        bench.blobs.clone(),
        bench.rows.clone(),
        bench.registry.clock().clone(),
    )
    .build();
    assert!(matches!(
        registry.reader(&ana(), &named("a/b")).await,
        Err(Error::Denied { .. })
    ));
    let listed = registry
        .catalog(&ana(), None, 10)
        .await
        .expect("an empty list");
    assert!(listed.items.is_empty());
}
