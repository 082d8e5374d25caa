//! Losing the machine and coming back: backups under load, broken-off ones, damage, and what a
//! server keeps by itself.
//!
//! The load lasts three backups by default, and a backup and a restore are killed a few times each.
//! The long form is a command of its own:
//!
//! ```text
//! PIERHEAD_BACKUPS=20 cargo test -p pierhead-tests --test all -- backup:: --nocapture
//! ```

use std::path::Path;
use std::process::{Command, Stdio};

use pierhead_tests::{ANA_PASSWORD, Api, LAB, Random, Server, ServerOptions, Tiny, binary};
use tempfile::TempDir;

mod damage;
mod killed;
mod load;
mod refused;
mod rows;
mod snapshots;

const NAME: &str = "syn101/tools";

/// What a command came to.
#[derive(Debug)]
struct Ended {
    status: Option<i32>,
    out: String,
    err: String,
}

impl Ended {
    #[track_caller]
    fn ok(self) -> String {
        assert_eq!(self.status, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    /// Requires this status; what was said on standard error, or with `out` everything.
    #[track_caller]
    fn refused(self, status: i32) -> String {
        assert_eq!(self.status, Some(status), "{}{}", self.out, self.err);
        assert!(!self.err.contains("panicked"), "{}", self.err);
        self.out + &self.err
    }
}

/// The program with these words; paths are words, too.
fn command(words: &[&dyn AsRef<std::ffi::OsStr>]) -> Command {
    let mut command = Command::new(binary("pierhead"));
    for word in words {
        command.arg(word.as_ref());
    }
    command.stdin(Stdio::null());
    command
}

fn ended(command: &mut Command) -> Ended {
    let output = command.output().expect("the program starts");
    Ended {
        status: output.status.code(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn backup(data: &Path, to: &Path) -> Ended {
    ended(&mut command(&[&"backup", &"--data", &data, &to]))
}

fn restore(from: &Path, data: &Path) -> Ended {
    ended(&mut command(&[&"restore", &from, &"--data", &data]))
}

fn verify(flag: &str, path: &Path) -> Ended {
    ended(&mut command(&[&"verify", &flag, &path]))
}

fn server(config: &str) -> Server {
    Server::start(ServerOptions {
        provision: Some(LAB.into()),
        config: Some(config.into()),
        ..ServerOptions::default()
    })
}

fn login(server: &Server, names: &[&str]) -> Api {
    let mut scopes = vec!["registry:catalog:*".to_owned()];
    scopes.extend(
        names
            .iter()
            .map(|name| format!("repository:{name}:pull,push,delete")),
    );
    let scopes: Vec<&str> = scopes.iter().map(String::as_str).collect();
    Api::login(&server.host, "ana", ANA_PASSWORD, &scopes)
}

/// Pushes so many small images, tagged `v0` and on, which no other seed gives.
fn push(api: &Api, seed: u64, images: usize) -> Vec<Tiny> {
    let mut random = Random::new(seed);
    let mut pushed = Vec::new();
    for index in 0..images {
        let tiny = Tiny::of(random.bytes(2_000));
        tiny.push(api, NAME, &format!("v{index}")).expect(201);
        pushed.push(tiny);
    }
    pushed
}

/// A server on what was restored into `data` of this folder, elsewhere.
fn elsewhere(folder: TempDir) -> Server {
    Server::start_on(folder, ServerOptions::default())
}

fn pulls(api: &Api, images: &[Tiny]) {
    for tiny in images {
        let manifest = api.send(
            "GET",
            &format!("/v2/{NAME}/manifests/{}", tiny.digest()),
            &[],
            &[],
        );
        assert_eq!(manifest.expect(200).body, tiny.manifest.as_bytes());
        let blob = format!("/v2/{NAME}/blobs/{}", tiny.blob_digest());
        assert_eq!(api.send("GET", &blob, &[], &[]).expect(200).body, tiny.blob);
    }
}

fn folder() -> TempDir {
    TempDir::new().expect("a scratch directory")
}

fn number(variable: &str, default: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().expect("a number"),
        Err(_) => default,
    }
}

#[test]
fn a_backup_of_a_running_server_is_a_registry_elsewhere_and_the_next_copies_what_is_new() {
    use std::os::unix::fs::PermissionsExt as _;

    let source = server("");
    let api = login(&source, &[NAME]);
    let mut images = push(&api, 1, 5);
    let scratch = folder();
    let to = scratch.path().join("new/backup");
    let said = backup(&source.data(), &to).ok();
    assert!(said.contains("1 repository with 5 tags"), "{said}");
    assert!(
        said.contains("5 copied (9.7 KiB), 0 there before, 0 removed"),
        "{said}"
    );

    images.extend(push(&api, 2, 2));
    let gone = format!("/v2/{NAME}/manifests/{}", images[2].digest());
    api.send("DELETE", &gone, &[], &[]).expect(202);
    let said = backup(&source.data(), &to).ok();
    assert!(
        said.contains("2 copied (3.9 KiB), 5 there before"),
        "{said}"
    );
    for entry in walk(&to) {
        let mode = std::fs::metadata(&entry)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777;
        let expected = if entry.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(mode, expected, "{}", entry.display());
    }
    let databases = walk(&to)
        .iter()
        .filter(|path| path.extension() == Some("db".as_ref()))
        .count();
    assert_eq!(databases, 1, "the former one is removed");
    let names = walk(&to)
        .iter()
        .any(|path| path.ends_with("keys") || path.ends_with("signing.pem"));
    assert!(!names, "keys are not in a backup");
    verify("--backup", &to).ok();

    // The machine is lost.
    let anyone = Api::anonymous(&source.host);
    let session = anyone.session("ana", ANA_PASSWORD);
    let token = anyone.token("ana", ANA_PASSWORD, &[&format!("repository:{NAME}:pull")]);
    let token = token.expect(200).json()["token"].clone();
    backup(&source.data(), &to).ok();
    drop(source);
    let new = folder();
    let said = restore(&to, &new.path().join("data")).ok();
    assert!(said.contains("start the server"), "{said}");
    let restored = elsewhere(new);
    let anyone = Api::anonymous(&restored.host);
    let profile = anyone.manage(
        &session,
        "GET",
        "/repo/v1/userProfile",
        &serde_json::Value::Null,
    );
    profile.expect(200);
    // Registry tokens died with the machine's keys, and clients ask for another.
    let before = anyone.bearing(token.as_str().expect("a token"));
    let list = format!("/v2/{NAME}/tags/list");
    before.send("GET", &list, &[], &[]).expect(401);
    let api = login(&restored, &[NAME]);
    let gone = images.remove(2);
    pulls(&api, &images);
    let path = format!("/v2/{NAME}/manifests/{}", gone.digest());
    api.send("GET", &path, &[], &[]).expect(404);
    verify("--data", &restored.data()).ok();
    // And goes on into the same backup, which is that of the same registry.
    push(&api, 3, 1);
    let said = backup(&restored.data(), &to).ok();
    assert!(said.contains("1 copied"), "{said}");
}

fn walk(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = vec![folder.to_owned()];
    for entry in std::fs::read_dir(folder).expect("a directory").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path);
        }
    }
    found
}
