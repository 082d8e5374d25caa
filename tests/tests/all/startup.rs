//! What whoever starts the server reads, and how it begins and ends.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use pierhead_model::ContentDigest;
use pierhead_tests::{
    ADMIN_PASSWORD, ANA_PASSWORD, Api, LAB, Random, Raw, Server, ServerOptions, Shell, binary,
    free_port,
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// The server's command on this data directory, without a password told.
fn command(data: &Path, listen: &str) -> Command {
    let mut command = Command::new(binary("pierhead"));
    command.arg("--listen").arg(listen).arg("--data").arg(data);
    command.env_remove("PIERHEAD_ADMIN_PASSWORD");
    command
}

/// A server whose words are read line by line as they come.
struct Told {
    child: Child,
    lines: Receiver<String>,
}

impl Told {
    fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let (sender, lines) = channel();
        let out = child.stdout.take().expect("it is piped");
        let errors = child.stderr.take().expect("it is piped");
        let streams: [Box<dyn Read + Send>; 2] = [Box::new(out), Box::new(errors)];
        for stream in streams {
            let sender = sender.clone();
            thread::spawn(move || {
                for line in BufReader::new(stream).lines().map_while(Result::ok) {
                    let _ = sender.send(line);
                }
            });
        }
        Self { child, lines }
    }

    /// Everything until it has said all of this, in whatever order its two streams are read.
    fn until(&self, words: &[&str]) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        let mut text = String::new();
        while !words.iter().all(|words| text.contains(words)) {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                panic!("it never said {words:?}:\n{text}");
            };
            text.push_str(&(line + "\n"));
        }
        text
    }

    fn signal(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("the server is there");
    }

    /// Its exit status, which must come within a time.
    fn status(&mut self, within: Duration) -> Option<i32> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().expect("the server is ours") {
                return status.code();
            }
            assert!(Instant::now() < end, "the server does not end");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Told {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a start that must fail says; it has a minute to end by itself.
fn refused(command: &mut Command, status: i32) -> String {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    let end = Instant::now() + Duration::from_secs(60);
    while child.try_wait().expect("the server is ours").is_none() && Instant::now() < end {
        thread::sleep(Duration::from_millis(10));
    }
    let _ = child.kill();
    let output = child.wait_with_output().expect("the server is ours");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(status), "{text}");
    assert!(!text.contains("panicked"), "{text}");
    text
}

fn folder() -> TempDir {
    TempDir::new().expect("a scratch directory")
}

/// What stands between the words before and after it.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text
        .split_once(before)
        .unwrap_or_else(|| panic!("no `{before}` in:\n{text}"));
    rest.split_once(after)
        .unwrap_or_else(|| panic!("no `{after}` in:\n{text}"))
        .0
}

#[test]
fn a_taken_port_is_answered_with_the_line_to_type() {
    let server = Server::start(ServerOptions::default());
    let scratch = folder();
    let data = scratch.path().join("data");
    let text = refused(&mut command(&data, &server.host), 1);
    assert!(
        text.contains(&format!("{} is taken by another program", server.host)),
        "{text}"
    );
    let other = between(&text, "`--listen ", "`").to_owned();
    assert_ne!(other, server.host);
    // The line it names works as it stands.
    let told = Told::start(&mut command(&data, &other));
    told.until(&[&format!("listening on {other}")]);
}

#[test]
fn a_data_directory_in_use_is_refused_to_a_second_server() {
    let server = Server::start(ServerOptions::default());
    let listen = format!("127.0.0.1:{}", free_port());
    let text = refused(&mut command(&server.data(), &listen), 1);
    let shown = server.data().display().to_string();
    let wanted = format!(
        "pierhead: the data directory {shown} is in use by another server; stop that one, or name \
         another directory with --data\n"
    );
    assert_eq!(text, wanted);
    assert_eq!(
        Api::anonymous(&server.host)
            .send("GET", "/v2/", &[], &[])
            .status,
        401
    );
}

#[test]
fn a_directory_of_something_else_is_left_as_it_is() {
    let scratch = folder();
    std::fs::write(scratch.path().join("thesis.tex"), "years of work").expect("a file");
    let text = refused(&mut command(scratch.path(), "127.0.0.1:0"), 2);
    assert!(
        text.contains("holds something else than a registry's data"),
        "{text}"
    );
    let held = std::fs::read_dir(scratch.path()).expect("a folder").count();
    assert_eq!(held, 1, "something was made in it");
}

#[test]
fn listening_beyond_loopback_needs_a_public_url() {
    for address in ["0.0.0.0", "[::]"] {
        let scratch = folder();
        let data = scratch.path().join("data");
        let listen = format!("{address}:{}", free_port());
        let text = refused(&mut command(&data, &listen), 2);
        let wanted = format!("`--listen {listen} --public-url https://registry.example.org`");
        assert!(text.contains(&wanted), "{text}");
        assert!(!data.exists(), "something was made before it was refused");
    }
}

#[test]
fn a_password_that_nobody_sees_is_left_in_a_file_of_ones_own() {
    let scratch = folder();
    let data = scratch.path().join("data");
    let host = format!("127.0.0.1:{}", free_port());
    let mut told = Told::start(&mut command(&data, &host));
    let text = told.until(&["Pierhead serves ", &format!("listening on {host}")]);
    let path = Path::new(between(&text, "Its password is in ", "\n"));
    let mode = std::fs::metadata(path)
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let password = std::fs::read_to_string(path).expect("the file");
    let password = password.trim_end();
    assert!(!text.contains(password), "the password was printed");
    Api::anonymous(&host)
        .token("admin", password, &[])
        .expect(200);
    told.signal();
    assert_eq!(told.status(Duration::from_secs(20)), Some(0));

    // The second start makes no account and speaks of none.
    let told = Told::start(&mut command(&data, &host));
    let text = told.until(&["Pierhead serves ", &format!("listening on {host}")]);
    assert!(!text.contains("password"), "{text}");
    Api::anonymous(&host)
        .token("admin", password, &[])
        .expect(200);
}

#[test]
fn a_password_on_a_terminal_is_shown_once_and_left_nowhere() {
    let scratch = folder();
    let data = scratch.path().join("data");
    let host = format!("127.0.0.1:{}", free_port());
    // `script` gives the server a terminal; what is typed on it goes into a file.
    let record = scratch.path().join("terminal");
    let line = format!(
        "exec {} --listen {host} --data {}",
        binary("pierhead").display(),
        data.display()
    );
    let mut script = pierhead_tests::tool("script");
    script
        .args(["--quiet", "--flush", "--return", "--command", &line])
        .arg(&record);
    script.env_remove("PIERHEAD_ADMIN_PASSWORD");
    let mut told = Told::start(&mut script);
    let text = told
        .until(&["Pierhead serves ", &format!("listening on {host}")])
        .replace('\r', "");
    let password = between(&text, "shown this once:\n\n    ", "\n").to_owned();
    assert_eq!(text.matches(&password).count(), 1, "{text}");
    assert!(!data.join("admin-password").exists());
    Api::anonymous(&host)
        .token("admin", &password, &[])
        .expect(200);
    told.signal();
    told.status(Duration::from_secs(20));
}

#[test]
fn a_password_against_the_rules_is_refused_before_anything_is_kept() {
    let scratch = folder();
    let data = scratch.path().join("data");
    let mut start = command(&data, "127.0.0.1:0");
    let text = refused(start.env("PIERHEAD_ADMIN_PASSWORD", "short"), 2);
    assert!(
        text.contains("PIERHEAD_ADMIN_PASSWORD is not usable"),
        "{text}"
    );
    assert!(!text.contains("`short`"), "{text}");
    // With a better one the same directory is good.
    let host = format!("127.0.0.1:{}", free_port());
    let mut start = command(&data, &host);
    let told = Told::start(start.env("PIERHEAD_ADMIN_PASSWORD", ADMIN_PASSWORD));
    told.until(&["Pierhead serves ", &format!("listening on {host}")]);
    Api::anonymous(&host)
        .token("admin", ADMIN_PASSWORD, &[])
        .expect(200);
}

#[test]
fn the_commands_that_are_printed_name_this_server_and_a_project_that_is_there() {
    let options = ServerOptions {
        provision: Some(LAB.into()),
        ..Default::default()
    };
    let server = Server::start(options);
    let end = Instant::now() + Duration::from_secs(10);
    while !server.log().contains("listening on") && Instant::now() < end {
        thread::sleep(Duration::from_millis(10));
    }
    let (log, host) = (server.log(), &server.host);
    for line in [
        format!("    docker login {host} -u admin\n"),
        format!("    docker tag hello {host}/syn101/hello\n"),
        format!("    docker push {host}/syn101/hello\n"),
        format!("    docker pull {host}/syn101/hello\n"),
    ] {
        assert!(log.contains(&line), "`{line}` is not in:\n{log}");
    }
    // Without a project it says how to have one, by commands that work as they are shown.
    let bare = Server::start(ServerOptions::default());
    while !bare.log().contains("listening on") && Instant::now() < end {
        thread::sleep(Duration::from_millis(10));
    }
    let log = bare.log();
    assert!(!log.contains("docker push"), "{log}");
    let program = format!("    {} ", binary("pierhead").display());
    let shown = log.lines().filter_map(|line| line.strip_prefix(&*program));
    let shown: Vec<&str> = shown.collect();
    assert_eq!(shown.len(), 2, "{log}");
    let shell = Shell::new().with("PIERHEAD_PASSWORD", ADMIN_PASSWORD);
    let said = shown.iter().map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        shell.run(&words).expect(0).out
    });
    let said = said.fold(String::new(), |_, said| said);
    let project = between(&said, "Genomics is ", "\n").to_owned();
    let name = format!("{project}/a");
    let scopes = [format!("repository:{name}:pull,push")];
    let scopes = scopes.each_ref().map(String::as_str);
    let api = Api::login(&bare.host, "admin", ADMIN_PASSWORD, &scopes);
    api.push_blob(&name, &ContentDigest::sha256(b"x").to_string(), b"x")
        .expect(201);
}

/// A server with an upload under way: half of a closing request's body was sent.
struct Uploading {
    told: Told,
    raw: Raw,
    bytes: Vec<u8>,
    host: String,
    _scratch: TempDir,
}

fn uploading(config: &str) -> Uploading {
    let scratch = folder();
    let file = |name: &str, text: &str| {
        let path = scratch.path().join(name);
        std::fs::write(&path, text).expect("a scratch file");
        path
    };
    let host = format!("127.0.0.1:{}", free_port());
    let mut start = command(&scratch.path().join("data"), &host);
    start.arg("--provision").arg(file("lab.toml", LAB));
    start.arg("--config").arg(file("pierhead.toml", config));
    let told = Told::start(start.env("PIERHEAD_ADMIN_PASSWORD", ADMIN_PASSWORD));
    told.until(&["Pierhead serves ", &format!("listening on {host}")]);

    let scopes = ["repository:syn101/a:pull,push"];
    let api = Api::login(&host, "ana", ANA_PASSWORD, &scopes);
    let token = Api::anonymous(&host)
        .token("ana", ANA_PASSWORD, &scopes)
        .json();
    let authorization = format!("Bearer {}", token["token"].as_str().expect("a token"));
    let started = api
        .send("POST", "/v2/syn101/a/blobs/uploads/", &[], &[])
        .expect(202);
    let bytes = Random::new(9).bytes(1 << 20);
    let digest = ContentDigest::sha256(&bytes);
    let line = format!("PUT {}?digest={digest}", started.header("location"));
    let length = bytes.len().to_string();
    let headers = [
        ("Authorization", authorization.as_str()),
        ("Content-Length", &length),
    ];
    let mut raw = Raw::connect(host.parse().expect("an address")).expect("the server listens");
    raw.begin(&line, &headers).expect("the server reads");
    raw.send(&bytes[..bytes.len() / 2])
        .expect("the server reads");
    thread::sleep(Duration::from_millis(100));
    Uploading {
        told,
        raw,
        bytes,
        host,
        _scratch: scratch,
    }
}

#[test]
fn a_stop_lets_an_upload_finish() {
    let Uploading {
        mut told,
        mut raw,
        bytes,
        host,
        _scratch,
    } = uploading("drain = \"20s\"\n");
    told.signal();
    told.until(&[" connections to finish"]);
    // Nobody new is heard while it waits.
    let refused = std::net::TcpStream::connect(&host).is_err();
    assert!(refused, "it still listens while it stops");
    for piece in bytes[bytes.len() / 2..].chunks(bytes.len() / 16) {
        thread::sleep(Duration::from_millis(100));
        raw.send(piece).expect("the server still reads");
    }
    let answer = raw.answer(false).expect("an answer");
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(told.status(Duration::from_secs(5)), Some(0));
}

#[test]
fn a_stop_waits_no_longer_than_it_was_told() {
    let Uploading {
        mut told,
        raw,
        _scratch,
        ..
    } = uploading("drain = \"1s\"\n");
    let asked = Instant::now();
    told.signal();
    told.until(&["did not finish in time"]);
    assert_eq!(told.status(Duration::from_secs(5)), Some(0));
    assert!(asked.elapsed() >= Duration::from_secs(1), "it did not wait");
    drop(raw);
}
