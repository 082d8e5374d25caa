//! `pierhead tags`: what it shows of a repository, and what it takes away.

use std::thread;
use std::time::{Duration, Instant};

use pierhead_tests::{ANA_PASSWORD, Api, LAB, Server, ServerOptions, Shell, Tiny, Transcript};
use serde_json::{Value, json};

const NAME: &str = "syn101/tools";

/// A lab with a guest who may look on.
fn served(config: Option<&str>) -> Server {
    let provision = LAB.replacen(
        "owner = \"ana\"",
        "owner = \"ana\"\nshare = [{ user = \"vic\", level = \"can-view\" }]",
        1,
    );
    let vic = "\n[[user]]\nname = \"vic\"\nemail = \"vic@example.org\"\npassword = \"looks on all day\"\n";
    Server::start(ServerOptions {
        provision: Some(provision + vic),
        config: config.map(str::to_owned),
        ..ServerOptions::default()
    })
}

/// `v1` three times, `latest` once, each another image but the last.
fn pushed(server: &Server) -> (Api, Vec<Tiny>) {
    let scope = format!("repository:{NAME}:pull,push,delete");
    let api = Api::login(&server.host, "ana", ANA_PASSWORD, &[&scope]);
    let images: Vec<Tiny> = ["one", "two", "three"].map(Tiny::of).into();
    for image in &images {
        image.push(&api, NAME, "v1").expect(201);
    }
    images[2].push(&api, NAME, "latest").expect(201);
    (api, images)
}

fn is_there(api: &Api, image: &Tiny) -> bool {
    let path = format!("/v2/{NAME}/manifests/{}", image.digest());
    api.send("GET", &path, &[], &[]).status == 200
}

/// Somebody's commands, signed in by the environment.
fn by(user: &str, server: &Server) -> Shell {
    let password = match user {
        "ana" => ANA_PASSWORD,
        _ => "looks on all day",
    };
    Shell::at(server)
        .with("PIERHEAD_USER", user)
        .with("PIERHEAD_PASSWORD", password)
}

#[test]
fn tags_and_their_history_are_listed_and_former_versions_go() {
    let server = served(None);
    let (api, images) = pushed(&server);
    let mut read = Transcript::new(&server.host);
    let (ana, vic) = (by("ana", &server), by("vic", &server));
    let host_and_name = format!("{}/{NAME}", server.host);

    for (who, words) in [
        ("ana", &["tags", "list", NAME][..]),
        ("ana", &["tags", "history", &host_and_name]),
        ("ana", &["tags", "history", NAME, "--tag", "latest"]),
        ("ana", &["tags", "history", NAME, "--tag", "v2"]),
        ("ana", &["tags", "prune", NAME, "--newest", "3"]),
        (
            "ana",
            &["tags", "prune", NAME, "--newest", "1", "--dry-run"],
        ),
        ("ana", &["tags", "prune", NAME, "--newest", "1"]),
        ("ana", &["tags", "prune", NAME, "--newest", "1", "--json"]),
        ("ana", &["tags", "prune", NAME]),
        ("vic", &["tags", "list", NAME]),
        ("vic", &["tags", "prune", NAME, "--newest", "1", "--yes"]),
        ("ana", &["tags", "list", "syn101/none"]),
        ("ana", &["tags", "list", "library/ubuntu"]),
        ("ana", &["tags", "list", "syn101/tools:v1"]),
        ("ana", &["tags", NAME]),
        ("ana", &["tags"]),
    ] {
        let shell = if who == "ana" { &ana } else { &vic };
        read.add(who, &words.join(" "), &shell.run(words).output());
    }
    assert!(
        images.iter().all(|image| is_there(&api, image)),
        "nothing went yet"
    );

    let spared = ["tags", "prune", NAME, "--younger-than", "1h", "--yes"];
    read.add("ana", &spared.join(" "), &ana.run(&spared).output());
    assert!(
        images.iter().all(|image| is_there(&api, image)),
        "all are young"
    );
    let prune = ["tags", "prune", NAME, "--newest", "2", "--yes"];
    read.add("ana", &prune.join(" "), &ana.run(&prune).output());
    let there: Vec<bool> = images.iter().map(|image| is_there(&api, image)).collect();
    assert_eq!(there, [false, true, true]);
    read.expect("tags");

    let said = ana.run(&["tags", "history", NAME, "--json"]).expect(0);
    let pushes: Vec<Value> = serde_json::from_str(&said.out).expect("a list and nothing else");
    let told: Vec<_> = pushes.iter().map(|push| push["digest"].as_str()).collect();
    let (one, two, three) = (images[0].digest(), images[1].digest(), images[2].digest());
    assert_eq!(
        told,
        [&three, &three, &two, &one].map(|digest| Some(digest.as_str()))
    );
    let none = ana.run(&["tags", "history", NAME, "--tag", "v2", "--json"]);
    assert_eq!(none.expect(0).out, "[]\n");
}

#[test]
fn tags_are_deleted_one_by_one_and_what_they_name_stays() {
    let server = served(None);
    let (api, images) = pushed(&server);
    let mut read = Transcript::new(&server.host);
    let (ana, vic) = (by("ana", &server), by("vic", &server));
    let host_and_name = format!("{}/{NAME}:latest", server.host);
    images[0].push(&api, NAME, "v0").expect(201);
    let list = || {
        let said = ana.run(&["tags", "list", NAME, "--json"]).expect(0);
        let tags: Vec<Value> = serde_json::from_str(&said.out).expect("a list");
        let names = tags
            .iter()
            .map(|tag| tag["tag"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };

    for (who, words) in [
        ("ana", &["tags", "delete", "syn101/tools:v1"][..]),
        ("ana", &["tags", "delete", "syn101/tools:v1", "--json"]),
        ("ana", &["tags", "delete", "syn101/tools", "--yes"]),
        (
            "ana",
            &["tags", "delete", "syn101/tools@sha256:00", "--yes"],
        ),
        (
            "ana",
            &[
                "tags",
                "delete",
                "syn101/tools:v1",
                "a.example.org/syn101/tools:v1",
                "--yes",
            ],
        ),
        ("vic", &["tags", "delete", "syn101/tools:v1", "--yes"]),
        ("ana", &["tags", "delete", "syn101/none:v1", "--yes"]),
        ("ana", &["tags", "delete", "syn101/tools:v9", "--yes"]),
    ] {
        let shell = if who == "ana" { &ana } else { &vic };
        read.add(who, &words.join(" "), &shell.run(words).output());
        assert_eq!(list(), ["latest", "v0", "v1"], "nothing was deleted");
    }
    for words in [
        &["tags", "delete", &host_and_name, "--yes"][..],
        &[
            "tags",
            "delete",
            "syn101/tools:v0",
            "syn101/tools:v9",
            "--yes",
        ],
        &["tags", "delete", "syn101/tools:v1", "--yes", "--json"],
        &["tags", "list", NAME],
    ] {
        read.add("ana", &words.join(" "), &ana.run(words).output());
    }
    read.expect("tags-delete");
    assert!(list().is_empty());
    assert!(
        images.iter().all(|image| is_there(&api, image)),
        "they stay"
    );

    let log = server.log();
    for tag in ["latest", "v0", "v1"] {
        assert!(
            log.contains(&format!("deleted {NAME}:{tag} by=ana")),
            "{log}"
        );
    }
    let session = api.session("ana", ANA_PASSWORD);
    let path = "/repo/v1/entity/dockerRepo/id?repositoryName=syn101/tools";
    let id = api.manage(&session, "GET", path, &Value::Null).json()["id"].clone();
    let path = format!("/pierhead/v1/audit?entity={}", id.as_str().unwrap());
    let rows = api.manage(&session, "GET", &path, &Value::Null).json();
    let gone: Vec<&Value> = rows["results"].as_array().unwrap().iter().collect();
    let what: Vec<_> = gone
        .iter()
        .map(|row| (&row["what"], &row["before"]["tag"]))
        .collect();
    let deleted = json!("delete-tag");
    let (v1, v0, latest) = (json!("v1"), json!("v0"), json!("latest"));
    assert_eq!(
        what,
        [(&deleted, &v1), (&deleted, &v0), (&deleted, &latest)]
    );
}

#[test]
fn whoever_deletes_at_a_terminal_is_asked() {
    let server = served(None);
    pushed(&server);
    let ana = by("ana", &server);
    let question = "Delete syn101/tools:v1? [y/N] ";
    for (answer, shown) in [
        ("n\n", "nothing was changed"),
        ("\n", "nothing was changed"),
        ("y\n", "deleted syn101/tools:v1"),
    ] {
        let mut terminal = ana.terminal("pierhead tags delete syn101/tools:v1");
        terminal.wait_for(question).types(answer).wait_for(shown);
        terminal.end();
    }
    ana.run(&["tags", "delete", "syn101/tools:v1", "--yes"])
        .expect(1);
}

#[test]
fn a_rule_of_the_servers_takes_former_versions_and_their_bytes_by_itself() {
    let server = served(Some(
        "[retention]\nnewest = 1\nevery = \"1s\"\n[collector]\nevery = \"1s\"\nkeep = \"0s\"\ngrace = \"1s\"\n",
    ));
    let (api, images) = pushed(&server);
    let path = format!("/v2/{NAME}/blobs/{}", images[0].blob_digest());
    let gone = || api.send("GET", &path, &[], &[]).status == 404;
    let end = Instant::now() + Duration::from_secs(60);
    while is_there(&api, &images[0]) || is_there(&api, &images[1]) || !gone() {
        assert!(Instant::now() < end, "{}", server.log());
        thread::sleep(Duration::from_millis(100));
    }
    assert!(is_there(&api, &images[2]));
    for tag in ["v1", "latest"] {
        let path = format!("/v2/{NAME}/manifests/{tag}");
        assert_eq!(
            api.send("GET", &path, &[], &[]).expect(200).body,
            images[2].manifest.as_bytes()
        );
    }
    let history = by("ana", &server).run(&["tags", "history", NAME]);
    let history = history.expect(0).out;
    assert_eq!(history.lines().count(), 5, "{history}");
    assert!(server.log().contains("retired "), "{}", server.log());
}
