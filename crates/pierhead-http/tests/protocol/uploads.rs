//! Uploads, as docker, containerd, crane and those with bad lines do them.

use pierhead_model::ContentDigest;

use crate::support::{Client, Reply};

const CONTENT: &[u8] = b"0123456789";

fn assert_session(reply: &Reply, location: &str, range: &str) {
    assert_eq!(reply.header("location"), Some(location));
    assert_eq!(reply.header("range"), Some(range));
    let id = location.rsplit_once('/').map(|(_, id)| id);
    assert_eq!(reply.header("docker-upload-uuid"), id);
}

fn assert_created(reply: &Reply, name: &str, digest: &ContentDigest) {
    let location = format!("/v2/{name}/blobs/{digest}");
    assert_eq!(reply.header("location"), Some(&*location));
    assert_eq!(
        reply.header("docker-content-digest"),
        Some(&*digest.to_string())
    );
}

#[tokio::test]
async fn docker_patches_a_whole_layer_without_a_range_and_then_puts() {
    let client = Client::open();
    let digest = ContentDigest::sha256(CONTENT);
    let location = client.start("a/b").await;
    assert!(location.starts_with("/v2/a/b/blobs/uploads/"), "{location}");
    let frames = vec![Ok(&CONTENT[..4]), Ok(&CONTENT[4..])];
    let reply = client
        .with_frames("PATCH", &location, frames)
        .await
        .expect(202, "");
    assert_session(&reply, &location, "0-9");
    let reply = client
        .send("PUT", &format!("{location}?digest={digest}"))
        .await
        .expect(201, "");
    assert_created(&reply, "a/b", &digest);
    client
        .get(&location)
        .await
        .expect(404, "BLOB_UPLOAD_UNKNOWN");
}

#[tokio::test]
async fn containerd_puts_the_body_at_once_and_regctl_posts_it() {
    let client = Client::open();
    let digest = ContentDigest::sha256(CONTENT);
    let location = client.start("a").await;
    let uri = format!("{location}?digest={digest}");
    let reply = client.with_body("PUT", &uri, CONTENT).await.expect(201, "");
    assert_created(&reply, "a", &digest);
    let uri = format!("/v2/a/blobs/uploads/?digest={digest}");
    let reply = client
        .with_body("POST", &uri, CONTENT)
        .await
        .expect(201, "");
    assert_created(&reply, "a", &digest);
}

#[tokio::test]
async fn an_empty_session_says_0_0_and_its_status_can_be_asked() {
    let client = Client::open();
    let location = client.start("a").await;
    for method in ["GET", "HEAD"] {
        let reply = client.send(method, &location).await.expect(204, "");
        assert_session(&reply, &location, "0-0");
        assert_eq!(reply.header("content-length"), None);
    }
    client
        .with_body("PATCH", &location, "abc")
        .await
        .expect(202, "");
    assert_session(
        &client.get(&location).await.expect(204, ""),
        &location,
        "0-2",
    );
}

#[tokio::test]
async fn chunks_out_of_place_are_416_with_the_true_range_also_on_the_closing_put() {
    let client = Client::open();
    let digest = ContentDigest::sha256(CONTENT);
    let location = client.start("a").await;
    let chunk = |range: &str| client.with("content-range", range);
    let reply = chunk("0-3")
        .with_body("PATCH", &location, &CONTENT[..4])
        .await
        .expect(202, "");
    assert_session(&reply, &location, "0-3");
    for range in ["0-3", "5-8", "18446744073709551610-18446744073709551613"] {
        let reply = chunk(range)
            .with_body("PATCH", &location, &CONTENT[..4])
            .await;
        assert_session(&reply.expect(416, "RANGE_INVALID"), &location, "0-3");
    }
    let uri = format!("{location}?digest={digest}");
    let reply = chunk("5-9").with_body("PUT", &uri, &CONTENT[5..]).await;
    assert_session(&reply.expect(416, "RANGE_INVALID"), &location, "0-3");
    chunk("4-9")
        .with_body("PUT", &uri, &CONTENT[4..])
        .await
        .expect(201, "");
}

#[tokio::test]
async fn lengths_that_contradict_each_other_are_400() {
    let client = Client::open();
    let location = client.start("a").await;
    let reply = client
        .with("content-range", "0-3")
        .with("content-length", "5")
        .with_body("PATCH", &location, "01234")
        .await;
    reply.expect(400, "SIZE_INVALID");
    for body in ["0123", "012345"] {
        let location = client.start("a").await;
        let reply = client
            .with("content-length", "5")
            .with_body("PATCH", &location, body)
            .await;
        reply.expect(400, "SIZE_INVALID");
    }
}

#[tokio::test]
async fn a_patch_that_broke_off_keeps_what_arrived_and_the_upload_goes_on() {
    let client = Client::open();
    let digest = ContentDigest::sha256(CONTENT);
    let location = client.start("a").await;
    let frames = vec![Ok(&CONTENT[..6]), Err("connection reset")];
    client
        .with_frames("PATCH", &location, frames)
        .await
        .expect(400, "SIZE_INVALID");
    let reply = client.get(&location).await.expect(204, "");
    assert_session(&reply, &location, "0-5");
    let uri = format!("{location}?digest={digest}");
    let rest = client.with("content-range", "6-9");
    rest.with_body("PUT", &uri, &CONTENT[6..])
        .await
        .expect(201, "");
    assert_eq!(
        client.get(&format!("/v2/a/blobs/{digest}")).await.body,
        CONTENT
    );
}

#[tokio::test]
async fn a_wrong_digest_is_400_and_ends_the_session() {
    let client = Client::open();
    let digest = ContentDigest::sha256(b"something else");
    let location = client.start("a").await;
    let uri = format!("{location}?digest={digest}");
    client
        .with_body("PUT", &uri, CONTENT)
        .await
        .expect(400, "DIGEST_INVALID");
    client
        .get(&location)
        .await
        .expect(404, "BLOB_UPLOAD_UNKNOWN");
    let uri = format!("/v2/a/blobs/uploads/?digest={digest}");
    client
        .with_body("POST", &uri, CONTENT)
        .await
        .expect(400, "DIGEST_INVALID");
    client
        .get(&format!("/v2/a/blobs/{digest}"))
        .await
        .expect(404, "BLOB_UNKNOWN");
}

#[tokio::test]
async fn another_algorithm_is_used_when_asked_for_and_when_only_the_end_names_it() {
    let client = Client::open();
    let digest = ContentDigest::of(pierhead_model::Algorithm::Sha512, CONTENT);
    for query in ["?digest-algorithm=sha512", ""] {
        let uri = format!("/v2/a/blobs/uploads/{query}");
        let reply = client.send("POST", &uri).await.expect(202, "");
        let location = reply
            .header("location")
            .expect("a session has a location")
            .to_owned();
        let uri = format!("{location}?digest={digest}");
        let reply = client.with_body("PUT", &uri, CONTENT).await.expect(201, "");
        assert_created(&reply, "a", &digest);
    }
}

#[tokio::test]
async fn a_mount_links_what_is_readable_and_begins_an_upload_otherwise() {
    let client = Client::guarded(true).bearer("alice");
    client.push_image("syn1/a", "v1", "").await;
    let digest = client.push_blob("syn1/a", CONTENT).await;
    let absent = ContentDigest::sha256(b"absent");
    for (mount, from, status) in [
        (digest, "&from=syn1/a", 201),
        (digest, "", 201),
        (absent, "&from=syn1/a", 202),
        (digest, "&from=syn1/none", 202),
        // Neither 401 nor 403: containerd gives up on those.
        (digest, "&from=secret/a", 202),
        (digest, "&from=down/a", 503),
    ] {
        let uri = format!("/v2/syn1/b/blobs/uploads/?mount={mount}{from}");
        let reply = client.send("POST", &uri).await.expect(status, "");
        match status {
            201 => assert_created(&reply, "syn1/b", &mount),
            202 => {
                let location = reply.header("location").expect("a session has a location");
                assert_session(&reply, location, "0-0");
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn cancelling_needs_push_and_ends_the_session() {
    let client = Client::guarded(true);
    let alice = client.bearer("alice");
    let location = alice.start("syn1/a").await;
    client
        .bearer("alice-pull")
        .send("DELETE", &location)
        .await
        .expect(401, "UNAUTHORIZED");
    alice.send("DELETE", &location).await.expect(204, "");
    for method in ["GET", "PATCH", "DELETE"] {
        alice
            .send(method, &location)
            .await
            .expect(404, "BLOB_UPLOAD_UNKNOWN");
    }
}

#[tokio::test]
async fn a_session_answers_only_under_its_own_name() {
    let client = Client::open();
    let location = client.start("a").await;
    let other = location.replace("/v2/a/", "/v2/b/");
    let digest = ContentDigest::sha256(CONTENT);
    for (method, uri) in [
        ("GET", other.clone()),
        ("PATCH", other.clone()),
        ("PUT", format!("{other}?digest={digest}")),
        ("DELETE", other.clone()),
        ("GET", "/v2/a/blobs/uploads/no-id".to_owned()),
        ("PATCH", "/v2/a/blobs/uploads/..".to_owned()),
    ] {
        client
            .with_body(method, &uri, CONTENT)
            .await
            .expect(404, "BLOB_UPLOAD_UNKNOWN");
    }
    client.get(&location).await.expect(204, "");
}
