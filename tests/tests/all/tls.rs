//! TLS by the server itself, under a certificate authority of one's own.

#[path = "tls/authority.rs"]
pub(crate) mod authority;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use pierhead_tests::{
    Engine, Layout, OWNER, Output, PEOPLE, PROJECT, Server, ServerOptions, digest, provision, run,
    run_with, scratch_build, tool,
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use authority::Authority;

fn secured(authority: &Authority, more: &str) -> Server {
    Server::start(ServerOptions {
        provision: Some(provision(PEOPLE)),
        config: Some(authority.config(more)),
        ..ServerOptions::default()
    })
}

#[test]
fn crane_pushes_and_pulls_where_it_trusts_the_authority_and_nowhere_else() {
    let (authority, scratch) = (Authority::new(), TempDir::new().unwrap());
    let server = secured(&authority, "");
    assert!(
        server.log().contains(&format!("https://{}", server.host)),
        "{}",
        server.log()
    );
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "crane");
    let image = format!("{}/{PROJECT}/crane:multi", server.host);
    let crane = |trusted: bool, arguments: &[&str], input: &[u8]| -> Output {
        let mut command: Command = tool("crane");
        command.args(arguments).env("DOCKER_CONFIG", scratch.path());
        if trusted {
            command.env("SSL_CERT_FILE", authority.certificate());
        }
        run_with(&mut command, input)
    };
    let login = [
        "auth",
        "login",
        &server.host,
        "-u",
        OWNER.name,
        "--password-stdin",
    ];
    crane(true, &login, OWNER.password().as_bytes()).expect_ok("crane auth login");
    let push = ["push", "--index", layout.path.to_str().unwrap(), &image];
    let said = crane(false, &push, b"").expect_refused("crane push");
    assert!(said.contains("certificate"), "{said}");
    crane(true, &push, b"").expect_ok("crane push");
    let pulled = crane(true, &["manifest", &image], b"").expect_ok("crane manifest");
    assert_eq!(
        pulled.as_bytes(),
        fs::read(layout.path.join("index.json")).unwrap()
    );
}

#[test]
fn skopeo_and_podman_push_and_pull_where_they_trust_the_authority() {
    let (authority, scratch) = (Authority::new(), TempDir::new().unwrap());
    let server = secured(&authority, "");
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "skopeo");
    let from = format!("oci:{}:multi", layout.path.display());
    let to = format!("docker://{}/{PROJECT}/skopeo:multi", server.host);
    let (user, password) = (OWNER.name, OWNER.password());
    let credentials = format!("{user}:{password}");
    let trusted = authority.folder_of_certificates();
    let trusted = trusted.to_str().unwrap();
    let nothing = TempDir::new().unwrap();
    let nothing = nothing.path().to_str().unwrap();
    let copy = |certificates: &str| {
        let mut command = tool("skopeo");
        command.args([
            "--insecure-policy",
            "copy",
            "--all",
            "--dest-creds",
            &credentials,
        ]);
        run(command.args(["--dest-cert-dir", certificates, &from, &to]))
    };
    copy(nothing).expect_refused("skopeo copy");
    copy(trusted).expect_ok("skopeo copy");
    let raw = [
        "inspect",
        "--raw",
        "--creds",
        &credentials,
        "--cert-dir",
        trusted,
        &to,
    ];
    let raw = run(tool("skopeo").args(raw)).expect_ok("skopeo inspect");
    assert_eq!(raw.as_bytes(), layout.blob(&layout.index));
    let login = [
        "login",
        "--cert-dir",
        trusted,
        "-u",
        user,
        "-p",
        &password,
        &server.host,
    ];
    let at = |name: &str| scratch.path().join(name);
    let mut podman = tool("podman");
    podman.env("REGISTRY_AUTH_FILE", at("auth.json"));
    podman.args(["--storage-driver", "vfs", "--events-backend", "none"]);
    podman
        .arg("--root")
        .arg(at("root"))
        .arg("--runroot")
        .arg(at("run"));
    podman.arg("--tmpdir").arg(at("tmp"));
    podman.arg("--network-config-dir").arg(at("networks"));
    run(podman.args(login)).expect_ok("podman login");
}

#[test]
fn the_docker_engine_signs_in_pushes_and_pulls() {
    let (authority, scratch) = (Authority::new(), TempDir::new().unwrap());
    let server = secured(&authority, "");
    let engine = Engine::start();
    let owner = engine.client("owner");
    owner
        .login(&server.host, OWNER.name, &OWNER.password())
        .expect_ok("docker login");
    let image = format!("{}/{PROJECT}/docker:1", server.host);
    scratch_build(scratch.path(), "base", "hello");
    owner.build(scratch.path(), &image);
    let id = owner.id(&image);
    owner.docker(&["push", &image]).expect_ok("docker push");
    owner
        .docker(&["rmi", "--force", &image])
        .expect_ok("docker rmi");
    owner.docker(&["pull", &image]).expect_ok("docker pull");
    assert_eq!(owner.id(&image), id);
}

#[test]
fn a_download_goes_on_under_the_old_certificate_while_new_connections_see_the_new_one() {
    let authority = Authority::new();
    let mut server = secured(&authority, "");
    let host = server.host.clone();
    let blob = vec![7_u8; 48 << 20];
    let basic = BASE64_STANDARD.encode(format!("{}:{}", OWNER.name, OWNER.password()));
    let ask = |head: &str, body: &[u8]| {
        let mut connection = authority.connect(&host, &[]);
        connection.send(format!("{head}\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes());
        connection.send(body);
        String::from_utf8_lossy(&connection.rest()).into_owned()
    };
    let name = format!("{PROJECT}/large");
    let token = ask(
        &format!(
            "GET /token?scope=repository:{name}:pull,push HTTP/1.1\r\nAuthorization: Basic {basic}"
        ),
        b"",
    );
    let (_, token) = token.split_once("\"token\":\"").expect("a token");
    let token = token.split('"').next().unwrap_or_default();
    let bearer = format!("Authorization: Bearer {token}");
    let begun = ask(
        &format!("POST /v2/{name}/blobs/uploads/ HTTP/1.1\r\n{bearer}\r\nContent-Length: 0"),
        b"",
    );
    let at = begun
        .lines()
        .find_map(|line| line.strip_prefix("location: "))
        .expect(&begun);
    let at = at
        .trim()
        .strip_prefix(&format!("https://{host}"))
        .unwrap_or(at.trim());
    let mark = if at.contains('?') { '&' } else { '?' };
    let sum = digest(&blob);
    let length = blob.len();
    let put = ask(
        &format!(
            "PUT {at}{mark}digest={sum} HTTP/1.1\r\n{bearer}\r\nContent-Length: {length}\r\n\
             Content-Type: application/octet-stream"
        ),
        &blob,
    );
    assert!(put.starts_with("HTTP/1.1 201"), "{put}");

    let mut download = authority.connect(&host, &[]);
    let head = format!("GET /v2/{name}/blobs/{sum} HTTP/1.1\r\nHost: {host}\r\n{bearer}");
    download.send(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes());
    let mut came = download.some(1 << 20);
    assert_eq!(Authority::shown(&host), "first");
    authority.renew("second");
    hang_up(&server);
    until(|| Authority::shown(&host) == "second");
    came.extend(download.rest());
    let start = came
        .windows(4)
        .position(|end| end == b"\r\n\r\n")
        .expect("a head")
        + 4;
    assert!(came[start..] == blob, "{} bytes", came.len() - start);

    // What cannot be used is complained of, and changes nothing.
    fs::write(authority.certificate().with_file_name("chain.pem"), "none").unwrap();
    hang_up(&server);
    until(|| {
        server
            .log()
            .contains("the certificate of before is still served")
    });
    assert_eq!(Authority::shown(&host), "second");
    server.stop();
}

#[test]
fn both_versions_of_http_are_agreed_on_and_who_speaks_without_tls_is_told_so() {
    let authority = Authority::new();
    let server = secured(&authority, "");
    let mut old = authority.connect(&server.host, &["-tls1_2", "-alpn", "http/1.1"]);
    old.send(b"GET /v2/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = String::from_utf8_lossy(&old.rest()).into_owned();
    assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    assert!(
        answer.contains(&format!("realm=\"https://{}/token\"", server.host)),
        "{answer}"
    );
    let mut new = authority.connect(&server.host, &["-alpn", "h2,http/1.1"]);
    new.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    assert_eq!(new.some(9)[3], 4, "it begins with its settings");
    for words in [
        b"GET /v2/ HTTP/1.1\r\n\r\n".as_slice(),
        b"PRI * HTTP/2.0\r\n\r\n",
    ] {
        let mut plain = TcpStream::connect(server.address()).unwrap();
        plain.write_all(words).unwrap();
        let mut told = String::new();
        plain.read_to_string(&mut told).unwrap();
        assert!(told.starts_with("HTTP/1.0 400 "), "{told}");
        assert!(told.contains("use https://"), "{told}");
    }
}

#[test]
fn handshakes_that_stand_still_keep_nobody_out_and_end() {
    let authority = Authority::new();
    let limits = "[limits]\nconnections = 50\nheader_timeout = \"8s\"\n";
    let server = secured(&authority, limits);
    // The first bytes of a handshake, and then nothing.
    let mut slow = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(server.address()).unwrap();
        stream.write_all(b"\x16\x03\x01\x02\x00\x01").unwrap();
        slow.push(stream);
    }
    let begun = Instant::now();
    let mut client = authority.connect(&server.host, &[]);
    client.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    let answer = String::from_utf8_lossy(&client.rest()).into_owned();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let waited = begun.elapsed();
    assert!(waited < Duration::from_secs(30), "{waited:?}");
    for mut stream in slow {
        stream
            .set_read_timeout(Some(Duration::from_secs(60)))
            .unwrap();
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest);
    }
    assert!(
        begun.elapsed() < Duration::from_secs(60),
        "{:?}",
        begun.elapsed()
    );
}

#[test]
fn a_key_that_others_read_is_refused_with_what_to_type() {
    let authority = Authority::new();
    let key = authority.certificate().with_file_name("key.pem");
    run(Command::new("chmod").arg("644").arg(&key)).expect_ok("chmod");
    let scratch = TempDir::new().unwrap();
    let config = scratch.path().join("c.toml");
    fs::write(&config, authority.config("listen = \"127.0.0.1:0\"")).unwrap();
    let mut command = Command::new(pierhead_tests::binary("pierhead"));
    command
        .current_dir(scratch.path())
        .arg("--config")
        .arg(&config);
    let said = run(&mut command).expect_refused("pierhead");
    assert!(
        said.contains(&format!("type: chmod 640 {}", key.display())),
        "{said}"
    );
}

fn hang_up(server: &Server) {
    let pid = Pid::from_raw(i32::try_from(server.pid()).unwrap()).unwrap();
    kill_process(pid, Signal::HUP).expect("the server is there");
}

#[track_caller]
fn until(done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !done() {
        assert!(Instant::now() < end, "it does not come to that");
        std::thread::sleep(Duration::from_millis(50));
    }
}
