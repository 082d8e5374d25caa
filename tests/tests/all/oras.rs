//! oras: artifacts, what refers to them, and its refusals.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pierhead_tests::{
    Layout, OWNER, Output, PEOPLE, PROJECT, Person, Server, Transcript, lab,
    lab_that_logs_requests, run, run_with, tool,
};
use serde_json::Value;
use tempfile::TempDir;

const RESULT: &str = "application/vnd.pierhead.test.result";
const SIGNATURE: &str = "application/vnd.pierhead.test.signature";

#[test]
fn oras_pushes_attaches_discovers_copies_and_pulls_artifacts() {
    let (server, scratch) = (lab_that_logs_requests(), TempDir::new().unwrap());
    let owner = Oras::signed_in(&server, scratch.path(), &OWNER);
    let image = |name: &str| format!("{}/{PROJECT}/{name}", server.host);
    let files = ["result.txt", "empty.txt", "signature.txt"];
    for (name, content) in files.iter().zip(["a result\n", "", "signed\n"]) {
        fs::write(scratch.path().join(name), content).unwrap();
    }
    let artifact = image("oras:1");

    owner.ask(&[
        "push",
        "--artifact-type",
        RESULT,
        &artifact,
        "result.txt:text/plain",
        "empty.txt:text/plain",
    ]);
    owner.ask(&[
        "attach",
        "--artifact-type",
        SIGNATURE,
        &artifact,
        "signature.txt:text/plain",
    ]);
    let signature = owner.referrers(&artifact, SIGNATURE).remove(0);
    assert_eq!(owner.referrers(&artifact, RESULT), [""; 0]);
    let pulled = |what: &str, folder: &str, names: &[&str]| {
        let folder = scratch.path().join(folder);
        owner.ask(&["pull", "--output", folder.to_str().unwrap(), what]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), names.len());
        for name in names {
            let copy = fs::read(folder.join(name)).unwrap();
            let sent = fs::read(scratch.path().join(name)).unwrap();
            assert_eq!(copy, sent, "{name}");
        }
    };
    pulled(&artifact, "out", &files[..2]);
    pulled(&image(&format!("oras@{signature}")), "signed", &files[2..]);

    // Across: with what refers to it, and without a byte of the four blobs.
    let other = image("tools/oras:copied");
    owner
        .copy(&["--recursive", "--from-plain-http", &artifact, &other])
        .expect_ok("oras copy");
    let sent = server.uploads(&format!("{PROJECT}/tools/oras"));
    assert_eq!(sent, (4, 0));
    assert_eq!(owner.referrers(&other, SIGNATURE), [&*signature]);
    let digest = owner.ask(&["resolve", &artifact]);
    assert_eq!(owner.ask(&["resolve", &other]), digest);

    assert_eq!(owner.ask(&["repo", "tags", &image("oras")]), "1\n");
    let listed = format!("{PROJECT}/oras\n{PROJECT}/tools/oras\n");
    assert_eq!(owner.ask(&["repo", "ls", &server.host]), listed);

    // What refers goes alone; what it referred to stays.
    let one = image(&format!("oras@{signature}"));
    owner.ask(&["manifest", "delete", "--force", &one]);
    assert_eq!(owner.referrers(&artifact, SIGNATURE), [""; 0]);
    owner.ask(&["manifest", "delete", "--force", &artifact]);
    let gone = owner.run(&["resolve", &artifact]);
    let gone = gone.expect_refused("resolve of what was deleted");
    assert!(gone.contains("not found"), "{gone}");
}

#[test]
fn oras_copies_a_multi_platform_index() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let owner = Oras::signed_in(&server, scratch.path(), &OWNER);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "oras");
    let from = format!("{}:multi", layout.path.display());
    let multi = format!("{}/{PROJECT}/oras:multi", server.host);
    owner
        .copy(&["--from-oci-layout", &from, &multi])
        .expect_ok("oras copy");
    let fetched = owner.ask(&["manifest", "fetch", &multi]);
    assert_eq!(fetched.as_bytes(), layout.blob(&layout.index));
    for (architecture, digest) in ["amd64", "arm64"].iter().zip(&layout.images) {
        let platform = format!("linux/{architecture}");
        let fetched = owner.ask(&["manifest", "fetch", "--platform", &platform, &multi]);
        assert_eq!(fetched.as_bytes(), layout.blob(digest), "{platform}");
    }
}

#[test]
fn oras_is_refused_as_the_table_says() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let mut read = Transcript::new(&server.host);
    let image = |name: &str| format!("{}/{PROJECT}/{name}", server.host);
    fs::write(scratch.path().join("file"), "a file\n").unwrap();
    let shared = image("shared:1");
    let owner = Oras::signed_in(&server, scratch.path(), &OWNER);
    owner.ask(&["push", &shared, "file"]);

    let wrong = Oras::nobody(scratch.path()).login(&server.host, "ana", "a wrong one");
    assert!(!wrong.ok, "{}", wrong.text);
    read.add("ana", "oras login HOST, with a wrong password", &wrong);
    for person in PEOPLE {
        let client = Oras::signed_in(&server, scratch.path(), person);
        let new = image(&format!("new-{}:1", person.slug()));
        let doomed = image(&format!("shared:{}", person.slug()));
        fs::write(scratch.path().join("doomed"), person.name).unwrap();
        owner.ask(&["push", &doomed, "doomed"]);
        for (may, command) in [
            (person.push_new, &["push", &new, "file"][..]),
            (
                person.push_existing,
                &["attach", "--artifact-type", SIGNATURE, &shared, "file"],
            ),
            (person.pull, &["pull", "--output", "out", &shared]),
            (person.pull, &["discover", &shared]),
            (person.pull, &["repo", "tags", &image("shared")]),
            (person.delete, &["manifest", "delete", "--force", &doomed]),
        ] {
            let output = client.run(command);
            let did = format!("oras {}", command.join(" "));
            assert_eq!(output.ok, may, "{}: {did}\n{}", person.is, output.text);
            if !may {
                read.add(person.is, &did, &output);
            }
        }
        // The catalog names what the caller may see, and nothing else.
        let catalog = client.ask(&["repo", "ls", &server.host]);
        assert_eq!(
            catalog.contains(PROJECT),
            person.sees(),
            "{}: {catalog}",
            person.is
        );
    }
    read.expect("oras");
}

/// oras with credentials of its own, at work in the test's folder.
pub(crate) struct Oras {
    config: PathBuf,
    folder: PathBuf,
}

impl Oras {
    fn nobody(scratch: &Path) -> Self {
        Self {
            config: scratch.join("oras/nobody"),
            folder: scratch.to_owned(),
        }
    }

    pub(crate) fn signed_in(server: &Server, scratch: &Path, person: &Person) -> Self {
        let client = Self {
            config: scratch.join("oras").join(person.slug()),
            ..Self::nobody(scratch)
        };
        if !person.name.is_empty() {
            let said = client.login(&server.host, person.name, &person.password());
            said.expect_ok("oras login");
        }
        client
    }

    fn login(&self, host: &str, user: &str, password: &str) -> Output {
        let mut command = self.command();
        command.args(["login", "--plain-http", "--username", user]);
        run_with(
            command.args(["--password-stdin", host]),
            password.as_bytes(),
        )
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        run(command.args(arguments).arg("--plain-http"))
    }

    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        self.run(arguments).expect_ok(&arguments.join(" "))
    }

    /// A copy to a server, which has flags of its own.
    pub(crate) fn copy(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.args(["copy", "--no-tty", "--to-plain-http"]);
        run(command.args(arguments))
    }

    /// The digests of what refers to a manifest and is of this type.
    fn referrers(&self, subject: &str, kind: &str) -> Vec<String> {
        let found = self.ask(&[
            "discover",
            "--format",
            "json",
            "--artifact-type",
            kind,
            subject,
        ]);
        let found: Value = serde_json::from_str(&found).expect("oras speaks JSON");
        let found = found["referrers"].as_array().expect("a list").iter();
        let digest = |one: &Value| one["digest"].as_str().expect("a digest").to_owned();
        found.map(digest).collect()
    }

    fn command(&self) -> Command {
        let mut command = tool("oras");
        command
            .env("DOCKER_CONFIG", &self.config)
            .current_dir(&self.folder);
        command
    }
}
