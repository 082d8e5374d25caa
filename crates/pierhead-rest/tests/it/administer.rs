//! Accounts and teams, for who administers them.

use pierhead_policy::Scope;
use serde_json::{Value, json};

use crate::ground::{Reply, ground, text};
use crate::people::login;

#[test]
fn operators_make_accounts_in_person() {
    let ground = ground();
    let olga = ground.operator("olga");
    ground.account("ana", false);
    let (operator, ana) = (ground.session("olga"), ground.session("ana"));
    let path = "/pierhead/v1/account";
    let body = json!({
        "name": "new", "email": "new@example.org", "password": "long enough", "certified": true,
    })
    .to_string();
    let refuse = |token: &str| ground.call(token, "POST", path, &body);
    refuse("").refused(401);
    refuse(&ana).refused(403);
    assert!(refuse(&ground.full(olga)).refused(403).contains("session"));
    let made = ground.call(&operator, "POST", path, &body);
    let id = text(&made.expect(201), "id");
    assert_eq!(
        made.text,
        format!(
            r#"{{"id":"{id}","name":"new","email":"new@example.org","certified":true,"operator":false,"disabled":false,"registered":false}}"#
        )
    );
    refuse(&operator).refused(409);
    let same_address = json!({ "name": "newer", "email": "NEW@example.org" }).to_string();
    ground
        .call(&operator, "POST", path, &same_address)
        .refused(409);
    let session = text(
        &login(&ground, "new@example.org", "long enough").expect(201),
        "accessToken",
    );

    // An account sees itself, operators see all.
    let one = format!("{path}/{id}");
    assert_eq!(ground.get(&session, &one).text, made.text);
    assert_eq!(
        ground.get(&operator, &format!("{path}?name=N.e-w")).text,
        made.text
    );
    let hidden = ground.get(&ana, &one).refused(404);
    assert_eq!(
        ground.get(&ana, &format!("{path}?name=new")).refused(404),
        hidden
    );
    assert_eq!(
        ground.get(&ana, &format!("{path}?name=none")).refused(404),
        hidden
    );
    ground.get("", &one).refused(401);
    for body in [
        json!({}),
        json!({ "name": "Ana" }),
        json!({ "name": "a\r\nb" }),
        json!({ "name": "ok1", "email": "none" }),
        json!({ "name": "ok1", "password": "short" }),
        json!({ "name": "ok1", "certified": "yes" }),
    ] {
        ground
            .call(&operator, "POST", path, &body.to_string())
            .refused(400);
    }
    for bad in ["name=a&name=b", "nextPageToken=x", "prefix=a&prefix=b"] {
        ground.get(&operator, &format!("{path}?{bad}")).refused(400);
    }
    ground.get(&operator, &format!("{path}/olga")).refused(400);
}

#[test]
fn operators_change_accounts_and_that_counts_at_once() {
    let ground = ground();
    ground.operator("olga");
    let ana = ground.account("ana", true);
    ground.account("bob", false);
    let (operator, session) = (ground.session("olga"), ground.session("ana"));
    let one = format!("/pierhead/v1/account/{ana}");
    let put = |what: &str, body: Value| {
        let path = format!("{one}/{what}");
        ground.call(&operator, "PUT", &path, &body.to_string())
    };
    let certified = put("certified", json!({ "value": false })).expect(200);
    assert_eq!(certified["certified"], false);
    let promoted = put("operator", json!({ "value": true })).expect(200);
    assert_eq!(promoted["operator"], true);
    put("password", json!({ "password": "another one" })).expect(200);
    ground.get(&session, &one).refused(401);
    login(&ground, "ana", "another one").expect(201);
    let disabled = put("disabled", json!({ "value": true })).expect(200);
    assert_eq!(disabled["disabled"], true);
    login(&ground, "ana", "another one").refused(401);
    for (what, body) in [
        ("certified", json!({})),
        ("certified", json!({ "value": "true" })),
        ("disabled", json!({ "value": 1 })),
        ("password", json!({ "password": "short" })),
        ("password", json!({ "password": "with a\nbreak" })),
        ("password", json!({ "value": true })),
    ] {
        put(what, body).refused(400);
    }
    let yes = r#"{"value":true}"#;
    let nobody = "/pierhead/v1/account/9999999/certified";
    ground.call(&operator, "PUT", nobody, yes).refused(404);
    let bob = ground.session("bob");
    let path = format!("{one}/operator");
    ground.call(&bob, "PUT", &path, yes).refused(403);
}

#[test]
fn an_operator_who_signs_out_by_a_change_is_told_that_it_was_made() {
    let ground = ground();
    let olga = ground.operator("olga");
    let session = ground.session("olga");
    let path = |what: &str| format!("/pierhead/v1/account/{olga}/{what}");
    ground
        .call(&session, "PUT", &path("operator"), r#"{"value":false}"#)
        .refused(409);
    ground
        .call(&session, "PUT", &path("disabled"), r#"{"value":true}"#)
        .refused(409);
    ground.operator("otto");
    let body = r#"{"password":"another one"}"#;
    ground
        .call(&session, "PUT", &path("password"), body)
        .expect(200);
    ground.get(&session, "/repo/v1/userProfile").refused(401);
    let session = text(
        &login(&ground, "olga", "another one").expect(201),
        "accessToken",
    );
    let done = ground.call(&session, "PUT", &path("disabled"), r#"{"value":true}"#);
    assert_eq!(done.expect(200), json!({}));
    ground.get(&session, "/repo/v1/userProfile").refused(401);
}

#[test]
fn a_team_is_changed_by_who_manages_it() {
    let ground = ground();
    let ana = ground.account("ana", false);
    let bob = ground.account("bob", false);
    let (as_ana, as_bob) = (ground.full(ana), ground.full(bob));
    let path = "/pierhead/v1/team";
    ground
        .call("", "POST", path, r#"{"name":"lab"}"#)
        .refused(401);
    let made = ground.call(&as_ana, "POST", path, r#"{"name":"lab"}"#);
    let id = text(&made.expect(201), "id");
    assert_eq!(
        made.text,
        format!(
            r#"{{"id":"{id}","name":"lab","members":[{{"id":"{ana}","name":"ana","member":false,"manager":true}}],"next":null}}"#
        )
    );
    ground
        .call(&as_bob, "POST", path, r#"{"name":"l-a.b"}"#)
        .refused(409);
    ground
        .call(&as_bob, "POST", path, r#"{"name":"ana"}"#)
        .refused(409);
    for bad in ["{}", r#"{"name":"A"}"#, r#"{"name":null}"#] {
        ground.call(&as_bob, "POST", path, bad).refused(400);
    }
    let one = format!("{path}/{id}");
    for found in [one.as_str(), "/pierhead/v1/team?name=LAB"] {
        assert_eq!(ground.get(&as_bob, found).text, made.text);
    }
    ground.get("", &one).refused(401);
    ground.get(&as_bob, &format!("{path}/{ana}")).refused(404);
    ground
        .get(&as_bob, &format!("{path}?name=none"))
        .refused(404);
    ground.get(&as_bob, path).refused(400);

    let change = |token: &str, method: &str, role: &str, who: &str| {
        ground.call(token, method, &format!("{one}/{role}/{who}"), "")
    };
    let bob_id = bob.to_string();
    change(&as_bob, "PUT", "member", &bob_id).refused(403);
    change(&as_ana, "PUT", "member", "9999999").refused(404);
    change(&as_ana, "PUT", "member", "bob").refused(400);
    change(&as_ana, "GET", "member", &bob_id).refused(405);
    let people = |reply: &Reply| reply.expect(200)["members"].clone();
    let both = json!([
        { "id": ana.to_string(), "name": "ana", "member": false, "manager": true },
        { "id": bob_id, "name": "bob", "member": true, "manager": true },
    ]);
    change(&as_ana, "PUT", "member", &bob_id).expect(200);
    assert_eq!(people(&change(&as_ana, "PUT", "manager", &bob_id)), both);
    change(&as_bob, "DELETE", "manager", &ana.to_string()).expect(200);
    change(&as_ana, "DELETE", "member", &bob_id).refused(403);
    let last = change(&as_bob, "DELETE", "manager", &bob_id);
    assert_eq!(
        people(&last),
        json!([{ "id": bob_id, "name": "bob", "member": true, "manager": false }])
    );
    // Who manages nothing joins nobody, and leaves by itself.
    change(&as_bob, "PUT", "manager", &bob_id).refused(403);
    change(&as_bob, "DELETE", "member", &ana.to_string()).refused(403);
    assert_eq!(
        people(&change(&as_bob, "DELETE", "member", &bob_id)),
        json!([])
    );
    let operator = ground.full(ground.operator("olga"));
    let joined = people(&change(&operator, "PUT", "member", &bob_id));
    assert_eq!(joined[0]["id"], bob_id);
    // A token that cannot read changes, and is shown nothing.
    let writes = ground.token(bob, &[Scope::Modify]);
    let left = change(&writes, "DELETE", "member", &bob_id);
    assert_eq!(left.expect(200), json!({}));
}
