//! What is printed, and whether it was good.

use std::fs;

use pierhead_model::ContentDigest;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::inspect;

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";

/// A layout with an index of one image of one layer, and where the layer is.
fn layout(layer: &[u8]) -> (TempDir, String) {
    let scratch = TempDir::new().unwrap();
    fs::create_dir_all(scratch.path().join("blobs/sha256")).unwrap();
    let put = |bytes: &[u8], media_type: &str| {
        let digest = ContentDigest::sha256(bytes).to_string();
        let path = scratch.path().join("blobs").join(digest.replace(':', "/"));
        fs::write(path, bytes).unwrap();
        json!({ "mediaType": media_type, "digest": digest, "size": bytes.len() })
    };
    let layer = put(layer, "application/vnd.oci.image.layer.v1.tar");
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": put(b"{}", "application/vnd.oci.image.config.v1+json"),
        "layers": [layer],
        "annotations": { "made": "by \u{1b}[31mhand" },
    });
    let mut manifest = put(manifest.to_string().as_bytes(), IMAGE);
    manifest["platform"] = json!({ "os": "linux", "architecture": "arm64", "variant": "v8" });
    let index = json!({ "schemaVersion": 2, "manifests": [manifest] });
    fs::write(scratch.path().join("index.json"), index.to_string()).unwrap();
    let layer = layer["digest"].as_str().unwrap().replace(':', "/");
    let layer = scratch.path().join("blobs").join(layer);
    (scratch, layer.to_string_lossy().into_owned())
}

fn text(path: &str, stdin: &str) -> (bool, String) {
    let mut out = Vec::new();
    let good = inspect(path, false, &mut stdin.as_bytes(), &mut out).unwrap();
    (good, String::from_utf8(out).unwrap())
}

fn value(path: &str) -> (bool, Value) {
    let mut out = Vec::new();
    let good = inspect(path, true, &mut &b""[..], &mut out).unwrap();
    (good, serde_json::from_slice(&out).unwrap())
}

#[test]
fn a_layout_is_followed_to_its_layers() {
    let (scratch, _) = layout(&[0; 3000]);
    let path = scratch.path().to_str().unwrap();
    let (good, told) = text(path, "");
    assert!(good, "{told}");
    for part in [
        "index application/vnd.oci.image.index.v1+json",
        "linux/arm64/v8 good",
        &format!("image {IMAGE}"),
        "2.9 KiB  application/vnd.oci.image.layer.v1.tar good",
        r#""made" = "by \u{1b}[31mhand""#,
    ] {
        assert!(told.contains(part), "{part} is not in\n{told}");
    }
    let (good, told) = value(path);
    assert!(good);
    assert_eq!(told[0]["references"][0]["platform"]["variant"], "v8");
    assert_eq!(told[1]["kind"], "image");
    assert_eq!(told[1]["references"][1]["content"], "good");
    assert_eq!(told[1]["references"][1]["size"], 3000);
}

#[test]
fn what_is_damaged_or_missing_is_found() {
    for (bytes, expected) in [
        (Some("other"), "damaged"),
        (Some("laye"), "damaged"),
        (None, "missing"),
    ] {
        let (scratch, layer) = layout(b"layer");
        match bytes {
            Some(bytes) => fs::write(layer, bytes).unwrap(),
            None => fs::remove_file(layer).unwrap(),
        }
        let (good, told) = value(scratch.path().to_str().unwrap());
        assert!(!good);
        assert_eq!(told[1]["references"][1]["content"], expected);
    }
}

#[test]
fn what_a_registry_refuses_is_refused_by_its_rule() {
    for (bytes, rule) in [
        (
            r#"{"schemaVersion":2,"manifests":[],"layers":[]}"#,
            "must not stand in one manifest",
        ),
        (r#"{"schemaVersion":1}"#, "chema"),
        ("", "it must be JSON"),
    ] {
        let (good, told) = text("-", bytes);
        assert!(!good);
        assert!(
            told.contains("refused at byte ") && told.contains(rule),
            "{told}"
        );
    }
}

#[test]
fn a_file_and_standard_input_are_told_alike() {
    let scratch = TempDir::new().unwrap();
    let path = scratch.path().join("index");
    let index = r#"{"schemaVersion":2,"manifests":[]}"#;
    fs::write(&path, index).unwrap();
    let told = text(path.to_str().unwrap(), "");
    assert_eq!(told, text("-", index));
    assert!(told.0);
    assert!(
        told.1
            .starts_with(&ContentDigest::sha256(index.as_bytes()).to_string())
    );
}
