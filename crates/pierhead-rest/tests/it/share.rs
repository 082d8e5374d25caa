//! Sharing settings.

use pierhead_policy::{Level, Options, PrincipalId, Scope};
use serde_json::{Value, json};

use crate::ground::{Reply, Scene, ground_with, scene, text};

const ALL: [&str; 8] = [
    "READ",
    "DOWNLOAD",
    "CREATE",
    "UPDATE",
    "DELETE",
    "CHANGE_PERMISSIONS",
    "CHANGE_SETTINGS",
    "MODERATE",
];

fn acl(scene: &Scene, token: &str, method: &str, body: &Value) -> Reply {
    let path = scene.of_tools("/acl");
    scene.ground.call(token, method, &path, &body.to_string())
}

fn entry(who: PrincipalId, permissions: &[&str]) -> Value {
    json!({ "principalId": who.get(), "accessType": permissions })
}

#[test]
fn a_list_is_written_so() {
    let scene = scene();
    let found = scene.ground.get(&scene.as_vic, &scene.of_project("/acl"));
    let etag = text(&found.expect(200), "etag");
    let all = ALL.map(|name| format!("{name:?}")).join(",");
    assert_eq!(
        found.text,
        format!(
            r#"{{"id":"{}","creationDate":"2027-01-15T08:00:00.000Z","etag":"{etag}","resourceAccess":[{{"principalId":{},"accessType":[{all}]}},{{"principalId":{},"accessType":["READ"]}}]}}"#,
            scene.project, scene.ana, scene.vic
        )
    );
}

#[test]
fn a_repository_gets_a_list_of_its_own_and_loses_it() {
    let scene = scene();
    let none = acl(&scene, &scene.as_vic, "GET", &Value::Null).refused(404);
    assert_eq!(
        none,
        format!(
            "The requested ACL does not exist. This entity inherits its permissions from: {}",
            scene.project
        )
    );
    let benefactor = || {
        let found = scene
            .ground
            .get(&scene.as_ana, &scene.of_tools("/benefactor"));
        let found = found.expect(200);
        (text(&found, "id"), text(&found, "name"))
    };
    assert_eq!(benefactor(), (scene.project.clone(), "Project".to_owned()));

    // Numbers as texts, an order of one's own, members that only the server sets.
    let sent = json!({ "id": scene.tools, "etag": "anything", "resourceAccess": [
        { "principalId": scene.vic.to_string(), "accessType": ["DOWNLOAD", "READ", "READ"] },
        entry(scene.ana, &ALL),
    ] });
    let made = acl(&scene, &scene.as_ana, "POST", &sent).expect(201);
    assert_eq!(made["id"], scene.tools);
    assert_eq!(
        made["resourceAccess"],
        json!([
            entry(scene.ana, &ALL),
            entry(scene.vic, &["READ", "DOWNLOAD"])
        ])
    );
    assert_eq!(
        acl(&scene, &scene.as_vic, "GET", &Value::Null).expect(200),
        made
    );
    assert_eq!(benefactor().0, scene.tools);
    acl(&scene, &scene.as_ana, "POST", &sent).refused(403);

    let mut sent = made.clone();
    sent["resourceAccess"] = json!([entry(scene.ana, &ALL)]);
    let replaced = acl(&scene, &scene.as_ana, "PUT", &sent).expect(200);
    assert_ne!(replaced["etag"], made["etag"]);
    assert_eq!(replaced["creationDate"], made["creationDate"]);
    acl(&scene, &scene.as_ana, "PUT", &sent).refused(412);
    acl(&scene, &scene.as_vic, "GET", &Value::Null).refused(404);

    assert_eq!(
        acl(&scene, &scene.as_ana, "DELETE", &Value::Null).text,
        "{}"
    );
    assert_eq!(benefactor().0, scene.project);
    let again = acl(&scene, &scene.as_ana, "DELETE", &Value::Null).refused(403);
    assert_eq!(again, "Resource already inherits its permissions.");
    sent["etag"] = replaced["etag"].clone();
    acl(&scene, &scene.as_ana, "PUT", &sent).refused(403);
    let of_project = scene.of_project("/acl");
    scene
        .ground
        .call(&scene.as_ana, "DELETE", &of_project, "")
        .refused(403);
}

#[test]
fn a_list_that_cannot_be_is_refused() {
    let scene = scene();
    let mine = entry(scene.ana, &ALL);
    let unknown = PrincipalId::new(9_999_999);
    for list in [
        json!([mine, entry(unknown, &["READ"])]),
        json!([mine, mine]),
        json!([mine, entry(scene.vic, &[])]),
        json!([mine, entry(PrincipalId::ANONYMOUS, &["READ"])]),
        json!([mine, entry(PrincipalId::PUBLIC, &["READ", "DOWNLOAD"])]),
        json!([mine, entry(scene.vic, &["read"])]),
        json!([mine, entry(scene.vic, &["OWNER"])]),
        json!([mine, [scene.vic.get(), ["READ"]]]),
        json!([mine, { "principalId": -1, "accessType": ["READ"] }]),
        json!([mine, { "principalId": "vic", "accessType": ["READ"] }]),
        json!([mine, { "principalId": scene.vic.get() }]),
        json!([mine, { "accessType": ["READ"] }]),
        json!([mine, { "principalId": scene.vic.get(), "accessType": "READ" }]),
        json!([entry(scene.vic, &ALL)]),
        json!([]),
        json!({}),
        Value::Null,
    ] {
        acl(
            &scene,
            &scene.as_ana,
            "POST",
            &json!({ "resourceAccess": list }),
        )
        .refused(400);
    }
    acl(&scene, &scene.as_ana, "POST", &json!({})).refused(400);
    let etag = text(
        &scene
            .ground
            .get(&scene.as_ana, &scene.of_project("/acl"))
            .expect(200),
        "etag",
    );
    let put = |body: Value| {
        let path = scene.of_project("/acl");
        scene
            .ground
            .call(&scene.as_ana, "PUT", &path, &body.to_string())
    };
    put(json!({ "resourceAccess": [mine] })).refused(400);
    put(json!({ "etag": null, "resourceAccess": [mine] })).refused(400);
    put(json!({ "etag": "x", "resourceAccess": [mine] })).refused(400);
    put(json!({ "etag": etag, "resourceAccess": [entry(scene.ana, &["READ"])] })).refused(400);
    put(json!({ "etag": etag, "resourceAccess": [mine] })).expect(200);
}

/// Whether something may be done at all is said before what is wrong with the list.
#[test]
fn a_list_in_the_wrong_place_is_refused_before_its_content_is() {
    let scene = scene();
    let unknown = json!([entry(PrincipalId::new(9_999_999), &["READ"])]);
    let bad = json!({ "etag": "0000000000000000-1", "resourceAccess": unknown });
    acl(&scene, &scene.as_ana, "PUT", &bad).refused(403);
    acl(&scene, &scene.as_vic, "POST", &bad).refused(403);
    acl(&scene, &scene.as_bob, "POST", &bad).refused(404);
    scene
        .ground
        .local(scene.tools_id, &[(scene.ana, Level::Administrator)]);
    acl(&scene, &scene.as_ana, "POST", &bad).refused(403);
    acl(&scene, &scene.as_ana, "PUT", &bad).refused(412);
}

#[test]
fn letting_everybody_download_needs_certification() {
    let scene = scene();
    let cat = scene.ground.account("cat", false);
    let token = scene.ground.full(cat);
    let everybody = json!({ "resourceAccess": [
        entry(cat, &ALL),
        entry(PrincipalId::REGISTERED, &["READ", "DOWNLOAD"]),
    ] });
    scene.ground.share(
        scene.project_id,
        &[
            (scene.ana, Level::Administrator),
            (cat, Level::Administrator),
        ],
    );
    acl(&scene, &token, "POST", &everybody).refused(403);
    let mut mine = everybody.clone();
    mine["resourceAccess"][0] = entry(scene.ana, &ALL);
    acl(&scene, &scene.as_ana, "POST", &mine).expect(201);
}

#[test]
fn who_gives_a_right_up_is_told_what_was_done() {
    let scene = scene();
    let etag = text(
        &scene
            .ground
            .get(&scene.as_ana, &scene.of_project("/acl"))
            .expect(200),
        "etag",
    );
    let list = json!([entry(scene.ana, &["DOWNLOAD"]), entry(scene.vic, &ALL)]);
    let body = json!({ "etag": etag, "resourceAccess": list }).to_string();
    // With a token that cannot read, too.
    let token = scene.ground.token(scene.ana, &[Scope::Modify]);
    let path = scene.of_project("/acl");
    let done = scene.ground.call(&token, "PUT", &path, &body).expect(200);
    assert_eq!(done["resourceAccess"], list);
    scene.ground.get(&scene.as_ana, &path).refused(404);
}

fn permissions(scene: &Scene, token: &str, path: &str) -> Vec<String> {
    let found = scene.ground.get(token, path).expect(200);
    let members = found.as_object().unwrap().iter();
    let held = members.filter(|(_, value)| **value == json!(true));
    held.map(|(name, _)| name.clone()).collect()
}

#[test]
fn callers_are_told_what_they_may() {
    let scene = scene();
    let (project, tools) = (
        scene.of_project("/permissions"),
        scene.of_tools("/permissions"),
    );
    assert_eq!(
        permissions(&scene, &scene.as_ana, &project),
        [
            "canAddChild",
            "canCertifiedUserAddChild",
            "canCertifiedUserEdit",
            "canChangePermissions",
            "canChangeSettings",
            "canDelete",
            "canDownload",
            "canEdit",
            "canModerate",
            "canUpload",
            "canView",
            "isCertificationRequired",
            "isCertifiedUser",
        ]
    );
    let on_tools = permissions(&scene, &scene.as_ana, &tools);
    assert!(on_tools.contains(&"canUpload".to_owned()));
    assert!(!on_tools.contains(&"canAddChild".to_owned()));
    assert!(on_tools.contains(&"canEnableInheritance".to_owned()));
    assert_eq!(
        permissions(&scene, &scene.as_vic, &tools),
        ["canView", "isCertificationRequired"]
    );
    scene.ground.get(&scene.as_bob, &tools).refused(404);
    scene.ground.get("", &tools).refused(404);
    let seen = scene.ground.get(&scene.as_vic, &tools).expect(200);
    assert_eq!(seen["ownerPrincipalId"], scene.ana.get());
    assert_eq!(seen["isEntityOpenData"], false);
    // Somebody who is not certified makes nothing new, and pushes to what is there.
    let cat = scene.ground.account("cat", false);
    let token = scene.ground.full(cat);
    scene.ground.share(
        scene.project_id,
        &[
            (scene.ana, Level::Administrator),
            (cat, Level::CanEdit),
            (PrincipalId::PUBLIC, Level::CanView),
        ],
    );
    let held = permissions(&scene, &token, &project);
    assert!(!held.contains(&"canAddChild".to_owned()) && !held.contains(&"canUpload".to_owned()));
    assert!(held.contains(&"canCertifiedUserAddChild".to_owned()));
    assert!(permissions(&scene, &token, &tools).contains(&"canUpload".to_owned()));
    assert_eq!(
        permissions(&scene, "", &tools),
        ["canPublicRead", "canView", "isCertificationRequired"]
    );
}

#[test]
fn one_permission_is_asked_about_by_its_name() {
    let scene = scene();
    let holds = |token: &str, name: &str| {
        let path = scene.of_tools(&format!("/access?accessType={name}"));
        scene.ground.get(token, &path)
    };
    assert_eq!(holds(&scene.as_vic, "READ").text, r#"{"result":true}"#);
    assert_eq!(holds(&scene.as_vic, "DOWNLOAD").text, r#"{"result":false}"#);
    assert_eq!(
        holds(&scene.as_ana, "MODERATE").expect(200),
        json!({ "result": true })
    );
    holds(&scene.as_bob, "READ").refused(404);
    for bad in ["", "read", "UPLOAD", "READ&accessType=READ"] {
        holds(&scene.as_vic, bad).refused(400);
    }
    scene
        .ground
        .get(&scene.as_vic, &scene.of_tools("/access"))
        .refused(400);
}

#[test]
fn public_may_pull_where_that_is_switched_on() {
    let policy = Options {
        public_download: true,
        ..Options::default()
    };
    let ground = ground_with(policy);
    let ana = ground.account("ana", true);
    let project = ground.project(ana, &[(PrincipalId::PUBLIC, Level::CanDownload)]);
    let path = format!(
        "/repo/v1/entity/syn{}/access?accessType=DOWNLOAD",
        project.get()
    );
    assert_eq!(ground.get("", &path).expect(200), json!({ "result": true }));
}
