//! Putting manifests, and permissions that move meanwhile.

use futures::future::join;
use pierhead_model::{ContentDigest, Reference};
use pierhead_registry::{Action, Error, MissingReferences};
use pierhead_storage::ScopeId;

use crate::bench::{Bench, ana, ben, image_of, named, pull, push, put};

#[tokio::test]
async fn a_manifest_is_served_as_it_was_received() {
    let bench = Bench::new();
    let receipt = bench.image("a/b", "v1", b"layer").await.expect("a push");
    assert!(receipt.created);
    let reader = bench
        .registry
        .reader(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    for reference in ["v1".to_owned(), receipt.digest.to_string()] {
        let reference: Reference = reference.parse().expect("a reference");
        let found = reader.manifest(&reference).await.expect("a manifest");
        assert_eq!(found.bytes, image_of(b"layer"));
        assert_eq!(found.digest, receipt.digest);
    }
}

#[tokio::test]
async fn a_manifest_that_names_what_is_missing_is_refused_by_name() {
    let missing = ContentDigest::sha256(b"layer");
    for (rule, refused) in [
        (MissingReferences::Refuse, true),
        (MissingReferences::Children, true),
        (MissingReferences::All, false),
    ] {
        let bench = Bench::with(|builder| builder.missing_references(rule));
        bench.push("a/b", b"{}").await.expect("a push");
        match put(&bench.registry, &ana(), "a/b", "v1", image_of(b"layer")).await {
            Err(Error::ManifestBlobUnknown { digests }) if refused => {
                assert_eq!(digests, [missing.into()]);
            }
            Ok(_) if !refused => {
                // Naming a digest never makes it readable.
                bench.push("a/elsewhere", b"layer").await.expect("a push");
                let pulled = bench.pull("a/b", &missing).await;
                assert!(
                    matches!(pulled, Err(Error::BlobUnknown { .. })),
                    "{pulled:?}"
                );
            }
            other => panic!("{rule:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_manifest_under_another_digest_is_refused() {
    let bench = Bench::new();
    bench.image("a/b", "v1", b"layer").await.expect("a push");
    let other = ContentDigest::sha256(b"other").to_string();
    let refused = put(&bench.registry, &ana(), "a/b", &other, image_of(b"layer")).await;
    assert!(
        matches!(refused, Err(Error::DigestMismatch(_))),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_permission_that_moved_is_decided_again_before_anything_is_committed() {
    let bench = Bench::new();
    bench.push("a/b", b"{}").await.expect("a push");
    bench.push("a/b", b"layer").await.expect("a push");
    bench.rules.rest_on(ScopeId::account(7));
    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let put = |tag: &str| pierhead_registry::PutManifest {
        reference: tag.parse().expect("a tag"),
        tags: Vec::new(),
        content_type: None,
        bytes: image_of(b"layer").into(),
    };
    bench
        .rows
        .bump(&[ScopeId::account(7)])
        .await
        .expect("a bump");
    writer.put_manifest(put("v1")).await.expect("still allowed");

    let writer = bench
        .registry
        .writer(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    bench.rules.refuse(&ana(), "a/b", &[Action::Push]);
    bench
        .rows
        .bump(&[ScopeId::account(7)])
        .await
        .expect("a bump");
    let refused = writer.put_manifest(put("v2")).await;
    assert!(matches!(refused, Err(Error::Denied { .. })), "{refused:?}");
    let reader = bench
        .registry
        .reader(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    assert_eq!(
        reader.tags(None, 10).await.expect("tags").items,
        ["v1".parse().expect("a tag")]
    );
}

#[tokio::test]
async fn of_two_first_manifests_one_creates_and_the_other_is_decided_anew() {
    for _ in 0..20 {
        let bench = Bench::new();
        for caller in [ana(), ben()] {
            push(&bench.registry, &caller, "a/b", b"{}")
                .await
                .expect("a push");
            push(&bench.registry, &caller, "a/b", b"layer")
                .await
                .expect("a push");
        }
        let one = bench
            .registry
            .writer(&ana(), &named("a/b"))
            .await
            .expect("allowed");
        let two = bench
            .registry
            .writer(&ben(), &named("a/b"))
            .await
            .expect("allowed");
        let put = |tag: &str| pierhead_registry::PutManifest {
            reference: tag.parse().expect("a tag"),
            tags: Vec::new(),
            content_type: None,
            bytes: image_of(b"layer").into(),
        };
        let (one, two) = join(one.put_manifest(put("one")), two.put_manifest(put("two"))).await;
        let (one, two) = (one.expect("put"), two.expect("put"));
        assert!(one.created != two.created);
    }
}

#[tokio::test]
async fn a_purged_name_shares_nothing_with_its_next_life() {
    let bench = Bench::new();
    bench.image("a/b", "v1", b"layer").await.expect("a push");
    let digest = ContentDigest::sha256(b"layer");
    // Read once, so that whatever remembers it does.
    bench.pull("a/b", &digest).await.expect("a pull");
    let found = bench
        .rows
        .find_repository(&named("a/b"))
        .await
        .expect("rows")
        .expect("a row");
    assert!(bench.memory.purge(found.id));
    push(&bench.registry, &ben(), "a/b", b"{}")
        .await
        .expect("a push");
    push(&bench.registry, &ben(), "a/b", b"next")
        .await
        .expect("a push");
    put(&bench.registry, &ben(), "a/b", "v2", image_of(b"next"))
        .await
        .expect("a put");
    let reader = bench
        .registry
        .reader(&ana(), &named("a/b"))
        .await
        .expect("allowed");
    let old: Reference = "v1".parse().expect("a tag");
    assert!(matches!(
        reader.manifest(&old).await,
        Err(Error::ManifestUnknown { .. })
    ));
    let gone = pull(&bench.registry, &ana(), "a/b", &digest).await;
    assert!(matches!(gone, Err(Error::BlobUnknown { .. })), "{gone:?}");
}

#[tokio::test]
async fn everything_that_is_missing_is_named_also_beside_an_algorithm_nobody_keeps() {
    let bench = Bench::new();
    bench.push("a/b", b"{}").await.expect("a push");
    let (config, layer) = (
        ContentDigest::sha256(b"{}"),
        ContentDigest::sha256(b"layer"),
    );
    let entry = |digest: &str| {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{digest}","size":5}}"#
        )
    };
    let layer_entry = entry(&layer.to_string());
    let manifest = |layers: &[String]| {
        format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},"layers":[{}]}}"#,
            layers.join(",")
        )
    };
    let foreign = entry("blake3:0123456789abcdef");
    let caller = ana();
    let refused = put(
        &bench.registry,
        &caller,
        "a/b",
        "v1",
        manifest(&[foreign.clone(), layer_entry.clone(), foreign]),
    );
    let Err(Error::ManifestBlobUnknown { mut digests }) = refused.await else {
        panic!("it is refused");
    };
    digests.sort();
    let expected: [pierhead_model::Digest; 2] = [
        "blake3:0123456789abcdef".parse().expect("a digest"),
        layer.into(),
    ];
    assert_eq!(digests, expected);
    // One layer twice is one layer.
    bench.push("a/b", b"layer").await.expect("a push");
    let twice = manifest(&[layer_entry.clone(), layer_entry]);
    put(&bench.registry, &ana(), "a/b", "v1", twice)
        .await
        .expect("a put");
}
