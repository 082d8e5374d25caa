//! The token endpoint.

use crate::support::{Client, Reply};

const BASIC: &str = "Basic YWxpY2U6c2VjcmV0OjE=";

async fn post(client: &Client, form: &str) -> Reply {
    client
        .with("content-type", "application/x-www-form-urlencoded")
        .with_body("POST", "/token", form.to_owned())
        .await
}

#[tokio::test]
async fn docker_login_asks_with_basic_and_without_a_scope() {
    let client = Client::guarded(true).with("authorization", BASIC);
    let reply = client
        .get(
            "/token?account=alice&client_id=docker&offline_token=true&service=registry.example.org",
        )
        .await
        .expect(200, "");
    let json = reply.json();
    assert_eq!(json["token"], "alice ");
    assert_eq!(json["access_token"], json["token"]);
    assert_eq!(json["expires_in"], 900);
    assert_eq!(json["issued_at"], "2000-02-29T00:00:00Z");
    assert_eq!(json["refresh_token"], "again");
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn scopes_are_repeated_or_joined_by_spaces_in_both_methods() {
    let client = Client::guarded(true);
    let expected = "repository:syn1/a:pull,push repository:syn1/b:pull registry:catalog:*";
    for query in [
        "scope=repository:syn1/a:push,pull&scope=repository:syn1/b:pull&scope=registry:catalog:*",
        "scope=repository:syn1/a:push,pull+repository:syn1/b:pull&scope=registry:catalog:*",
        "scope=repository%3Asyn1%2Fa%3Apull%2Cpush%20repository:syn1/b:pull%20%20registry:catalog:*",
    ] {
        let reply = client
            .with("authorization", BASIC)
            .get(&format!("/token?{query}"))
            .await;
        assert_eq!(
            reply.expect(200, "").json()["token"],
            format!("alice {expected}")
        );
        let form = format!("grant_type=password&username=alice&password=secret:1&{query}");
        let reply = post(&client, &form).await.expect(200, "");
        assert_eq!(reply.json()["token"], format!("alice {expected}"));
        assert_eq!(reply.json().get("refresh_token"), None);
    }
}

#[tokio::test]
async fn a_form_asks_for_a_refresh_token_and_uses_one() {
    let client = Client::guarded(true);
    let form = "grant_type=password&username=alice&password=secret%3A1&access_type=offline\
                &client_id=containerd&service=registry.example.org";
    let reply = post(&client, form).await.expect(200, "");
    assert_eq!(reply.json()["refresh_token"], "again");
    let form = "grant_type=refresh_token&refresh_token=again&scope=repository:syn1/a:pull";
    let reply = post(&client, form).await.expect(200, "");
    assert_eq!(
        reply.json()["token"],
        "refreshed by again repository:syn1/a:pull"
    );
    assert_eq!(reply.header("cache-control"), Some("no-store"));
}

#[tokio::test]
async fn a_refresh_token_that_is_not_good_says_what_helps() {
    let client = Client::guarded(true);
    for (form, said) in [
        (
            "grant_type=refresh_token&refresh_token=revoked",
            "the refresh token is not good any more; sign in again",
        ),
        (
            "grant_type=password&username=alice&password=wrong",
            "the user name or password is not right",
        ),
    ] {
        let reply = post(&client, form).await.expect(401, "UNAUTHORIZED");
        assert_eq!(reply.json()["errors"][0]["message"], said);
        let challenge = reply.header("www-authenticate").unwrap();
        assert!(challenge.starts_with("Basic realm="), "{challenge}");
    }
    // It stands in the form of a POST, and nowhere else.
    for (method, path) in [
        ("GET", "/token?grant_type=refresh_token&refresh_token=again"),
        (
            "POST",
            "/token?grant_type=refresh_token&refresh_token=again",
        ),
    ] {
        let reply = client.send(method, path).await;
        if method == "GET" {
            assert_eq!(reply.expect(200, "").json()["token"], "anonymous ");
        } else {
            reply.expect(400, "UNSUPPORTED");
        }
    }
}

#[tokio::test]
async fn no_credentials_ask_for_an_anonymous_token() {
    let reply = Client::guarded(true).get("/token").await.expect(200, "");
    assert_eq!(reply.json()["token"], "anonymous ");
}

#[tokio::test]
async fn failures_are_told_apart_and_never_stored() {
    let client = Client::guarded(true);
    let basic = |value: &str| client.with("authorization", value);
    let thirty_three = vec!["scope=repository:a:pull"; 33].join("&");
    for (reply, status, code) in [
        // alice:wrong
        (
            basic("Basic YWxpY2U6d3Jvbmc=").get("/token").await,
            401,
            "UNAUTHORIZED",
        ),
        (basic("Basic ?").get("/token").await, 401, "UNAUTHORIZED"),
        // A registry token buys no other.
        (
            basic("Bearer alice").get("/token").await,
            401,
            "UNAUTHORIZED",
        ),
        // many:x, down:x
        (
            basic("Basic bWFueTp4").get("/token").await,
            429,
            "TOOMANYREQUESTS",
        ),
        (
            basic("Basic ZG93bjp4").get("/token").await,
            503,
            "UNAVAILABLE",
        ),
        (
            client.get("/token?service=another").await,
            400,
            "UNSUPPORTED",
        ),
        (
            client.get("/token?scope=nonsense").await,
            400,
            "UNSUPPORTED",
        ),
        (
            client.get(&format!("/token?{thirty_three}")).await,
            400,
            "UNSUPPORTED",
        ),
        (
            client.get("/token?service=a&service=b").await,
            400,
            "UNSUPPORTED",
        ),
        (client.send("PUT", "/token").await, 405, "UNSUPPORTED"),
        (post(&client, "").await, 400, "UNSUPPORTED"),
        (
            post(&client, "grant_type=password&username=alice").await,
            400,
            "UNSUPPORTED",
        ),
        (
            post(&client, "grant_type=client_credentials").await,
            400,
            "UNSUPPORTED",
        ),
        (
            post(&client, "grant_type=refresh_token").await,
            400,
            "UNSUPPORTED",
        ),
        (
            post(&client, "grant_type=password&username=alice&password=wrong").await,
            401,
            "UNAUTHORIZED",
        ),
        (
            post(&client, &"x".repeat(64 * 1024 + 1)).await,
            413,
            "SIZE_INVALID",
        ),
        (
            client
                .with("content-type", "application/json")
                .with_body("POST", "/token", "{}")
                .await,
            415,
            "UNSUPPORTED",
        ),
    ] {
        let reply = reply.expect(status, code);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
        assert!(!String::from_utf8_lossy(&reply.body).contains("db-7"));
    }
}

#[tokio::test]
async fn unknown_scopes_are_passed_on_as_such_and_not_refused() {
    let client = Client::guarded(true);
    let reply = client
        .get("/token?scope=repository(plugin):a:pull&scope=x:y:z")
        .await;
    reply.expect(200, "");
}

#[tokio::test]
async fn without_an_issuer_there_is_no_endpoint() {
    Client::guarded(false)
        .get("/token")
        .await
        .expect(404, "UNSUPPORTED");
}
