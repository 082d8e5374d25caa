//! skopeo: copies of a multi-platform index, in, across and out, and its refusals.

use std::fs;
use std::path::Path;

use pierhead_tests::{
    Layout, OWNER, Output, PEOPLE, PROJECT, Person, Server, Transcript, lab,
    lab_that_logs_requests, run, run_with, tool,
};
use serde_json::Value;
use tempfile::TempDir;

#[test]
fn skopeo_copies_inspects_lists_and_deletes_a_multi_platform_index() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let owner = Skopeo::signed_in(&server, scratch.path(), &OWNER);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "skopeo");
    let from = format!("oci:{}:multi", layout.path.display());
    let multi = server.image("skopeo:multi");

    owner.copy_all(&from, &multi).expect_ok("push");
    assert_eq!(
        owner.ask(&["inspect", "--raw", &multi]).as_bytes(),
        layout.blob(&layout.index)
    );
    for (architecture, digest) in ["amd64", "arm64"].iter().zip(&layout.images) {
        let shown = owner.ask(&["--override-arch", architecture, "inspect", &multi]);
        let shown: Value = serde_json::from_str(&shown).expect("skopeo speaks JSON");
        assert_eq!(shown["Architecture"], **architecture);
        // By digest, each image is there by itself.
        let by_digest = server.image(&format!("skopeo@{digest}"));
        assert_eq!(
            owner.ask(&["inspect", "--raw", &by_digest]).as_bytes(),
            layout.blob(digest)
        );
    }

    // Across: the other repository mounts what this one holds. Out: byte for byte what went in.
    let other = server.image("tools/skopeo:copied");
    owner.copy_all(&multi, &other).expect_ok("copy");
    let folder = scratch.path().join("out");
    owner
        .copy_all(&other, &format!("dir:{}", folder.display()))
        .expect_ok("pull");
    assert_eq!(
        fs::read(folder.join("manifest.json")).unwrap(),
        layout.blob(&layout.index)
    );
    for blob in fs::read_dir(layout.path.join("blobs/sha256")).unwrap() {
        let (name, blob) = (
            blob.as_ref().unwrap().file_name(),
            fs::read(blob.unwrap().path()),
        );
        let name = name.into_string().unwrap();
        // A folder of skopeo's calls manifests by another name than blobs.
        let copies = [
            name.clone(),
            format!("{name}.manifest.json"),
            "manifest.json".to_owned(),
        ];
        let copy = copies
            .iter()
            .filter_map(|copy| fs::read(folder.join(copy)).ok());
        assert!(
            copy.into_iter().any(|copy| copy == *blob.as_ref().unwrap()),
            "{name}"
        );
    }
    // And in again, from there.
    let again = server.image("skopeo:again");
    owner
        .copy_all(&format!("dir:{}", folder.display()), &again)
        .expect_ok("push");

    let listed: Value = serde_json::from_str(&owner.ask(&["list-tags", &server.image("skopeo")]))
        .expect("skopeo speaks JSON");
    assert_eq!(listed["Tags"], serde_json::json!(["again", "multi"]));
    owner.ask(&["delete", &multi]);
    let gone = owner
        .run(&["inspect", &multi])
        .expect_refused("inspect of what was deleted");
    assert!(gone.contains("manifest unknown"), "{gone}");
    owner.ask(&["inspect", &other]);
}

#[test]
fn skopeo_syncs_a_repository_out_and_in_again() {
    let (server, scratch) = (lab_that_logs_requests(), TempDir::new().unwrap());
    let owner = Skopeo::signed_in(&server, scratch.path(), &OWNER);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "skopeo");
    let from = format!("oci:{}:multi", layout.path.display());
    for tag in ["1", "2"] {
        let to = server.image(&format!("skopeo:{tag}"));
        owner.copy_all(&from, &to).expect_ok("push");
    }
    let out = scratch.path().join("out").display().to_string();
    let source = format!("{}/{PROJECT}/skopeo", server.host);
    let to = |folder: &str| format!("{}/{PROJECT}/{folder}", server.host);
    // Out to a folder, in from there, and across.
    for (from, source, to, target) in [
        ("docker", &source, "dir", &out),
        ("dir", &out, "docker", &to("synced")),
        ("docker", &source, "docker", &to("mirror")),
    ] {
        let synced = owner.sync(&["--src", from, "--dest", to, source, target]);
        synced.expect_ok("skopeo sync");
    }
    for folder in ["synced", "mirror"] {
        let copy = format!("{folder}/skopeo");
        for tag in ["1", "2"] {
            let raw = server.image(&format!("{copy}:{tag}"));
            let raw = owner.ask(&["inspect", "--raw", &raw]);
            assert_eq!(raw.as_bytes(), layout.blob(&layout.index), "{copy}:{tag}");
        }
        // It remembers where layers are, and mounts them; configurations it sends.
        let sent = server.uploads(&format!("{PROJECT}/{copy}"));
        assert_eq!(sent, (3, 2), "{copy}");
    }
}

#[test]
fn skopeo_is_refused_as_the_table_says() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let mut read = Transcript::new(&server.host);
    read.call(scratch.path().to_str().unwrap(), "SCRATCH");
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "shared");
    let from = format!("oci:{}:multi", layout.path.display());
    let spare = Layout::write(&scratch.path().join("spare"), "spare", "spare");
    let (shared, doomed) = (server.image("shared:1"), server.image("shared:doomed"));
    let owner = Skopeo::signed_in(&server, scratch.path(), &OWNER);
    owner.copy_all(&from, &shared).expect_ok("push");

    let wrong = Skopeo::nobody(scratch.path()).login(&server.host, "ana", "a wrong one");
    assert!(!wrong.ok, "{}", wrong.text);
    read.add("ana", "skopeo login HOST, with a wrong password", &wrong);

    for person in PEOPLE {
        let client = Skopeo::signed_in(&server, scratch.path(), person);
        let mut expect = |may: bool, did: &str, output: &Output| {
            assert_eq!(output.ok, may, "{}: {did}\n{}", person.is, output.text);
            if !may {
                read.add(person.is, did, output);
            }
        };
        let new = server.image(&format!("new-{}:1", person.slug()));
        let existing = server.image(&format!("shared:{}", person.slug()));
        let out = format!("dir:{}/out-{}", scratch.path().display(), person.slug());
        let pushed = client.copy_all(&from, &new);
        expect(
            person.push_new,
            &format!("skopeo copy {from} {new}"),
            &pushed,
        );
        let pushed = client.copy_all(&from, &existing);
        expect(
            person.push_existing,
            &format!("skopeo copy {from} {existing}"),
            &pushed,
        );
        let pulled = client.copy_all(&shared, &out);
        expect(person.pull, &format!("skopeo copy {shared} {out}"), &pulled);
        let seen = client.run(&["inspect", &shared]);
        expect(person.pull, &format!("skopeo inspect {shared}"), &seen);
        // skopeo deletes by digest, and every tag of it with that: nobody else's may share it.
        owner
            .copy_all(&format!("oci:{}:spare", spare.path.display()), &doomed)
            .expect_ok("push");
        let deleted = client.run(&["delete", &doomed]);
        expect(person.delete, &format!("skopeo delete {doomed}"), &deleted);
    }
    read.expect("skopeo");
}

/// skopeo with credentials of its own.
pub(crate) struct Skopeo {
    credentials: String,
}

impl Skopeo {
    fn nobody(scratch: &Path) -> Self {
        Self {
            credentials: scratch.join("nobody.json").display().to_string(),
        }
    }

    pub(crate) fn signed_in(server: &Server, scratch: &Path, person: &Person) -> Self {
        let file = scratch.join(format!("{}.json", person.slug()));
        let client = Self {
            credentials: file.display().to_string(),
        };
        if !person.name.is_empty() {
            let said = client.login(&server.host, person.name, &person.password());
            said.expect_ok("skopeo login");
        }
        client
    }

    fn login(&self, host: &str, user: &str, password: &str) -> Output {
        let mut command = tool("skopeo");
        command.args([
            "login",
            "--tls-verify=false",
            "--authfile",
            &self.credentials,
        ]);
        run_with(
            command.args(["--username", user, "--password-stdin", host]),
            password.as_bytes(),
        )
    }

    pub(crate) fn copy_all(&self, from: &str, to: &str) -> Output {
        self.copy(&["--all", "--preserve-digests"], from, to)
    }

    pub(crate) fn copy(&self, flags: &[&str], from: &str, to: &str) -> Output {
        let mut command = tool("skopeo");
        command.args(["--insecure-policy", "copy", "--quiet"]);
        command.args(["--src-tls-verify=false", "--dest-tls-verify=false"]);
        command.args(["--authfile", &self.credentials]);
        run(command.args(flags).args([from, to]))
    }

    fn sync(&self, arguments: &[&str]) -> Output {
        let mut command = tool("skopeo");
        command.args(["--insecure-policy", "sync", "--all", "--preserve-digests"]);
        command.args(["--src-tls-verify=false", "--dest-tls-verify=false"]);
        command.args(["--authfile", &self.credentials]);
        run(command.args(arguments))
    }

    /// A command about one image, which is its last argument.
    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = tool("skopeo");
        let (image, words) = arguments.split_last().expect("an image");
        command
            .args(words)
            .args(["--tls-verify=false", "--authfile", &self.credentials]);
        run(command.arg(image))
    }

    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        self.run(arguments).expect_ok(&arguments.join(" "))
    }
}

pub(crate) trait Images {
    /// An image of the project, in skopeo's words.
    fn image(&self, name: &str) -> String;
}

impl Images for Server {
    fn image(&self, name: &str) -> String {
        format!("docker://{}/{PROJECT}/{name}", self.host)
    }
}
