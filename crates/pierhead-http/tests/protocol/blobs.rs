//! Reading blobs: ranges, entity tags, deletion.

use pierhead_model::ContentDigest;

use crate::support::Client;

const CONTENT: &[u8] = b"0123456789";

#[tokio::test]
async fn a_blob_comes_with_its_digest_tag_type_length_and_life() {
    let client = Client::open();
    let digest = client.push_blob("a", CONTENT).await;
    for method in ["GET", "HEAD"] {
        let reply = client
            .send(method, &format!("/v2/a/blobs/{digest}"))
            .await
            .expect(200, "");
        assert_eq!(reply.body, if method == "GET" { CONTENT } else { b"" });
        for (name, value) in [
            ("content-length", "10"),
            ("content-type", "application/octet-stream"),
            ("docker-content-digest", &*digest.to_string()),
            ("etag", &*format!("\"{digest}\"")),
            ("cache-control", "private, max-age=31536000, immutable"),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(reply.header(name), Some(value), "{method} {name}");
        }
    }
}

#[tokio::test]
async fn one_range_is_served_and_anything_else_is_the_whole() {
    let client = Client::open();
    let digest = client.push_blob("a", CONTENT).await;
    let uri = format!("/v2/a/blobs/{digest}");
    let thousand = format!("bytes={}", vec!["0-1"; 1_000].join(","));
    for (range, status, content_range, body) in [
        ("bytes=2-4", 206, Some("bytes 2-4/10"), &b"234"[..]),
        ("bytes=0-0", 206, Some("bytes 0-0/10"), b"0"),
        ("bytes=7-", 206, Some("bytes 7-9/10"), b"789"),
        (
            "bytes=7-99999999999999999999999",
            206,
            Some("bytes 7-9/10"),
            b"789",
        ),
        ("bytes=-3", 206, Some("bytes 7-9/10"), b"789"),
        ("bytes=-99", 206, Some("bytes 0-9/10"), CONTENT),
        ("bytes=0-9", 206, Some("bytes 0-9/10"), CONTENT),
        ("bytes=0-1,3-4", 200, None, CONTENT),
        (&*thousand, 200, None, CONTENT),
        ("lines=0-1", 200, None, CONTENT),
    ] {
        let reply = client
            .with("range", range)
            .get(&uri)
            .await
            .expect(status, "");
        assert_eq!(reply.header("content-range"), content_range, "{range}");
        assert_eq!(
            reply.header("content-length"),
            Some(&*body.len().to_string()),
            "{range}"
        );
        assert_eq!(reply.body, body, "{range}");
    }
    for range in [
        "bytes=10-",
        "bytes=10-11",
        "bytes=-0",
        "bytes=4-2",
        "bytes=x",
        "nonsense",
        "bytes=18446744073709551615-",
    ] {
        let reply = client
            .with("range", range)
            .get(&uri)
            .await
            .expect(416, "RANGE_INVALID");
        assert_eq!(reply.header("content-range"), Some("bytes */10"), "{range}");
    }
    let part = client.with("range", "bytes=2-4");
    part.with("if-range", &format!("\"{digest}\""))
        .get(&uri)
        .await
        .expect(206, "");
    part.with("if-range", "\"other\"")
        .get(&uri)
        .await
        .expect(200, "");
    client
        .with("range", "bytes=2-4")
        .send("HEAD", &uri)
        .await
        .expect(200, "");
}

#[tokio::test]
async fn what_a_client_has_already_is_304() {
    let client = Client::open();
    let digest = client.push_blob("a", CONTENT).await;
    let uri = format!("/v2/a/blobs/{digest}");
    for (tag, status) in [
        (format!("\"{digest}\""), 304),
        (format!("W/\"{digest}\""), 304),
        (format!("\"x\", \"{digest}\""), 304),
        ("*".to_owned(), 304),
        ("\"x\"".to_owned(), 200),
    ] {
        for method in ["GET", "HEAD"] {
            let reply = client.with("if-none-match", &tag).send(method, &uri).await;
            let reply = reply.expect(status, "");
            assert_eq!(reply.header("etag"), Some(&*format!("\"{digest}\"")));
            if status == 304 {
                assert!(reply.body.is_empty());
                assert_eq!(reply.header("content-length"), None);
            }
        }
    }
    // What is not there is not unchanged.
    let absent = ContentDigest::sha256(b"absent");
    let uri = format!("/v2/a/blobs/{absent}");
    client
        .with("if-none-match", "*")
        .get(&uri)
        .await
        .expect(404, "");
}

#[tokio::test]
async fn an_empty_blob_has_no_bytes_and_no_ranges() {
    let client = Client::open();
    let digest = client.push_blob("a", b"").await;
    let uri = format!("/v2/a/blobs/{digest}");
    let reply = client.get(&uri).await.expect(200, "");
    assert_eq!(reply.header("content-length"), Some("0"));
    client
        .with("range", "bytes=0-")
        .get(&uri)
        .await
        .expect(416, "RANGE_INVALID");
}

#[tokio::test]
async fn a_deleted_blob_is_gone_from_its_repository_alone() {
    let client = Client::open();
    client.push_image("a", "v1", "").await;
    client.push_image("b", "v1", "").await;
    let digest = client.push_blob("a", CONTENT).await;
    client.push_blob("b", CONTENT).await;
    let uri = format!("/v2/a/blobs/{digest}");
    client.send("DELETE", &uri).await.expect(202, "");
    client.get(&uri).await.expect(404, "BLOB_UNKNOWN");
    client.send("HEAD", &uri).await.expect(404, "");
    client
        .send("DELETE", &uri)
        .await
        .expect(404, "BLOB_UNKNOWN");
    client
        .get(&format!("/v2/b/blobs/{digest}"))
        .await
        .expect(200, "");
}

#[tokio::test]
async fn a_blob_that_a_manifest_names_stays_and_says_whose_it_is() {
    let client = Client::open();
    let image = client.push_image("a", "v1", "").await;
    let config = ContentDigest::sha256(b"{}");
    let reply = client
        .send("DELETE", &format!("/v2/a/blobs/{config}"))
        .await;
    let reply = reply.expect(405, "UNSUPPORTED");
    assert!(
        reply.message().contains(&image.digest.to_string()),
        "{}",
        reply.message()
    );
    assert_eq!(reply.header("allow"), Some("GET, HEAD"));
}

#[tokio::test]
async fn knowing_a_digest_gives_nothing_in_another_repository() {
    let client = Client::open();
    client.push_image("a", "v1", "").await;
    client.push_image("b", "v1", "").await;
    let digest = client.push_blob("a", CONTENT).await;
    for method in ["GET", "HEAD", "DELETE"] {
        client
            .send(method, &format!("/v2/b/blobs/{digest}"))
            .await
            .expect(404, "");
    }
}
