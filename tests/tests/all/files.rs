//! Configuration and provisioning files with a mistake in them: each is refused with its line, in
//! words that say what to do, and nothing has changed.
//!
//! The first lines of each file in `data/config` and `data/provision` are comments: the exit
//! status, then what standard error must say, whole. `{FILE}` is the file's path, `{FOLDER}` the
//! one it is in. With `PIERHEAD_REWRITE_GOLDEN=1` in the environment they are written instead, to be
//! read before they are committed.

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use pierhead_model::ContentDigest;
use pierhead_tests::{
    ADMIN_PASSWORD, Api, Server, ServerOptions, assert_unchanged, binary, fingerprint,
};

/// What is there before: what a mistake could have changed.
const PROVISION: &str = r#"
[[user]]
name = "ana"
email = "ana@example.org"
password = "ana-keeps-her-bytes"
certified = true

[[user]]
name = "ben"
email = "ben@example.org"
password = "ben-has-no-patience"

[[team]]
name = "lab"
members = ["ana", "ben"]

[[project]]
id = "syn101"
name = "Genomics"
owner = "ana"
share = [{ team = "lab", level = "can-download" }]

[[project]]
id = "syn102"
name = "Twins"
owner = "ana"

[[project]]
id = "syn103"
name = "Twins"
owner = "ben"
"#;

/// What a run of the server came to.
struct Ended {
    status: i32,
    errors: String,
}

#[test]
fn a_configuration_file_with_a_mistake_is_refused_with_its_line() {
    let cases = files("config");
    assert!(cases.len() >= 20, "there are {}", cases.len());
    check("--config", &cases);
}

#[test]
fn a_provisioning_file_with_a_mistake_is_refused_with_its_line() {
    let cases = files("provision");
    assert!(cases.len() >= 20, "there are {}", cases.len());
    check("--provision", &cases);
}

fn check(flag: &str, cases: &[PathBuf]) {
    let mut server = ground();
    server.stop();
    let data = server.data();
    let before = fingerprint(&data);
    let mut failures = String::new();
    for path in cases {
        let ended = run(&[], flag, path, &data);
        if std::env::var_os("PIERHEAD_REWRITE_GOLDEN").is_some() {
            rewrite(path, &ended);
        }
        let (status, errors) = expected(path);
        if (ended.status, ended.errors.as_str()) != (status, errors.as_str()) {
            let name = path.file_name().unwrap_or_default().display();
            let Ended {
                status: got,
                errors: said,
            } = &ended;
            let _ = write!(
                failures,
                "{name}:\n  wanted {status}: {errors}  got    {got}: {said}"
            );
        }
        // Before a start it is said in the same words.
        let looked = run(&["--check"], flag, path, &data);
        let (looked, ended) = ((looked.status, looked.errors), (ended.status, ended.errors));
        assert_eq!(looked, ended, "{}", path.display());
        assert_unchanged(&before, &fingerprint(&data), &path.display().to_string());
    }
    assert!(failures.is_empty(), "{failures}");
    println!("{} files", cases.len());
    // The next start finds everything as it was.
    let server = server.again();
    let scopes = ["repository:syn101/a:pull"];
    let api = Api::login(&server.host, "ana", "ana-keeps-her-bytes", &scopes);
    api.send("GET", "/v2/syn101/a/manifests/v1", &[], &[])
        .expect(200);
}

/// A server with accounts, projects and a repository.
fn ground() -> Server {
    let options = ServerOptions {
        provision: Some(PROVISION.into()),
        ..Default::default()
    };
    let server = Server::start(options);
    let scopes = ["repository:syn101/a:pull,push"];
    let api = Api::login(&server.host, "ana", "ana-keeps-her-bytes", &scopes);
    let digest = ContentDigest::sha256(b"{}").to_string();
    api.push_blob("syn101/a", &digest, b"{}").expect(201);
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{kind}","config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{digest}","size":2}},"layers":[]}}"#
    );
    let path = "/v2/syn101/a/manifests/v1";
    api.send("PUT", path, &[("content-type", kind)], manifest.as_bytes())
        .expect(201);
    server
}

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("data")
        .join(folder);
    let entries = std::fs::read_dir(&folder).expect("the folder of the files");
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.expect("a file").path()).collect();
    found.retain(|path| path.extension().is_some_and(|end| end == "toml"));
    found.sort();
    found
}

/// Exit status and standard error, from the comments at the top.
fn expected(path: &Path) -> (i32, String) {
    let bytes = std::fs::read(path).expect("a file");
    let text = String::from_utf8_lossy(&bytes);
    let mut lines = text.lines().map_while(|line| line.strip_prefix("# "));
    let status = lines
        .next()
        .and_then(|line| line.strip_prefix("exit ")?.parse().ok());
    let status = status.unwrap_or_else(|| panic!("{} begins with `# exit N`", path.display()));
    let folder = path.parent().expect("a folder").display().to_string();
    let errors: String = lines.flat_map(|line| [line, "\n"]).collect();
    (
        status,
        errors
            .replace("{FILE}", &path.display().to_string())
            .replace("{FOLDER}", &folder),
    )
}

/// Writes what it came to into the file instead.
fn rewrite(path: &Path, ended: &Ended) {
    let bytes = std::fs::read(path).expect("a file");
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let head = lines
        .iter()
        .take_while(|line| line.starts_with(b"# "))
        .count();
    let folder = path.parent().expect("a folder").display().to_string();
    let errors = ended.errors.replace(&path.display().to_string(), "{FILE}");
    let errors = errors.replace(&folder, "{FOLDER}");
    let mut text = format!("# exit {}\n", ended.status);
    for line in errors.lines() {
        let _ = writeln!(text, "# {line}");
    }
    let mut all = text.into_bytes();
    lines[head..]
        .iter()
        .for_each(|line| all.extend_from_slice(line));
    std::fs::write(path, all).expect("the file can be written");
}

/// Runs the server on this file to its end, which must come soon.
fn run(more: &[&str], flag: &str, path: &Path, data: &Path) -> Ended {
    let mut command = Command::new(binary("pierhead"));
    command
        .arg("serve")
        .args(more)
        .arg(flag)
        .arg(path)
        .arg("--data")
        .arg(data);
    if flag == "--provision" {
        command.args(["--listen", "127.0.0.1:0"]);
    }
    command.env("PIERHEAD_ADMIN_PASSWORD", ADMIN_PASSWORD);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the server starts");
    let end = Instant::now() + Duration::from_secs(20);
    let status = loop {
        if let Some(status) = child.try_wait().expect("the server is ours") {
            break status.code().unwrap_or(-1);
        }
        if Instant::now() > end {
            let _ = child.kill();
            let _ = child.wait();
            break -1;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut errors = String::new();
    let mut stream = child.stderr.take().expect("it is piped");
    stream
        .read_to_string(&mut errors)
        .expect("standard error is text");
    Ended { status, errors }
}
