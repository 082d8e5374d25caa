//! `pierhead login` and `logout`, and who a command asks as.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use pierhead_tests::{
    ANA_PASSWORD, Api, LAB, Said, Server, ServerOptions, Shell, Transcript, free_port,
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

fn served(config: Option<&str>) -> Server {
    let ben =
        "\n[[user]]\nname = \"ben\"\nemail = \"ben@example.org\"\npassword = \"ben-has-one-too\"\n";
    Server::start(ServerOptions {
        provision: Some(LAB.to_owned() + ben),
        config: config.map(str::to_owned),
        ..ServerOptions::default()
    })
}

const LOGIN: [&str; 4] = ["login", "--user", "ana", "--password-stdin"];

fn log_in(shell: &Shell) {
    shell.run_with(&LOGIN, ANA_PASSWORD).expect(0);
}

/// Whom the server takes them for.
fn who(shell: &Shell) -> String {
    let said = shell.run(&["status", "--json"]).expect(0);
    let status: Value = serde_json::from_str(&said.out).expect("one document");
    let name = status["account"]["name"].as_str();
    name.unwrap_or("nobody").to_owned()
}

/// The session that is kept at a server.
fn kept(shell: &Shell, server: &Server) -> String {
    let text = fs::read_to_string(shell.sessions()).expect("it is kept");
    let sessions: Value = serde_json::from_str(&text).expect("sessions");
    let session = &sessions["servers"][format!("http://{}", server.host)]["secret"];
    session.as_str().expect("a session").to_owned()
}

fn is_good(server: &Server, session: &str) -> bool {
    let api = Api::anonymous(&server.host);
    let path = "/repo/v1/userProfile";
    api.manage(session, "GET", path, &Value::Null).status == 200
}

#[test]
fn a_session_is_kept_for_its_owner_alone_until_it_is_ended() {
    let server = served(None);
    let shell = Shell::at(&server);
    let mut read = Transcript::new(&server.host);
    let mut said = |words: &[&str], input: &str| {
        let said = shell.run_with(words, input);
        read.add("ana", &words.join(" "), &said.output());
    };
    said(&["tags", "list", "syn101/tools"], "");
    said(&["status"], "");
    said(&["login"], "");
    said(&["login", "--user", "ana"], "");
    said(&LOGIN, "");
    said(&LOGIN, "wrong");
    assert!(!shell.sessions().exists());
    said(&LOGIN, &format!("{ANA_PASSWORD}\nand more\n"));
    said(&["status"], "");
    let first = kept(&shell, &server);
    let text = fs::read_to_string(shell.sessions()).unwrap();
    assert!(!text.contains(ANA_PASSWORD), "{text}");
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(shell.sessions()), 0o600);
    assert_eq!(mode(shell.sessions().parent().unwrap().to_owned()), 0o700);

    // One takes the place of the one before, which ends.
    said(&LOGIN, ANA_PASSWORD);
    let second = kept(&shell, &server);
    assert!(!is_good(&server, &first) && is_good(&server, &second));
    said(&["logout"], "");
    assert!(!is_good(&server, &second), "it is ended at the server");
    said(&["logout"], "");
    said(&["status"], "");
    read.expect("session");
    let text = fs::read_to_string(shell.sessions()).unwrap();
    assert!(!text.contains("phs_"), "{text}");
}

#[test]
fn what_the_environment_says_goes_before_what_is_kept() {
    let server = served(None);
    let shell = Shell::at(&server);
    assert_eq!(who(&shell), "nobody");
    log_in(&shell);
    assert_eq!(who(&shell), "ana");
    let shell = shell
        .with("PIERHEAD_USER", "ben")
        .with("PIERHEAD_PASSWORD", "ben-has-one-too");
    assert_eq!(who(&shell), "ben");
    // The session of somebody else is not meant.
    let shell = shell.without("PIERHEAD_PASSWORD");
    assert_eq!(who(&shell), "nobody");
    let refused = shell.run(&["tags", "list", "syn101/tools"]).expect(2);
    assert!(
        refused.err.contains("who asks? type: pierhead login"),
        "{}",
        refused.err
    );
    let shell = shell.without("PIERHEAD_USER");

    let api = Api::anonymous(&server.host);
    let session = api.session("ben", "ben-has-one-too");
    let token = |scope: &str| {
        let token = json!({ "name": scope, "scope": [scope] });
        let token = api.manage(&session, "POST", "/auth/v1/personalAccessToken", &token);
        let token = token.expect(201).json();
        token["token"].as_str().unwrap().to_owned()
    };
    let shell = shell.with("PIERHEAD_TOKEN", &token("view"));
    assert_eq!(who(&shell), "ben");
    let blind = shell.without("PIERHEAD_TOKEN");
    let blind = blind.with("PIERHEAD_TOKEN", &token("download"));
    let said = blind.run(&["status"]).expect(1);
    assert!(said.out.contains("not told: the token"), "{}", said.out);
    assert!(said.err.contains("lacks the scope `view`"), "{}", said.err);
    let shell = blind.without("PIERHEAD_TOKEN");
    let shell = shell.with("PIERHEAD_TOKEN", "php_wrong");
    let refused = shell.run(&["status"]).expect(1);
    assert!(
        refused.err.contains("PIERHEAD_TOKEN is not good there"),
        "{}",
        refused.err
    );
    assert_eq!(
        who(&shell.without("PIERHEAD_TOKEN")),
        "ana",
        "it is kept all the same"
    );
}

/// A session for one command is over with it; what goes in the clear goes through nobody's hands.
#[test]
fn a_session_of_one_command_ends_with_it_and_passes_no_proxy() {
    let server = served(None);
    let mut shell = Shell::at(&server)
        .with("PIERHEAD_USER", "ana")
        .with("PIERHEAD_PASSWORD", ANA_PASSWORD);
    for name in [
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "all_proxy",
    ] {
        shell = shell.with(name, "http://127.0.0.1:1");
    }
    assert_eq!(who(&shell), "ana");
    assert!(!shell.sessions().exists());
    let api = Api::anonymous(&server.host);
    let admin = api.session("admin", pierhead_tests::ADMIN_PASSWORD);
    let rows = api
        .manage(&admin, "GET", "/pierhead/v1/audit?limit=3", &Value::Null)
        .json();
    let what: Vec<_> = rows["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["what"])
        .collect();
    assert_eq!(what[2], "revoke", "{rows}");
}

#[test]
fn a_session_goes_to_no_server_but_its_own() {
    let (one, other) = (served(None), served(None));
    let shell = Shell::at(&one);
    log_in(&shell);
    let session = kept(&shell, &one);
    // Not even by a name that looks alike.
    let (_, port) = one.host.split_once(':').unwrap();
    let elsewhere = [
        format!("http://{}", other.host),
        format!("http://localhost:{port}"),
    ];
    for url in &elsewhere {
        let said = shell.run(&["status", "--json", "--url", url]).expect(0);
        assert!(said.out.contains("\"account\":null"), "{url}: {}", said.out);
    }
    let name = format!("{}/syn101/tools", other.host);
    let refused = shell.run(&["tags", "list", &name]).expect(2);
    assert!(
        refused
            .err
            .contains(&format!("type: pierhead login http://{}", other.host)),
        "{}",
        refused.err
    );

    // The last one is the default, and each keeps its own.
    let shell = shell.without("PIERHEAD_URL");
    let at_other = format!("http://{}", other.host);
    let words = ["login", &*at_other, "--user", "ben", "--password-stdin"];
    shell.run_with(&words, "ben-has-one-too").expect(0);
    assert_eq!(who(&shell), "ben");
    assert_eq!(kept(&shell, &one), session);
    let said = shell.run(&["status", "--json", "--url", &format!("http://{}", one.host)]);
    assert!(said.expect(0).out.contains("\"name\":\"ana\""));
    let refused = shell.run(&[
        "tags",
        "list",
        &name,
        "--url",
        &format!("http://{}", one.host),
    ]);
    assert!(
        refused
            .expect(2)
            .err
            .contains("and --url or PIERHEAD_URL another server")
    );
    shell.run(&["logout", &other.host]).expect(0);
    assert_eq!(who(&shell), "ana", "the one that is left");
    assert!(!shell.run(&["status"]).out.contains(&other.host));
}

/// What the environment says of who asks is for the server that it names.
#[test]
fn credentials_of_the_environment_go_to_no_other_host() {
    let server = served(None);
    let (other, name) = (served(None), "syn101/tools");
    let name = format!("{}/{name}", other.host);
    for (variable, value) in [("PIERHEAD_TOKEN", "php_x"), ("PIERHEAD_PASSWORD", "x")] {
        let shell = Shell::at(&server)
            .with("PIERHEAD_USER", "ana")
            .with(variable, value);
        let refused = shell.run(&["tags", "list", &name]).expect(2);
        let said = "and --url or PIERHEAD_URL another server";
        assert!(refused.err.contains(said), "{}", refused.err);
    }
}

#[test]
fn whoever_changes_the_password_stays_logged_in() {
    let server = served(None);
    let shell = Shell::at(&server);
    log_in(&shell);
    let before = kept(&shell, &server);
    let shell = shell.with("PIERHEAD_PASSWORD", ANA_PASSWORD);
    let words = ["user", "password", "--password-stdin"];
    shell.run_with(&words, "another-one-of-ana").expect(0);
    let shell = shell.without("PIERHEAD_PASSWORD");
    assert_eq!(who(&shell), "ana");
    assert!(!is_good(&server, &before) && is_good(&server, &kept(&shell, &server)));
    let said = shell.run(&["status", "--json"]).expect(0);
    let status: Value = serde_json::from_str(&said.out).expect("one document");
    assert!(status["sessionUntil"].is_string(), "{status}");
}

#[test]
fn a_session_that_is_over_says_what_to_type() {
    let server = served(None);
    let shell = Shell::at(&server);
    log_in(&shell);
    let api = Api::anonymous(&server.host);
    api.manage(
        &kept(&shell, &server),
        "DELETE",
        "/auth/v1/session",
        &Value::Null,
    )
    .expect(200);
    let typed = format!(
        "the session at http://{0} is over; type: pierhead login http://{0}",
        server.host
    );
    for words in [
        &["tags", "list", "syn101/tools"][..],
        &["token", "list"],
        &["status"],
    ] {
        let refused = shell.run(words).expect(1);
        assert!(refused.err.contains(&typed), "{words:?}: {}", refused.err);
    }
    shell.run(&["logout"]).expect(0);

    let server = served(Some("session_life = \"60s\"\n"));
    let shell = Shell::at(&server);
    let said = shell.run_with(&LOGIN, ANA_PASSWORD).expect(0);
    assert!(said.err.contains("as ana for 1 minute"), "{}", said.err);
}

#[test]
fn a_session_is_forgotten_even_if_its_server_is_gone() {
    let mut server = served(None);
    let shell = Shell::at(&server);
    log_in(&shell);
    server.kill();
    for words in [&["status"][..], &["tags", "list", "syn101/tools"]] {
        let refused = shell.run(words).expect(1);
        assert!(refused.err.contains("did not answer"), "{}", refused.err);
    }
    let refused = shell.run(&["logout"]).expect(1);
    assert!(
        refused
            .err
            .contains("the session is forgotten here, and good there for 12 hours"),
        "{}",
        refused.err
    );
    let text = fs::read_to_string(shell.sessions()).unwrap();
    assert!(!text.contains("phs_"), "{text}");
    let nowhere = format!("127.0.0.1:{}", free_port());
    let words = ["login", &*nowhere, "--user", "ana", "--password-stdin"];
    let refused = shell.run_with(&words, ANA_PASSWORD).expect(1);
    assert!(refused.err.contains("did not answer"), "{}", refused.err);
    let odd = shell
        .run(&["tags", "list", "a/b", "--url", "127.0.0.1:1"])
        .expect(2);
    assert!(odd.err.contains("is no server's URL"), "{}", odd.err);
}

/// Where the file of sessions cannot be written, all else is done that can be, and said.
#[test]
fn a_session_that_cannot_be_kept_is_ended_and_the_rest_is_done() {
    let server = served(None);
    let shell = Shell::at(&server);
    let refused = |said: Said| {
        assert!(
            said.err.contains("the session cannot be kept in"),
            "{}",
            said.err
        );
        said.err
    };
    log_in(&shell);
    let before = kept(&shell, &server);
    // Of root no permission keeps anything.
    let obstacle = shell.sessions().with_extension("partial");
    fs::create_dir(&obstacle).unwrap();
    let said = refused(shell.run_with(&LOGIN, ANA_PASSWORD).expect(1));
    assert!(!said.contains("logged in"), "{said}");

    let shell = shell.with("PIERHEAD_PASSWORD", ANA_PASSWORD);
    let words = ["user", "password", "--password-stdin"];
    let changed = "another-one-of-ana";
    let said = refused(shell.run_with(&words, changed).expect(1));
    assert!(
        said.contains("the password is another one all the same"),
        "{said}"
    );
    assert!(!is_good(&server, &before));

    let shell = shell.without("PIERHEAD_PASSWORD");
    fs::remove_dir(&obstacle).unwrap();
    shell.run_with(&LOGIN, changed).expect(0);
    let before = kept(&shell, &server);
    fs::create_dir(&obstacle).unwrap();
    let said = refused(shell.run(&["logout"]).expect(1));
    assert!(said.contains("the session is over"), "{said}");
    assert!(!is_good(&server, &before));
}

#[test]
fn sessions_that_others_can_come_to_are_not_used() {
    let server = served(None);
    let shell = Shell::at(&server);
    log_in(&shell);
    let file = shell.sessions();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    for words in [&["status"][..], &["logout"], &["token", "list"]] {
        let refused = shell.run(words).expect(2);
        let typed = format!("type: chmod 600 {}", file.display());
        assert!(refused.err.contains(&typed), "{words:?}: {}", refused.err);
    }
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert_eq!(who(&shell), "ana");
}

/// The terminal is as it was: after a password, and after Ctrl-C in the middle of one.
#[test]
fn a_password_is_not_shown_and_the_terminal_is_left_as_it_was() {
    let server = served(None);
    let shell = Shell::at(&server);
    let asks = format!("password of ana at http://{}: ", server.host);
    let name = format!("user name at http://{}: ", server.host);
    let look = "; echo status $?; stty -a";
    for (keys, status) in [
        (format!("{ANA_PASSWORD}\r"), "status 0\n"),
        (
            "wrong\u{15}ana-keeps\u{7f}s-her-bytes\r".to_owned(),
            "status 0\n",
        ),
        ("ana-keeps\u{3}".to_owned(), "status 130\n"),
        ("\u{4}".to_owned(), "status 2\n"),
    ] {
        let mut terminal = shell.terminal(&format!("pierhead login{look}"));
        terminal.wait_for(&name).types("ana\r").wait_for(&asks);
        terminal.types(&keys).wait_for(status);
        let shown = terminal.end();
        assert!(!shown.contains("ana-keeps"), "{shown}");
        for mode in [" echo ", " icanon ", "isig "] {
            assert!(shown.contains(mode), "{mode}: {shown}");
        }
    }
    // A command that needs somebody asks for itself alone.
    shell.run(&["logout"]).expect(0);
    let mut terminal = shell.terminal("pierhead token list");
    terminal.wait_for(&name).types("ana\r").wait_for(&asks);
    terminal
        .types(&format!("{ANA_PASSWORD}\r"))
        .wait_for("you have no tokens");
    terminal.end();
    assert_eq!(who(&shell), "nobody");
}

/// Nor does a signal from outside leave the terminal as it is for passwords.
#[test]
fn a_signal_in_the_middle_of_a_password_leaves_the_terminal_as_it_was() {
    let shell = Shell::new().with("PIERHEAD_URL", "http://127.0.0.1:1");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let line = format!(
        "sh -c 'echo $$ >{}; exec pierhead login --user ana'; echo status $?; stty -a",
        file.display()
    );
    for (signal, status) in [
        (Signal::TERM, "status 143\n"),
        (Signal::HUP, "status 129\n"),
    ] {
        let mut terminal = shell.terminal(&line);
        terminal.wait_for("password of ana at");
        let pid = fs::read_to_string(&file).unwrap();
        let pid = Pid::from_raw(pid.trim().parse().unwrap()).unwrap();
        kill_process(pid, signal).unwrap();
        terminal.wait_for(status);
        let shown = terminal.end();
        for mode in [" echo ", " icanon ", "isig "] {
            assert!(shown.contains(mode), "{mode}: {shown}");
        }
    }
}
