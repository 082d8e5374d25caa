//! Making projects, repositories and what is in them, through the server's own interfaces.

use pierhead_tests::{Api, Tiny};
use serde_json::{Value, json};

use super::cells::{CREATE, Caller, DELETE, DOWNLOAD, READ, Scopes, UPDATE};
use super::fixtures::{BLOB, DOOMED, KEPT, Spot};
use super::world::{Entries, People, Person, number};

/// A project of the keeper's.
pub(crate) fn make_project(people: &People) -> i64 {
    let project = json!({
        "concreteType": "org.sagebionetworks.repo.model.Project",
        "name": "Table",
    });
    number(&people.keep("POST", "/repo/v1/entity", &project, 201)["id"])
}

/// A project in the trash can, with a repository in it.
pub(crate) fn trashed_project(people: &People) -> Spot {
    let project = make_project(people);
    people.share(project, &founding(people));
    let spot = found(people, project, "tools");
    people.share(project, &people.entries(Caller::bits));
    trash(people, project);
    spot
}

/// A project's list while repositories are created in it.
pub(crate) fn founding(people: &People) -> Entries {
    let founder = people.founder().id;
    vec![
        (people.keeper.id, u8::MAX),
        (founder, READ | DOWNLOAD | CREATE | UPDATE),
    ]
}

/// The local list: to each caller what is theirs.
pub(crate) fn own_list(people: &People) -> Entries {
    let mut entries = people.entries(Caller::bits);
    entries.retain(|(who, _)| *who != people.keeper.id);
    entries
}

/// A repository that the founder creates.
pub(crate) fn found(people: &People, project: i64, name: &str) -> Spot {
    let name = format!("syn{project}/{name}");
    let secret = people.founder().secret(Scopes::All);
    push(people, secret, &name, BLOB, &[KEPT, DOOMED]);
    let path = format!("/repo/v1/entity/dockerRepo/id?repositoryName={name}");
    let repository = number(&people.keep("GET", &path, &Value::Null, 200)["id"]);
    Spot {
        project,
        repository,
        name,
    }
}

pub(crate) fn purged(people: &People, spot: Spot) -> Spot {
    trash(people, spot.repository);
    people.keep(
        "PUT",
        &trashcan("purge", spot.repository),
        &Value::Null,
        200,
    );
    spot
}

pub(crate) fn trash(people: &People, id: i64) {
    people.keep("PUT", &trashcan("trash", id), &Value::Null, 200);
}

/// A team that somebody is in for a moment.
pub(crate) fn make_team(people: &People, name: &str) -> i64 {
    let team = json!({ "name": name });
    number(&people.keep("POST", "/pierhead/v1/team", &team, 201)["id"])
}

/// A project with a repository in it, of which a caller put either into the trash can while they
/// were in the team that may.
pub(crate) fn trashed_by(people: &People, who: &Person, whole_project: bool, team: i64) -> Spot {
    let project = make_project(people);
    people.share(project, &founding(people));
    let spot = found(people, project, "tools");
    let mut entries = people.entries(Caller::bits);
    entries.push((team, DELETE));
    people.share(project, &entries);
    trash_as(
        people,
        who,
        if whole_project {
            project
        } else {
            spot.repository
        },
        team,
    );
    spot
}

/// Puts something into the trash can with a right that is gone afterwards.
pub(crate) fn trash_as(people: &People, who: &Person, id: i64, team: i64) {
    let member = format!("/pierhead/v1/team/{team}/member/{}", who.id);
    people.keep("PUT", &member, &Value::Null, 200);
    let secret = who.secret(Scopes::All);
    let path = trashcan("trash", id);
    people
        .api
        .manage(secret, "PUT", &path, &Value::Null)
        .expect(200);
    people.keep("DELETE", &member, &Value::Null, 200);
}

/// The call that does something with the trash can.
pub(crate) fn trashcan(does: &str, id: i64) -> String {
    format!("/repo/v1/trashcan/{does}/syn{id}")
}

pub(crate) fn keepers(people: &People) -> &str {
    people.keeper.secret(Scopes::All)
}

/// The registry, to somebody with a token for everything on one name.
pub(crate) fn registry(people: &People, secret: &str, name: &str) -> Api {
    let scope = format!("repository:{name}:pull,push,delete");
    people.api.bearing(&people.registry_token(secret, &[scope]))
}

pub(crate) fn push(people: &People, secret: &str, name: &str, blob: &[u8], tags: &[&str]) {
    let api = registry(people, secret, name);
    let image = Tiny::of(blob);
    for tag in tags {
        image.push(&api, name, tag).expect(201);
    }
}
