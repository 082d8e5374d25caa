//! References to repositories in other registries.

use serde_json::{Value, json};

use crate::ground::{Reply, Scene, scene, text};

const DOCKER: &str = "org.sagebionetworks.repo.model.docker.DockerRepository";
const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const UBUNTU: &str = "docker.io/library/ubuntu";

impl Scene {
    fn refer(&self, token: &str, body: &Value) -> Reply {
        let path = "/repo/v1/entity";
        self.ground.call(token, "POST", path, &body.to_string())
    }

    /// What the platform's own client sends.
    fn reference(&self) -> Value {
        json!({
            "concreteType": DOCKER, "parentId": self.project, "repositoryName": UBUNTU,
            "versionComment": null,
        })
    }

    fn referred(&self) -> Value {
        self.refer(&self.as_ana, &self.reference()).expect(201)
    }
}

#[test]
fn a_reference_is_made_and_answered_in_the_shape_of_a_repository() {
    let scene = scene();
    let made = scene.referred();
    let id = text(&made, "id");
    assert_eq!(
        made,
        json!({
            "id": id, "name": UBUNTU, "concreteType": DOCKER, "parentId": scene.project,
            "repositoryName": UBUNTU, "isManaged": false,
            "etag": text(&made, "etag"), "createdOn": "2027-01-15T08:00:00.000Z",
            "modifiedOn": "2027-01-15T08:00:00.000Z", "createdBy": scene.ana.to_string(),
            "modifiedBy": scene.ana.to_string(),
        })
    );
    let one = format!("/repo/v1/entity/{id}");
    assert_eq!(scene.ground.get(&scene.as_ana, &one).expect(200), made);
    let children = json!({ "parentId": scene.project, "includeTypes": ["dockerrepo"] });
    let path = "/repo/v1/entity/children";
    let page = scene
        .ground
        .call(&scene.as_vic, "POST", path, &children.to_string());
    let page = page.expect(200)["page"].clone();
    let shown: Vec<&Value> = page.as_array().unwrap().iter().collect();
    assert_eq!(shown.len(), 2);
    assert_eq!(shown[0]["id"], id);
    assert_eq!(
        (&shown[0]["type"], &shown[0]["name"]),
        (&json!(DOCKER), &json!(UBUNTU))
    );
    let find = format!("/repo/v1/entity/dockerRepo/id?repositoryName={UBUNTU}");
    scene.ground.get(&scene.as_ana, &find).refused(400);
    let find = format!("/repo/v1/entity/dockerRepo/id?repositoryName={id}/x");
    scene.ground.get(&scene.as_ana, &find).refused(404);
}

#[test]
fn what_is_no_reference_is_refused() {
    let scene = scene();
    let changed = |change: Value| {
        let mut body = scene.reference();
        let members = body.as_object_mut().unwrap();
        members.extend(change.as_object().unwrap().clone());
        body
    };
    for bad in [
        json!({ "concreteType": "org.sagebionetworks.repo.model.Folder" }),
        json!({ "repositoryName": null }),
        json!({ "repositoryName": "ubuntu" }),
        json!({ "repositoryName": "docker.io/library/ubuntu:22.04" }),
        json!({ "repositoryName": format!("{}/new", scene.project) }),
        json!({ "repositoryName": format!("registry.example/{}/new", scene.project) }),
        json!({ "repositoryName": "registry.example:443/a" }),
        json!({ "parentId": null }),
        json!({ "parentId": "x" }),
        json!({ "name": "my ubuntu" }),
        json!({ "description": "a\u{0}b" }),
    ] {
        let body = changed(bad);
        let reply = scene.refer(&scene.as_ana, &body);
        assert_eq!(reply.status, 400, "{body}: {}", reply.text);
    }
    let without = json!({ "concreteType": "org.sagebionetworks.repo.model.Project" });
    scene.refer(&scene.as_ana, &without).refused(400);
    scene
        .refer(&scene.as_ana, &changed(json!({ "name": UBUNTU })))
        .expect(201);
    // Who sees the project is told why, who does not is told nothing.
    scene.refer(&scene.as_vic, &scene.reference()).refused(403);
    let hidden = scene.refer(&scene.as_bob, &scene.reference()).refused(404);
    for parent in ["syn77", &scene.tools] {
        let body = changed(json!({ "parentId": parent }));
        for token in [&scene.as_ana, &scene.as_bob] {
            assert_eq!(scene.refer(token, &body).refused(404), hidden);
        }
    }
    assert_eq!(scene.refer("", &scene.reference()).refused(404), hidden);
}

#[test]
fn tags_are_recorded_and_listed() {
    let scene = scene();
    let id = text(&scene.referred(), "id");
    let of = |id: &str, rest: &str| format!("/repo/v1/entity/{id}/{rest}");
    let commit = |token: &str, id: &str, body: &Value| {
        let path = of(id, "dockerCommit");
        scene.ground.call(token, "POST", &path, &body.to_string())
    };
    let body = json!({ "tag": "22.04", "digest": DIGEST, "createdOn": null });
    assert_eq!(commit(&scene.as_ana, &id, &body).expect(201), json!({}));
    for bad in [
        json!({}),
        json!({ "tag": "22.04" }),
        json!({ "tag": "a b", "digest": DIGEST }),
        json!({ "tag": "", "digest": DIGEST }),
        json!({ "tag": "v1", "digest": "sha256:00" }),
        json!({ "tag": "v1", "digest": DIGEST.to_uppercase() }),
        json!({ "tag": "v1", "digest": format!("md5:{}", "0".repeat(32)) }),
    ] {
        commit(&scene.as_ana, &id, &bad).refused(400);
    }
    commit(&scene.as_vic, &id, &body).refused(403);
    let hidden = commit(&scene.as_bob, &id, &body).refused(404);
    for nothing in ["syn77", &scene.tools, &scene.project] {
        assert_eq!(commit(&scene.as_bob, nothing, &body).refused(404), hidden);
    }
    let managed = commit(&scene.as_ana, &scene.tools, &body).refused(400);
    assert!(managed.contains("pushed"), "{managed}");
    let tags = scene.ground.get(&scene.as_vic, &of(&id, "dockerTag"));
    assert_eq!(
        tags.expect(200),
        json!({ "totalNumberOfResults": 1, "results": [{
            "repositoryId": id, "tag": "22.04", "digest": DIGEST,
            "createdOn": "2027-01-15T08:00:00.000Z", "size": null, "platforms": [],
        }]})
    );
    let history = format!("/pierhead/v1/entity/{id}/history");
    let history = scene.ground.get(&scene.as_vic, &history).expect(200);
    assert_eq!(history["results"][0]["who"], scene.ana.to_string());
    assert_eq!(history["results"][0]["digest"], DIGEST);
}

#[test]
fn a_reference_is_changed_where_a_repository_is_not() {
    let scene = scene();
    let made = scene.referred();
    let id = text(&made, "id");
    let put = |id: &str, body: &Value| {
        let path = format!("/repo/v1/entity/{id}");
        let token = &scene.as_ana;
        scene.ground.call(token, "PUT", &path, &body.to_string())
    };
    let mut changed = made.clone();
    changed["repositoryName"] = json!("quay.io/a/b");
    changed["description"] = json!("another");
    let after = put(&id, &changed).expect(200);
    assert_eq!(after["repositoryName"], "quay.io/a/b");
    assert_eq!(after["name"], "quay.io/a/b");
    assert_eq!(after["description"], "another");
    put(&id, &changed).refused(412);
    let with = |member: &str, value: &str| {
        let mut body = after.clone();
        body[member] = json!(value);
        body
    };
    for (member, value) in [
        ("repositoryName", "b"),
        ("repositoryName", "registry.example/a"),
        ("repositoryName", "syn101/tools"),
        ("name", "mine"),
        ("parentId", "syn77"),
    ] {
        put(&id, &with(member, value)).refused(400);
    }
    let tools = scene.ground.get(&scene.as_ana, &scene.of_tools(""));
    let mut tools = tools.expect(200);
    tools["description"] = json!("tools");
    tools = put(&scene.tools, &tools).expect(200);
    for other in [UBUNTU, "registry.example/syn77/tools", "syn77/tools"] {
        let mut body = tools.clone();
        body["repositoryName"] = json!(other);
        put(&scene.tools, &body).refused(400);
    }
}

#[test]
fn a_reference_is_explained_and_holds_nothing_to_pull() {
    let scene = scene();
    let id = text(&scene.referred(), "id");
    let ask = |of: &str, action: &str| {
        let path = format!("/pierhead/v1/entity/{of}/explain?action={action}");
        let told = scene.ground.get(&scene.as_ana, &path).expect(200);
        text(&told, "decision")
    };
    for (of, action, decision) in [
        (&id, "pull", "deny"),
        (&id, "push", "deny"),
        (&id, "change-external-reference", "allow"),
        (&id, "create-external-reference", "deny"),
        (&id, "change-sharing", "allow"),
        (&scene.tools, "pull", "allow"),
        (&scene.tools, "change-external-reference", "deny"),
        (&scene.project, "create-external-reference", "allow"),
    ] {
        assert_eq!(ask(of, action), decision, "{action} on {of}");
    }
    let path = format!("/pierhead/v1/entity/{id}/retire");
    let body = r#"{"newest":1,"dryRun":true}"#;
    let told = scene.ground.call(&scene.as_ana, "POST", &path, body);
    assert_eq!(told.expect(200)["results"], json!([]));
    for way in ["trash", "restore", "trash", "purge"] {
        let path = format!("/repo/v1/trashcan/{way}/{id}");
        scene
            .ground
            .call(&scene.as_ana, "PUT", &path, "")
            .expect(200);
    }
    let one = format!("/repo/v1/entity/{id}");
    scene.ground.get(&scene.as_ana, &one).refused(404);
}
