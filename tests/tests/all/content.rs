//! Content out of the ordinary, through the clients that can carry it.

use std::collections::BTreeMap;
use std::fs::{self, DirEntry};
use std::path::Path;

use pierhead_tests::{Containerd, Layout, OWNER, PROJECT, lab_that_logs_requests};
use sha2::{Digest as _, Sha512};
use tempfile::TempDir;

use crate::crane::Crane;
use crate::oras::Oras;
use crate::regctl::{Reference as _, Regctl};
use crate::skopeo::{Images as _, Skopeo};

/// More than any list of the protocol holds in one page.
const LAYERS: usize = 1050;

#[test]
fn a_manifest_of_1050_layers_goes_in_across_and_out() {
    let (server, scratch) = (lab_that_logs_requests(), TempDir::new().unwrap());
    let layout = Layout::of_layers(&scratch.path().join("layout"), "many", LAYERS);
    let crane = Crane::signed_in(&server, scratch.path(), &OWNER);
    let regctl = Regctl::signed_in(&server, scratch.path(), &OWNER);
    let image = |name: &str| format!("{}/{PROJECT}/{name}:1", server.host);
    let sent = |name: &str| server.uploads(&format!("{PROJECT}/{name}"));

    // The configuration is a blob, too.
    crane.ask(&["push", layout.path.to_str().unwrap(), &image("crane")]);
    assert_eq!(sent("crane"), (0, LAYERS + 1));
    crane.ask(&["copy", &image("crane"), &image("tools/crane")]);
    assert_eq!(sent("tools/crane"), (LAYERS + 1, 0));

    // regctl offers to mount also what it has in a folder: wherever it is, it is not sent again.
    let many = image("regctl");
    regctl.ask(&["image", "copy", &layout.reference("many"), &many]);
    assert_eq!(sent("regctl"), (LAYERS + 1, 0));
    let folder = scratch.path().join("out");
    let out = format!("ocidir://{}:1", folder.display());
    for from in [&image("tools/crane"), &many] {
        regctl.ask(&["image", "copy", from, &out]);
        assert_same_blobs(&folder, &layout.path);
        fs::remove_dir_all(&folder).unwrap();
    }
}

/// Requires that a layout holds what another does, byte for byte.
fn assert_same_blobs(layout: &Path, other: &Path) {
    let blobs = |layout: &Path| -> BTreeMap<_, _> {
        let blobs = fs::read_dir(layout.join("blobs/sha256")).expect("a layout");
        let read = |blob: DirEntry| (blob.file_name(), fs::read(blob.path()).expect("a blob"));
        blobs.map(|blob| read(blob.expect("a blob"))).collect()
    };
    assert!(blobs(layout) == blobs(other), "{}", layout.display());
}

#[test]
fn sha512_goes_through_regctl_and_oras_and_is_refused_by_other_clients() {
    let (server, scratch) = (lab_that_logs_requests(), TempDir::new().unwrap());
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "sha512");
    let image = |name: &str| format!("{}/{PROJECT}/{name}", server.host);
    let sha512 = image("sha512:1");

    // regctl makes it, copies it out and in again, and sends nothing for a copy across.
    let regctl = Regctl::signed_in(&server, scratch.path(), &OWNER);
    regctl.ask(&[
        "image",
        "copy",
        &layout.reference("multi"),
        &image("sha256:1"),
    ]);
    let create = ["image", "mod", "--digest-algo", "sha512", "--create"];
    regctl.ask(&[&create[..], &[&sha512, &image("sha256:1")]].concat());
    let head = |image: &str| regctl.ask(&["manifest", "head", image]).trim().to_owned();
    let index = head(&sha512);
    assert!(index.starts_with("sha512:"), "{index}");
    let out = format!("ocidir://{}:1", scratch.path().join("out").display());
    for (from, to) in [
        (&sha512, &image("tools/sha512:1")),
        (&sha512, &out),
        (&out, &image("sha512:again")),
    ] {
        regctl.ask(&["image", "copy", from, to]);
        assert_eq!(head(to), index, "{to}");
    }
    assert_eq!(server.uploads(&format!("{PROJECT}/tools/sha512")), (5, 0));

    // oras gets all of it and puts blobs of it. By tag it cannot put a manifest: who puts by tag
    // does not say with which algorithm.
    let oras = Oras::signed_in(&server, scratch.path(), &OWNER);
    assert_eq!(oras.ask(&["resolve", &sha512]).trim(), index);
    let manifest = oras.ask(&["manifest", "fetch", &image(&format!("sha512@{index}"))]);
    assert_eq!(format!("sha512:{}", hex(manifest.as_bytes())), index);
    fs::write(scratch.path().join("blob"), "a blob\n").unwrap();
    let blob = image(&format!("sha512@sha512:{}", hex(b"a blob\n")));
    oras.ask(&["blob", "push", "--size", "7", &blob, "blob"]);
    assert_eq!(
        oras.ask(&["blob", "fetch", "--output", "-", &blob]),
        "a blob\n"
    );
    let copied = oras.copy(&["--from-plain-http", &sha512, &image("oras:1")]);
    let said = copied.expect_refused("oras copy of sha512");
    assert!(said.contains("digest mismatch"), "{said}");

    // crane reads it, and puts everything under sha256, also what others name by sha512.
    let crane = Crane::signed_in(&server, scratch.path(), &OWNER);
    assert_eq!(crane.ask(&["digest", &sha512]).trim(), index);
    assert_eq!(crane.ask(&["manifest", &sha512]), manifest);
    let said = crane.run(&["copy", &sha512, &image("crane:1")]);
    let said = said.expect_refused("crane copy of an index of sha512");
    assert!(said.contains("MANIFEST_BLOB_UNKNOWN"), "{said}");

    // The others say that it is not what they expect.
    let skopeo = Skopeo::signed_in(&server, scratch.path(), &OWNER);
    let folder = format!("dir:{}", scratch.path().join("skopeo").display());
    let copied = skopeo.copy_all(&server.image("sha512:1"), &folder);
    let said = copied.expect_refused("skopeo copy of sha512");
    assert!(said.contains("sha512:"), "{said}");
    let containerd = Containerd::start();
    let user = format!("{}:{}", OWNER.name, OWNER.password());
    let pull = ["images", "pull", "--plain-http", "--user", &user, &sha512];
    let said = containerd.ctr(&pull).expect_refused("ctr pull of sha512");
    assert!(said.contains("unexpected commit digest"), "{said}");
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(Sha512::digest(bytes))
}
