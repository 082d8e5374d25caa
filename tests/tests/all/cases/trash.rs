//! The trash can.

use pierhead_tests::{ALL, Account, Api, DOWNLOAD, EDIT, EDIT_AND_DELETE, Tiny};
use serde_json::Value;

use super::{Ground, TAG, push_by};

#[test]
fn what_is_in_the_trash_refuses_everybody_and_ends_what_was_under_way() {
    let ground = Ground::new();
    let (tools, manager) = (&ground.tools, &ground.manager);
    let home = ground.name("home");
    let editor = ground.certified(EDIT);
    assert_eq!(ground.push(&editor, &home), 201);
    let people = [&editor, &ground.owner, &manager.operator];
    let apis = people.map(|who| manager.registry(who, &[tools, &home]));
    let begun = apis
        .each_ref()
        .map(|api| (Tiny::of("begun before"), upload(api, tools)));
    for api in &apis {
        assert_eq!(ground.pull_by(api, tools), 200);
        mount(&ground, api, &home, 201);
    }
    manager
        .trashcan(&ground.owner, "trash", &ground.tools_id)
        .expect(200);

    for ((who, api), (image, location)) in people.into_iter().zip(&apis).zip(&begun) {
        assert_eq!(ground.pull_by(api, tools), 403, "{}", who.name);
        assert_eq!(ground.pull(who, tools), 403, "{}", who.name);
        assert_eq!(push_by(api, tools), 403, "{}", who.name);
        let manifest = format!("/v2/{tools}/manifests/{TAG}");
        for method in ["HEAD", "DELETE"] {
            api.send(method, &manifest, &[], &[]).expect(403);
        }
        let close = format!("{location}?digest={}", image.blob_digest());
        api.send("GET", location, &[], &[]).expect(403);
        api.send("PATCH", location, &[], b"more").expect(403);
        api.send("PUT", &close, &[], &image.blob).expect(403);
        mount(&ground, api, &home, 202);
        assert_hidden(&ground, who);
    }

    manager
        .trashcan(&ground.owner, "restore", &ground.tools_id)
        .expect(200);
    let [api, ..] = &apis;
    assert_eq!(ground.pull_by(api, tools), 200);
    // Nothing of what was refused has come in.
    for (image, _) in &begun {
        let blob = format!("/v2/{tools}/blobs/{}", image.blob_digest());
        api.send("GET", &blob, &[], &[]).expect(404);
    }
    let tags = api.send("GET", &format!("/v2/{tools}/tags/list"), &[], &[]);
    assert_eq!(tags.json()["tags"], serde_json::json!([TAG]));
}

#[test]
fn a_new_name_in_a_trashed_project_is_refused() {
    let ground = Ground::new();
    let (manager, new) = (&ground.manager, ground.name("new"));
    let apis = [&ground.owner, &manager.operator].map(|who| ground.registry(who, &new));
    manager
        .trashcan(&ground.owner, "trash", &ground.project)
        .expect(200);
    for api in &apis {
        assert_eq!(push_by(api, &new), 403);
        assert_eq!(ground.pull_by(api, &new), 403);
    }
    manager
        .trashcan(&ground.owner, "restore", &ground.project)
        .expect(200);
    ground.assert_absent(&new);
    let [owner, _] = &apis;
    assert_eq!(push_by(owner, &new), 201);
}

#[test]
fn only_who_trashed_it_restores_it_and_its_local_settings_come_back() {
    let ground = Ground::new();
    let manager = &ground.manager;
    let [trasher, editor, outsider] =
        ["trasher", "editor", "outsider"].map(|word| manager.account(word, true));
    ground.share(&[
        (trasher.id, EDIT_AND_DELETE),
        (editor.id, EDIT_AND_DELETE),
        (outsider.id, DOWNLOAD),
    ]);
    manager.share(
        &ground.tools_id,
        &[
            (ground.owner.id, ALL),
            (trasher.id, EDIT_AND_DELETE),
            (editor.id, EDIT_AND_DELETE),
        ],
    );
    let list = || ground.see(&ground.owner, "/acl").expect(200).json()["resourceAccess"].clone();
    let before = list();
    manager
        .trashcan(&trasher, "trash", &ground.tools_id)
        .expect(200);
    manager
        .trashcan(&editor, "restore", &ground.tools_id)
        .expect(403);
    manager
        .trashcan(&outsider, "restore", &ground.tools_id)
        .expect(404);
    assert_eq!(ground.pull(&trasher, &ground.tools), 403);
    manager
        .trashcan(&trasher, "restore", &ground.tools_id)
        .expect(200);
    assert_eq!(list(), before);
    assert_eq!(ground.pull(&editor, &ground.tools), 200);
    assert_eq!(ground.pull(&outsider, &ground.tools), 403);
}

fn upload(api: &Api, name: &str) -> String {
    let begun = api.send("POST", &format!("/v2/{name}/blobs/uploads/"), &[], &[]);
    begun.expect(202).header("location").to_owned()
}

/// Mounts the repository's blob into another, and takes it out again.
#[track_caller]
fn mount(ground: &Ground, api: &Api, into: &str, status: u16) {
    let (digest, from) = (ground.image.blob_digest(), &ground.tools);
    let path = format!("/v2/{into}/blobs/uploads/?mount={digest}&from={from}");
    let answer = api.send("POST", &path, &[], &[]).expect(status);
    if status == 201 {
        let blob = format!("/v2/{into}/blobs/{digest}");
        let operator = ground.registry(&ground.manager.operator, into);
        operator.send("DELETE", &blob, &[], &[]).expect(202);
    } else {
        let location = answer.header("location").to_owned();
        api.send("DELETE", &location, &[], &[]).expect(204);
    }
}

/// Requires that the management API shows nothing of the repository, and changes nothing.
#[track_caller]
fn assert_hidden(ground: &Ground, who: &Account) {
    for path in [
        "",
        "/path",
        "/dockerTag",
        "/acl",
        "/benefactor",
        "/permissions",
    ] {
        ground.see(who, path).expect(404);
    }
    let ask = |method: &str, path: &str| {
        let path = format!("/repo/v1/entity/{}{path}", ground.tools_id);
        ground.manager.ask(&who.token, method, &path, &Value::Null)
    };
    ask("DELETE", "/acl").expect(404);
    ground.manager.repository(&ground.tools).expect(404);
}
