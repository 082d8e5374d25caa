//! The docker engine: sign in, push, pull, and be refused, as people do and are.

use std::path::Path;

use pierhead_tests::{
    Api, Client, Engine, OWNER, Output, PEOPLE, PROJECT, Person, Server, ServerOptions, Transcript,
    debian, provision, scratch_build,
};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What an engine says of a layer that it need not send.
const KEPT: &str = "Layer already exists";

/// One engine takes seconds to start, so that one test goes through everything with it.
#[test]
fn the_docker_engine_is_served_and_refused_as_the_table_says() {
    let scratch = TempDir::new().unwrap();
    let provision = provision(PEOPLE);
    let options = ServerOptions {
        provision: Some(provision.clone()),
        ..ServerOptions::default()
    };
    let mut server = Server::start(options.clone());
    let engine = Engine::start();
    let mut read = Transcript::new(&server.host);

    passwords_are_checked(&engine, &server, &mut read);
    let owner = signed_in(&engine, &server, &OWNER);
    what_is_printed_works_when_pasted(&owner, &server);
    let images = images_come_back_as_they_went(&owner, &server, scratch.path());
    a_changed_layer_goes_alone(&owner, &server, scratch.path(), "2");
    what_another_repository_holds_is_mounted(&owner, &server);

    server = server.again();
    images_are_still_there(&owner, &images, scratch.path());
    a_changed_layer_goes_alone(&owner, &server, scratch.path(), "3");

    each_person_may_do_what_the_table_says(&engine, &server, scratch.path(), &mut read);
    names_that_are_none_are_refused(&owner, &server, &mut read);
    in_the_trash_everything_fails_until_it_is_restored(&engine, &server, &mut read);
    a_local_list_shuts_the_team_out_and_lets_an_outsider_in(&engine, &server, &mut read);
    read.expect("docker");

    // The lab changes its file: certification comes, a share goes.
    let changed = provision
        .replace(&line_of("una", false), &line_of("una", true))
        .replace("  { user = \"eve\", level = \"can-edit\" },\n", "");
    assert_ne!(changed, provision);
    server = server.again_as(ServerOptions {
        provision: Some(changed),
        ..options
    });
    what_the_lab_changed_counts(&engine, &server);
}

/// The lines under the log-in, which asks for a password.
fn what_is_printed_works_when_pasted(owner: &Client, server: &Server) {
    let log = server.log();
    let lines: Vec<&str> = log
        .lines()
        .map(str::trim)
        .filter(|line| line.contains("docker ") && !line.starts_with("docker login"))
        .collect();
    assert!(lines.len() >= 4, "{log}");
    for line in lines {
        owner.paste(line).expect_ok(line);
    }
}

/// An image that was pushed, and what it was made of before.
struct Pushed {
    by_tag: String,
    by_digest: String,
    id: String,
    fingerprint: String,
}

fn passwords_are_checked(engine: &Engine, server: &Server, read: &mut Transcript) {
    let host = &server.host;
    for (user, password) in [("ana", "a wrong one"), ("nobody-of-ours", "any")] {
        let refused = engine.client("wrong").login(host, user, password);
        assert!(!refused.ok, "{user}: {}", refused.text);
        read.add(user, "docker login HOST, with a wrong password", &refused);
    }
    // An account may sign in that may do nothing.
    for person in PEOPLE.iter().filter(|person| !person.name.is_empty()) {
        signed_in(engine, server, person);
    }
}

fn images_come_back_as_they_went(owner: &Client, server: &Server, scratch: &Path) -> Vec<Pushed> {
    let small = format!("{}/{PROJECT}/small:1", server.host);
    scratch_build(&scratch.join("1"), "the base", "version 1");
    owner.build(&scratch.join("1"), &small);
    let big = format!("{}/{PROJECT}/debian:bookworm", server.host);
    owner
        .docker(&["import", &debian().display().to_string(), &big])
        .expect_ok("docker import");
    let pushed = [small, big].map(|by_tag| {
        let (id, fingerprint) = (owner.id(&by_tag), owner.fingerprint(&by_tag, scratch));
        let said = owner.docker(&["push", &by_tag]).expect_ok("docker push");
        let digest = said
            .split_whitespace()
            .find(|word| word.starts_with("sha256:"));
        let name = by_tag.rsplit_once(':').unwrap().0;
        let by_digest = format!("{name}@{}", digest.expect("a push tells the digest"));
        Pushed {
            by_tag,
            by_digest,
            id,
            fingerprint,
        }
    });
    images_are_still_there(owner, &pushed, scratch);
    pushed.into()
}

fn images_are_still_there(owner: &Client, images: &[Pushed], scratch: &Path) {
    for image in images {
        for reference in [&image.by_tag, &image.by_digest] {
            owner
                .docker(&["rmi", "--force", &image.id])
                .expect_ok("docker rmi");
            owner.docker(&["pull", reference]).expect_ok("docker pull");
            assert_eq!(owner.id(reference), image.id, "{reference}");
            let fingerprint = owner.fingerprint(reference, scratch);
            assert_eq!(fingerprint, image.fingerprint, "{reference}");
        }
        // The tag again, for whoever builds on it.
        owner
            .docker(&["pull", &image.by_tag])
            .expect_ok("docker pull");
    }
}

fn a_changed_layer_goes_alone(owner: &Client, server: &Server, scratch: &Path, version: &str) {
    let image = format!("{}/{PROJECT}/small:{version}", server.host);
    scratch_build(
        &scratch.join(version),
        "the base",
        &format!("version {version}"),
    );
    owner.build(&scratch.join(version), &image);
    let said = owner.docker(&["push", &image]).expect_ok("docker push");
    let count = |words: &str| said.lines().filter(|line| line.ends_with(words)).count();
    assert_eq!((count(KEPT), count(": Pushed")), (1, 1), "{said}");
    let said = owner.docker(&["push", &image]).expect_ok("docker push");
    assert_eq!(said.matches(KEPT).count(), 2, "{said}");
}

fn what_another_repository_holds_is_mounted(owner: &Client, server: &Server) {
    let from = format!("{}/{PROJECT}/small:1", server.host);
    let to = format!("{}/{PROJECT}/tools/small:1", server.host);
    owner.docker(&["tag", &from, &to]).expect_ok("docker tag");
    let said = owner.docker(&["push", &to]).expect_ok("docker push");
    assert_eq!(
        said.matches(&format!("Mounted from {PROJECT}/small"))
            .count(),
        2,
        "{said}"
    );
}

fn each_person_may_do_what_the_table_says(
    engine: &Engine,
    server: &Server,
    scratch: &Path,
    read: &mut Transcript,
) {
    let shared = format!("{}/{PROJECT}/shared:1", server.host);
    scratch_build(&scratch.join("shared"), "what is shared", "shared");
    let owner = signed_in(engine, server, &OWNER);
    owner.build(&scratch.join("shared"), &shared);
    owner.docker(&["push", &shared]).expect_ok("docker push");
    owner
        .docker(&["tag", &shared, "kept:1"])
        .expect_ok("docker tag");

    for person in PEOPLE {
        let client = signed_in(engine, server, person);
        let mut attempt = |may: bool, command: &[&str]| {
            let output = client.docker(command);
            let did = format!("docker {}", command.join(" "));
            assert_eq!(output.ok, may, "{}: {did}\n{}", person.is, output.text);
            if !may {
                read.add(person.is, &did, &output);
            }
            output.text
        };
        let name = format!("{PROJECT}/new-{}", person.slug());
        for (may, image) in [
            (person.push_new, format!("{}/{name}:1", server.host)),
            (
                person.push_existing,
                format!("{}/{PROJECT}/shared:{}", server.host, person.slug()),
            ),
        ] {
            client
                .docker(&["tag", "kept:1", &image])
                .expect_ok("docker tag");
            attempt(may, &["push", &image]);
        }
        // A refused push leaves nothing: to the owner, who may push there, the name is still new.
        let scope = format!("repository:{name}:pull");
        let api = Api::login(&server.host, OWNER.name, &OWNER.password(), &[&scope]);
        let tags = api.send("GET", &format!("/v2/{name}/tags/list"), &[], &[]);
        assert_eq!(
            tags.status,
            if person.push_new { 200 } else { 404 },
            "{}",
            person.is
        );

        // Not one layer of it stays at the engine, so that pulling is really pulling.
        let id = client.id("kept:1");
        client
            .docker(&["rmi", "--force", &id])
            .expect_ok("docker rmi");
        let said = attempt(person.pull, &["pull", &shared]);
        let layers = if person.pull { 2 } else { 0 };
        assert_eq!(said.matches("Pull complete").count(), layers, "{said}");
        owner.docker(&["pull", &shared]).expect_ok("docker pull");
        owner
            .docker(&["tag", &shared, "kept:1"])
            .expect_ok("docker tag");
        assert_eq!(owner.id("kept:1"), id);
    }
}

fn names_that_are_none_are_refused(owner: &Client, server: &Server, read: &mut Transcript) {
    for name in ["syn999/app:1", "library/ubuntu:1", "syn101:1", "app:1"] {
        let image = format!("{}/{name}", server.host);
        owner
            .docker(&["tag", "kept:1", &image])
            .expect_ok("docker tag");
        for verb in ["push", "pull"] {
            let refused = owner.docker(&[verb, &image]);
            assert!(!refused.ok, "docker {verb} {image}: {}", refused.text);
            read.add(OWNER.is, &format!("docker {verb} {image}"), &refused);
        }
    }
    let absent = format!("{}/{PROJECT}/shared:none", server.host);
    let refused: Output = owner.docker(&["pull", &absent]);
    assert!(refused.text.contains("not found"), "{}", refused.text);
    read.add(OWNER.is, &format!("docker pull {absent}"), &refused);
}

/// The owner at the management API: a session, and the id of the repository that is shared.
fn managing(server: &Server) -> (Api, String, String) {
    let api = Api::anonymous(&server.host);
    let session = api.session(OWNER.name, &OWNER.password());
    let path = format!(
        "/repo/v1/entity/dockerRepo/id?repositoryName={}/{PROJECT}/shared",
        server.host
    );
    let id = api.manage(&session, "GET", &path, &Value::Null).expect(200);
    let id = id.json()["id"].as_str().expect("an id").to_owned();
    (api, session, id)
}

fn in_the_trash_everything_fails_until_it_is_restored(
    engine: &Engine,
    server: &Server,
    read: &mut Transcript,
) {
    let (api, session, id) = managing(server);
    let image = format!("{}/{PROJECT}/shared:1", server.host);
    let operator = PEOPLE.iter().find(|person| person.operator).unwrap();
    let put = |call: &str| {
        let path = format!("/repo/v1/trashcan/{call}/{id}");
        api.manage(&session, "PUT", &path, &Value::Null).expect(200);
    };
    put("trash");
    for person in [&OWNER, operator] {
        let client = signed_in(engine, server, person);
        client
            .docker(&["tag", "kept:1", &image])
            .expect_ok("docker tag");
        for verb in ["push", "pull"] {
            let refused = client.docker(&[verb, &image]);
            assert!(
                !refused.ok,
                "{}: docker {verb}\n{}",
                person.is, refused.text
            );
            let did = format!("docker {verb} {image}, in the trash can");
            read.add(person.is, &did, &refused);
        }
    }
    put("restore");
    let owner = signed_in(engine, server, &OWNER);
    for verb in ["push", "pull"] {
        owner.docker(&[verb, &image]).expect_ok(verb);
    }
}

fn a_local_list_shuts_the_team_out_and_lets_an_outsider_in(
    engine: &Engine,
    server: &Server,
    read: &mut Transcript,
) {
    let people = |name: &str| PEOPLE.iter().find(|person| person.name == name).unwrap();
    let (member, outsider) = (people("vic"), people("sam"));
    let (api, session, id) = managing(server);
    let call = |method: &str, path: &str, document: Value| {
        let answer = api.manage(&session, method, path, &document);
        assert!(answer.status < 300, "{method} {path}: {answer:?}");
        answer.json()
    };
    let number = |person: &Person| {
        let session = api.session(person.name, &person.password());
        let found = api.manage(&session, "GET", "/repo/v1/userProfile", &Value::Null);
        let id = found.expect(200).json()["ownerId"].clone();
        id.as_str().expect("a number").to_owned()
    };
    let pulls = |person: &Person, may: bool, read: &mut Transcript| {
        let client = signed_in(engine, server, person);
        let image = format!("{}/{PROJECT}/shared:1", server.host);
        let pulled = client.docker(&["pull", &image]);
        assert_eq!(pulled.ok, may, "{}\n{}", person.is, pulled.text);
        if !may {
            read.add(
                person.is,
                &format!("docker pull {image}, not shared"),
                &pulled,
            );
        }
    };

    let team = call("POST", "/pierhead/v1/team", json!({ "name": "crew" }));
    let team = team["id"].as_str().expect("a number").to_owned();
    let path = format!("/pierhead/v1/team/{team}/member/{}", number(member));
    call("PUT", &path, Value::Null);
    let project = format!("/repo/v1/entity/{PROJECT}/acl");
    let mut list = call("GET", &project, Value::Null);
    let entries = list["resourceAccess"].as_array_mut().expect("entries");
    entries.push(json!({ "principalId": team, "accessType": ["READ", "DOWNLOAD"] }));
    call("PUT", &project, list);
    pulls(member, true, read);
    pulls(outsider, false, read);

    let own = format!("/repo/v1/entity/{id}/acl");
    let all = [
        "READ",
        "DOWNLOAD",
        "CREATE",
        "UPDATE",
        "DELETE",
        "CHANGE_PERMISSIONS",
        "CHANGE_SETTINGS",
        "MODERATE",
    ];
    let list = json!({ "resourceAccess": [
        { "principalId": number(&OWNER), "accessType": all },
        { "principalId": number(outsider), "accessType": ["DOWNLOAD"] },
    ] });
    call("POST", &own, list);
    pulls(member, false, read);
    pulls(outsider, true, read);
    call("DELETE", &own, Value::Null);
    pulls(member, true, read);
    pulls(outsider, false, read);
}

fn what_the_lab_changed_counts(engine: &Engine, server: &Server) {
    let people = |name: &str| PEOPLE.iter().find(|person| person.name == name).unwrap();
    let (una, eve) = (people("una"), people("eve"));
    for (person, may) in [(una, true), (eve, false)] {
        let client = signed_in(engine, server, person);
        let image = format!("{}/{PROJECT}/after-{}:1", server.host, person.name);
        client
            .docker(&["tag", "kept:1", &image])
            .expect_ok("docker tag");
        for command in [
            ["push", &image],
            ["pull", &format!("{}/{PROJECT}/shared:1", server.host)],
        ] {
            let output = client.docker(&command);
            assert_eq!(
                output.ok, may,
                "{}: {command:?}\n{}",
                person.is, output.text
            );
        }
    }
}

fn signed_in(engine: &Engine, server: &Server, person: &Person) -> Client {
    let client = engine.client(person.slug());
    if !person.name.is_empty() {
        let said = client.login(&server.host, person.name, &person.password());
        assert!(said.expect_ok("docker login").contains("Login Succeeded"));
    }
    client
}

/// The lines of a provisioning file that say whether somebody is certified.
fn line_of(name: &str, certified: bool) -> String {
    format!("password = \"the password of {name}\"\ncertified = {certified}\n")
}
