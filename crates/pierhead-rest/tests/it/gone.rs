//! Accounts and teams that are deleted.

use pierhead_policy::Level;
use serde_json::{Value, json};

use crate::ground::{PASSWORD, ground, scene, text};
use crate::people::login;

fn typed(password: &str) -> String {
    json!({ "password": password }).to_string()
}

#[test]
fn an_account_deletes_itself_by_typing_its_password_once_more() {
    let scene = scene();
    let ground = &scene.ground;
    let session = ground.session("vic");
    let path = format!("/pierhead/v1/account/{}", scene.vic);
    let delete = |token: &str, body: &str| ground.call(token, "DELETE", &path, body);
    for body in [
        "[]",
        "null",
        r#"{"password":1}"#,
        r#"{"passwort":"x"}"#,
        r#"{"password":"x"}}"#,
    ] {
        delete(&session, body).refused(400);
    }
    let by_name = ground.call(&session, "DELETE", "/pierhead/v1/account/vic", "");
    by_name.refused(400);
    delete("", &typed(PASSWORD)).refused(401);
    delete(&scene.as_vic, &typed(PASSWORD)).refused(403);
    for body in ["", "{}", &typed(""), &typed("wrong")] {
        delete(&session, body).refused(403);
    }
    // Of others nothing is told, whether they are there or not.
    let bob = ground.session("bob");
    let refused = delete(&bob, &typed(PASSWORD)).refused(403);
    let nobody = ground.call(&bob, "DELETE", "/pierhead/v1/account/9999999", "");
    assert_eq!(nobody.refused(403), refused);

    assert_eq!(delete(&session, &typed(PASSWORD)).expect(200), json!({}));
    for token in [&session, &scene.as_vic] {
        ground.get(token, "/repo/v1/userProfile").refused(401);
    }
    login(ground, "vic", PASSWORD).refused(401);
    let list = ground.get(&scene.as_ana, &scene.of_project("/acl"));
    let list = list.expect(200)["resourceAccess"].clone();
    assert_eq!(list.as_array().unwrap().len(), 1);
    let profile = format!("/repo/v1/userProfile/{}", scene.vic);
    ground.get(&scene.as_ana, &profile).refused(404);
    let named = "/pierhead/v1/principal?name=vic";
    ground.get(&scene.as_ana, named).refused(404);
    ground.operator("olga");
    let operator = ground.session("olga");
    let again = json!({ "name": "v.ic" }).to_string();
    let made = ground.call(&operator, "POST", "/pierhead/v1/account", &again);
    assert!(made.refused(409).contains("taken"));
    let team = ground.call(&scene.as_ana, "POST", "/pierhead/v1/team", &again);
    team.refused(409);
}

#[test]
fn operators_delete_others_and_stay_one() {
    let scene = scene();
    let ground = &scene.ground;
    let olga = ground.operator("olga");
    let operator = ground.session("olga");
    let path = |id: &dyn std::fmt::Display| format!("/pierhead/v1/account/{id}");
    let delete =
        |id: &dyn std::fmt::Display, body: &str| ground.call(&operator, "DELETE", &path(id), body);
    delete(&9_999_999, "").refused(404);
    let team = ground.call(
        &scene.as_ana,
        "POST",
        "/pierhead/v1/team",
        r#"{"name":"lab"}"#,
    );
    delete(&text(&team.expect(201), "id"), "").refused(404);
    delete(&olga, "").refused(403);
    delete(&olga, &typed(PASSWORD)).refused(409);
    delete(&scene.ana, "").expect(200);
    delete(&scene.ana, "").refused(404);
    ground
        .get(&scene.as_ana, &scene.of_project(""))
        .refused(401);
    // Nobody is left to mend the project.
    let unmended = "/pierhead/v1/project/unmended";
    for (token, status) in [("", 401), (&scene.as_vic, 403)] {
        ground.get(token, unmended).refused(status);
    }
    let project = json!({ "id": scene.project, "name": "Project", "inTrash": false });
    let page = ground.get(&operator, unmended).expect(200);
    assert_eq!(page, json!({ "results": [project], "next": null }));
    ground.project(scene.vic, &[]);
    let more: Vec<_> = (0..3).map(|_| ground.project(scene.vic, &[])).collect();
    delete(&scene.vic, "").expect(200);
    let mut seen = Vec::new();
    let mut after = String::new();
    loop {
        let page = ground.get(&operator, &format!("{unmended}?limit=2{after}"));
        let page = page.expect(200);
        let results = page["results"].as_array().unwrap().clone();
        assert!(results.len() <= 2);
        seen.extend(results.iter().map(|found| text(found, "id")));
        match &page["next"] {
            Value::String(next) => after = format!("&after={next}"),
            _ => break,
        }
    }
    assert_eq!(seen.len(), 5);
    assert_eq!(seen[0], scene.project);
    assert_eq!(seen[4], format!("syn{}", more[2].get()));
    for bad in ["after=x", "limit=-1", "after=syn0"] {
        let path = format!("{unmended}?{bad}");
        ground.get(&operator, &path).refused(400);
    }
}

#[test]
fn a_team_is_deleted_in_person_by_who_manages_it() {
    let ground = ground();
    let [ana, ben] = ["ana", "ben"].map(|name| ground.account(name, false));
    let session = ground.session("ana");
    let made = ground.call(&session, "POST", "/pierhead/v1/team", r#"{"name":"lab"}"#);
    let id = text(&made.expect(201), "id");
    let team = pierhead_policy::PrincipalId::new(id.parse().unwrap());
    let path = format!("/pierhead/v1/team/{id}");
    let member = format!("{path}/member/{ben}");
    ground.call(&session, "PUT", &member, "").expect(200);
    let project = ground.project(ana, &[(team, Level::CanView)]);
    let project = format!("/repo/v1/entity/syn{}", project.get());
    let as_ben = ground.full(ben);
    ground.get(&as_ben, &project).expect(200);
    let delete = |token: &str| ground.call(token, "DELETE", &path, "");
    delete("").refused(401);
    delete(&ground.session("ben")).refused(403);
    delete(&ground.full(ana)).refused(403);
    assert_eq!(delete(&session).expect(200), json!({}));
    delete(&session).refused(404);
    ground.get(&as_ben, &project).refused(404);
    ground.get(&session, &path).refused(404);
    let mine = ground.call(&session, "DELETE", &format!("/pierhead/v1/team/{ana}"), "");
    mine.refused(404);
}
