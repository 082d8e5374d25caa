//! Looking for something by its name, and with everything that clients want of it.

use pierhead_policy::{Level, PrincipalId};
use serde_json::{Value, json};

use crate::ground::{Reply, Scene, scene, text};

fn find(scene: &Scene, token: &str, parent: &Value, name: &str) -> Reply {
    let body = json!({ "parentId": parent, "entityName": name }).to_string();
    let path = "/repo/v1/entity/child";
    scene.ground.call(token, "POST", path, &body)
}

#[test]
fn a_repository_is_found_in_its_project() {
    let scene = scene();
    let name = format!("{}/tools", scene.project);
    let id = json!({ "id": scene.tools });
    let parents = [
        json!(scene.project),
        json!(scene.project.to_uppercase()),
        json!(scene.project_id.get()),
    ];
    for parent in parents {
        assert_eq!(find(&scene, &scene.as_vic, &parent, &name).expect(200), id);
    }
    let parent = json!(scene.project);
    let hidden = find(&scene, &scene.as_vic, &parent, "none").refused(404);
    for (token, parent, name) in [
        (&scene.as_vic, &parent, name.to_uppercase().as_str()),
        (&scene.as_vic, &parent, "tools"),
        (&scene.as_vic, &parent, ""),
        (&scene.as_vic, &json!(scene.tools), &name),
        (&scene.as_vic, &json!("syn999999"), &name),
        (&scene.as_bob, &parent, &name),
    ] {
        assert_eq!(find(&scene, token, parent, name).refused(404), hidden);
    }
    let own = scene
        .ground
        .push("ana", &format!("{}/own", scene.project), "v1");
    scene
        .ground
        .local(own, &[(scene.ana, Level::Administrator)]);
    let name = format!("{}/own", scene.project);
    find(&scene, &scene.as_ana, &parent, &name).expect(200);
    find(&scene, &scene.as_vic, &parent, &name).refused(404);
    for body in ["{}", r#"{"parentId":"syn1"}"#, r#"{"entityName":null}"#] {
        let path = "/repo/v1/entity/child";
        scene
            .ground
            .call(&scene.as_ana, "POST", path, body)
            .refused(400);
    }
}

#[test]
fn nobody_lures_others_by_the_name_of_a_project() {
    let scene = scene();
    let named = |token: &str| find(&scene, token, &Value::Null, "Project");
    let id = json!({ "id": scene.project });
    // The one that may be seen.
    assert_eq!(named(&scene.as_vic).expect(200), id);
    named(&scene.as_bob).refused(404);
    named("").refused(404);
    // Of several the one of the caller's own making.
    let body = json!({
        "concreteType": "org.sagebionetworks.repo.model.Project", "name": "Project",
    })
    .to_string();
    let make = || {
        let made = scene
            .ground
            .call(&scene.as_bob, "POST", "/repo/v1/entity", &body);
        text(&made.expect(201), "id")
    };
    let one = make();
    assert_eq!(named(&scene.as_bob).expect(200)["id"], one);
    let acl = format!("/repo/v1/entity/{one}/acl");
    let mut list = scene.ground.get(&scene.as_bob, &acl).expect(200);
    let everybody = json!({
        "principalId": PrincipalId::REGISTERED.get(), "accessType": ["READ", "CREATE"],
    });
    list["resourceAccess"]
        .as_array_mut()
        .unwrap()
        .push(everybody);
    scene
        .ground
        .call(&scene.as_bob, "PUT", &acl, &list.to_string())
        .expect(200);
    assert_eq!(named(&scene.as_bob).expect(200)["id"], one);
    named(&scene.as_vic).refused(409);
    // Whose own are several has to say which.
    make();
    named(&scene.as_bob).refused(409);
}

#[test]
fn a_bundle_holds_what_was_asked_for() {
    let scene = scene();
    let bundle = |token: &str, id: &str, body: &Value| {
        let path = format!("/repo/v1/entity/{id}/bundle2");
        scene.ground.call(token, "POST", &path, &body.to_string())
    };
    let all = json!({
        "includeEntity": true, "includeAnnotations": true, "includePermissions": true,
        "includeEntityPath": true, "includeHasChildren": true, "includeFileHandles": true,
        "includeRestrictionInformation": true, "includeThreadCount": true,
    });
    let get = |path: String| scene.ground.get(&scene.as_vic, &path).expect(200);
    for (id, kind, children) in [
        (&scene.project, "project", true),
        (&scene.tools, "dockerrepo", false),
    ] {
        let told = bundle(&scene.as_vic, id, &all).expect(200);
        let path = format!("/repo/v1/entity/{id}");
        let entity = get(path.clone());
        assert_eq!(
            told,
            json!({
                "entity": entity, "entityType": kind,
                "annotations": { "id": id, "etag": entity["etag"], "annotations": {} },
                "permissions": get(format!("{path}/permissions")),
                "path": get(format!("{path}/path")),
                "hasChildren": children,
                "fileHandles": [],
                "restrictionInformation": {
                    "objectId": id, "restrictionDetails": [],
                    "hasUnmetAccessRequirement": false, "restrictionLevel": "OPEN",
                },
            })
        );
        assert_eq!(bundle(&scene.as_vic, id, &json!({})).text, "{}");
        bundle(&scene.as_vic, id, &json!({ "includeEntity": "yes" })).refused(400);
        let hidden = bundle(&scene.as_vic, "syn999999", &all).refused(404);
        assert_eq!(bundle(&scene.as_bob, id, &all).refused(404), hidden);
        let header = get(format!("{path}/type"));
        assert_eq!(header["type"], entity["concreteType"]);
        assert_eq!(header["name"], entity["name"]);
    }
}
