//! The real program, from its first start to its last word.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const PASSWORD: &str = "operator-of-the-tests";

/// The program in a folder of its own, on a port that was free a moment ago.
struct Place {
    folder: TempDir,
    at: SocketAddr,
}

impl Place {
    fn new() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let at = free.local_addr().expect("it is bound");
        Self {
            folder: TempDir::new().expect("a scratch directory"),
            at,
        }
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("a scratch file");
    }

    /// The command line; a subcommand in `more` comes first.
    fn command(&self, more: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pierhead"));
        command
            .current_dir(self.folder.path())
            .env_remove("PIERHEAD_ADMIN_PASSWORD");
        let words = more
            .iter()
            .position(|word| word.starts_with('-'))
            .unwrap_or(more.len());
        let (first, more) = more.split_at(words);
        command
            .args(first)
            .args(["--data", "data", "--listen", &self.at.to_string()])
            .args(more);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Starts it and waits until it answers.
    fn start(&self, command: &mut Command) -> Running {
        let mut child = command.spawn().expect("the program starts");
        let end = Instant::now() + Duration::from_secs(30);
        while TcpStream::connect(self.at).is_err() {
            let ended = child.try_wait().expect("the program is ours");
            assert!(
                ended.is_none() && Instant::now() < end,
                "it does not listen: {ended:?}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
        Running(Some(child))
    }

    /// Runs it to an end that must be a refusal with this status.
    fn refused(&self, status: i32, more: &[&str]) -> String {
        let output = self.command(more).output().expect("the program starts");
        let error = String::from_utf8(output.stderr).expect("text");
        assert_eq!(output.status.code(), Some(status), "{error}");
        error
    }

    /// What is answered to these bytes.
    fn answer(&self, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.at).expect("it listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .expect("a socket");
        stream.write_all(request).expect("it reads");
        let mut answer = String::new();
        stream
            .read_to_string(&mut answer)
            .expect("it answers, and ends the connection");
        answer
    }
}

struct Running(Option<Child>);

impl Running {
    fn signal(&self, signal: Signal) {
        let child = self.0.as_ref().expect("it runs");
        kill_process(Pid::from_child(child), signal).expect("the program is ours");
    }

    fn is_there(&mut self) -> bool {
        let child = self.0.as_mut().expect("it runs");
        child.try_wait().expect("the program is ours").is_none()
    }

    /// Whether it does something else at a signal than to end.
    fn hears(&self, signal: Signal) -> bool {
        let pid = self.0.as_ref().expect("it runs").id();
        let status = std::fs::read_to_string(format!("/proc/{pid}/status"));
        let status = status.expect("the system says so");
        let mut caught = status
            .lines()
            .filter_map(|line| line.strip_prefix("SigCgt:"));
        let caught = u64::from_str_radix(caught.next().unwrap_or("0").trim(), 16);
        caught.expect("a number") >> (signal.as_raw() - 1) & 1 == 1
    }

    fn wait(mut self) -> Output {
        let child = self.0.take().expect("it runs");
        child.wait_with_output().expect("the program is ours")
    }

    /// Stops it in order: what it said on standard output and on standard error.
    fn stop(self) -> (String, String) {
        self.signal(Signal::TERM);
        let output = self.wait();
        let text = |bytes| String::from_utf8(bytes).expect("text");
        let (said, logged) = (text(output.stdout), text(output.stderr));
        assert!(output.status.success(), "{logged}");
        assert!(logged.contains("stopping because of SIGTERM"), "{logged}");
        assert!(logged.trim_end().ends_with("stopped"), "{logged}");
        (said, logged)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(child) = &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

const LAB: &str = r#"
[[user]]
name = "ana"
password_file = "ana.txt"
certified = true

[[project]]
id = "syn101"
name = "Genomics"
owner = "ana"
"#;

#[test]
fn the_first_start_makes_everything_and_the_second_nothing() {
    let place = Place::new();
    place.write("lab.toml", LAB);
    place.write("ana.txt", "choose a better one\n");
    let running = place.start(&mut place.command(&["--provision", "lab.toml"]));
    let answer = place.answer(b"GET /v2/ HTTP/1.0\r\nHost: 127.0.0.1:1\r\n\r\n");
    assert!(
        answer.contains("realm=\"http://127.0.0.1:1/token\""),
        "{answer}"
    );
    let (said, logged) = running.stop();
    assert!(said.contains("made users: ana\n"), "{said}");
    assert!(
        said.contains("made projects: syn101 (Genomics)\n"),
        "{said}"
    );
    assert!(
        said.contains(&format!("docker push {}/syn101/hello\n", place.at)),
        "{said}"
    );

    // Nobody looks at a terminal here: the operator's password is in a file, and nowhere else.
    let left = place.folder.path().join("data/admin-password");
    let password = std::fs::read_to_string(&left).expect("a password file");
    assert_eq!(mode(&left), 0o600);
    assert!(password.trim_end().len() >= 20);
    assert!(
        logged.contains("Its password is in data/admin-password"),
        "{logged}"
    );
    assert!(!format!("{said}{logged}").contains(password.trim_end()));

    let running = place.start(
        place
            .command(&["serve", "--provision", "lab.toml"])
            .env_clear(),
    );
    let (said, logged) = running.stop();
    assert!(said.contains("lab.toml:\n  nothing to change\n"), "{said}");
    assert!(!logged.contains("password"), "{logged}");
}

/// Runs `reset-password` on the place's data with this on its standard input.
fn reset(place: &Place, more: &[&str], typed: &str) -> (Option<i32>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pierhead"))
        .current_dir(place.folder.path())
        .arg("reset-password")
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut input = child.stdin.take().expect("it is piped");
    // Whoever is refused before need not have read it.
    let _ = input.write_all(typed.as_bytes());
    drop(input);
    let output = child.wait_with_output().expect("the program is ours");
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).expect("text"))
}

#[test]
fn a_lost_password_is_set_again_where_no_server_runs() {
    let place = Place::new();
    let login = |password: &str| {
        let body = format!(r#"{{"username":"admin","password":"{password}"}}"#);
        let length = body.len();
        let host = "Host: h\r\nContent-Type: application/json";
        place.answer(
            format!(
                "POST /auth/v1/login HTTP/1.0\r\n{host}\r\nContent-Length: {length}\r\n\r\n{body}"
            )
            .as_bytes(),
        )
    };
    let (status, said) = reset(&place, &["--data", "data"], "a good enough one\n");
    assert_eq!(status, Some(2), "{said}");
    assert!(said.contains("there is no registry in data"), "{said}");
    assert!(!place.folder.path().join("data").exists());

    let running = place.start(place.command(&[]).env("PIERHEAD_ADMIN_PASSWORD", PASSWORD));
    let (status, said) = reset(&place, &["--data", "data"], "a good enough one\n");
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("is in use by another server"), "{said}");
    assert!(login(PASSWORD).contains("201 Created"));
    running.stop();

    for (more, typed, status, told) in [
        (
            &["nobody"][..],
            "a good enough one\n",
            2,
            "no user `nobody` here",
        ),
        (&[], "short\n", 1, "no password was set"),
        (&[], "", 1, "no password was set"),
        (&["admin"], "a good enough one\n", 0, "admin signs in"),
    ] {
        let line = [&["--data", "data"], more].concat();
        let (seen, said) = reset(&place, &line, typed);
        assert_eq!(seen, Some(status), "{said}");
        assert!(said.contains(told), "{said}");
    }
    let running = place.start(&mut place.command(&[]));
    assert!(login(PASSWORD).contains("401 Unauthorized"));
    assert!(login("a good enough one").contains("201 Created"));
    running.stop();
}

#[test]
fn a_wrong_file_names_its_line_and_nothing_is_served() {
    let place = Place::new();
    for (flag, text, said) in [
        (
            "--config",
            "[storage]\nsink = true\n",
            "t.toml:2: unknown key `sink`",
        ),
        (
            "--provision",
            "[[user]]\nname = \"ana\"\nrole = 1",
            "t.toml:3: unknown key `role`",
        ),
        ("--provision", "\n[[user]]\nname = \"A\"", "t.toml:2: "),
        (
            "--provision",
            "[[project]]\nname = \"P\"\nowner = \"nobody\"",
            "t.toml:1: there is no user",
        ),
    ] {
        place.write("t.toml", text);
        let error = place.refused(2, &[flag, "t.toml"]);
        let last = error.lines().last().unwrap_or_default();
        assert!(last.starts_with(&format!("pierhead: {said}")), "{error}");
        assert!(TcpStream::connect(place.at).is_err(), "{text}");
    }
}

#[test]
fn a_taken_port_and_a_taken_directory_say_what_to_type() {
    let place = Place::new();
    let running = place.start(place.command(&[]).env("PIERHEAD_ADMIN_PASSWORD", PASSWORD));
    let error = place.refused(1, &[]);
    assert!(
        error.contains("data is in use by another server; stop that one"),
        "{error}"
    );
    let elsewhere = Place {
        at: place.at,
        ..Place::new()
    };
    let error = elsewhere.refused(1, &[]);
    assert!(
        error.contains("is taken by another program; type `--listen 127.0.0.1:"),
        "{error}"
    );
    running.stop();
}

#[test]
fn who_tries_tls_is_answered_in_http() {
    let place = Place::new();
    let running = place.start(place.command(&[]).env("PIERHEAD_ADMIN_PASSWORD", PASSWORD));
    let answer = place.answer(b"\x16\x03\x01\x00\x05hello");
    assert!(
        answer.starts_with("HTTP/1.0 400 Bad Request\r\n"),
        "{answer}"
    );
    assert!(
        answer.contains("this server speaks HTTP without TLS"),
        "{answer}"
    );
    running.stop();
}

#[test]
fn a_certificate_may_be_renewed_while_the_server_starts() {
    let place = Place::new();
    let key = rcgen::KeyPair::generate().expect("a key");
    let about = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a server");
    let certificate = about.self_signed(&key).expect("its certificate");
    place.write("c.pem", &certificate.pem());
    place.write("k.pem", &key.serialize_pem());
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(place.folder.path().join("k.pem"), mode).expect("it is ours");
    place.write("c.toml", "[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"");
    // Hashing the operator's password takes longer than what is waited for.
    let mut command = place.command(&["--config", "c.toml"]);
    let child = command.env("PIERHEAD_ADMIN_PASSWORD", PASSWORD).spawn();
    let mut running = Running(Some(child.expect("the program starts")));
    while !running.hears(Signal::TERM) {
        assert!(running.is_there(), "it does not start");
        std::thread::sleep(Duration::from_millis(1));
    }
    std::thread::sleep(Duration::from_millis(5));
    running.signal(Signal::HUP);
    while TcpStream::connect(place.at).is_err() {
        assert!(running.is_there(), "the signal ended it");
        std::thread::sleep(Duration::from_millis(10));
    }
    let (_, logged) = running.stop();
    assert!(
        logged.contains("the certificate was read again"),
        "{logged}"
    );
}

#[test]
fn an_idle_connection_ends_in_either_version_of_http() {
    let place = Place::new();
    place.write("c.toml", "[limits]\nheader_timeout = \"1s\"");
    let mut command = place.command(&["--config", "c.toml"]);
    let running = place.start(command.env("PIERHEAD_ADMIN_PASSWORD", PASSWORD));
    // Half a header; and the preface with empty SETTINGS, from a client that answers nothing.
    let preface: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for start in [b"GET / HTTP/1.1\r\n".as_slice(), preface] {
        let since = Instant::now();
        let mut stream = TcpStream::connect(place.at).expect("it listens");
        stream
            .set_read_timeout(Some(Duration::from_secs(15)))
            .expect("a socket");
        stream.write_all(start).expect("it reads");
        let mut told = Vec::new();
        stream
            .read_to_end(&mut told)
            .expect("it ends the connection");
        assert!(since.elapsed() >= Duration::from_secs(1), "{told:?}");
    }
    running.stop();
}

#[test]
fn a_request_under_way_holds_a_stop_up_until_it_is_drained_or_told_again() {
    let place = Place::new();
    place.write("c.toml", "drain = \"1s\"");
    let half = b"POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\n\r\nhalf";
    for (config, again) in [(&["--config", "c.toml"][..], false), (&[], true)] {
        let mut command = place.command(config);
        let running = place.start(command.env("PIERHEAD_ADMIN_PASSWORD", PASSWORD));
        let mut stream = TcpStream::connect(place.at).expect("it listens");
        stream.write_all(half).expect("it reads");
        std::thread::sleep(Duration::from_millis(300));
        let since = Instant::now();
        running.signal(Signal::TERM);
        if again {
            std::thread::sleep(Duration::from_millis(300));
            running.signal(Signal::INT);
        }
        let output = running.wait();
        let logged = String::from_utf8(output.stderr).expect("text");
        assert!(output.status.success(), "{logged}");
        let took = since.elapsed();
        assert!(took < Duration::from_secs(15), "{took:?}\n{logged}");
        let said = if again {
            "are cut off"
        } else {
            "did not finish in time"
        };
        assert!(logged.contains(said), "{logged}");
    }
}

/// The secret in the one message that is left to be carried, waiting for it.
fn carried(folder: &Path) -> String {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let found = std::fs::read_dir(folder).expect("a directory");
        let found = found.map(|entry| entry.expect("an entry").path());
        let mut whole = found.filter(|path| path.extension() == Some("eml".as_ref()));
        if let Some(path) = whole.next() {
            assert_eq!(mode(&path), 0o600);
            let text = std::fs::read_to_string(&path).expect("a message");
            std::fs::remove_file(path).expect("a message");
            let secret = text.lines().find_map(|line| line.strip_prefix("    ph"));
            return format!("ph{}", secret.expect("a secret"));
        }
        assert!(Instant::now() < end, "nothing is sent");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn whoever_registers_finds_a_message_to_confirm_the_address_by() {
    let place = Place::new();
    place.write("c.toml", "[mail]\ndirectory = \"outbox\"\n");
    let mut command = place.command(&["--config", "c.toml"]);
    let running = place.start(command.env("PIERHEAD_ADMIN_PASSWORD", PASSWORD));
    let post = |path: &str, token: &str, body: &str| {
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.0\r\nAuthorization: Bearer {token}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        place.answer(request.as_bytes())
    };
    let ana = r#""password":"choose a better one"}"#;
    let new = format!(r#"{{"name":"ana","email":"ana@example.org",{ana}"#);
    let answer = post("/pierhead/v1/registration", "x", &new);
    assert!(answer.starts_with("HTTP/1.0 201"), "{answer}");
    let secret = carried(&place.folder.path().join("outbox"));
    let answer = post(
        "/auth/v1/login",
        "x",
        &format!(r#"{{"username":"ana",{ana}"#),
    );
    let session = answer.split('"').find(|word| word.starts_with("phs_"));
    let session = session.unwrap_or_else(|| panic!("{answer}"));
    let proof = format!(r#"{{"token":"{secret}"}}"#);
    let answer = post("/pierhead/v1/email/confirm", session, &proof);
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
    let by_address = format!(r#"{{"username":"ANA@example.org",{ana}"#);
    let answer = post("/auth/v1/login", "x", &by_address);
    assert!(answer.starts_with("HTTP/1.0 201"), "{answer}");
    let (_, logged) = running.stop();
    assert!(
        logged.contains("messages left to be carried: 1"),
        "{logged}"
    );
    assert!(
        !logged.contains(&secret) && !logged.contains("example.org"),
        "{logged}"
    );
}

#[test]
fn a_password_is_hashed_from_standard_input() {
    for (typed, status) in [("hunter2hunter2\n", 0), ("short\n", 2), ("", 2)] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_pierhead"))
            .arg("hash-password")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let stdin = child.stdin.take().expect("it is piped");
        { stdin }.write_all(typed.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("the program is ours");
        assert_eq!(output.status.code(), Some(status), "{typed:?}");
        let hash = String::from_utf8(output.stdout).expect("text");
        assert_eq!(hash.starts_with("$argon2id$v=19$"), status == 0, "{hash}");
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .expect("it is there")
        .permissions()
        .mode()
        & 0o777
}
