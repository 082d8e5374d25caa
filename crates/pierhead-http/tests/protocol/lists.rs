//! Tags, the catalog, referrers: pages and filters.

use pierhead_model::ContentDigest;
use serde_json::{Value, json};

use crate::support::{Client, OCI_MANIFEST, Reply};

/// The path and query of the next page.
fn next(reply: &Reply) -> Option<String> {
    let link = reply.header("link")?;
    let uri = link
        .strip_prefix('<')
        .and_then(|link| link.strip_suffix(">; rel=\"next\""));
    let uri = uri.expect("a link to the next page");
    assert!(uri.starts_with("/v2/"), "a link has a path only: {uri}");
    Some(uri.to_owned())
}

#[tokio::test]
async fn tags_come_in_order_and_in_pages_that_lead_to_each_other() {
    let client = Client::open();
    for tag in ["v2", "v1", "latest", "V3", "_x"] {
        client.push_image("a", tag, "").await;
    }
    let all = ["V3", "_x", "latest", "v1", "v2"];
    let reply = client.get("/v2/a/tags/list").await.expect(200, "");
    assert_eq!(reply.json(), json!({ "name": "a", "tags": all }));
    assert_eq!(next(&reply), None);
    let mut seen = Vec::new();
    let mut uri = Some("/v2/a/tags/list?n=2".to_owned());
    while let Some(page) = uri {
        let reply = client.get(&page).await.expect(200, "");
        let tags = reply.json()["tags"].as_array().expect("a list").clone();
        assert!(tags.len() <= 2);
        seen.extend(tags);
        uri = next(&reply);
    }
    assert_eq!(seen, all.map(Value::from));
}

#[tokio::test]
async fn page_sizes_that_are_odd_are_survived() {
    let client = Client::open();
    client.push_image("a", "v1", "").await;
    client.push_image("a", "v2", "").await;
    for (query, tags) in [
        ("n=0", &[][..]),
        ("n=0&last=v1", &[]),
        ("n=1000000000", &["v1", "v2"]),
        ("n=99999999999999999999999999999", &["v1", "v2"]),
        ("last=v1", &["v2"]),
        ("last=gone", &["v1", "v2"]),
        ("last=v1%00%2F%2e", &["v2"]),
        ("last=", &["v1", "v2"]),
        ("n=5&last=zzz", &[]),
    ] {
        let reply = client
            .get(&format!("/v2/a/tags/list?{query}"))
            .await
            .expect(200, "");
        assert_eq!(reply.json()["tags"], json!(tags), "{query}");
        assert_eq!(next(&reply), None, "{query}");
    }
    client.get("/v2/none/tags/list").await.expect(404, "");
    client.get("/v2/none/tags/list?n=0").await.expect(404, "");
}

#[tokio::test]
async fn the_catalog_comes_in_pages_too() {
    let client = Client::open();
    for name in ["b", "a", "a/b"] {
        client.push_image(name, "v1", "").await;
    }
    let reply = client.get("/v2/_catalog").await.expect(200, "");
    assert_eq!(reply.json(), json!({ "repositories": ["a", "a/b", "b"] }));
    let reply = client.get("/v2/_catalog?n=2").await.expect(200, "");
    assert_eq!(reply.json(), json!({ "repositories": ["a", "a/b"] }));
    assert_eq!(next(&reply).as_deref(), Some("/v2/_catalog?n=2&last=a%2Fb"));
    let reply = client
        .get("/v2/_catalog?n=2&last=a%2Fb")
        .await
        .expect(200, "");
    assert_eq!(reply.json(), json!({ "repositories": ["b"] }));
    assert_eq!(next(&reply), None);
    let reply = client.get("/v2/_catalog?n=0").await.expect(200, "");
    assert_eq!(reply.json(), json!({ "repositories": [] }));
}

/// An artifact of this type that refers to `subject`.
fn refers(subject: &ContentDigest, kind: &str) -> String {
    format!(
        r#","artifactType":"{kind}","subject":{{"mediaType":"{OCI_MANIFEST}","digest":"{subject}","size":7}},"annotations":{{"a\u003c":"b\r\nc"}}"#
    )
}

#[tokio::test]
async fn referrers_are_an_index_that_is_filtered_and_paged() {
    let client = Client::open();
    let subject = ContentDigest::sha256(b"subject");
    let uri = format!("/v2/a/referrers/{subject}");
    client.push_image("a", "v1", "").await;
    let empty = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
    });
    let reply = client.get(&uri).await.expect(200, "");
    assert_eq!(reply.json(), empty);
    assert_eq!(
        reply.header("content-type"),
        Some("application/vnd.oci.image.index.v1+json")
    );

    let one = client
        .push_image("a", "one", &refers(&subject, "application/x.one+json"))
        .await;
    let two = client
        .push_image("a", "two", &refers(&subject, "application/x.two"))
        .await;
    let reply = client.get(&uri).await.expect(200, "");
    assert_eq!(reply.json()["manifests"].as_array().map(Vec::len), Some(2));
    assert_eq!(reply.header("oci-filters-applied"), None);

    // Escaped as it should be, and as it often is not.
    for kind in ["application/x.one%2Bjson", "application/x.one+json"] {
        let reply = client
            .get(&format!("{uri}?artifactType={kind}"))
            .await
            .expect(200, "");
        assert_eq!(reply.header("oci-filters-applied"), Some("artifactType"));
        assert_eq!(
            reply.json()["manifests"],
            json!([{
                "mediaType": OCI_MANIFEST,
                "digest": one.digest.to_string(),
                "size": one.bytes.len(),
                "artifactType": "application/x.one+json",
                "annotations": { "a<": "b\r\nc" },
            }])
        );
    }
    let reply = client
        .get(&format!("{uri}?artifactType=none"))
        .await
        .expect(200, "");
    assert_eq!(reply.json(), empty);

    let mut expected = [one.digest.to_string(), two.digest.to_string()];
    expected.sort();
    let reply = client.get(&format!("{uri}?n=1")).await.expect(200, "");
    assert_eq!(reply.json()["manifests"][0]["digest"], *expected[0]);
    let rest = client
        .get(&next(&reply).expect("there is more"))
        .await
        .expect(200, "");
    assert_eq!(rest.json()["manifests"][0]["digest"], *expected[1]);
    assert_eq!(next(&rest), None);
    client
        .get(&format!("{uri}?last=nonsense"))
        .await
        .expect(400, "DIGEST_INVALID");
}
