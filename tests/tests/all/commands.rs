//! The commands that ask a server about oneself and about what is allowed; completion.

use std::process::Command;

use pierhead_tests::{
    ADMIN_PASSWORD, ANA_PASSWORD, Api, LAB, Server, ServerOptions, Shell, Tiny, Transcript, run,
};
use serde_json::{Value, json};

fn served() -> Server {
    let provision = LAB.replacen(
        "owner = \"ana\"",
        "owner = \"ana\"\nshare = [{ team = \"lab\", level = \"can-view\" }]",
        1,
    );
    let vic = "\n[[user]]\nname = \"vic\"\nemail = \"vic@example.org\"\npassword = \"looks on all day\"\n\
               \n[[team]]\nname = \"lab\"\nmembers = [\"vic\"]\n";
    Server::start(ServerOptions {
        provision: Some(provision + vic),
        ..ServerOptions::default()
    })
}

fn by(user: &str, server: &Server) -> Shell {
    let password = match user {
        "ana" => ANA_PASSWORD,
        "admin" => ADMIN_PASSWORD,
        _ => "looks on all day",
    };
    Shell::at(server)
        .with("PIERHEAD_USER", user)
        .with("PIERHEAD_PASSWORD", password)
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

#[test]
fn tokens_are_made_listed_and_revoked() {
    let server = served();
    let ana = by("ana", &server);
    let mut read = Transcript::new(&server.host);
    let made = [
        "token",
        "create",
        "ci",
        "--scope",
        "download,modify",
        "--expires",
        "90d",
    ];
    let said = ana.run(&made).expect(0);
    let token = said.out.trim_end().to_owned();
    assert!(
        token.starts_with("php_") && !token.contains('\n'),
        "it alone: {}",
        said.out
    );
    assert!(!said.err.contains(&token));
    read.call(&token, "TOKEN");
    read.add("ana", &made.join(" "), &said.output());
    let api = Api::anonymous(&server.host);
    let scope = "repository:syn101/new:pull,push";
    api.token("ci", &token, &[scope]).expect(200);

    let json = ana
        .run(&["token", "create", "ci", "--scope", "view", "--json"])
        .expect(0);
    let json = document(&json.out);
    let second = json["id"].as_str().unwrap().to_owned();
    ana.run(&["token", "create", "laptop", "--scope", "download"])
        .expect(0);
    for words in [
        &["token", "list"][..],
        &["token", "revoke", "ci"],
        &["token", "revoke", "none"],
        &["token", "revoke", &second],
        &["token", "revoke", "ci"],
        &["token", "revoke", "laptop", "--json"],
        &["token", "list"],
        &["token", "list", "--json"],
        &["token", "create", "ci"],
        &["token", "create", "ci", "--scope", "push"],
        &[
            "token",
            "create",
            "ci",
            "--scope",
            "view",
            "--expires",
            "90",
        ],
        &["token", "create", "", "--scope", "view"],
    ] {
        read.add("ana", &words.join(" "), &ana.run(words).output());
    }
    api.token("ci", &token, &[scope]).expect(401);

    // A token makes no tokens.
    let session = api.session("ana", ANA_PASSWORD);
    let token = json!({ "name": "all", "scope": ["view", "modify"] });
    let token = api.manage(&session, "POST", "/auth/v1/personalAccessToken", &token);
    let token = token.expect(201).json()["token"]
        .as_str()
        .unwrap()
        .to_owned();
    let words = ["token", "create", "more", "--scope", "view"];
    let said = Shell::at(&server)
        .with("PIERHEAD_TOKEN", &token)
        .run(&words);
    read.add("a token", &words.join(" "), &said.output());
    read.expect("token");
}

#[test]
fn operators_list_and_revoke_the_tokens_of_others() {
    let server = served();
    let [ana, vic, admin] = ["ana", "vic", "admin"].map(|user| by(user, &server));
    let make = |name: &str| {
        let words = ["token", "create", name, "--scope", "download", "--json"];
        let made = document(&ana.run(&words).expect(0).out);
        let of = |member: &str| made[member].as_str().unwrap().to_owned();
        (of("id"), of("token"))
    };
    let [(id, leaked), (_, kept), (twice, _), _] = ["ci", "laptop", "old", "old"].map(make);
    let api = Api::anonymous(&server.host);
    let good = |token: &str| api.token("ci", token, &[]).status == 200;
    assert!(good(&leaked) && good(&kept));

    let mut read = Transcript::new(&server.host);
    for (who, shell, words) in [
        ("vic", &vic, &["token", "list", "--user", "ana"][..]),
        ("vic", &vic, &["token", "revoke", "--user", "ana", &id]),
        ("admin", &admin, &["token", "list", "--user", "a.na"]),
        ("admin", &admin, &["token", "list"]),
        ("admin", &admin, &["token", "list", "--user", "vic"]),
        ("admin", &admin, &["token", "list", "--user", "lab"]),
        ("admin", &admin, &["token", "list", "--user", "nobody"]),
        ("admin", &admin, &["token", "revoke", &id]),
        ("admin", &admin, &["token", "revoke", "--user", "vic", &id]),
        (
            "admin",
            &admin,
            &["token", "revoke", "--user", "ana", "none"],
        ),
        (
            "admin",
            &admin,
            &["token", "revoke", "--user", "ana", "old"],
        ),
        ("admin", &admin, &["user", "disable", "ana"]),
        ("admin", &admin, &["token", "revoke", "--user", "ana", &id]),
        ("admin", &admin, &["token", "revoke", "--user", "ana", &id]),
        ("admin", &admin, &["user", "enable", "ana"]),
        (
            "admin",
            &admin,
            &["token", "revoke", "--user", "ana", &twice, "--json"],
        ),
        ("ana", &ana, &["token", "list", "--user", "ana"]),
    ] {
        read.add(who, &words.join(" "), &shell.run(words).output());
    }
    assert!(!good(&leaked) && good(&kept));

    // An operator's token does neither: it has no session.
    let words = ["token", "create", "all", "--scope", "view,modify"];
    let token = admin.run(&words).expect(0).out;
    let shell = Shell::at(&server).with("PIERHEAD_TOKEN", token.trim_end());
    let words = ["token", "list", "--user", "ana"];
    read.add("a token", &words.join(" "), &shell.run(&words).output());
    read.expect("token-of-others");
}

#[test]
fn a_decision_is_explained_in_words_and_by_the_exit_status() {
    let server = served();
    let scope = "repository:syn101/tools:pull,push";
    let api = Api::login(&server.host, "ana", ANA_PASSWORD, &[scope]);
    Tiny::of("one").push(&api, "syn101/tools", "v1").expect(201);
    let (ana, vic) = (by("ana", &server), by("vic", &server));
    let mut read = Transcript::new(&server.host);
    for (who, words) in [
        ("vic", &["explain", "syn101/tools", "pull"][..]),
        ("vic", &["explain", "syn101/tools", "see", "--check"]),
        ("vic", &["explain", "syn101/tools", "pull", "--check"]),
        ("vic", &["explain", "syn101/new", "push"]),
        ("vic", &["explain", "syn101", "change-sharing"]),
        ("vic", &["explain", "syn101/tools", "pull", "--user", "ana"]),
        ("vic", &["explain", "syn102/tools", "pull"]),
        ("vic", &["explain", "tools", "pull"]),
        ("vic", &["explain", "syn101/tools", "pul"]),
        (
            "ana",
            &["explain", "syn101/tools", "delete", "--user", "vic"],
        ),
        (
            "ana",
            &["explain", "syn101/tools", "pull", "--user", "anonymous"],
        ),
        (
            "ana",
            &["explain", "syn101/tools", "pull", "--user", "nobody-here"],
        ),
        ("ana", &["explain", "syn101/tools", "push", "--check"]),
    ] {
        let shell = if who == "ana" { &ana } else { &vic };
        read.add(who, &words.join(" "), &shell.run(words).output());
    }
    read.expect("explain-command");
    let said = vic
        .run(&["explain", "syn101/tools", "pull", "--json", "--check"])
        .expect(1);
    assert_eq!(document(&said.out)["missing"], "DOWNLOAD");
}

#[test]
fn the_status_says_who_one_is_and_what_wants_attention() {
    let server = served();
    let mut read = Transcript::new(&server.host);
    let admin = by("admin", &server);
    for (who, shell) in [
        ("nobody", &Shell::at(&server)),
        ("vic", &by("vic", &server)),
        ("ana", &by("ana", &server)),
        ("admin", &admin),
    ] {
        read.add(who, "status", &shell.run(&["status"]).output());
    }
    // A project whose only administrator is disabled, and an invitation.
    let api = Api::anonymous(&server.host);
    let session = api.session("admin", ADMIN_PASSWORD);
    let account = api.manage(
        &session,
        "GET",
        "/pierhead/v1/account?name=ana",
        &Value::Null,
    );
    let path = format!(
        "/pierhead/v1/account/{}/disabled",
        account.json()["id"].as_str().unwrap()
    );
    api.manage(&session, "PUT", &path, &json!({ "value": true }))
        .expect(200);
    api.manage(&session, "POST", "/pierhead/v1/invitation", &json!({}))
        .expect(201);
    read.add("admin", "status", &admin.run(&["status"]).output());
    read.expect("status");
    let said = document(&admin.run(&["status", "--json"]).expect(0).out);
    assert_eq!(said["attention"]["unmended"][0]["id"], "syn101");
    assert_eq!(said["account"]["operator"], true);
}

/// Whoever does not hear of one failure has the others done all the same.
#[test]
fn what_cannot_be_said_keeps_nothing_from_being_done() {
    let server = served();
    let admin = by("admin", &server);
    let line = "pierhead user certify nobody vic 2>/dev/full; echo status $?";
    let mut terminal = admin.terminal(line);
    terminal.wait_for("vic is certified\n");
    terminal.wait_for("status 1\n").end();
    let shown = admin.run(&["user", "show", "vic", "--json"]).expect(0);
    assert_eq!(document(&shown.out)["certified"], true);
}

#[test]
fn a_shell_completes_commands() {
    let shell = Shell::new();
    // Too long for a command line.
    let script = tempfile::NamedTempFile::new().expect("a scratch file");
    let written = shell.run(&["completion", "bash"]).expect(0).out;
    std::fs::write(&script, written).expect("a scratch file");
    let script = script.path().display();
    let complete = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let (last, before) = (words.len() - 1, words.len().saturating_sub(2));
        let asked = format!(
            "source '{script}'; COMP_WORDS=({}); COMP_CWORD={last}; COMPREPLY=(); \
             _pierhead pierhead \"${{COMP_WORDS[{last}]}}\" \"${{COMP_WORDS[{before}]}}\"; \
             echo \"${{COMPREPLY[*]}}\"",
            words.join(" ")
        );
        let said = run(Command::new("bash").args(["--norc", "-c", &asked]));
        said.expect_ok(line).trim().to_owned()
    };
    for (line, completed) in [
        ("pierhead log", "login logout"),
        ("pierhead tags pru", "prune"),
        ("pierhead token cr", "create"),
        ("pierhead tags list --js", "--json"),
        ("pierhead completion f", "fish"),
    ] {
        assert_eq!(complete(line), completed, "{line}");
    }
    for name in ["zsh", "fish"] {
        let script = shell.run(&["completion", name]).expect(0).out;
        assert!(
            script.contains("login") && script.contains("prune"),
            "{script}"
        );
    }
    shell.run(&["completion", "tcsh"]).expect(2);
}
