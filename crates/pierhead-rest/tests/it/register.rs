//! Registration, invitations, addresses and passwords.

use pierhead_projects::Registration;
use serde_json::{Value, json};

use crate::ground::{PASSWORD, ground, ground_of, text};
use crate::outbox::people;
use crate::people::login;

const OTHER: &str = "battery staple";

#[test]
fn somebody_registers_confirms_forgets_and_changes() {
    let people = people(Registration::Open);
    let made = people.register("ana", "ana@example.org");
    let id = text(&made.expect(201), "id");
    assert_eq!(made.text, format!(r#"{{"id":"{id}","name":"ana"}}"#));
    let session = people.ground.session("ana");
    let (to, secret) = people.mail();
    assert_eq!(to, ["ana@example.org"]);
    login(&people.ground, "ana@example.org", PASSWORD).refused(401);
    let proof = json!({ "token": secret });
    assert_eq!(people.post(&session, "email/confirm", &proof).text, "{}");
    people.post(&session, "email/confirm", &proof).refused(403);
    login(&people.ground, "ana@example.org", PASSWORD).expect(201);

    people
        .post("", "password/reset", &json!({ "email": "ANA@example.org" }))
        .expect(200);
    let (to, secret) = people.mail();
    assert_eq!(to, ["ana@example.org"]);
    let body = json!({ "token": secret, "password": OTHER });
    assert_eq!(people.post("", "password/reset/confirm", &body).text, "{}");
    people
        .post("", "password/reset/confirm", &body)
        .refused(403);
    people
        .ground
        .get(&session, "/pierhead/v1/account/3")
        .refused(401);

    let answer = login(&people.ground, "ana", OTHER).expect(201);
    let session = text(&answer, "accessToken");
    let wrong = json!({ "old": PASSWORD, "new": "another one" });
    people.post(&session, "password", &wrong).refused(403);
    let right = json!({ "old": OTHER, "new": "another one" });
    let answer = people.post(&session, "password", &right).expect(200);
    let next = text(&answer, "accessToken");
    people
        .ground
        .get(&session, "/repo/v1/userProfile")
        .refused(401);
    people.ground.get(&next, "/repo/v1/userProfile").expect(200);

    let moved = json!({ "email": "new@example.org" });
    people.post(&next, "email", &moved).expect(200);
    let (to, secret) = people.mail();
    assert_eq!(to, ["new@example.org"]);
    let proof = json!({ "token": secret });
    people.post(&next, "email/confirm", &proof).expect(200);
    assert_eq!(people.mail().0, ["ana@example.org"], "it is told");
    let path = format!("/pierhead/v1/account/{id}");
    let account = people.ground.get(&next, &path).expect(200);
    assert_eq!(account["email"], "new@example.org");
    assert_eq!(account["registered"], true);
}

#[test]
fn an_invitation_is_shown_once_listed_and_taken_back() {
    let people = people(Registration::ByInvitation);
    people.ground.operator("boss");
    let boss = people.ground.session("boss");
    people.register("ana", "ana@example.org").refused(403);
    let made = people.post(&boss, "invitation", &json!({ "email": "ana@example.org" }));
    let made = made.expect(201);
    let secret = text(&made, "invitation");
    assert!(secret.starts_with("phi_"));
    let list = people.ground.get(&boss, "/pierhead/v1/invitation");
    assert!(!list.text.contains(&secret));
    let list = list.expect(200);
    assert_eq!(list["results"][0]["id"], made["id"]);
    assert_eq!(list["results"][0]["email"], "ana@example.org");
    assert_eq!(list["results"][0]["expires"], made["expires"]);
    assert_eq!(list["nextPageToken"], Value::Null);
    let body = json!({ "name": "ana", "password": PASSWORD, "invitation": secret });
    people.post("", "registration", &body).expect(201);
    assert!(people.mail().0.is_empty(), "an operator's word is enough");
    login(&people.ground, "ana@example.org", PASSWORD).expect(201);
    let again = json!({ "name": "other", "password": PASSWORD, "invitation": secret });
    people.post("", "registration", &again).refused(403);

    let made = people.post(&boss, "invitation", &json!({}));
    let made = made.expect(201);
    let path = format!("/pierhead/v1/invitation/{}", text(&made, "id"));
    people.ground.call(&boss, "DELETE", &path, "").expect(200);
    people.ground.call(&boss, "DELETE", &path, "").refused(404);
    let body = json!({ "name": "late", "password": PASSWORD, "email": "l@example.org",
                       "invitation": text(&made, "invitation") });
    people.post("", "registration", &body).refused(403);

    let ana = people.ground.session("ana");
    for (method, path) in [
        ("GET", "/pierhead/v1/invitation"),
        ("POST", "/pierhead/v1/invitation"),
        ("DELETE", "/pierhead/v1/invitation/1"),
        ("GET", "/pierhead/v1/account"),
        ("GET", "/pierhead/v1/account?prefix=a"),
    ] {
        people.ground.call(&ana, method, path, "{}").refused(403);
        people.ground.call("", method, path, "{}").refused(401);
    }
    for bad in ["x", "-1", "01", "99999999999999999999"] {
        let path = format!("/pierhead/v1/invitation/{bad}");
        people.ground.call(&boss, "DELETE", &path, "").refused(400);
    }
}

#[test]
fn more_than_a_page_goes_on() {
    let people = people(Registration::ByInvitation);
    let boss = people.ground.operator("boss");
    let session = people.ground.session("boss");
    for number in 0..100 {
        people.ground.account(&format!("a{number:03}"), false);
        people.post(&session, "invitation", &json!({})).expect(201);
    }
    people.post(&session, "invitation", &json!({})).expect(201);
    let token = people.ground.token(boss, &[pierhead_policy::Scope::View]);
    for (path, left) in [
        ("/pierhead/v1/account", json!("boss")),
        ("/pierhead/v1/invitation", json!(null)),
    ] {
        let first = people.ground.get(&token, path).expect(200);
        assert_eq!(first["results"].as_array().unwrap().len(), 100);
        let next = text(&first, "nextPageToken");
        let rest = format!("{path}?nextPageToken={next}");
        let rest = people.ground.get(&token, &rest).expect(200);
        assert_eq!(rest["results"].as_array().unwrap().len(), 1);
        assert_eq!(rest["results"][0]["name"], left);
        assert_eq!(rest["nextPageToken"], Value::Null);
        for bad in ["", "AAAA", "x"] {
            let path = format!("{path}?nextPageToken={bad}");
            people.ground.get(&token, &path).refused(400);
        }
    }
    let page = people
        .ground
        .get(&token, "/pierhead/v1/account?prefix=A0-1");
    assert_eq!(page.expect(200)["results"].as_array().unwrap().len(), 10);
}

/// What somebody asks for is answered the same, to the byte, whoever has the address.
#[test]
fn no_answer_tells_whether_an_address_has_an_account() {
    let people = people(Registration::Open);
    let request = pierhead_projects::AccountRequest::with_password(PASSWORD)
        .email("ana@example.org".parse().unwrap());
    let (server, name) = (crate::ground::server(), "ana".parse().unwrap());
    let made = people
        .ground
        .projects
        .create_account(&server, &name, request);
    futures::executor::block_on(made).unwrap();
    people.ground.account("ben", false);
    let ben = people.ground.session("ben");
    let told = |email: &str, name: &str| {
        let address = json!({ "email": email });
        let reset = people.post("", "password/reset", &address);
        let own = people.post(&ben, "email", &address);
        let registered = people.register(name, email);
        people.mail();
        (
            (reset.status, reset.text, format!("{:?}", reset.headers)),
            (own.status, own.text, format!("{:?}", own.headers)),
            (registered.status, format!("{:?}", registered.headers)),
        )
    };
    let taken = told("ana@example.org", "one-a");
    assert_eq!(taken, told("nobody@example.org", "one-b"));
    assert_eq!((taken.0.0, taken.1.0, taken.2.0), (200, 200, 201));
    // Beyond what is sent to one address, too.
    for number in 0..8 {
        assert_eq!(taken, told("ana@example.org", &format!("one-{number}")));
        if number == 3 {
            people.ground.clock.advance(3_600);
        }
    }
}

#[test]
fn who_asks_too_often_is_told_how_long_to_wait() {
    let people = people(Registration::Open);
    let body = json!({ "email": "a@example.org" });
    for _ in 0..50 {
        people.post("", "password/reset", &body).expect(200);
    }
    let told = people.post("", "password/reset", &body);
    told.refused(429);
    assert_eq!(told.header("retry-after"), Some("900"));
    people.register("ana", "ana@example.org").refused(429);
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_is_done() {
    let people = people(Registration::Open);
    let ana = people.ground.account("ana", false);
    let session = people.ground.session("ana");
    let long = "p".repeat(1_025);
    let address = |email: &str| json!({ "email": email });
    let new = |name: &str, password: &str, email: &str| json!({ "name": name, "password": password, "email": email });
    for (what, body) in [
        ("registration", json!({})),
        ("registration", json!({ "name": "eve" })),
        (
            "registration",
            json!({ "name": "eve", "password": PASSWORD }),
        ),
        ("registration", new("Eve", PASSWORD, "e@example.org")),
        ("registration", new("eve", "short", "e@example.org")),
        ("registration", new("eve", &long, "e@example.org")),
        ("registration", new("eve", PASSWORD, "none")),
        (
            "registration",
            new("eve", PASSWORD, "e@example.org\r\nBcc: v@example.org"),
        ),
        ("registration", new("eve", PASSWORD, "e,v@example.org")),
        (
            "registration",
            json!({ "name": "eve", "password": PASSWORD, "email": "e@example.org", "operator": true }),
        ),
        ("email", address("a@b\n")),
        ("email", address("<a@b>")),
        ("email", json!({ "address": "a@b" })),
        ("email/confirm", json!({})),
        ("password", json!({ "old": PASSWORD })),
        ("password", json!({ "old": PASSWORD, "new": "short" })),
        ("password/reset", address("a b@c")),
        ("password/reset", address("\u{212a}im@example.org")),
        ("password/reset/confirm", json!({ "token": "phw_" })),
        (
            "password/reset/confirm",
            json!({ "token": "phw_", "password": "short" }),
        ),
    ] {
        people.post(&session, what, &body).refused(400);
    }
    people.ground.operator("boss");
    let boss = people.ground.session("boss");
    for body in [
        json!({ "email": "none" }),
        json!({ "expires": "tomorrow" }),
        json!({ "expires": "2027-01-15T08:00:00Z" }),
        json!({ "expires": "2030-01-15T08:00:00Z" }),
        json!({ "team": 7 }),
    ] {
        people.post(&boss, "invitation", &body).refused(400);
    }
    assert!(people.mail().0.is_empty());
    // A token does what needs no person, and none of this.
    let token = people.ground.full(ana);
    for (what, body) in [
        ("email", address("a@example.org")),
        ("email/confirm", json!({ "token": "phe_" })),
        ("password", json!({ "old": PASSWORD, "new": OTHER })),
        ("invitation", json!({})),
    ] {
        people.post(&token, what, &body).refused(403);
        people.post("", what, &body).refused(401);
    }
}

#[test]
fn where_nobody_registers_and_no_mail_is_sent_that_is_said() {
    let closed = ground_of(|options| options.with_registration(Registration::Closed));
    closed.operator("boss");
    let boss = closed.session("boss");
    let call = |token: &str, what: &str, body: Value| {
        let path = format!("/pierhead/v1/{what}");
        closed.call(token, "POST", &path, &body.to_string())
    };
    let new = json!({ "name": "ana", "password": PASSWORD });
    for told in [
        call("", "registration", new),
        call(&boss, "invitation", json!({})),
    ] {
        assert!(told.refused(403).contains("ask an operator"));
    }
    for (token, what) in [("", "password/reset"), (boss.as_str(), "email")] {
        let told = call(token, what, json!({ "email": "a@example.org" }));
        assert!(told.refused(403).contains("no mail is sent here"));
    }
    // By invitation, unless it is said otherwise.
    let ground = ground();
    let new = json!({ "name": "ana", "password": PASSWORD }).to_string();
    let told = ground.call("", "POST", "/pierhead/v1/registration", &new);
    assert!(told.refused(403).contains("needs an invitation"));
}
