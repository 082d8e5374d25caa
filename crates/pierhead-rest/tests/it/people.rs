//! Signing in, tokens and profiles.

use pierhead_policy::Scope;
use pierhead_registry::Clock as _;
use serde_json::{Value, json};

use crate::ground::{Ground, PASSWORD, Reply, ground, text};

pub(crate) fn login(ground: &Ground, username: &str, password: &str) -> Reply {
    let body = json!({ "username": username, "password": password }).to_string();
    ground.call("", "POST", "/auth/v1/login", &body)
}

#[test]
fn a_session_begins_with_a_password_and_ends_when_it_is_told_to() {
    let ground = ground();
    let ana = ground.account("ana", false);
    let answer = login(&ground, "ana", PASSWORD);
    let session = text(&answer.expect(201), "accessToken");
    assert!(session.starts_with("phs_"));
    let end = ground.clock.now() + ground.projects.options().session_life;
    let end = pierhead_model::rfc3339_millis(end);
    assert_eq!(
        answer.text,
        format!(r#"{{"accessToken":"{session}","acceptsTermsOfUse":true,"expires":"{end}"}}"#)
    );
    let who = |token: &str| ground.get(token, "/repo/v1/userProfile");
    assert_eq!(
        who(&session).text,
        format!(r#"{{"ownerId":"{ana}","userName":"ana"}}"#)
    );
    let other = ground.session("ana");
    assert_eq!(
        ground.call(&session, "DELETE", "/auth/v1/session", "").text,
        "{}"
    );
    who(&session).refused(401);
    ground
        .call(&session, "DELETE", "/auth/v1/session", "")
        .refused(401);
    who(&other).expect(200);
    ground.clock.advance(12 * 3_600);
    who(&other).refused(401);
    // A token is no session.
    ground
        .call(&ground.full(ana), "DELETE", "/auth/v1/session", "")
        .refused(403);
    ground
        .call("", "DELETE", "/auth/v1/session", "")
        .refused(401);
}

#[test]
fn wrong_passwords_are_all_alike_until_there_are_too_many() {
    let ground = ground();
    ground.account("ana", false);
    let wrong = login(&ground, "ana", "wrong").refused(401);
    assert_eq!(login(&ground, "nobody", "wrong").refused(401), wrong);
    assert_eq!(login(&ground, "", "").refused(401), wrong);
    for _ in 0..9 {
        login(&ground, "ana", "wrong").refused(401);
    }
    let locked = login(&ground, "ana", PASSWORD);
    locked.refused(429);
    let after: u64 = locked.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=900).contains(&after), "{after}");
    ground.clock.advance(after);
    login(&ground, "ana", PASSWORD).expect(201);
    for bad in [
        r#"{"username":"ana"}"#,
        r#"{"username":"ana","password":7}"#,
        "{}",
        "",
    ] {
        ground.call("", "POST", "/auth/v1/login", bad).refused(400);
    }
    // An old token does not keep anybody from signing in again.
    let body = json!({ "username": "ana", "password": PASSWORD }).to_string();
    ground
        .call("phs_old", "POST", "/auth/v1/login", &body)
        .expect(201);
}

#[test]
fn tokens_are_made_listed_and_revoked_in_person() {
    let ground = ground();
    let ana = ground.account("ana", false);
    let session = ground.session("ana");
    let path = "/auth/v1/personalAccessToken";
    let post = |token: &str, body: &Value| ground.call(token, "POST", path, &body.to_string());
    let wanted = json!({
        "name": "ci", "scope": ["modify", "view"], "expires": "2027-01-15T09:00:00Z",
    });
    let made = post(&session, &wanted).expect(201);
    let (id, secret) = (text(&made, "id"), text(&made, "token"));
    assert!(secret.starts_with("php_"));
    let one = format!("{path}/{id}");
    let used = ground.get(&secret, &one);
    assert_eq!(
        used.text,
        format!(
            r#"{{"id":"{id}","userId":"{ana}","name":"ci","scopes":["view","modify"],"created":"2027-01-15T08:00:00.000Z","lastUsed":"2027-01-15T08:00:00.000Z","expires":"2027-01-15T09:00:00.000Z","state":"ACTIVE"}}"#
        )
    );
    let all = ground.get(&session, path).expect(200);
    assert_eq!(
        all,
        json!({ "results": [used.expect(200)], "nextPageToken": null })
    );

    // Only who is there in person makes and revokes them.
    post(&secret, &wanted).refused(403);
    post("", &wanted).refused(401);
    ground.call(&secret, "DELETE", &one, "").refused(403);
    // Somebody else's is not there.
    ground.account("bob", false);
    let theirs = ground.session("bob");
    let hidden = ground.get(&theirs, &one).refused(404);
    assert_eq!(
        ground.call(&theirs, "DELETE", &one, "").refused(404),
        hidden
    );
    assert_eq!(
        ground.get(&theirs, &format!("{path}/999")).refused(404),
        hidden
    );

    ground.clock.advance(3_600);
    ground.get(&secret, path).refused(401);
    assert_eq!(ground.get(&session, &one).expect(200)["state"], "EXPIRED");
    ground.call(&session, "DELETE", &one, "").expect(200);
    ground.get(&session, &one).refused(404);
    assert_eq!(ground.get(&session, path).expect(200)["results"], json!([]));
}

#[test]
fn a_token_that_cannot_be_is_refused() {
    let ground = ground();
    let ana = ground.account("ana", false);
    let session = ground.session("ana");
    let path = "/auth/v1/personalAccessToken";
    for body in [
        json!({ "name": "x" }),
        json!({ "scope": ["view"] }),
        json!({ "name": "x", "scope": [] }),
        json!({ "name": "x", "scope": ["admin"] }),
        json!({ "name": "x", "scope": ["View"] }),
        json!({ "name": "x", "scope": "view" }),
        json!({ "name": "", "scope": ["view"] }),
        json!({ "name": "a\r\nb", "scope": ["view"] }),
        json!({ "name": "x".repeat(257), "scope": ["view"] }),
        json!({ "name": "x", "scope": ["view"], "expires": "tomorrow" }),
        json!({ "name": "x", "scope": ["view"], "expires": "2027-01-15T08:00:00Z" }),
        json!({ "name": "x", "scope": ["view"], "expires": "1999-01-01T00:00:00Z" }),
        json!({ "name": "x", "scope": ["view"], "expires": 7 }),
    ] {
        ground
            .call(&session, "POST", path, &body.to_string())
            .refused(400);
    }
    for bad in ["x", "0x1", "-1", "01", "99999999999999999999", "%20"] {
        ground.get(&session, &format!("{path}/{bad}")).refused(400);
        ground
            .call(&session, "DELETE", &format!("{path}/{bad}"), "")
            .refused(400);
    }
    for bad in ["", "AAAA", "t"] {
        ground
            .get(&session, &format!("{path}?nextPageToken={bad}"))
            .refused(400);
    }
    // One that cannot read lists none, its own included.
    let token = ground.token(ana, &[Scope::Modify, Scope::Download]);
    assert!(ground.get(&token, path).refused(403).contains("`view`"));
}

#[test]
fn more_than_a_page_of_tokens_goes_on() {
    let ground = ground();
    let ana = ground.account("ana", false);
    let token = ground.full(ana);
    for _ in 0..100 {
        ground.full(ana);
    }
    let path = "/auth/v1/personalAccessToken";
    let first = ground.get(&token, path).expect(200);
    assert_eq!(first["results"].as_array().unwrap().len(), 100);
    let next = text(&first, "nextPageToken");
    let rest = ground
        .get(&token, &format!("{path}?nextPageToken={next}"))
        .expect(200);
    assert_eq!(rest["results"].as_array().unwrap().len(), 1);
    assert_eq!(rest["nextPageToken"], Value::Null);
}

#[test]
fn profiles_are_told_to_who_is_signed_in() {
    let ground = ground();
    let ana = ground.account("ana", false);
    let bob = ground.full(ground.account("bob", false));
    let anonymous = r#"{"ownerId":"273950","userName":"anonymous"}"#;
    for path in [
        "/repo/v1/userProfile",
        "/repo/v1/userProfile/",
        "/repo/v1/userProfile/273950",
    ] {
        assert_eq!(ground.get("", path).text, anonymous);
    }
    let path = format!("/repo/v1/userProfile/{ana}");
    assert_eq!(ground.get(&bob, &path).expect(200)["userName"], "ana");
    ground.get("", &path).refused(401);
    ground
        .get(&bob, "/repo/v1/userProfile/9999999")
        .refused(404);
    for bad in ["ana", "-1", "03000001", "%2f", "1.5"] {
        ground
            .get(&bob, &format!("/repo/v1/userProfile/{bad}"))
            .refused(400);
    }
}
