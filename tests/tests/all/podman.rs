//! podman and buildah, which share their store, their words and their way of pushing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use pierhead_tests::{
    Api, OWNER, Output, PEOPLE, PROJECT, Person, Server, Transcript, lab, lab_that_logs_requests,
    run, run_with, scratch_build, tool,
};
use serde_json::Value;
use tempfile::TempDir;

/// What lets them speak to a server without TLS.
const PLAIN: &str = "--tls-verify=false";

#[test]
fn podman_builds_pushes_and_pulls_layers_of_gzip_and_of_zstd() {
    let (server, scratch) = (lab_that_logs_requests(), TempDir::new().unwrap());
    let owner = Client::signed_in("podman", &server, scratch.path(), &OWNER);
    for (format, magic) in [
        ("gzip", &[0x1f, 0x8b][..]),
        ("zstd", &[0x28, 0xb5, 0x2f, 0xfd]),
    ] {
        // podman remembers what it has sent in one format, and sends no other of the same bytes.
        let folder = scratch.path().join(format);
        scratch_build(&folder, format, format);
        let image = server.image(&format!("podman:{format}"));
        let folder = folder.to_str().unwrap();
        owner.ask(&["build", "--isolation", "chroot", "--tag", &image, folder]);
        let id = owner.id(&image);
        owner.ask(&["push", PLAIN, "--compression-format", format, &image]);
        let digest = packed_as(&server, "podman", format, magic);

        let by_digest = server.image(&format!("podman@{digest}"));
        for reference in [&image, &by_digest] {
            owner.ask(&["rmi", "--force", &id]);
            owner.ask(&["pull", PLAIN, reference]);
            assert_eq!(owner.id(reference), id, "{reference}");
        }

        let sent = server.uploads(&format!("{PROJECT}/podman"));
        owner.ask(&["push", PLAIN, &by_digest, &image]);
        assert_eq!(server.uploads(&format!("{PROJECT}/podman")), sent);
        // Of another repository's blobs it sends the configuration alone.
        let other = format!("{PROJECT}/tools/{format}");
        owner.ask(&[
            "push",
            PLAIN,
            &by_digest,
            &format!("{}/{other}:1", server.host),
        ]);
        assert_eq!(server.uploads(&other), (2, 1));
    }
    owner.ask(&["logout", &server.host]);
    let refused = owner.run(&["pull", PLAIN, &server.image("podman:zstd")]);
    let said = refused.expect_refused("podman pull after a logout");
    assert!(said.contains("sign in to do this"), "{said}");
}

/// The digest of an image, each of whose layers is packed so.
fn packed_as(server: &Server, name: &str, format: &str, magic: &[u8]) -> String {
    let scope = format!("repository:{PROJECT}/{name}:pull");
    let api = Api::login(&server.host, OWNER.name, &OWNER.password(), &[&scope]);
    let get = |what: &str| {
        let path = format!("/v2/{PROJECT}/{name}/{what}");
        api.send("GET", &path, &[], &[]).expect(200)
    };
    let manifest = get(&format!("manifests/{format}"));
    let json = manifest.json();
    let layers = json["layers"].as_array().expect("layers");
    assert_eq!(layers.len(), 2, "{json}");
    for layer in layers {
        let media_type = format!("application/vnd.oci.image.layer.v1.tar+{format}");
        assert_eq!(layer["mediaType"], *media_type, "{json}");
        let blob = get(&format!("blobs/{}", layer["digest"].as_str().unwrap()));
        assert!(blob.body.starts_with(magic), "{layer}");
    }
    manifest.header("docker-content-digest").to_owned()
}

#[test]
fn podman_makes_pushes_and_pulls_an_image_for_two_platforms() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let owner = Client::signed_in("podman", &server, scratch.path(), &OWNER);
    let folder = scratch.path().join("build");
    scratch_build(&folder, "base", "for two platforms");
    let image = server.image("podman:multi");
    owner.ask(&[
        "build",
        "--isolation=chroot",
        // Else the second platform is given the image of the first.
        "--no-cache",
        "--platform=linux/amd64,linux/arm64",
        "--manifest=multi",
        folder.to_str().unwrap(),
    ]);
    let to = format!("docker://{image}");
    owner.ask(&["manifest", "push", PLAIN, "--all", "multi", &to]);
    owner.ask(&["rmi", "--all", "--force"]);
    for architecture in ["arm64", "amd64"] {
        let platform = format!("linux/{architecture}");
        owner.ask(&["pull", PLAIN, "--platform", &platform, &image]);
        let shown = owner.ask(&["image", "inspect", &image]);
        let shown: Value = serde_json::from_str(&shown).expect("podman speaks JSON");
        assert_eq!(shown[0]["Architecture"], architecture);
    }
}

#[test]
fn buildah_pushes_what_it_made_from_scratch_and_builds_on_it() {
    let (server, scratch) = (lab_that_logs_requests(), TempDir::new().unwrap());
    let owner = Client::signed_in("buildah", &server, scratch.path(), &OWNER);
    let folder = scratch.path().join("build");
    scratch_build(&folder, "base", "built by buildah");
    let at = |name: &str| folder.join(name).display().to_string();
    let first = server.image("buildah:1");

    let container = owner.ask(&["from", "scratch"]).trim().to_owned();
    owner.ask(&["copy", &container, &at("base"), "/base"]);
    owner.ask(&["copy", &container, &at("hello"), "/hello"]);
    owner.ask(&["commit", "--rm", &container, &first]);
    owner.ask(&["push", PLAIN, &first]);
    owner.ask(&["rmi", "--all", "--force"]);

    // What is pulled runs, and has every byte.
    let steps = format!("FROM {first}\nRUN [\"/hello\"]\nCOPY base /another\n");
    fs::write(folder.join("Dockerfile"), steps).unwrap();
    let second = server.image("tools/buildah:2");
    let said = owner.ask(&[
        "build",
        PLAIN,
        "--isolation=chroot",
        "--network=host",
        "--tag",
        &second,
        folder.to_str().unwrap(),
    ]);
    assert!(
        said.lines().any(|line| line == "built by buildah"),
        "{said}"
    );
    let container = owner
        .ask(&["from", "--pull-never", &second])
        .trim()
        .to_owned();
    let mounted = owner.ask(&["mount", &container]).trim().to_owned();
    for name in ["base", "another"] {
        let copy = fs::read(Path::new(&mounted).join(name)).unwrap();
        assert_eq!(copy, fs::read(folder.join("base")).unwrap(), "{name}");
    }
    owner.ask(&["rm", &container]);
    // The layer of the image beneath is mounted.
    owner.ask(&["push", PLAIN, &second]);
    let (mounted, _) = server.uploads(&format!("{PROJECT}/tools/buildah"));
    assert_eq!(mounted, 1);
}

#[test]
fn podman_and_buildah_are_refused_as_the_table_says() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let mut read = Transcript::new(&server.host);
    let folder = scratch.path().join("build");
    scratch_build(&folder, "base", "shared");
    let shared = server.image("shared:1");
    let owner = Client::signed_in("podman", &server, scratch.path(), &OWNER);
    let folder = folder.to_str().unwrap();
    owner.ask(&["build", "--isolation=chroot", "--tag=kept", folder]);
    owner.ask(&["push", PLAIN, "kept", &shared]);

    // buildah does not ask for what it has.
    let buildah_pulls: &[&str] = &["pull", "--policy=always"];
    for (program, pull) in [("podman", &["pull"][..]), ("buildah", buildah_pulls)] {
        let nobody = Client::nobody(program, scratch.path());
        let wrong = nobody.login(&server.host, "ana", "a wrong one");
        assert!(!wrong.ok, "{}", wrong.text);
        let did = format!("{program} login HOST, with a wrong password");
        read.add("ana", &did, &wrong);
        for person in PEOPLE {
            let client = Client::signed_in(program, &server, scratch.path(), person);
            let new = server.image(&format!("new-{program}-{}:1", person.slug()));
            let existing = server.image(&format!("shared:{}", person.slug()));
            for (may, command) in [
                (person.push_new, ["push", "kept", &new].to_vec()),
                (person.push_existing, ["push", "kept", &existing].to_vec()),
                (person.pull, [pull, &[&*shared]].concat()),
            ] {
                let (verb, rest) = command.split_first().unwrap();
                let output = client.run(&[&[verb, "--quiet", PLAIN], rest].concat());
                let did = format!("{program} {}", command.join(" "));
                assert_eq!(output.ok, may, "{}: {did}\n{}", person.is, output.text);
                if !may {
                    read.add(person.is, &did, &output);
                }
            }
        }
    }
    read.expect("podman");
}

/// podman or buildah, with a store and credentials of its own.
struct Client {
    program: &'static str,
    store: PathBuf,
    credentials: PathBuf,
}

impl Client {
    /// Clients in the same folder have one store.
    fn nobody(program: &'static str, scratch: &Path) -> Self {
        Self {
            program,
            store: scratch.join("store"),
            credentials: scratch.join("nobody.json"),
        }
    }

    fn signed_in(program: &'static str, server: &Server, scratch: &Path, person: &Person) -> Self {
        let client = Self {
            credentials: scratch.join(format!("{program}-{}.json", person.slug())),
            ..Self::nobody(program, scratch)
        };
        fs::write(&client.credentials, "{}").expect("a scratch file");
        if !person.name.is_empty() {
            let said = client.login(&server.host, person.name, &person.password());
            said.expect_ok("login");
        }
        client
    }

    fn login(&self, host: &str, user: &str, password: &str) -> Output {
        let mut command = self.command();
        command.args(["login", PLAIN, "--username", user, "--password-stdin"]);
        run_with(command.arg(host), password.as_bytes())
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(self.command().args(arguments))
    }

    #[track_caller]
    fn ask(&self, arguments: &[&str]) -> String {
        self.run(arguments).expect_ok(&arguments.join(" "))
    }

    /// What identifies an image: the digest of its configuration.
    fn id(&self, image: &str) -> String {
        let shown = self.ask(&["image", "inspect", "--format", "{{.Id}}", image]);
        shown.trim().to_owned()
    }

    /// Nothing of the machine's own is used but where blobs were seen, which podman keeps in
    /// `/var/lib/containers/cache`.
    fn command(&self) -> Command {
        let at = |name: &str| self.store.join(name);
        let mut command = tool(self.program);
        command.args(["--storage-driver", "vfs", "--root"]);
        command.arg(at("root")).arg("--runroot").arg(at("run"));
        if self.program == "podman" {
            command.args(["--events-backend", "none", "--tmpdir"]);
            command.arg(at("tmp"));
            command.arg("--network-config-dir").arg(at("networks"));
        }
        command.env("REGISTRY_AUTH_FILE", &self.credentials);
        command
    }
}

trait Images {
    /// An image of the project.
    fn image(&self, name: &str) -> String;
}

impl Images for Server {
    fn image(&self, name: &str) -> String {
        format!("{}/{PROJECT}/{name}", self.host)
    }
}
