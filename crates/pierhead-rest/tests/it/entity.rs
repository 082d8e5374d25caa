//! Projects and repositories: made, seen, described, listed.

use pierhead_policy::{Level, PrincipalId};
use serde_json::{Value, json};

use crate::ground::{Reply, Scene, ground, scene, text};

#[test]
fn an_entity_is_written_so() {
    let scene = scene();
    let (project, tools, ana) = (&scene.project, &scene.tools, scene.ana);
    let etag = text(
        &scene
            .ground
            .get(&scene.as_vic, &scene.of_tools(""))
            .expect(200),
        "etag",
    );
    let seen = scene.ground.get(&scene.as_vic, &scene.of_tools(""));
    assert_eq!(
        seen.text,
        format!(r#"{{"id":"{tools}","name":"{project}/tools","#)
            + r#""concreteType":"org.sagebionetworks.repo.model.docker.DockerRepository","#
            + &format!(
                r#""etag":"{etag}","createdOn":"2027-01-15T08:00:00.000Z","modifiedOn":"2027-01-15T08:00:00.000Z","createdBy":"{ana}","modifiedBy":"{ana}","#
            )
            + &format!(
                r#""parentId":"{project}","repositoryName":"registry.example:5000/{project}/tools","isManaged":true}}"#
            )
    );
    let seen = scene
        .ground
        .get(&scene.as_vic, &scene.of_project(""))
        .expect(200);
    assert_eq!(
        seen["concreteType"],
        "org.sagebionetworks.repo.model.Project"
    );
    assert_eq!(seen["name"], "Project");
    for absent in ["parentId", "repositoryName", "isManaged", "description"] {
        assert_eq!(seen.get(absent), None, "{absent}");
    }
}

#[test]
fn ids_are_taken_in_three_spellings() {
    let scene = scene();
    let digits = scene.tools.trim_start_matches("syn");
    for id in [
        &scene.tools,
        &scene.tools.to_uppercase(),
        digits,
        &format!("%73yn{digits}"),
    ] {
        let seen = scene
            .ground
            .get(&scene.as_vic, &format!("/repo/v1/entity/{id}"));
        assert_eq!(seen.expect(200)["id"], scene.tools, "{id}");
    }
}

#[test]
fn a_project_is_made_seen_and_described() {
    let ground = ground();
    let ana = ground.full(ground.account("ana", false));
    let body = json!({
        "concreteType": "org.sagebionetworks.repo.model.Project",
        "name": "Genomics", "description": "About genomes", "versionComment": null,
    });
    let made = ground
        .call(&ana, "POST", "/repo/v1/entity", &body.to_string())
        .expect(201);
    let path = format!("/repo/v1/entity/{}", text(&made, "id"));
    assert_eq!(made["name"], "Genomics");
    assert_eq!(made["description"], "About genomes");
    assert_eq!(ground.get(&ana, &path).expect(200), made);

    // What was read is sent back, with everything that only the server changes.
    ground.clock.advance(60);
    let mut sent = made.clone();
    sent["name"] = json!("Proteomics");
    sent["description"] = json!("");
    sent["createdBy"] = json!("1");
    sent["id"] = json!("syn1");
    let put = |sent: &Value| ground.call(&ana, "PUT", &path, &sent.to_string());
    let changed = put(&sent).expect(200);
    assert_eq!(changed["name"], "Proteomics");
    assert_eq!(changed.get("description"), None);
    assert_eq!(changed["createdBy"], made["createdBy"]);
    assert_eq!(changed["id"], made["id"]);
    assert_eq!(changed["modifiedOn"], "2027-01-15T08:01:00.000Z");
    assert_ne!(changed["etag"], made["etag"]);
    put(&sent).refused(412);
    // Nothing sent is nothing changed.
    let same = put(&json!({ "etag": changed["etag"] })).expect(200);
    assert_eq!(same, changed);
    for (member, value) in [
        ("etag", Value::Null),
        ("etag", json!("x")),
        ("parentId", json!("syn4489")),
        ("parentId", json!("nothing")),
        ("name", json!("")),
        ("name", json!("two\r\nlines")),
        ("name", json!(7)),
        ("description", json!("x".repeat(1_001))),
        ("description", json!("\u{0}")),
    ] {
        let mut sent = changed.clone();
        sent[member] = value.clone();
        put(&sent).refused(400);
    }
}

#[test]
fn a_repository_keeps_its_name_and_its_project() {
    let scene = scene();
    let path = scene.of_tools("");
    let read = scene.ground.get(&scene.as_ana, &path).expect(200);
    let put = |sent: &Value| {
        scene
            .ground
            .call(&scene.as_ana, "PUT", &path, &sent.to_string())
    };
    let name = format!("{}/tools", scene.project);
    for (member, value) in [
        ("parentId", json!("syn4489")),
        ("name", json!("other")),
        ("name", json!(format!("{}/other", scene.project))),
        ("repositoryName", json!(format!("{}/other", scene.project))),
        ("repositoryName", json!(format!("elsewhere.example/{name}"))),
        ("repositoryName", json!("")),
    ] {
        let mut sent = read.clone();
        sent["description"] = json!("changed");
        sent[member] = value.clone();
        put(&sent).refused(400);
    }
    assert_eq!(scene.ground.get(&scene.as_ana, &path).expect(200), read);
    let mut sent = read.clone();
    sent["description"] = json!("Tools\nfor all");
    sent["repositoryName"] = json!(name);
    let changed = put(&sent).expect(200);
    assert_eq!(changed["description"], "Tools\nfor all");
    assert_eq!(changed["name"], name);
    // Who may not describe it does not hear what was wrong.
    sent["parentId"] = json!("syn4489");
    sent["etag"] = changed["etag"].clone();
    let told = scene
        .ground
        .call(&scene.as_vic, "PUT", &path, &sent.to_string());
    assert!(told.refused(403).contains("UPDATE"));
    scene
        .ground
        .call(&scene.as_bob, "PUT", &path, &sent.to_string())
        .refused(404);
}

#[test]
fn what_is_no_new_project_is_refused() {
    let ground = ground();
    let ana = ground.full(ground.account("ana", false));
    let kind = "org.sagebionetworks.repo.model.Project";
    let docker = "org.sagebionetworks.repo.model.docker.DockerRepository";
    for body in [
        json!({}),
        json!({ "concreteType": kind }),
        json!({ "name": "x" }),
        json!({ "concreteType": docker, "name": "x" }),
        json!({ "concreteType": kind, "name": "" }),
        json!({ "concreteType": kind, "name": " " }),
        json!({ "concreteType": kind, "name": "a\r\nb" }),
        json!({ "concreteType": kind, "name": "x".repeat(257) }),
        json!({ "concreteType": kind, "name": ["x"] }),
        json!({ "concreteType": kind, "name": "x", "description": "x".repeat(1_001) }),
        json!({ "concreteType": kind, "name": "x", "parentId": "syn1" }),
    ] {
        ground
            .call(&ana, "POST", "/repo/v1/entity", &body.to_string())
            .refused(400);
    }
    let body = json!({ "concreteType": kind, "name": "x" }).to_string();
    ground
        .call("", "POST", "/repo/v1/entity", &body)
        .refused(401);
    let all = ground
        .call(&ana, "POST", "/repo/v1/entity/children", "{}")
        .expect(200);
    assert_eq!(all, json!({ "page": [], "nextPageToken": null }));
}

#[test]
fn the_way_to_a_repository_begins_with_its_project() {
    let scene = scene();
    let kind = "org.sagebionetworks.repo.model";
    let project = json!({
        "id": scene.project, "name": "Project", "type": format!("{kind}.Project"),
    });
    let tools = json!({
        "id": scene.tools, "name": format!("{}/tools", scene.project),
        "type": format!("{kind}.docker.DockerRepository"),
    });
    let way = |path: &str| scene.ground.get(&scene.as_vic, path).expect(200);
    assert_eq!(
        way(&scene.of_tools("/path")),
        json!({ "path": [project, tools] })
    );
    assert_eq!(
        way(&scene.of_project("/path")),
        json!({ "path": [project] })
    );
}

fn children(scene: &Scene, token: &str, body: &Value) -> Reply {
    let path = "/repo/v1/entity/children";
    scene.ground.call(token, "POST", path, &body.to_string())
}

#[test]
fn children_are_pages_of_what_the_caller_sees() {
    let scene = scene();
    // One in two of 250 is not for vic; what is left goes over two pages.
    for number in 0..249 {
        scene.ground.clock.advance(1);
        let name = format!("{}/r{number:03}", scene.project);
        let id = scene.ground.push("ana", &name, "v1");
        if number % 2 == 0 {
            scene.ground.local(id, &[(scene.ana, Level::Administrator)]);
        }
    }
    let everything = |token: &str, sort: &str, direction: &str| {
        let mut names = Vec::new();
        let mut sizes = Vec::new();
        let mut next = Value::Null;
        loop {
            let body = json!({
                "parentId": scene.project, "includeTypes": ["folder", "dockerrepo"],
                "sortBy": sort, "sortDirection": direction, "nextPageToken": next,
            });
            let found = children(&scene, token, &body).expect(200);
            let page = found["page"].as_array().unwrap().clone();
            sizes.push(page.len());
            names.extend(page.iter().map(|child| text(child, "name")));
            next = found["nextPageToken"].clone();
            if next.is_null() {
                return (names, sizes);
            }
        }
    };
    let (mine, sizes) = everything(&scene.as_ana, "NAME", "ASC");
    assert_eq!((mine.len(), sizes), (250, vec![100, 100, 50]));
    assert!(mine.is_sorted());
    let (theirs, sizes) = everything(&scene.as_vic, "NAME", "ASC");
    assert_eq!((theirs.len(), sizes), (125, vec![100, 25]));
    assert!(!theirs.iter().any(|name| name.ends_with("r000")));
    let (created, _) = everything(&scene.as_vic, "CREATED_ON", "ASC");
    assert!(created[0].ends_with("/tools") && created[1].ends_with("/r001"));
    let (mut back, _) = everything(&scene.as_vic, "CREATED_ON", "DESC");
    back.reverse();
    assert_eq!(back, created);
    let (mut back, _) = everything(&scene.as_vic, "NAME", "DESC");
    back.reverse();
    assert_eq!(back, theirs);
}

#[test]
fn children_are_of_the_types_that_are_asked_for() {
    let scene = scene();
    let count = |body: Value| {
        let found = children(&scene, &scene.as_vic, &body).expect(200);
        assert_eq!(found["nextPageToken"], Value::Null);
        found["page"].as_array().unwrap().len()
    };
    let tools = &scene.project;
    assert_eq!(count(json!({ "parentId": tools })), 1);
    assert_eq!(count(json!({ "parentId": tools, "includeTypes": null })), 1);
    assert_eq!(
        count(json!({ "parentId": tools, "includeTypes": ["file"] })),
        0
    );
    assert_eq!(
        count(json!({ "parentId": tools, "includeTypes": ["project"] })),
        0
    );
    assert_eq!(count(json!({ "parentId": scene.tools })), 0);
    assert_eq!(count(json!({ "parentId": null })), 1);
    assert_eq!(count(json!({ "includeTypes": ["dockerrepo"] })), 0);
    assert_eq!(count(json!({ "includeTypes": ["project"] })), 1);
    // What is asked for decides nothing about who may ask.
    let hidden = json!({ "parentId": tools, "includeTypes": [] });
    children(&scene, &scene.as_bob, &hidden).refused(404);

    let other_list = children(&scene, &scene.as_vic, &json!({ "sortBy": "CREATED_ON" }));
    other_list.expect(200);
    for bad in [
        json!({ "parentId": "syn0" }),
        json!({ "parentId": {} }),
        json!({ "includeTypes": "project" }),
        json!({ "sortBy": "name" }),
        json!({ "sortBy": 1 }),
        json!({ "sortDirection": "UP" }),
        json!({ "nextPageToken": "" }),
        json!({ "nextPageToken": "AAAA" }),
        json!({ "nextPageToken": "bm90aGluZw" }),
        json!({ "nextPageToken": 7 }),
    ] {
        children(&scene, &scene.as_vic, &bad).refused(400);
    }
}

#[test]
fn nobody_without_an_account_hears_who_made_something() {
    let scene = scene();
    let public = [
        (PrincipalId::PUBLIC, Level::CanView),
        (scene.ana, Level::Administrator),
    ];
    scene.ground.share(scene.project_id, &public);
    let ana = scene.ana.to_string();
    let body = json!({ "parentId": scene.project });
    let mut told = vec![
        children(&scene, "", &json!({})),
        children(&scene, "", &body),
        scene
            .ground
            .get("", &format!("/pierhead/v1/entity/{}/history", scene.tools)),
        scene.ground.get("", "/repo/v1/trashcan/view"),
        scene.ground.get(
            "",
            &format!("/pierhead/v1/entity/{}/explain?action=pull", scene.tools),
        ),
        scene.ground.get("", "/repo/v1/userProfile"),
    ];
    for rest in [
        "",
        "/path",
        "/dockerTag",
        "/benefactor",
        "/permissions",
        "/access?accessType=READ",
    ] {
        told.push(scene.ground.get("", &scene.of_tools(rest)));
        told.push(scene.ground.get("", &scene.of_project(rest)));
    }
    for reply in told {
        reply.expect(200);
        assert!(!reply.text.contains(&ana), "{}", reply.text);
        assert!(!reply.text.contains("createdBy"), "{}", reply.text);
        assert!(!reply.text.contains("\"ana\""), "{}", reply.text);
    }
    // The list is for who is signed in.
    scene.ground.get("", &scene.of_project("/acl")).refused(401);
}
