//! `pierhead tags`: what it shows of a repository, and what it takes away.

use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pierhead_tests::{
    ANA_PASSWORD, Api, LAB, Output, Server, ServerOptions, Tiny, Transcript, binary, run,
};
use serde_json::Value;

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

/// The command with nobody at the terminal.
fn command(server: &Server, words: &[&str]) -> Command {
    let mut command = Command::new(binary("pierhead"));
    for name in ["TOKEN", "USER", "PASSWORD"] {
        command.env_remove(format!("PIERHEAD_{name}"));
    }
    command.env("PIERHEAD_URL", format!("http://{}", server.host));
    command.args(words).stdin(Stdio::null());
    command
}

fn by(user: &str, password: &str, server: &Server, words: &[&str]) -> Output {
    let mut command = command(server, words);
    command.env("PIERHEAD_USER", user);
    run(command.env("PIERHEAD_PASSWORD", password))
}

fn ana(server: &Server, words: &[&str]) -> Output {
    by("ana", ANA_PASSWORD, server, words)
}

#[test]
fn tags_and_their_history_are_listed_and_former_versions_go() {
    let server = served(None);
    let (api, images) = pushed(&server);
    let mut read = Transcript::new(&server.host);
    let host_and_name = format!("{}/{NAME}", server.host);

    for (who, words) in [
        ("ana", &["tags", NAME][..]),
        ("ana", &["tags", &host_and_name, "--history"]),
        ("ana", &["tags", NAME, "--history", "--tag", "latest"]),
        ("ana", &["tags", NAME, "--prune", "--newest", "3"]),
        (
            "ana",
            &["tags", NAME, "--prune", "--newest", "1", "--dry-run"],
        ),
        ("ana", &["tags", NAME, "--prune", "--newest", "1"]),
        ("vic", &["tags", NAME]),
        ("vic", &["tags", NAME, "--prune", "--newest", "1", "--yes"]),
        ("ana", &["tags", "syn101/none"]),
        ("ana", &["tags", "library/ubuntu"]),
    ] {
        let password = if who == "ana" {
            ANA_PASSWORD
        } else {
            "looks on all day"
        };
        read.add(who, &words.join(" "), &by(who, password, &server, words));
    }
    assert!(
        images.iter().all(|image| is_there(&api, image)),
        "nothing went yet"
    );

    let spared = ["tags", NAME, "--prune", "--younger-than", "1h", "--yes"];
    read.add("ana", &spared.join(" "), &ana(&server, &spared));
    assert!(
        images.iter().all(|image| is_there(&api, image)),
        "all are young"
    );
    let prune = ["tags", NAME, "--prune", "--newest", "2", "--yes"];
    read.add("ana", &prune.join(" "), &ana(&server, &prune));
    let there: Vec<bool> = images.iter().map(|image| is_there(&api, image)).collect();
    assert_eq!(there, [false, true, true]);
    read.expect("tags");

    let json = ana(&server, &["tags", NAME, "--history", "--json"]).expect_ok("as JSON");
    let json: Value = serde_json::from_str(&json).expect("JSON and nothing else");
    let pushes = json.as_array().expect("a list");
    let told: Vec<_> = pushes.iter().map(|push| push["digest"].as_str()).collect();
    let (one, two, three) = (images[0].digest(), images[1].digest(), images[2].digest());
    assert_eq!(
        told,
        [&three, &three, &two, &one].map(|digest| Some(digest.as_str()))
    );
}

#[test]
fn who_asks_must_be_told_and_right() {
    let server = served(None);
    let (_, _) = pushed(&server);
    let words = ["tags", NAME];
    let refused = run(&mut command(&server, &words)).expect_refused("nobody");
    assert!(refused.contains("set PIERHEAD_TOKEN"), "{refused}");
    let refused = by("ana", "wrong", &server, &words).expect_refused("a wrong password");
    assert!(refused.contains("is not right"), "{refused}");
    let refused = run(command(&server, &words).env("PIERHEAD_TOKEN", "php_wrong"));
    let refused = refused.expect_refused("a wrong token");
    assert!(refused.contains("says: "), "{refused}");

    // A session of the command's own is over with it.
    let api = Api::anonymous(&server.host);
    let session = api.session("ana", ANA_PASSWORD);
    let token = serde_json::json!({ "name": "ci", "scope": ["view"] });
    let token = api.manage(&session, "POST", "/auth/v1/personalAccessToken", &token);
    let token = token.expect(201).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let listed = run(command(&server, &words).env("PIERHEAD_TOKEN", token));
    assert!(listed.expect_ok("with a token").contains("latest"));

    // What goes in the clear goes through nobody's hands.
    let mut direct = command(&server, &words);
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        direct.env(name, "http://127.0.0.1:1");
        direct.env(name.to_lowercase(), "http://127.0.0.1:1");
    }
    direct.env("PIERHEAD_USER", "ana");
    let listed = run(direct.env("PIERHEAD_PASSWORD", ANA_PASSWORD));
    assert!(listed.expect_ok("beside a proxy").contains("latest"));

    let nowhere = ["tags", NAME, "--url", "http://127.0.0.1:1"];
    let refused = ana(&server, &nowhere).expect_refused("nothing listens there");
    assert!(refused.contains("did not answer"), "{refused}");
    let odd = ["tags", NAME, "--url", "127.0.0.1:1"];
    let refused = ana(&server, &odd).expect_refused("no URL");
    assert!(refused.contains("is no server's URL"), "{refused}");
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
    let history = ana(&server, &["tags", NAME, "--history"]).expect_ok("history");
    assert_eq!(history.lines().count(), 5, "{history}");
    assert!(server.log().contains("retired "), "{}", server.log());
}
