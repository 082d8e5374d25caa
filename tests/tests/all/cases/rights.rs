//! Permissions, lists and certification.

use pierhead_tests::{ALL, Account, DOWNLOAD, EDIT, VIEW};
use serde_json::{Value, json};

use super::{Ground, TAG};

#[test]
fn download_without_read_pulls() {
    let ground = Ground::new();
    let person = ground.uncertified(&["DOWNLOAD"]);
    assert_eq!(ground.pull(&person, &ground.tools), 200);
    let api = ground.registry(&person, &ground.tools);
    let manifest = format!("/v2/{}/manifests/{TAG}", ground.tools);
    api.send("HEAD", &manifest, &[], &[]).expect(200);
    ground.see(&person, "").expect(404);
    assert_eq!(ground.push(&person, &ground.tools), 403);
}

#[test]
fn read_without_download_lists_tags_in_the_management_api_and_pulls_nothing() {
    let ground = Ground::new();
    let person = ground.certified(VIEW);
    let tags = ground.see(&person, "/dockerTag").expect(200).json();
    assert_eq!(tags["results"][0]["tag"], TAG);
    assert_eq!(tags["results"][0]["digest"], ground.image.digest());
    assert_eq!(ground.pull(&person, &ground.tools), 403);
    let api = ground.registry(&person, &ground.tools);
    for path in [
        format!("manifests/{TAG}"),
        format!("blobs/{}", ground.image.blob_digest()),
    ] {
        let path = format!("/v2/{}/{path}", ground.tools);
        api.send("HEAD", &path, &[], &[]).expect(403);
    }
    let subject = ground.image.digest();
    let referrers = format!("/v2/{}/referrers/{subject}", ground.tools);
    api.send("GET", &referrers, &[], &[]).expect(403);
}

#[test]
fn create_on_the_project_without_update_on_the_repository_does_not_push_to_it() {
    let ground = Ground::new();
    let person = ground.certified(&["READ", "DOWNLOAD", "CREATE"]);
    assert_eq!(ground.push(&person, &ground.tools), 403);
    let new = ground.name("new");
    assert_eq!(ground.push(&person, &new), 201);
    // Nor does having created it.
    assert_eq!(ground.push(&person, &new), 403);
}

#[test]
fn update_without_create_does_not_make_a_new_one() {
    let ground = Ground::new();
    let person = ground.certified(&["READ", "DOWNLOAD", "UPDATE"]);
    let new = ground.name("new");
    assert_eq!(ground.push(&person, &new), 403);
    ground.assert_absent(&new);
    assert_eq!(ground.push(&person, &ground.tools), 201);
}

#[test]
fn neither_certification_nor_permission_alone_makes_a_new_one_not_even_the_owners() {
    let ground = Ground::new();
    let new = ground.name("new");
    let certified_viewer = ground.certified(DOWNLOAD);
    assert_eq!(ground.push(&certified_viewer, &new), 403);
    let uncertified_editor = ground.uncertified(EDIT);
    assert_eq!(ground.push(&uncertified_editor, &new), 403);
    // What exists asks for no certification.
    assert_eq!(ground.push(&uncertified_editor, &ground.tools), 201);
    ground.assert_absent(&new);

    let owner = ground.manager.account("owner", false);
    let own = ground.manager.project(&owner);
    let path = format!("/repo/v1/entity/{own}/permissions");
    let held = ground.manager.get(&owner, &path).expect(200).json();
    for can in [
        "canEdit",
        "canDelete",
        "canChangePermissions",
        "canModerate",
    ] {
        assert_eq!(held[can], true, "{can}");
    }
    let new = format!("{own}/new");
    assert_eq!(ground.push(&owner, &new), 403);
    ground.assert_absent(&new);
}

#[test]
fn a_local_list_of_one_refuses_the_projects_team_and_lets_the_one_pull() {
    let ground = Ground::new();
    let (member, one) = (
        ground.manager.account("member", true),
        ground.manager.account("one", false),
    );
    let team = ground.manager.team(&[&member]);
    ground.share(&[(team, EDIT)]);
    assert_eq!(ground.pull(&member, &ground.tools), 200);
    assert_eq!(ground.pull(&one, &ground.tools), 403);
    ground
        .manager
        .share(&ground.tools_id, &[(one.id, DOWNLOAD)]);
    assert_eq!(ground.pull(&member, &ground.tools), 403);
    assert_eq!(ground.push(&member, &ground.tools), 403);
    assert_eq!(ground.pull(&ground.owner, &ground.tools), 403);
    assert_eq!(ground.pull(&one, &ground.tools), 200);
    let project = format!("/repo/v1/entity/{}", ground.project);
    ground.manager.get(&one, &project).expect(404);
}

#[test]
fn two_teams_that_grant_the_same_bit_grant_it_once_and_different_bits_add_up() {
    let ground = Ground::new();
    let person = ground.manager.account("member", true);
    let [one, two] = [(); 2].map(|()| ground.manager.team(&[&person]));
    let held = |account: &Account| {
        let held = ground.see(account, "/permissions").expect(200).json();
        ["canView", "canDownload", "canEdit", "canDelete"].map(|can| held[can] == true)
    };
    ground.share(&[(one, VIEW), (two, VIEW)]);
    assert_eq!(held(&person), [true, false, false, false]);
    assert_eq!(ground.pull(&person, &ground.tools), 403);

    ground.share(&[(one, DOWNLOAD), (two, &["READ", "UPDATE"])]);
    assert_eq!(held(&person), [true, true, true, false]);
    assert_eq!(ground.pull(&person, &ground.tools), 200);
    assert_eq!(ground.push(&person, &ground.tools), 201);

    // What both grant stays when one is left.
    ground.manager.member(two, &person, "DELETE");
    assert_eq!(held(&person), [true, true, false, false]);
    assert_eq!(ground.pull(&person, &ground.tools), 200);
    assert_eq!(ground.push(&person, &ground.tools), 403);
}

#[test]
fn without_its_local_list_a_repository_answers_as_the_project_on_the_very_next_request() {
    let ground = Ground::new();
    let person = ground.uncertified(EDIT);
    let token = ground.registry(&person, &ground.tools);
    assert_eq!(ground.pull_by(&token, &ground.tools), 200);
    let (path, owner) = (
        format!("/repo/v1/entity/{}/acl", ground.tools_id),
        &ground.owner,
    );
    let alone = json!({ "resourceAccess": [{ "principalId": owner.id, "accessType": ALL }] });
    let ask = |method: &str, list: &Value| ground.manager.ask(&owner.token, method, &path, list);
    ask("POST", &alone).expect(201);
    assert_eq!(ground.pull_by(&token, &ground.tools), 403);
    ask("DELETE", &Value::Null).expect(200);
    assert_eq!(ground.pull_by(&token, &ground.tools), 200);
}
