//! What clients of the field send and expect, beyond what the other files are about.

use std::collections::BTreeSet;

use pierhead_model::ContentDigest;

use crate::support::{Client, OCI_MANIFEST};

#[tokio::test]
async fn the_token_of_a_login_opens_the_base() {
    let client = Client::guarded(true);
    let basic = client.with("authorization", "Basic YWxpY2U6c2VjcmV0OjE=");
    let login =
        "/token?account=alice&client_id=docker&offline_token=true&service=registry.example.org";
    basic.get(login).await.expect(200, "");
    client.bearer("alice").get("/v2/").await.expect(200, "");
    client
        .bearer("mallory")
        .get("/v2/")
        .await
        .expect(401, "UNAUTHORIZED");
}

#[tokio::test]
async fn docker_sends_no_layer_again_after_a_refusal_that_stays_one() {
    // Any other code makes it send the layer again, five times.
    let final_ones: BTreeSet<&str> = [
        "UNAUTHORIZED",
        "UNSUPPORTED",
        "DENIED",
        "TOOMANYREQUESTS",
        "NAME_UNKNOWN",
    ]
    .into();
    let alice = Client::guarded(true).bearer("alice");
    let digest = ContentDigest::sha256(b"x");
    let upload = |name: &str| format!("/v2/{name}/blobs/uploads/");
    let whole = |name: &str| format!("{}?digest={digest}", upload(name));
    for (what, reply) in [
        (
            "a push to what is not one's own",
            alice.send("POST", &upload("bob/x")).await,
        ),
        (
            "the same with words",
            alice.send("POST", &upload("told/x")).await,
        ),
        (
            "a credential without the scope",
            alice.send("POST", &upload("scope/x")).await,
        ),
        (
            "all at once",
            alice.with_body("POST", &whole("bob/x"), "x").await,
        ),
        ("a layer that is too long", {
            let small = pierhead_registry::Limits::default().with_max_blob(0);
            let rows = std::sync::Arc::new(pierhead_storage::MemoryRepositoryStore::new());
            let registry = pierhead_registry::Registry::builder(
                std::sync::Arc::new(pierhead_storage::MemoryBlobStore::new()),
                rows.clone(),
                std::sync::Arc::new(pierhead_registry::TokioClock),
            );
            let everybody = std::sync::Arc::new(pierhead_registry::AllowAll::new(rows));
            let registry = registry.authorizer(everybody).limits(small).build();
            Client::of(registry)
                .with_body("POST", &whole("a"), "x")
                .await
        }),
        (
            "a mutated path",
            alice.send("POST", "/v2/syn1/a/blobs/upload/").await,
        ),
        (
            "a method that is none",
            alice.send("PUT", "/v2/syn1/a/tags/list").await,
        ),
        (
            "a compressed body",
            alice
                .with("content-encoding", "gzip")
                .with_body("POST", &whole("syn1/a"), "x")
                .await,
        ),
        (
            "too many attempts",
            Client::guarded(true)
                .bearer("many")
                .send("POST", &upload("syn1/a"))
                .await,
        ),
        ("no tags", alice.get("/v2/syn1/a/tags/list").await),
    ] {
        assert!(
            (400..500).contains(&reply.status),
            "{what}: {}",
            reply.status
        );
        let code = reply.code();
        assert!(final_ones.contains(code.as_str()), "{what}: {code}");
    }
}

#[tokio::test]
async fn a_layer_of_a_deprecated_type_is_warned_of() {
    let client = Client::open();
    let config = client.push_blob("a", b"{}").await;
    let layer = ContentDigest::sha256(b"elsewhere");
    let manifest = |kind: &str| {
        format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"{config}","size":2}},"layers":[{{"mediaType":"{kind}","digest":"{layer}","size":9,"urls":["https://example.org/layer"]}}]}}"#
        )
    };
    let put = client.with("content-type", OCI_MANIFEST);
    for (kind, warned) in [
        (
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            true,
        ),
        (
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
            true,
        ),
        ("application/vnd.oci.image.layer.v1.tar+gzip", false),
    ] {
        if !warned {
            client.push_blob("a", b"elsewhere").await;
        }
        let reply = put
            .with_body("PUT", "/v2/a/manifests/v1", manifest(kind))
            .await;
        let reply = reply.expect(201, "");
        let warning = reply.header("warning");
        assert_eq!(warning.is_some(), warned, "{kind}");
        // The specification's one form: code 299, agent `-`, at most 4,096 bytes.
        let well_formed =
            |text: &str| text.starts_with("299 - \"") && text.ends_with('"') && text.len() <= 4_096;
        assert!(warning.is_none_or(well_formed), "{warning:?}");
    }
}

#[tokio::test]
async fn a_deleted_blob_that_was_just_read_is_in_no_cache() {
    let client = Client::open();
    client.push_image("a", "v1", "").await;
    let digest = client.push_blob("a", b"read a moment ago").await;
    let blob = format!("/v2/a/blobs/{digest}");
    let image = client
        .push_image("a", "v2", r#","annotations":{"v":"2"}"#)
        .await;
    let by_digest = format!("/v2/a/manifests/{}", image.digest);
    for _ in 0..3 {
        client.get(&blob).await.expect(200, "");
        client.get("/v2/a/manifests/v2").await.expect(200, "");
        client.get(&by_digest).await.expect(200, "");
    }
    client.send("DELETE", &blob).await.expect(202, "");
    client.send("DELETE", &by_digest).await.expect(202, "");
    for _ in 0..3 {
        client.get(&blob).await.expect(404, "BLOB_UNKNOWN");
        client
            .get("/v2/a/manifests/v2")
            .await
            .expect(404, "MANIFEST_UNKNOWN");
        client.get(&by_digest).await.expect(404, "MANIFEST_UNKNOWN");
        let mount = format!("/v2/b/blobs/uploads/?mount={digest}&from=a");
        client.send("POST", &mount).await.expect(202, "");
    }
}
