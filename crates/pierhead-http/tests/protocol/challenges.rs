//! Who is asked to sign in, how, and what a refusal says.

use std::sync::Arc;

use pierhead_http::Vouched;

use crate::support::{Client, HINT};

const REALM: &str =
    r#"Bearer realm="https://registry.example.org/token",service="registry.example.org""#;

#[tokio::test]
async fn the_base_asks_with_exactly_one_challenge_and_always_names_its_version() {
    let bearer = Client::guarded(true);
    let basic = Client::guarded(false);
    for (client, challenge) in [
        (&bearer, REALM),
        (
            &basic,
            r#"Basic realm="registry.example.org",charset="UTF-8""#,
        ),
    ] {
        for method in ["GET", "HEAD"] {
            let reply = client.send(method, "/v2/").await.expect(401, "");
            assert_eq!(reply.header("www-authenticate"), Some(challenge));
            assert_eq!(version(&reply), Some("registry/2.0"));
        }
        let reply = client.bearer("alice").get("/v2/").await.expect(200, "");
        assert_eq!(version(&reply), Some("registry/2.0"));
        assert_eq!(reply.header("www-authenticate"), None);
        for path in ["/v2/nothing", "/v2/syn1/a/tags/list", "/v2/A/tags/list"] {
            assert_eq!(version(&client.get(path).await), Some("registry/2.0"));
        }
    }
    Client::open().get("/v2/").await.expect(200, "");
}

fn version(reply: &crate::support::Reply) -> Option<&str> {
    reply.header("docker-distribution-api-version")
}

#[tokio::test]
async fn an_anonymous_token_is_good_enough_for_the_base() {
    Client::guarded(true)
        .bearer("anonymous")
        .get("/v2/")
        .await
        .expect(200, "");
}

#[tokio::test]
async fn a_challenge_names_one_scope_and_an_error_when_a_token_was_sent() {
    let client = Client::guarded(true);
    let digest = pierhead_model::ContentDigest::sha256(b"");
    for (token, method, path, tail) in [
        (None, "GET", "/v2/", ""),
        (
            None,
            "GET",
            "/v2/syn1/a/tags/list",
            r#",scope="repository:syn1/a:pull""#,
        ),
        (
            None,
            "HEAD",
            "/v2/syn1/a/manifests/v1",
            r#",scope="repository:syn1/a:pull""#,
        ),
        (
            None,
            "GET",
            "/v2/syn1/a/blobs/DIGEST",
            r#",scope="repository:syn1/a:pull""#,
        ),
        (
            None,
            "POST",
            "/v2/syn1/a/blobs/uploads/",
            r#",scope="repository:syn1/a:pull,push""#,
        ),
        (
            None,
            "DELETE",
            "/v2/syn1/a/blobs/uploads/x",
            r#",scope="repository:syn1/a:pull,push""#,
        ),
        (
            None,
            "PUT",
            "/v2/syn1/a/manifests/v1",
            r#",scope="repository:syn1/a:pull,push""#,
        ),
        (
            None,
            "DELETE",
            "/v2/syn1/a/manifests/v1",
            r#",scope="repository:syn1/a:delete""#,
        ),
        (
            None,
            "POST",
            "/v2/syn1/a/blobs/uploads/?mount=DIGEST&from=syn1/b",
            r#",scope="repository:syn1/a:pull,push""#,
        ),
        (
            Some("wrong"),
            "GET",
            "/v2/syn1/a/tags/list",
            r#",scope="repository:syn1/a:pull",error="invalid_token""#,
        ),
        (Some("wrong"), "GET", "/v2/", r#",error="invalid_token""#),
        (
            Some("alice-pull"),
            "PUT",
            "/v2/syn1/a/manifests/v1",
            r#",scope="repository:syn1/a:pull,push",error="insufficient_scope""#,
        ),
        (
            Some("alice-pull"),
            "GET",
            "/v2/syn1/ab/tags/list",
            r#",scope="repository:syn1/ab:pull",error="insufficient_scope""#,
        ),
        (
            Some("anonymous"),
            "GET",
            "/v2/syn1/a/tags/list",
            r#",scope="repository:syn1/a:pull",error="insufficient_scope""#,
        ),
        (
            Some("alice-pull"),
            "GET",
            "/v2/_catalog",
            r#",scope="registry:catalog:*",error="insufficient_scope""#,
        ),
    ] {
        let path = path.replace("DIGEST", &digest.to_string());
        let asking = token.map_or_else(|| client.clone(), |token| client.bearer(token));
        let reply = asking.send(method, &path).await.expect(401, "");
        let line = format!("{REALM}{tail}");
        assert_eq!(
            reply.header("www-authenticate"),
            Some(&*line),
            "{token:?} {method} {path}"
        );
        if method != "HEAD" {
            assert_eq!(reply.code(), "UNAUTHORIZED");
        }
    }
}

/// oras and regctl show credentials only where they are asked for them.
#[tokio::test]
async fn whoever_shows_nothing_is_asked_before_the_catalog_is_listed() {
    let reply = Client::guarded(true).get("/v2/_catalog").await;
    let line = format!(r#"{REALM},scope="registry:catalog:*""#);
    assert_eq!(reply.header("www-authenticate"), Some(&*line));
    reply.expect(401, "UNAUTHORIZED");
    let open = Client::open().get("/v2/_catalog").await;
    open.expect(200, "");
}

#[tokio::test]
async fn credentials_that_cannot_be_read_are_wrong_ones() {
    let client = Client::guarded(true);
    for value in [
        "",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Basic",
        "Basic !",
        "Basic YQ==",
        "Digest x",
    ] {
        let asking = client.with("authorization", value);
        asking.get("/v2/").await.expect(401, "UNAUTHORIZED");
        asking
            .get("/v2/public/a/tags/list")
            .await
            .expect(401, "UNAUTHORIZED");
    }
    let twice = client.bearer("alice").bearer("alice");
    twice.get("/v2/").await.expect(401, "UNAUTHORIZED");
    // With and without padding, and a colon in the password.
    for value in ["Basic YWxpY2U6c2VjcmV0OjE=", "basic YWxpY2U6c2VjcmV0OjE"] {
        client
            .with("authorization", value)
            .get("/v2/")
            .await
            .expect(200, "");
    }
    // Nobody can be known in an open registry, so nothing that is shown matters.
    Client::open()
        .with("authorization", "Digest x")
        .get("/v2/")
        .await
        .expect(200, "");
}

#[tokio::test]
async fn an_identity_that_was_vouched_for_takes_the_place_of_a_header() {
    let client = Client::guarded(true).bearer("wrong");
    for (who, status) in [("alice", 200), ("mallory", 401)] {
        let request = http::Request::get("/v2/")
            .header("authorization", "Bearer wrong")
            .extension(Vouched(Arc::new(who)))
            .body(String::new())
            .expect("the request is one");
        client.ask(request).await.expect(status, "");
    }
}

#[tokio::test]
async fn a_forged_host_does_not_choose_where_passwords_go() {
    let client = Client::guarded(true);
    for (name, value) in [
        ("host", "evil.example.com"),
        ("host", "127.0.0.1:5000"),
        ("x-forwarded-host", "evil.example.com"),
        ("forwarded", "host=evil.example.com"),
    ] {
        let reply = client.with(name, value).get("/v2/").await;
        assert_eq!(reply.header("www-authenticate"), Some(REALM));
    }
}

#[tokio::test]
async fn a_refusal_is_the_same_for_what_is_absent_and_what_is_forbidden() {
    let client = Client::guarded(true).bearer("alice");
    let digest = pierhead_model::ContentDigest::sha256(b"");
    for (method, path) in [
        ("GET", "/tags/list"),
        ("GET", "/manifests/v1"),
        ("PUT", "/manifests/v1"),
        ("DELETE", "/manifests/v1"),
        ("GET", "/blobs/DIGEST"),
        ("DELETE", "/blobs/DIGEST"),
        ("POST", "/blobs/uploads/"),
        ("PATCH", "/blobs/uploads/x"),
        ("GET", "/referrers/DIGEST"),
    ] {
        let path = path.replace("DIGEST", &digest.to_string());
        let reply = client
            .send(method, &format!("/v2/library/ubuntu{path}"))
            .await;
        let reply = reply.expect(403, "DENIED");
        assert_eq!(reply.message(), HINT);
        assert_eq!(reply.json()["errors"][0].get("detail"), None);
    }
}

#[tokio::test]
async fn a_refusal_names_rule_and_remedy_to_who_may_know() {
    let client = Client::guarded(true).bearer("alice");
    for name in ["told/a", "scope/a"] {
        let reply = client
            .get(&format!("/v2/{name}/tags/list"))
            .await
            .expect(403, "DENIED");
        assert_eq!(reply.message(), "no edit permission; ask bob");
        assert_eq!(
            reply.json()["errors"][0]["detail"]["rule"],
            "no edit permission"
        );
        assert_eq!(reply.json()["errors"][0]["detail"]["remedy"], "ask bob");
    }
}

#[tokio::test]
async fn outages_are_503_and_tell_nothing_of_what_is_inside() {
    let client = Client::guarded(true);
    for reply in [
        client.bearer("down").get("/v2/").await,
        client.bearer("alice").get("/v2/down/a/tags/list").await,
    ] {
        let reply = reply.expect(503, "UNAVAILABLE");
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert!(!String::from_utf8_lossy(&reply.body).contains("db-7"));
    }
}

#[tokio::test]
async fn too_many_attempts_say_when_to_come_back() {
    let reply = Client::guarded(true).bearer("many").get("/v2/").await;
    let reply = reply.expect(429, "TOOMANYREQUESTS");
    assert_eq!(reply.header("retry-after"), Some("2"));
}
