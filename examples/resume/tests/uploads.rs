//! The program against a registry of its test's own: how any client can be tested.

#![allow(clippy::expect_used, reason = "what cannot be set up fails the test")]

use std::io::Write as _;
use std::process::{Command, Output};

use pierhead::model::ContentDigest;
use pierhead::registry::Event;
use pierhead::testing::Registry;
use tempfile::NamedTempFile;

/// What the program says and does, given a registry, a user and a file.
fn upload(registry: &Registry, (user, password): (&str, &str), bytes: &[u8]) -> Output {
    let mut file = NamedTempFile::new().expect("a scratch file");
    file.write_all(bytes).expect("it is written");
    Command::new(env!("CARGO_BIN_EXE_pierhead-resume-example"))
        .args([registry.url(), "lab/data"])
        .arg(file.path())
        .env("REGISTRY_USER", user)
        .env("REGISTRY_PASSWORD", password)
        .output()
        .expect("the program runs")
}

#[test]
fn a_file_arrives_as_a_blob_and_its_digest_is_printed() {
    let registry = Registry::with_users([("ana", "swordfish")]).expect("a registry starts");
    let bytes = vec![7; 3_000_000];
    let done = upload(&registry, ("ana", "swordfish"), &bytes);
    let told = String::from_utf8_lossy(&done.stdout);
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(told.trim(), ContentDigest::sha256(&bytes).to_string());
    let [Event::BlobAdded { name, size, by, .. }] = &registry.events()[..] else {
        panic!("one blob: {:?}", registry.events());
    };
    assert_eq!(
        (name.as_str(), *size, &*by.name),
        ("lab/data", 3_000_000, "ana")
    );
}

#[test]
fn a_wrong_password_is_said_at_once() {
    let registry = Registry::with_users([("ana", "swordfish")]).expect("a registry starts");
    let refused = upload(&registry, ("ana", "wrong"), b"bytes");
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("401"));
    assert!(registry.events().is_empty());
}
