//! Manifests: put, read, deleted.

use pierhead_model::ContentDigest;

use crate::support::{Client, OCI_MANIFEST, image};

#[tokio::test]
async fn a_manifest_is_served_as_it_came_by_tag_and_by_digest() {
    let client = Client::open();
    let image = client.push_image("a/b", "v1", "").await;
    let digest = image.digest.to_string();
    for reference in ["v1", &digest] {
        for method in ["GET", "HEAD"] {
            let uri = format!("/v2/a/b/manifests/{reference}");
            let reply = client.send(method, &uri).await.expect(200, "");
            assert_eq!(
                reply.body,
                if method == "GET" {
                    &image.bytes[..]
                } else {
                    b""
                }
            );
            for (name, value) in [
                ("content-length", &*image.bytes.len().to_string()),
                ("content-type", OCI_MANIFEST),
                ("docker-content-digest", &*digest),
                ("etag", &*format!("\"{digest}\"")),
            ] {
                assert_eq!(reply.header(name), Some(value), "{method} {name}");
            }
            let had = client.with("if-none-match", &format!("\"{digest}\""));
            had.send(method, &uri).await.expect(304, "");
            let picky = client.with("accept", "application/vnd.oci.image.index.v1+json");
            picky.send(method, &uri).await.expect(200, "");
        }
    }
}

#[tokio::test]
async fn a_put_says_where_what_and_whose_subject() {
    let client = Client::open();
    client.push_blob("a", b"{}").await;
    let subject = ContentDigest::sha256(b"subject");
    let extra =
        format!(r#","subject":{{"mediaType":"{OCI_MANIFEST}","digest":"{subject}","size":7}}"#);
    let image = image(&extra);
    let put = client.with("content-type", OCI_MANIFEST);
    let reply = put
        .with_body("PUT", "/v2/a/manifests/v1", image.bytes.clone())
        .await;
    let reply = reply.expect(201, "");
    let digest = image.digest.to_string();
    assert_eq!(
        reply.header("location"),
        Some(&*format!("/v2/a/manifests/{digest}"))
    );
    assert_eq!(reply.header("docker-content-digest"), Some(&*digest));
    assert_eq!(reply.header("oci-subject"), Some(&*subject.to_string()));
    assert_eq!(reply.header("oci-tag"), None);
}

#[tokio::test]
async fn several_tags_are_given_at_once_and_each_is_told() {
    let client = Client::open();
    client.push_blob("a", b"{}").await;
    let image = image("");
    let put = client.with("content-type", OCI_MANIFEST);
    let uri = format!(
        "/v2/a/manifests/{}?tag=v1&tag=v1.2&tag=latest",
        image.digest
    );
    let reply = put
        .with_body("PUT", &uri, image.bytes.clone())
        .await
        .expect(201, "");
    let tags = reply.headers.get_all("oci-tag").iter().collect::<Vec<_>>();
    assert_eq!(tags, ["v1", "v1.2", "latest"]);
    for tag in ["v1", "v1.2", "latest"] {
        client
            .get(&format!("/v2/a/manifests/{tag}"))
            .await
            .expect(200, "");
    }
}

#[tokio::test]
async fn what_a_manifest_names_must_be_there_and_each_absence_is_named() {
    let client = Client::open();
    client.push_image("a", "v1", "").await;
    let [one, two] = [b"1", b"2"].map(|content| ContentDigest::sha256(content));
    let layer = |digest| {
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"{digest}","size":1}}"#
        )
    };
    let body = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI_MANIFEST}","config":{},"layers":[{}]}}"#,
        layer(one),
        layer(two)
    );
    let put = client.with("content-type", OCI_MANIFEST);
    let reply = put.with_body("PUT", "/v2/a/manifests/v2", body).await;
    let json = reply.expect(404, "MANIFEST_BLOB_UNKNOWN").json();
    let mut named = json["errors"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|error| {
            assert_eq!(error["code"], "MANIFEST_BLOB_UNKNOWN");
            error["detail"]["digest"]
                .as_str()
                .expect("a digest")
                .to_owned()
        })
        .collect::<Vec<_>>();
    named.sort();
    let mut expected = vec![one.to_string(), two.to_string()];
    expected.sort();
    assert_eq!(named, expected);
}

#[tokio::test]
async fn manifests_that_are_none_are_refused() {
    let client = Client::open();
    let put = client.with("content-type", OCI_MANIFEST);
    let uri = "/v2/a/manifests/v1";
    put.with_body("PUT", uri, "{")
        .await
        .expect(400, "MANIFEST_INVALID");
    put.with_body("PUT", uri, "")
        .await
        .expect(400, "MANIFEST_INVALID");
    let other = format!("/v2/a/manifests/{}", ContentDigest::sha256(b"other"));
    client.push_blob("a", b"{}").await;
    put.with_body("PUT", &other, image("").bytes)
        .await
        .expect(400, "DIGEST_INVALID");
    client
        .with("content-type", "x")
        .with_body("PUT", uri, "{}")
        .await
        .expect(400, "MANIFEST_INVALID");
}

#[tokio::test]
async fn a_manifest_of_more_than_4_mib_is_413_and_one_of_4_mib_is_read() {
    let client = Client::open().with("content-type", OCI_MANIFEST);
    let uri = "/v2/a/manifests/v1";
    let body = vec![b' '; (4 << 20) + 1];
    client
        .with_body("PUT", uri, body.clone())
        .await
        .expect(413, "MANIFEST_INVALID");
    let announced = client.with("content-length", "4194305");
    announced
        .with_body("PUT", uri, "")
        .await
        .expect(413, "MANIFEST_INVALID");
    let body = body[1..].to_vec();
    client
        .with_body("PUT", uri, body)
        .await
        .expect(400, "MANIFEST_INVALID");
}

#[tokio::test]
async fn deleting_a_tag_leaves_the_manifest_and_deleting_a_manifest_takes_its_tags() {
    let client = Client::open();
    let image = client.push_image("a", "v1", "").await;
    client.push_image("a", "v2", "").await;
    client
        .send("DELETE", "/v2/a/manifests/v1")
        .await
        .expect(202, "");
    client
        .get("/v2/a/manifests/v1")
        .await
        .expect(404, "MANIFEST_UNKNOWN");
    client.get("/v2/a/manifests/v2").await.expect(200, "");
    let uri = format!("/v2/a/manifests/{}", image.digest);
    client.send("DELETE", &uri).await.expect(202, "");
    client.get(&uri).await.expect(404, "MANIFEST_UNKNOWN");
    client
        .send("HEAD", "/v2/a/manifests/v2")
        .await
        .expect(404, "");
    client
        .send("DELETE", &uri)
        .await
        .expect(404, "MANIFEST_UNKNOWN");
    client
        .send("DELETE", "/v2/a/manifests/v2")
        .await
        .expect(404, "MANIFEST_UNKNOWN");
}

#[tokio::test]
async fn a_child_of_an_index_stays_and_says_whose_it_is() {
    let client = Client::open();
    let child = client.push_image("a", "v1", "").await;
    let media_type = "application/vnd.oci.image.index.v1+json";
    let body = format!(
        r#"{{"schemaVersion":2,"mediaType":"{media_type}","manifests":[{{"mediaType":"{OCI_MANIFEST}","digest":"{}","size":{}}}]}}"#,
        child.digest,
        child.bytes.len()
    );
    let index = ContentDigest::sha256(body.as_bytes());
    let put = client.with("content-type", media_type);
    put.with_body("PUT", "/v2/a/manifests/all", body)
        .await
        .expect(201, "");
    let reply = client
        .send("DELETE", &format!("/v2/a/manifests/{}", child.digest))
        .await;
    let reply = reply.expect(405, "UNSUPPORTED");
    assert!(
        reply.message().contains(&index.to_string()),
        "{}",
        reply.message()
    );
    assert_eq!(reply.header("allow"), Some("GET, HEAD, PUT"));
}

#[tokio::test]
async fn head_in_a_new_name_of_a_pusher_is_404_and_never_403() {
    let client = Client::guarded(true).bearer("alice");
    let digest = ContentDigest::sha256(b"x");
    client
        .send("HEAD", "/v2/syn1/new/manifests/v1")
        .await
        .expect(404, "");
    client
        .send("HEAD", &format!("/v2/syn1/new/blobs/{digest}"))
        .await
        .expect(404, "");
    client
        .get("/v2/syn1/new/manifests/v1")
        .await
        .expect(404, "MANIFEST_UNKNOWN");
}
