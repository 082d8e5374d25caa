//! The trash can.

use pierhead_policy::Level;
use serde_json::{Value, json};

use crate::ground::{Scene, scene, text};

fn put(scene: &Scene, token: &str, way: &str, id: &str) -> crate::ground::Reply {
    let path = format!("/repo/v1/trashcan/{way}/{id}");
    scene.ground.call(token, "PUT", &path, "")
}

fn view(scene: &Scene, token: &str) -> Value {
    scene
        .ground
        .get(token, "/repo/v1/trashcan/view")
        .expect(200)
}

#[test]
fn what_is_in_the_trash_can_is_written_so() {
    let scene = scene();
    assert_eq!(put(&scene, &scene.as_ana, "trash", &scene.tools).text, "{}");
    let (tools, project, ana) = (&scene.tools, &scene.project, scene.ana);
    let expected = format!(
        r#"{{"results":[{{"entityId":"{tools}","entityName":"{project}/tools","deletedByPrincipalId":"{ana}","deletedOn":"2027-01-15T08:00:00.000Z","originalParentId":"{project}"}}],"totalNumberOfResults":1}}"#
    );
    let found = scene.ground.get(&scene.as_ana, "/repo/v1/trashcan/view");
    assert_eq!(found.text, expected);
    let found = scene.ground.get(
        &scene.as_ana,
        &format!("/pierhead/v1/entity/{project}/trash"),
    );
    assert_eq!(found.text, expected);
    let nothing = json!({ "results": [], "totalNumberOfResults": 0 });
    assert_eq!(view(&scene, &scene.as_vic), nothing);
    assert_eq!(view(&scene, ""), nothing);
}

#[test]
fn everything_about_it_fails_until_it_is_restored() {
    let scene = scene();
    scene.ground.local(
        scene.tools_id,
        &[
            (scene.ana, Level::Administrator),
            (scene.vic, Level::CanDownload),
        ],
    );
    let gone = scene
        .ground
        .get(&scene.as_bob, &scene.of_tools(""))
        .refused(404);
    let before = scene
        .ground
        .get(&scene.as_ana, &scene.of_tools("/acl"))
        .expect(200);
    let trashed = scene.ground.call(
        &scene.as_ana,
        "DELETE",
        &scene.of_tools("?skipTrashCan=true"),
        "",
    );
    assert_eq!(trashed.text, "{}");
    let operator = scene.ground.full(scene.ground.operator("olga"));
    for token in [&scene.as_ana, &scene.as_vic, &operator] {
        for rest in [
            "",
            "/acl",
            "/path",
            "/dockerTag",
            "/permissions",
            "/benefactor",
        ] {
            let told = scene.ground.get(token, &scene.of_tools(rest)).refused(404);
            assert!(told.contains("trash can"), "{told}");
        }
    }
    // Who sees nothing of it sees nothing of its mark either.
    assert_eq!(
        scene
            .ground
            .get(&scene.as_bob, &scene.of_tools(""))
            .refused(404),
        gone
    );
    // Again is the same, for who could undo it.
    put(&scene, &scene.as_ana, "trash", &scene.tools).expect(200);
    put(&scene, &scene.as_vic, "trash", &scene.tools).refused(404);
    put(&scene, &scene.as_vic, "restore", &scene.tools).refused(403);
    put(&scene, &scene.as_bob, "restore", &scene.tools).refused(404);
    put(&scene, "", "restore", &scene.tools).refused(404);
    put(&scene, &scene.as_ana, "restore", &scene.tools).expect(200);
    let after = scene
        .ground
        .get(&scene.as_ana, &scene.of_tools("/acl"))
        .expect(200);
    assert_eq!(after["resourceAccess"], before["resourceAccess"]);
    put(&scene, &scene.as_ana, "restore", &scene.tools).refused(404);
}

#[test]
fn what_was_purged_is_gone_and_its_name_is_free() {
    let scene = scene();
    put(&scene, &scene.as_ana, "purge", &scene.tools).refused(404);
    put(&scene, &scene.as_ana, "trash", &scene.tools).expect(200);
    put(&scene, &scene.as_vic, "purge", &scene.tools).refused(403);
    put(&scene, &scene.as_ana, "purge", &scene.tools).expect(200);
    put(&scene, &scene.as_ana, "purge", &scene.tools).refused(404);
    let name = format!("{}/tools", scene.project);
    let again = scene.ground.push("ana", &name, "v1");
    assert_ne!(again, scene.tools_id);
}

#[test]
fn a_project_takes_what_is_in_it_along() {
    let scene = scene();
    put(&scene, &scene.as_ana, "trash", &scene.project).expect(200);
    scene
        .ground
        .get(&scene.as_ana, &scene.of_tools(""))
        .refused(404);
    put(&scene, &scene.as_ana, "trash", &scene.tools).refused(404);
    let seen = view(&scene, &scene.as_ana);
    assert_eq!(text(&seen["results"][0], "entityId"), scene.project);
    assert_eq!(seen["results"][0]["originalParentId"], Value::Null);
    assert_eq!(seen["totalNumberOfResults"], 1);
    put(&scene, &scene.as_ana, "restore", &scene.project).expect(200);
    scene
        .ground
        .get(&scene.as_ana, &scene.of_tools(""))
        .expect(200);
}

#[test]
fn the_trash_can_is_seen_by_pages_and_only_so_far_as_one_could_restore() {
    let scene = scene();
    for number in 0..5 {
        scene.ground.clock.advance(1);
        let id = scene
            .ground
            .push("ana", &format!("{}/r{number}", scene.project), "v1");
        put(&scene, &scene.as_ana, "trash", &format!("syn{}", id.get())).expect(200);
    }
    let page = |query: &str| {
        let path = format!("/repo/v1/trashcan/view{query}");
        let found = scene.ground.get(&scene.as_ana, &path).expect(200);
        assert_eq!(found["totalNumberOfResults"], 5);
        let names = found["results"].as_array().unwrap().iter();
        let names = names.map(|one| text(one, "entityName").split_off(scene.project.len() + 1));
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(page(""), "r4 r3 r2 r1 r0");
    assert_eq!(page("?offset=1&limit=2"), "r3 r2");
    assert_eq!(page("?offset=9"), "");
    assert_eq!(page("?limit=1000000000"), "r4 r3 r2 r1 r0");
    for bad in ["?limit=-1", "?limit=many", "?offset=-1"] {
        let path = format!("/repo/v1/trashcan/view{bad}");
        scene.ground.get(&scene.as_ana, &path).refused(400);
        let path = format!("/pierhead/v1/entity/{}/trash{bad}", scene.project);
        scene.ground.get(&scene.as_ana, &path).refused(400);
    }
    assert_eq!(view(&scene, &scene.as_vic)["totalNumberOfResults"], 0);
}

#[test]
fn a_project_s_trash_is_for_who_may_share_it() {
    let scene = scene();
    let path = format!("/pierhead/v1/entity/{}/trash", scene.project);
    scene.ground.get(&scene.as_ana, &path).expect(200);
    scene.ground.get(&scene.as_vic, &path).refused(403);
    let hidden = scene.ground.get(&scene.as_bob, &path).refused(404);
    // A repository has none, and whether it is one is nobody's to learn here.
    for id in [&scene.tools, "syn77"] {
        let path = format!("/pierhead/v1/entity/{id}/trash");
        assert_eq!(scene.ground.get(&scene.as_bob, &path).refused(404), hidden);
        assert_eq!(scene.ground.get("", &path).refused(404), hidden);
    }
}
