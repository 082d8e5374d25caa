//! Who is refused, how, and that nothing can be told from it.

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request};
use http_body_util::Empty;
use pierhead_policy::{Level, PrincipalId, Scope};
use serde_json::json;

use crate::ground::{Reply, Scene, scene};

/// Calls about one entity: method, what is behind its id, body.
const ABOUT_ONE: [(&str, &str, &str); 17] = [
    ("GET", "", ""),
    ("PUT", "", r#"{"etag":"0000000000000000-1"}"#),
    ("DELETE", "", ""),
    ("GET", "/path", ""),
    ("GET", "/dockerTag", ""),
    (
        "POST",
        "/dockerCommit",
        r#"{"tag":"v1","digest":"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}"#,
    ),
    ("GET", "/acl", ""),
    ("POST", "/acl", r#"{"resourceAccess":[]}"#),
    (
        "PUT",
        "/acl",
        r#"{"etag":"0000000000000000-1","resourceAccess":[]}"#,
    ),
    ("DELETE", "/acl", ""),
    ("GET", "/benefactor", ""),
    ("GET", "/permissions", ""),
    ("GET", "/access?accessType=READ", ""),
    ("GET", "/explain?action=pull", ""),
    ("GET", "/trash", ""),
    ("GET", "/history", ""),
    ("GET", "/audit", ""),
];

/// All of what is answered about an entity.
fn everything(scene: &Scene, token: &str, id: &str) -> Vec<Reply> {
    let mut told = Vec::new();
    for (method, rest, body) in ABOUT_ONE {
        let path = match rest {
            "/audit" => format!("/pierhead/v1/audit?entity={id}"),
            "/trash" | "/history" | "/explain?action=pull" => {
                format!("/pierhead/v1/entity/{id}{rest}")
            }
            _ => format!("/repo/v1/entity/{id}{rest}"),
        };
        told.push(scene.ground.call(token, method, &path, body));
    }
    for way in ["trash", "restore", "purge"] {
        let path = format!("/repo/v1/trashcan/{way}/{id}");
        told.push(scene.ground.call(token, "PUT", &path, ""));
    }
    let path = "/repo/v1/entity/children";
    let body = json!({ "parentId": id }).to_string();
    told.push(scene.ground.call(token, "POST", path, &body));
    told
}

#[test]
fn what_one_may_not_know_of_is_like_what_is_not_there() {
    let scene = scene();
    let ana = &[(scene.ana, Level::Administrator)];
    scene.ground.share(scene.project_id, ana);
    let local = scene
        .ground
        .push("ana", &format!("{}/local", scene.project), "v1");
    scene.ground.local(local, ana);
    let trashed = scene
        .ground
        .push("ana", &format!("{}/trashed", scene.project), "v1");
    let trashed = format!("syn{}", trashed.get());
    let path = format!("/repo/v1/entity/{trashed}");
    scene
        .ground
        .call(&scene.as_ana, "DELETE", &path, "")
        .expect(200);
    let gone = scene.ground.project(scene.ana, &[]);
    let inside = scene
        .ground
        .push("ana", &format!("syn{}/inside", gone.get()), "v1");
    let path = format!("/repo/v1/entity/syn{}", gone.get());
    scene
        .ground
        .call(&scene.as_ana, "DELETE", &path, "")
        .expect(200);

    let numbers = [local, gone, inside].map(|id| format!("syn{}", id.get()));
    for token in [scene.as_bob.as_str(), ""] {
        let nothing = everything(&scene, token, "syn999999");
        let hidden = nothing[0].refused(404);
        for id in [&scene.project, &scene.tools, &trashed]
            .into_iter()
            .chain(&numbers)
        {
            let told = everything(&scene, token, id);
            for (told, nothing) in told.iter().zip(&nothing) {
                assert_eq!(told.status, nothing.status, "{id}");
                assert_eq!(told.text, nothing.text, "{id}");
                assert_eq!(told.headers, nothing.headers, "{id}");
            }
        }
        for reply in nothing {
            // The record is for who is signed in, whatever is asked of it.
            let expected = if token.is_empty() && reply.status == 401 {
                reply.status
            } else {
                404
            };
            let reason = reply.refused(expected);
            assert!(expected == 401 || reason == hidden, "{reason}");
        }
    }
}

#[test]
fn whoever_may_know_is_told_the_rule_and_what_would_help() {
    let scene = scene();
    let told = scene
        .ground
        .call(&scene.as_vic, "DELETE", &scene.of_tools(""), "");
    assert_eq!(
        told.refused(403),
        "deleting here needs DELETE in its sharing settings; \
         ask its administrator for `can-edit-and-delete`"
    );
    let etag = r#"{"etag":"0000000000000000-1"}"#;
    let told = scene
        .ground
        .call(&scene.as_vic, "PUT", &scene.of_tools(""), etag);
    assert!(told.refused(403).starts_with("changing this needs UPDATE"));
    // Nobody signed in, where anyone sees it: to sign in would help.
    scene.ground.share(
        scene.project_id,
        &[
            (scene.ana, Level::Administrator),
            (PrincipalId::PUBLIC, Level::CanView),
        ],
    );
    let told = scene.ground.call("", "DELETE", &scene.of_tools(""), "");
    assert_eq!(
        told.refused(401),
        "this needs somebody who is signed in; sign in"
    );
    scene.ground.get("", &scene.of_tools("")).expect(200);
    let about_ana = format!(
        "/pierhead/v1/entity/{}/explain?action=pull&account={}",
        scene.tools, scene.ana
    );
    scene.ground.get("", &about_ana).refused(401);
}

#[test]
fn who_holds_what_is_asked_is_no_stranger() {
    let scene = scene();
    let etag = |path: &str| scene.ground.get(&scene.as_ana, path).expect(200)["etag"].clone();
    let acl = scene.of_project("/acl");
    let body = json!({ "etag": etag(&acl), "resourceAccess": [
        { "principalId": scene.ana.get(), "accessType": ["READ", "CHANGE_PERMISSIONS", "UPDATE", "DELETE"] },
        { "principalId": scene.vic.get(), "accessType": ["DELETE", "UPDATE"] },
    ] });
    scene
        .ground
        .call(&scene.as_ana, "PUT", &acl, &body.to_string())
        .expect(200);
    // Without READ, what one may do works, and nothing else is there.
    scene
        .ground
        .get(&scene.as_vic, &scene.of_tools(""))
        .refused(404);
    let body =
        json!({ "etag": etag(&scene.of_tools("")), "description": "d", "parentId": scene.project });
    let path = scene.of_tools("");
    let done = scene
        .ground
        .call(&scene.as_vic, "PUT", &path, &body.to_string());
    assert_eq!(done.expect(200), json!({ "id": scene.tools }));
    scene
        .ground
        .call(&scene.as_vic, "PUT", &path, &body.to_string())
        .refused(412);
    let access = scene.of_tools("/access?accessType=DELETE");
    scene.ground.get(&scene.as_vic, &access).expect(200);
    scene
        .ground
        .call(&scene.as_ana, "DELETE", &path, "")
        .expect(200);
    let purge = format!("/repo/v1/trashcan/purge/{}", scene.tools);
    scene
        .ground
        .call(&scene.as_vic, "PUT", &purge, "")
        .refused(403);
    scene
        .ground
        .call(&scene.as_bob, "PUT", &purge, "")
        .refused(404);
}

#[test]
fn a_credential_is_asked_for_its_scopes_before_anything_is_looked_at() {
    let scene = scene();
    let view = scene.ground.token(scene.ana, &[Scope::View]);
    let modify = scene.ground.token(scene.ana, &[Scope::Modify]);
    let download = scene.ground.token(scene.ana, &[Scope::Download]);
    for id in [scene.tools.as_str(), "syn999999"] {
        let path = format!("/repo/v1/entity/{id}");
        for token in [&modify, &download] {
            let told = scene.ground.get(token, &path).refused(403);
            assert_eq!(
                told,
                "the credential lacks the scope `view`; make a token with the scope `view` and use that"
            );
        }
        for token in [&view, &download] {
            let told = scene.ground.call(token, "DELETE", &path, "").refused(403);
            assert!(told.contains("`modify`"), "{told}");
        }
    }
    for path in [
        "/repo/v1/userProfile",
        "/repo/v1/trashcan/view",
        "/pierhead/v1/team?name=x",
        "/pierhead/v1/account?name=x",
        "/pierhead/v1/audit",
        "/pierhead/v1/explain?action=create-project",
    ] {
        let told = scene.ground.get(&modify, path).refused(403);
        assert!(told.contains("`view`"), "{told}");
    }
    // What it makes it is told of, though it cannot read.
    let body = r#"{"concreteType":"org.sagebionetworks.repo.model.Project","name":"Made"}"#;
    let made = scene.ground.call(&modify, "POST", "/repo/v1/entity", body);
    assert_eq!(made.expect(201)["name"], "Made");
    let told = scene
        .ground
        .call(&view, "POST", "/repo/v1/entity", body)
        .refused(403);
    assert!(told.contains("`modify`"), "{told}");
    let team = scene
        .ground
        .call(&modify, "POST", "/pierhead/v1/team", r#"{"name":"lab"}"#);
    team.expect(201);
}

#[test]
fn what_is_no_good_credential_is_401() {
    let scene = scene();
    let path = "/repo/v1/userProfile";
    let send = |headers: &[&[u8]]| {
        let mut request = Request::get(path);
        for header in headers {
            request = request.header(AUTHORIZATION, HeaderValue::from_bytes(header).unwrap());
        }
        scene
            .ground
            .send(request.body(Empty::<bytes::Bytes>::new()).unwrap())
    };
    let good = format!("Bearer {}", scene.as_ana);
    send(&[good.as_bytes()]).expect(200);
    send(&[format!("bEARER   {} ", scene.as_ana).as_bytes()]).expect(200);
    send(&[]).expect(200);
    let long = format!("Bearer {}", "x".repeat(20_000));
    let altered = good.replace("php_", "phs_");
    for headers in [
        &[&b""[..]][..],
        &[b"Bearer"],
        &[b"Bearer "],
        &[b"Bearer x"],
        &[b"Bearer php_"],
        &[b"Bearer \xff"],
        &[b"Basic YW5hOmNvcnJlY3QgaG9yc2U="],
        &[scene.as_ana.as_bytes()],
        &[format!("{good} x").as_bytes()],
        &[long.as_bytes()],
        &[altered.as_bytes()],
        &[b"Bearer eyJhbGciOiJFUzI1NiJ9.e30.c2ln"],
        &[good.as_bytes(), good.as_bytes()],
    ] {
        send(headers).refused(401);
    }
    // Everything else is said first: what is malformed is malformed for everybody.
    let bad = "php_unknown";
    scene.ground.get(bad, "/repo/v1/nothing").refused(404);
    scene.ground.call(bad, "PATCH", path, "").refused(405);
    scene.ground.get(bad, "/repo/v1/entity/syn0").refused(400);
    scene
        .ground
        .call(bad, "POST", "/repo/v1/entity", "{")
        .refused(400);
    scene
        .ground
        .get(bad, "/repo/v1/trashcan/view?limit=x")
        .refused(400);
    scene.ground.get(bad, "/repo/v1/entity/syn1").refused(401);
}

#[test]
fn a_disabled_account_and_a_revoked_token_are_nobody_s() {
    let scene = scene();
    let projects = &scene.ground.projects;
    let session = scene.ground.session("vic");
    futures::executor::block_on(projects.set_disabled(&crate::ground::server(), scene.vic, true))
        .unwrap();
    for token in [&session, &scene.as_vic] {
        scene.ground.get(token, &scene.of_tools("")).refused(401);
    }
}

#[test]
fn an_outage_says_nothing_of_what_is_inside() {
    let scene = scene();
    futures::executor::block_on(scene.ground.store.close()).unwrap();
    let told = [
        scene
            .ground
            .call(&scene.as_ana, "DELETE", &scene.of_tools(""), ""),
        scene.ground.call(
            &scene.as_ana,
            "PUT",
            &format!("/repo/v1/trashcan/trash/{}", scene.tools),
            "",
        ),
    ];
    for told in told {
        assert_eq!(told.refused(503), "this cannot be answered now; try again");
        assert_eq!(told.header("retry-after"), Some("1"));
        assert!(told.fault);
    }
}
