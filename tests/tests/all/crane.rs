//! crane: what it pushes, pulls, copies, lists and deletes, and its refusals.

use std::fs;
use std::path::{Path, PathBuf};

use pierhead_tests::{
    Layout, OWNER, Output, PEOPLE, PROJECT, Person, Server, ServerOptions, Transcript, lab,
    provision, run, tool,
};
use tempfile::TempDir;

#[test]
fn crane_pushes_pulls_copies_lists_and_deletes_a_multi_platform_index() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let owner = Crane::signed_in(&server, scratch.path(), &OWNER);
    let image = |name: &str| format!("{}/{PROJECT}/{name}", server.host);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "crane");
    let multi = image("crane:multi");

    let pushed = owner.ask(&["push", "--index", layout.path.to_str().unwrap(), &multi]);
    let pushed = pushed
        .lines()
        .next()
        .unwrap()
        .rsplit('@')
        .next()
        .unwrap()
        .to_owned();
    assert_eq!(owner.ask(&["digest", &multi]).trim(), pushed);
    // crane pushes the layout's outermost index, which holds ours.
    let outer = fs::read(layout.path.join("index.json")).unwrap();
    assert_eq!(owner.ask(&["manifest", &multi]).as_bytes(), outer);
    let ours = image(&format!("crane@{}", layout.index));
    assert_eq!(
        owner.ask(&["manifest", &ours]).as_bytes(),
        layout.blob(&layout.index)
    );
    for (architecture, digest) in ["amd64", "arm64"].iter().zip(&layout.images) {
        let platform = format!("linux/{architecture}");
        assert_eq!(
            owner
                .ask(&["digest", "--platform", &platform, &ours])
                .trim(),
            digest
        );
        let archive = scratch.path().join(architecture).join("image");
        let to = archive.to_str().unwrap();
        fs::create_dir(archive.parent().unwrap()).unwrap();
        owner.ask(&[
            "pull",
            "--format",
            "oci",
            "--platform",
            &platform,
            &ours,
            to,
        ]);
        let copy = archive.join("blobs").join(digest.replace(':', "/"));
        assert_eq!(
            fs::read(copy).unwrap(),
            layout.blob(digest),
            "{architecture}"
        );
    }

    // Across: the blobs are mounted, not sent again.
    let other = image("tools/crane:copied");
    let said = owner
        .run(&["--verbose", "copy", &ours, &other])
        .expect_ok("crane copy");
    assert_eq!(said.matches("mounted blob: ").count(), 5, "{said}");
    assert_eq!(said.matches("pushed blob: ").count(), 0, "{said}");
    assert_eq!(owner.ask(&["digest", &other]).trim(), layout.index);
    owner.ask(&["validate", "--remote", &other]);

    owner.ask(&["tag", &ours, "second"]);
    assert_eq!(owner.ask(&["ls", &image("crane")]), "multi\nsecond\n");
    let catalog = owner.ask(&["catalog", &server.host]);
    assert_eq!(catalog, format!("{PROJECT}/crane\n{PROJECT}/tools/crane\n"));

    owner.ask(&["delete", &image("crane:second")]);
    assert_eq!(owner.ask(&["ls", &image("crane")]), "multi\n");
    owner.ask(&["delete", &image(&format!("crane@{pushed}"))]);
    let gone = owner
        .run(&["digest", &multi])
        .expect_refused("digest of what was deleted");
    assert!(gone.contains("404"), "{gone}");
    owner.ask(&["validate", "--remote", &other]);
}

#[test]
fn crane_is_refused_as_the_table_says() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let mut read = Transcript::new(&server.host);
    read.call(scratch.path().to_str().unwrap(), "SCRATCH");
    let image = |name: &str| format!("{}/{PROJECT}/{name}", server.host);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "shared");
    let from = layout.path.to_str().unwrap();
    let shared = image("shared:1");
    let owner = Crane::signed_in(&server, scratch.path(), &OWNER);
    owner.ask(&["push", "--index", from, &shared]);
    let amd64 = image(&format!("shared@{}", layout.images[0]));

    for person in PEOPLE {
        let client = Crane::signed_in(&server, scratch.path(), person);
        let new = image(&format!("new-{}:1", person.slug()));
        let existing = image(&format!("shared:{}", person.slug()));
        let copied = image(&format!("copied-{}:1", person.slug()));
        let out = scratch.path().join(format!("out-{}", person.slug()));
        let out = out.to_str().unwrap();
        for (may, command) in [
            (person.push_new, &["push", "--index", from, &new][..]),
            (person.push_existing, &["push", "--index", from, &existing]),
            (person.pull, &["pull", &amd64, out]),
            (person.pull, &["digest", &shared]),
            (person.pull, &["ls", &image("shared")]),
            (person.pull && person.push_new, &["copy", &shared, &copied]),
            (person.delete, &["delete", &existing]),
        ] {
            let output = client.run(command);
            let did = format!("crane {}", command.join(" "));
            assert_eq!(output.ok, may, "{}: {did}\n{}", person.is, output.text);
            if !may {
                read.add(person.is, &did, &output);
            }
        }
        // The catalog names what the caller may see, and nothing else.
        let catalog = client.run(&["catalog", &server.host]);
        assert_eq!(
            catalog.text.contains(PROJECT),
            person.sees(),
            "{}: {}",
            person.is,
            catalog.text
        );
    }
    read.expect("crane");
}

#[test]
fn the_servers_settings_move_the_lines_that_they_name() {
    let scratch = TempDir::new().unwrap();
    let public = "share = [\n  { everyone = \"public\", level = \"can-download\" },\n";
    let options = ServerOptions {
        provision: Some(provision(PEOPLE).replace("share = [\n", public)),
        config: Some("certification = \"every-push\"\npublic_download = true\n".into()),
        ..ServerOptions::default()
    };
    let server = Server::start(options);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "settings");
    let from = layout.path.to_str().unwrap();
    let owner = Crane::signed_in(&server, scratch.path(), &OWNER);
    let shared = format!("{}/{PROJECT}/shared", server.host);
    owner.ask(&["push", "--index", from, &format!("{shared}:1")]);
    let pushed = format!("{shared}@{}", layout.index);
    let expect = |may: bool, person: &Person, server: &Server, command: &[&str]| {
        let output = Crane::signed_in(server, scratch.path(), person).run(command);
        assert_eq!(
            output.ok, may,
            "{}: {command:?}\n{}",
            person.is, output.text
        );
        output.text
    };
    for person in PEOPLE {
        expect(true, person, &server, &["validate", "--remote", &pushed]);
        let to = format!("{shared}:{}", person.slug());
        let certified = person.certified || person.operator;
        let may = person.push_existing && certified;
        let said = expect(may, person, &server, &["push", "--index", from, &to]);
        // Certification is asked for before the sharing list is.
        let told = !person.name.is_empty() && !certified;
        assert_eq!(said.contains("needs a certified account"), told, "{said}");
    }

    // Back at the defaults, with the same list: the public's share no longer lets it pull.
    let server = server.again_as(ServerOptions::default());
    for person in PEOPLE {
        expect(
            person.pull,
            person,
            &server,
            &["validate", "--remote", &pushed],
        );
        let to = format!("{shared}:{}", person.slug());
        expect(
            person.push_existing,
            person,
            &server,
            &["push", "--index", from, &to],
        );
    }
}

/// crane with credentials of its own.
pub(crate) struct Crane {
    config: PathBuf,
}

impl Crane {
    pub(crate) fn signed_in(server: &Server, scratch: &Path, person: &Person) -> Self {
        let client = Self {
            config: scratch.join("crane").join(person.slug()),
        };
        fs::create_dir_all(&client.config).expect("a scratch directory");
        if !person.name.is_empty() {
            let (user, password) = (person.name, person.password());
            client.ask(&["auth", "login", &server.host, "-u", user, "-p", &password]);
        }
        client
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(tool("crane")
            .env("DOCKER_CONFIG", &self.config)
            .args(arguments))
    }

    #[track_caller]
    pub(crate) fn ask(&self, arguments: &[&str]) -> String {
        self.run(arguments).expect_ok(&arguments.join(" "))
    }
}
