//! regctl: copies with referrers, tags, blobs, and its refusals.

use std::fs;
use std::path::{Path, PathBuf};

use pierhead_tests::{
    IMAGE_MANIFEST, Layout, OWNER, Output, PEOPLE, PROJECT, Person, Server, Transcript, digest,
    lab, lab_that_logs_requests, run_with, tool,
};
use serde_json::Value;
use tempfile::TempDir;

const SIGNATURE: &str = "application/vnd.pierhead.test.signature";

#[test]
fn regctl_copies_an_index_with_its_referrers_in_across_and_out() {
    let (server, scratch) = (lab_that_logs_requests(), TempDir::new().unwrap());
    let owner = Regctl::signed_in(&server, scratch.path(), &OWNER);
    let image = |name: &str| format!("{}/{PROJECT}/{name}", server.host);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "regctl");
    let multi = image("regctl:multi");

    owner.ask(&["image", "copy", &layout.reference("multi"), &multi]);
    assert_eq!(server.uploads(&format!("{PROJECT}/regctl")), (0, 5));
    let got = owner.ask(&["manifest", "get", "--format", "raw-body", &multi]);
    assert_eq!(got.as_bytes(), layout.blob(&layout.index));
    let head = owner.ask(&["manifest", "head", "--platform", "linux/arm64", &multi]);
    assert_eq!(head.trim(), layout.images[1]);
    let put = ["artifact", "put", "--artifact-type", SIGNATURE, "--subject"];
    let put = owner.run_with(&[&put[..], &[&multi]].concat(), b"signed\n");
    put.expect_ok("artifact put");
    let signature = owner.referrers(&multi).remove(0);

    // Across: every blob of index and signature is mounted. Out, and in again from there.
    let other = image("tools/regctl:copied");
    owner.ask(&["image", "copy", "--referrers", &multi, &other]);
    assert_eq!(server.uploads(&format!("{PROJECT}/tools/regctl")), (7, 0));
    assert_eq!(owner.referrers(&other), [&*signature]);
    let out = format!("ocidir://{}:out", scratch.path().join("out").display());
    owner.ask(&["image", "copy", "--referrers", &other, &out]);
    let again = image("again/regctl:1");
    owner.ask(&["image", "copy", "--referrers", &out, &again]);
    assert_eq!(owner.referrers(&again), [&*signature]);
    assert_eq!(
        owner.ask(&["manifest", "head", &again]).trim(),
        layout.index
    );
    let listed = ["again/", "", "tools/"].map(|folder| format!("{PROJECT}/{folder}regctl\n"));
    assert_eq!(owner.ask(&["repo", "ls", &server.host]), listed.concat());

    // A tag goes alone, a manifest with its tags.
    owner.ask(&["image", "copy", &multi, &image("regctl:second")]);
    let tags = || owner.ask(&["tag", "ls", &image("regctl")]);
    assert_eq!(tags(), "multi\nsecond\n");
    owner.ask(&["tag", "delete", &image("regctl:second")]);
    assert_eq!(tags(), "multi\n");
    let by_digest = image(&format!("regctl@{}", layout.index));
    owner.ask(&["manifest", "delete", &by_digest]);
    let gone = owner.run(&["manifest", "head", &multi]);
    let gone = gone.expect_refused("head of what was deleted");
    assert!(gone.contains("not found"), "{gone}");
}

#[test]
fn regctl_puts_and_gets_blobs_also_empty_ones() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let owner = Regctl::signed_in(&server, scratch.path(), &OWNER);
    let name = format!("{}/{PROJECT}/regctl", server.host);
    let contents = [&b""[..], b"a blob\n"];
    for content in contents {
        let put = owner.run_with(&["blob", "put", &name], content);
        assert_eq!(put.expect_ok("blob put").trim(), digest(content));
        let head = owner.ask(&["blob", "head", &name, &digest(content)]);
        let length = format!("Content-Length: {}", content.len());
        assert!(head.lines().any(|line| line == length), "{head}");
    }
    // It knows the empty one and would not ask for it.
    let got = owner.ask(&["blob", "get", &name, &digest(contents[1])]);
    assert_eq!(got.as_bytes(), contents[1]);
    // An image may be made of them, too.
    let [config, layer] = contents.map(|content| {
        serde_json::json!({
            "mediaType": "text/plain",
            "digest": digest(content),
            "size": content.len(),
        })
    });
    let manifest = serde_json::json!({
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": config,
        "layers": [layer],
    });
    let put = ["manifest", "put", "--content-type", IMAGE_MANIFEST];
    let image = format!("{name}:empty");
    let put = owner.run_with(
        &[&put[..], &[&image]].concat(),
        manifest.to_string().as_bytes(),
    );
    put.expect_ok("manifest put");
    let got = owner.ask(&["manifest", "get", "--format", "raw-body", &image]);
    assert_eq!(got, manifest.to_string());
}

#[test]
fn regctl_is_refused_as_the_table_says() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let mut read = Transcript::new(&server.host);
    let image = |name: &str| format!("{}/{PROJECT}/{name}", server.host);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "shared");
    let shared = image("shared:1");
    let owner = Regctl::signed_in(&server, scratch.path(), &OWNER);
    owner.ask(&["image", "copy", &layout.reference("multi"), &shared]);

    for person in PEOPLE {
        let client = Regctl::signed_in(&server, scratch.path(), person);
        let new = image(&format!("new-{}", person.slug()));
        let mut expect = |may: bool, command: &[&str]| {
            let output = client.run(&[command, &["--verbosity", "error"]].concat());
            let did = format!("regctl {}", command.join(" "));
            assert_eq!(output.ok, may, "{}: {did}\n{}", person.is, output.text);
            if !may {
                read.add(person.is, &did, &output);
            }
        };
        expect(person.pull, &["manifest", "get", &shared]);
        expect(person.pull, &["tag", "ls", &image("shared")]);
        // It sends what is refused four times, over seconds, and that for each blob of an image.
        if person.push_new || person.name == "una" {
            expect(person.push_new, &["blob", "put", &new]);
        }
    }
    read.expect("regctl");
}

#[test]
fn regctl_overwrites_a_tag_for_whoever_may_push_and_not_delete_it() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let editor = PEOPLE.iter().find(|person| person.name == "eve").unwrap();
    assert!(editor.push_existing && !editor.delete);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "shared");
    let shared = format!("{}/{PROJECT}/shared", server.host);
    let tag = format!("{shared}:1");
    let owner = Regctl::signed_in(&server, scratch.path(), &OWNER);
    owner.ask(&["image", "copy", &layout.reference("multi"), &tag]);

    let client = Regctl::signed_in(&server, scratch.path(), editor);
    let said = client.run(&["tag", "delete", &tag]);
    let said = said.expect_refused("tag delete");
    assert!(said.contains("deleting here needs DELETE"), "{said}");
    assert_ne!(owner.ask(&["manifest", "head", &tag]).trim(), layout.index);
    // What it named is there all the same, and can be named again.
    let before = format!("{shared}@{}", layout.index);
    owner.ask(&["image", "copy", &before, &tag]);
    assert_eq!(owner.ask(&["manifest", "head", &tag]).trim(), layout.index);
}

/// regctl with credentials of its own.
pub(crate) struct Regctl {
    config: PathBuf,
}

impl Regctl {
    pub(crate) fn signed_in(server: &Server, scratch: &Path, person: &Person) -> Self {
        let folder = scratch.join("regctl");
        fs::create_dir_all(&folder).expect("a scratch directory");
        let client = Self {
            config: folder.join(format!("{}.json", person.slug())),
        };
        client.ask(&["registry", "set", "--tls", "disabled", &server.host]);
        if !person.name.is_empty() {
            let login = ["registry", "login", "--pass-stdin", "--user", person.name];
            let said = client.run_with(
                &[&login[..], &[&server.host]].concat(),
                person.password().as_bytes(),
            );
            said.expect_ok("regctl registry login");
        }
        client
    }

    fn run_with(&self, arguments: &[&str], input: &[u8]) -> Output {
        let mut command = tool("regctl");
        command
            .env("REGCTL_CONFIG", &self.config)
            // Credentials of docker's would be read, too.
            .env("DOCKER_CONFIG", self.config.with_extension("docker"));
        run_with(command.args(arguments), input)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, b"")
    }

    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        self.run(arguments).expect_ok(&arguments.join(" "))
    }

    /// The digests of what refers to a manifest and is a signature.
    fn referrers(&self, subject: &str) -> Vec<String> {
        let list = ["artifact", "list", "--format", "{{jsonPretty .}}"];
        let filter = ["--filter-artifact-type", SIGNATURE, subject];
        let found = self.ask(&[&list[..], &filter].concat());
        let found: Value = serde_json::from_str(&found).expect("regctl speaks JSON");
        let found = found["descriptors"].as_array().expect("a list").iter();
        let digest = |one: &Value| one["digest"].as_str().expect("a digest").to_owned();
        found.map(digest).collect()
    }
}

pub(crate) trait Reference {
    /// A layout's tag, in regctl's words.
    fn reference(&self, tag: &str) -> String;
}

impl Reference for Layout {
    fn reference(&self, tag: &str) -> String {
        format!("ocidir://{}:{tag}", self.path.display())
    }
}
