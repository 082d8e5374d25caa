//! containerd: what `ctr` pulls and pushes, and its refusals.

use std::path::Path;

use pierhead_tests::{
    Containerd, Layout, OWNER, Output, PEOPLE, PROJECT, Person, Server, Transcript, lab,
    lab_that_logs_requests, run, tool,
};
use tempfile::TempDir;

use crate::skopeo::{Images as _, Skopeo};

#[test]
fn containerd_pulls_unpacks_and_pushes_a_multi_platform_index() {
    let (server, scratch) = (lab_that_logs_requests(), TempDir::new().unwrap());
    let containerd = Containerd::start();
    let layout = pushed(&server, scratch.path());
    let image = format!("{}/{PROJECT}/shared:1", server.host);

    containerd
        .image(&OWNER, &["pull", "--all-platforms"], &[&image])
        .expect_ok("ctr images pull");
    for digest in layout.images.iter().chain([&layout.index]) {
        let content = containerd.ctr(&["content", "get", digest]);
        let content = content.expect_ok("ctr content get");
        assert_eq!(content.as_bytes(), layout.blob(digest), "{digest}");
    }

    // To another repository: it remembers where the blobs are, and each is mounted.
    let other = format!("{}/{PROJECT}/tools/containerd:1", server.host);
    containerd
        .image(&OWNER, &["push"], &[&other, &image])
        .expect_ok("ctr images push");
    let sent = server.uploads(&format!("{PROJECT}/tools/containerd"));
    assert_eq!(sent, (5, 0));
    let fresh = Containerd::start();
    fresh
        .image(&OWNER, &["pull", "--platform", "linux/arm64"], &[&other])
        .expect_ok("ctr images pull");
    let listed = fresh.ctr(&["images", "list"]).expect_ok("ctr images list");
    assert!(listed.contains(&layout.index), "{listed}");
}

#[test]
fn containerd_sends_what_it_imported_and_unpacks_layers_of_zstd() {
    let (server, scratch) = (lab_that_logs_requests(), TempDir::new().unwrap());
    let containerd = Containerd::start();
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "zstd");
    let owner = Skopeo::signed_in(&server, scratch.path(), &OWNER);
    let from = format!("oci:{}:multi", layout.path.display());
    let zstd = format!("{}/{PROJECT}/zstd:1", server.host);
    owner
        .copy(
            &["--dest-compress-format=zstd"],
            &from,
            &server.image("zstd:1"),
        )
        .expect_ok("skopeo copy");
    let raw = owner.ask(&["inspect", "--raw", &server.image("zstd:1")]);
    assert_eq!(raw.matches("layer.v1.tar+zstd").count(), 2, "{raw}");
    containerd
        .image(&OWNER, &["pull"], &[&zstd])
        .expect_ok("ctr images pull");
    let snapshots = ["snapshots", "--snapshotter", "native", "list"];
    let snapshots = containerd.ctr(&snapshots).expect_ok("ctr snapshots list");
    assert_eq!(snapshots.matches("Committed").count(), 2, "{snapshots}");

    // What came from no registry is sent: all but one configuration, which is in both.
    let archive = scratch.path().join("layout.tar");
    run(tool("tar")
        .arg("-C")
        .arg(&layout.path)
        .arg("-cf")
        .arg(&archive)
        .arg("."))
    .expect_ok("tar");
    let image = format!("{}/{PROJECT}/imported", server.host);
    let import = ["images", "import", "--all-platforms", "--no-unpack"];
    let what = ["--base-name", &image, archive.to_str().unwrap()];
    containerd
        .ctr(&[&import[..], &what].concat())
        .expect_ok("ctr images import");
    containerd
        .image(&OWNER, &["push"], &[&format!("{image}:multi")])
        .expect_ok("ctr images push");
    assert_eq!(server.uploads(&format!("{PROJECT}/imported")), (1, 4));
}

#[test]
fn containerd_is_refused_as_the_table_says() {
    let (server, scratch) = (lab(), TempDir::new().unwrap());
    let mut read = Transcript::new(&server.host);
    let containerd = Containerd::start();
    pushed(&server, scratch.path());
    let image = |name: &str| format!("{}/{PROJECT}/{name}", server.host);
    let shared = image("shared:1");
    containerd
        .image(&OWNER, &["pull", "--all-platforms"], &[&shared])
        .expect_ok("ctr images pull");

    for person in PEOPLE {
        let new = image(&format!("new-{}:1", person.slug()));
        let existing = image(&format!("shared:{}", person.slug()));
        for (may, verb, images) in [
            (person.push_new, "push", &[&*new, &*shared][..]),
            (person.push_existing, "push", &[&*existing, &*shared]),
            (person.pull, "pull", &[&*shared]),
        ] {
            let output = containerd.image(person, &[verb], images);
            let did = format!("ctr images {verb} {}", images.join(" "));
            assert_eq!(output.ok, may, "{}: {did}\n{}", person.is, output.text);
            if !may {
                read.add(person.is, &did, &output);
            }
        }
    }
    read.expect("containerd");
}

/// Pushes an index for two platforms as `shared:1`.
fn pushed(server: &Server, scratch: &Path) -> Layout {
    let layout = Layout::write(&scratch.join("layout"), "multi", "containerd");
    let owner = Skopeo::signed_in(server, scratch, &OWNER);
    let from = format!("oci:{}:multi", layout.path.display());
    owner
        .copy_all(&from, &server.image("shared:1"))
        .expect_ok("skopeo copy");
    layout
}

trait Images {
    /// `ctr images …`, as somebody. `ctr` signs in with each command.
    fn image(&self, person: &Person, command: &[&str], images: &[&str]) -> Output;
}

impl Images for Containerd {
    fn image(&self, person: &Person, command: &[&str], images: &[&str]) -> Output {
        let user = format!("{}:{}", person.name, person.password());
        let mut flags = vec!["--plain-http"];
        if !person.name.is_empty() {
            flags.extend(["--user", &user]);
        }
        match command[0] {
            "pull" => flags.extend(["--snapshotter", "native"]),
            // Of blobs refused side by side, which one it tells of would be chance.
            _ => flags.extend(["--max-concurrent-uploaded-layers", "1"]),
        }
        self.ctr(&[&["images"], command, &flags, images].concat())
    }
}
