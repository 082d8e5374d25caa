//! Which path is what.

use pierhead_http::{Route, RouteError};
use proptest::prelude::*;

use crate::support::Client;

const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// `kind name rest`, or the kind of error.
fn describe(path: &str) -> String {
    match Route::parse(path) {
        Ok(Route::Base) => "base".into(),
        Ok(Route::Catalog) => "catalog".into(),
        Ok(Route::Tags { name }) => format!("tags {name}"),
        Ok(Route::Manifest { name, reference }) => format!("manifest {name} {reference}"),
        Ok(Route::Blob { name, digest }) => format!("blob {name} {digest}"),
        Ok(Route::Uploads { name }) => format!("uploads {name}"),
        Ok(Route::Upload { name, id }) => format!("upload {name} {id}"),
        Ok(Route::Referrers { name, digest }) => format!("referrers {name} {digest}"),
        Ok(other) => format!("{other:?}"),
        Err(RouteError::Unknown) => "unknown".into(),
        Err(RouteError::Name(_)) => "bad name".into(),
        Err(RouteError::Tag(_)) => "bad tag".into(),
        Err(RouteError::Digest(_)) => "bad digest".into(),
        Err(other) => format!("{other:?}"),
    }
}

/// `DIGEST` stands for a digest, `ESCAPED` for one with `%3A`, `UPPER` for one in capitals.
const PATHS: &[(&str, &str)] = &[
    ("/v2", "base"),
    ("/v2/", "base"),
    ("/v2/_catalog", "catalog"),
    ("/v2/a/tags/list", "tags a"),
    ("/v2/a/b/c/tags/list", "tags a/b/c"),
    ("/v2/a/manifests/v1", "manifest a v1"),
    ("/v2/a/blobs/DIGEST", "blob a DIGEST"),
    ("/v2/a/manifests/DIGEST", "manifest a DIGEST"),
    ("/v2/a/manifests/ESCAPED", "manifest a DIGEST"),
    ("/v2/a/blobs/ESCAPED", "blob a DIGEST"),
    ("/v2/a/referrers/DIGEST", "referrers a DIGEST"),
    ("/v2/a/blobs/uploads/", "uploads a"),
    ("/v2/a/blobs/uploads/x", "upload a x"),
    // Names that are words of the protocol, and prefixes of each other.
    ("/v2/uploads/manifests/v1", "manifest uploads v1"),
    (
        "/v2/manifests/manifests/manifests",
        "manifest manifests manifests",
    ),
    ("/v2/blobs/blobs/DIGEST", "blob blobs DIGEST"),
    ("/v2/blobs/uploads/blobs/uploads/", "uploads blobs/uploads"),
    (
        "/v2/blobs/uploads/blobs/uploads/x",
        "upload blobs/uploads x",
    ),
    (
        "/v2/a/blobs/uploads/manifests/v1",
        "manifest a/blobs/uploads v1",
    ),
    ("/v2/a/manifests/blobs/uploads/", "uploads a/manifests"),
    ("/v2/tags/list/tags/list", "tags tags/list"),
    ("/v2/a/tags/list/tags/list", "tags a/tags/list"),
    (
        "/v2/a/referrers/manifests/list",
        "manifest a/referrers list",
    ),
    ("/v2/v2/manifests/v2", "manifest v2 v2"),
    // Not paths of the protocol.
    ("", "unknown"),
    ("/", "unknown"),
    ("/v1/", "unknown"),
    ("/V2/", "unknown"),
    ("/v2x", "unknown"),
    ("/v2/_catalog/", "unknown"),
    ("/v2/_Catalog", "unknown"),
    ("/v2//_catalog", "unknown"),
    ("/v2/a", "unknown"),
    ("/v2/a/", "unknown"),
    ("/v2/a/b/c", "unknown"),
    ("/v2/a/tags/List", "unknown"),
    ("/v2/a/Manifests/v1", "unknown"),
    ("/v2/a/manifests/", "unknown"),
    ("/v2/a/manifests/v1/", "unknown"),
    ("/v2/manifests/v1", "unknown"),
    ("/v2/blobs/uploads/", "unknown"),
    ("/v2/blobs/uploads/x", "unknown"),
    ("/v2//manifests/v1", "unknown"),
    ("/v2/uploads/x", "unknown"),
    ("/v2/a/uploads/x", "unknown"),
    // Malformed names.
    ("/v2/A/manifests/v1", "bad name"),
    ("/v2//a/manifests/v1", "bad name"),
    ("/v2/a//b/manifests/v1", "bad name"),
    ("/v2/a/../b/manifests/v1", "bad name"),
    ("/v2/../manifests/v1", "bad name"),
    ("/v2/a%2fb/manifests/v1", "bad name"),
    ("/v2/a%2Fb/manifests/v1", "bad name"),
    ("/v2/%61/manifests/v1", "bad name"),
    ("/v2/a;x=y/manifests/v1", "bad name"),
    ("/v2/_catalog/tags/list", "bad name"),
    ("/v2/a//blobs/uploads/", "bad name"),
    ("/v2/a b/tags/list", "bad name"),
    ("/v2/\u{e9}/tags/list", "bad name"),
    // Malformed references.
    ("/v2/a/manifests/.v1", "bad tag"),
    ("/v2/a/manifests/..", "bad tag"),
    ("/v2/a/manifests/v1;x", "bad tag"),
    ("/v2/a/manifests/v%31", "bad tag"),
    ("/v2/a/manifests/%00", "bad tag"),
    ("/v2/a/manifests/v1%2f..", "bad tag"),
    ("/v2/a/manifests/sha256:00", "bad digest"),
    ("/v2/a/manifests/sha256%253A00", "bad tag"),
    ("/v2/a/blobs/..", "bad digest"),
    ("/v2/a/blobs/uploads", "bad digest"),
    ("/v2/a/blobs/sha384:00", "bad digest"),
    ("/v2/a/blobs/sha256:..%2f..%2fetc", "bad digest"),
    ("/v2/a/referrers/v1", "bad digest"),
    ("/v2/a/blobs/UPPER", "bad digest"),
];

#[test]
fn paths_are_read_from_the_right() {
    let long = "a".repeat(255);
    let too_long = "a".repeat(256);
    for (path, expected) in PATHS {
        let path = path
            .replace("DIGEST", DIGEST)
            .replace("ESCAPED", &DIGEST.replace(':', "%3A"))
            .replace("UPPER", &format!("sha256:{}", DIGEST[7..].to_uppercase()));
        assert_eq!(
            describe(&path),
            expected.replace("DIGEST", DIGEST),
            "{path}"
        );
    }
    assert_eq!(
        describe(&format!("/v2/{long}/tags/list")),
        format!("tags {long}")
    );
    assert_eq!(describe(&format!("/v2/{too_long}/tags/list")), "bad name");
    let megabyte = "a".repeat(1 << 20);
    assert_eq!(
        describe(&format!("/v2/a/blobs/sha256:{megabyte}")),
        "bad digest"
    );
}

proptest! {
    #[test]
    fn any_path_is_read_without_a_panic(path in "(/v2)?[/a-z%:._A-Z0-9é;-]{0,80}") {
        let _ = Route::parse(&path);
    }

    #[test]
    fn any_name_is_found_whatever_words_it_is_made_of(
        name in "(a|blobs|uploads|manifests|tags|list|referrers|v2)(/(a|blobs|uploads|manifests|tags|list|referrers|v2)){0,5}",
    ) {
        for (path, expected) in [
            (format!("/v2/{name}/tags/list"), format!("tags {name}")),
            (format!("/v2/{name}/manifests/uploads"), format!("manifest {name} uploads")),
            (format!("/v2/{name}/blobs/{DIGEST}"), format!("blob {name} {DIGEST}")),
            (format!("/v2/{name}/blobs/uploads/"), format!("uploads {name}")),
            (format!("/v2/{name}/blobs/uploads/manifests"), format!("upload {name} manifests")),
            (format!("/v2/{name}/referrers/{DIGEST}"), format!("referrers {name} {DIGEST}")),
        ] {
            prop_assert_eq!(describe(&path), expected);
        }
    }
}

#[tokio::test]
async fn an_unknown_path_is_401_before_it_is_404() {
    let client = Client::guarded(true);
    for path in ["/v2/nothing", "/v2/a/b/c", "/v2//_catalog", "/v2/_catalog/"] {
        client.get(path).await.expect(401, "UNAUTHORIZED");
        client
            .bearer("alice")
            .get(path)
            .await
            .expect(404, "UNSUPPORTED");
    }
    Client::open()
        .get("/v2/nothing")
        .await
        .expect(404, "UNSUPPORTED");
    client.get("/elsewhere").await.expect(404, "UNSUPPORTED");
}

#[tokio::test]
async fn a_method_that_a_path_does_not_answer_is_405_with_allow() {
    let client = Client::guarded(true);
    for (method, path, allow) in [
        ("POST", "/v2/", "GET, HEAD"),
        ("DELETE", "/v2/_catalog", "GET, HEAD"),
        ("PUT", "/v2/syn1/a/tags/list", "GET, HEAD"),
        ("PATCH", "/v2/syn1/a/manifests/v1", "GET, HEAD, PUT, DELETE"),
        ("PUT", "/v2/syn1/a/blobs/DIGEST", "GET, HEAD, DELETE"),
        ("GET", "/v2/syn1/a/blobs/uploads/", "POST"),
        (
            "POST",
            "/v2/syn1/a/blobs/uploads/x",
            "GET, HEAD, PATCH, PUT, DELETE",
        ),
        ("BREW", "/v2/syn1/a/referrers/DIGEST", "GET, HEAD"),
    ] {
        let path = path.replace("DIGEST", DIGEST);
        client.send(method, &path).await.expect(401, "UNAUTHORIZED");
        let reply = client
            .bearer("alice")
            .send(method, &path)
            .await
            .expect(405, "UNSUPPORTED");
        assert_eq!(reply.header("allow"), Some(allow), "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_malformed_is_400_whoever_asks() {
    let client = Client::guarded(true);
    for (method, path, code) in [
        ("GET", "/v2/A/tags/list", "NAME_INVALID"),
        ("GET", "/v2/a%2fb/tags/list", "NAME_INVALID"),
        ("GET", "/v2/a/manifests/.x", "TAG_INVALID"),
        ("GET", "/v2/a/blobs/sha256:1", "DIGEST_INVALID"),
        ("GET", "/v2/a/tags/list?n=-1", "PAGINATION_NUMBER_INVALID"),
        ("GET", "/v2/a/tags/list?n=ten", "PAGINATION_NUMBER_INVALID"),
        ("GET", "/v2/_catalog?n=", "PAGINATION_NUMBER_INVALID"),
        ("GET", "/v2/a/tags/list?n=1&n=2", "UNSUPPORTED"),
        ("GET", "/v2/a/tags/list?last=%zz", "UNSUPPORTED"),
        ("PUT", "/v2/a/manifests/v1?tag=.x", "TAG_INVALID"),
        ("POST", "/v2/a/blobs/uploads/?mount=x", "DIGEST_INVALID"),
        ("POST", "/v2/a/blobs/uploads/?digest=x", "DIGEST_INVALID"),
        (
            "POST",
            "/v2/a/blobs/uploads/?digest-algorithm=md5",
            "DIGEST_INVALID",
        ),
        ("PUT", "/v2/a/blobs/uploads/x", "DIGEST_INVALID"),
    ] {
        client.send(method, path).await.expect(400, code);
    }
    let tags = (0..101)
        .map(|tag| format!("tag=t{tag}"))
        .collect::<Vec<_>>()
        .join("&");
    let path = format!("/v2/a/manifests/v1?{tags}");
    client.send("PUT", &path).await.expect(414, "UNSUPPORTED");
    let packed = client.with("content-encoding", "gzip");
    packed
        .with_body("PUT", "/v2/a/manifests/v1", "x")
        .await
        .expect(415, "UNSUPPORTED");
    let ranged = client.with("content-range", "5-1");
    ranged
        .with_body("PATCH", "/v2/a/blobs/uploads/x", "x")
        .await
        .expect(400, "RANGE_INVALID");
    let hosts = client.with("host", "a").with("host", "b");
    hosts.get("/v2/").await.expect(400, "UNSUPPORTED");
}
