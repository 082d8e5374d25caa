//! Tests of the lenient reader.

use super::*;

const D: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// Reads leniently and compares the sizes of what is referred to.
#[track_caller]
fn check(json: &str, sizes: &[u64]) -> Manifest {
    let json = json.replace("@D", D);
    let manifest = Manifest::from_stored(json.as_bytes(), &MediaType::OCI_MANIFEST).expect(&json);
    let found: Vec<_> = manifest.references().map(|it| it.size).collect();
    assert_eq!(found, sizes, "{json}");
    manifest
}

#[test]
fn whatever_can_be_read_is_kept() {
    for (json, sizes) in [
        ("{}", &[][..]),
        (
            r#"{"schemaVersion":"x","mediaType":1,"artifactType":[],"annotations":3,"subject":"a"}"#,
            &[],
        ),
        // Without a digest there is nothing to keep; without the rest there is.
        (r#"{"config":{"size":1},"layers":[{"digest":"@D"}]}"#, &[0]),
        (
            r#"{"layers":[1,{"digest":"@D","size":2},null,{"digest":"nonsense"},{"digest":"@D","size":3}]}"#,
            &[2, 3],
        ),
        (
            r#"{"layers":[{"digest":"@D","size":-1,"mediaType":"none"},{"digest":"@D","size":"x"}]}"#,
            &[0, 0],
        ),
        (
            r#"{"layers":{"a":[]},"config":{"digest":"@D","size":4,"platform":7,"urls":1,"annotations":[]}}"#,
            &[4],
        ),
        // Both shapes: both are kept. Of a key that is there twice the first counts.
        (
            r#"{"manifests":[{"digest":"@D","size":5}],"config":{"digest":"@D","size":6},"config":{"digest":"@D","size":7}}"#,
            &[5, 6],
        ),
        (
            r#"{"manifests":[{"digest":"@D","size":5,"platform":{"os":1,"os":2,"os.features":[1,"f"]}}]}"#,
            &[5],
        ),
    ] {
        check(json, sizes);
    }
}

#[test]
fn bytes_that_are_no_object_are_an_error() {
    for bytes in [
        &b""[..],
        b"[]",
        b"{",
        b"{}x",
        b"{\"a\":\"\xff\"}",
        br#"{"layers":[{]}"#,
        br#"{"config":{"size":1,}}"#,
        br#"{"config":tru}"#,
    ] {
        let read = Manifest::from_stored(bytes, &MediaType::OCI_MANIFEST);
        assert!(read.is_err(), "{}", String::from_utf8_lossy(bytes));
    }
    let bomb = format!("{{\"x\":{}", "[".repeat(500_000));
    assert!(Manifest::from_stored(bomb.as_bytes(), &MediaType::OCI_MANIFEST).is_err());
}

#[test]
fn the_kind_follows_the_media_type_it_was_stored_with() {
    for (media_type, kind) in [
        (MediaType::OCI_MANIFEST, ManifestKind::Image),
        (MediaType::DOCKER_MANIFEST, ManifestKind::Image),
        (MediaType::OCI_INDEX, ManifestKind::Index),
        (MediaType::DOCKER_LIST, ManifestKind::Index),
        (MediaType::JSON, ManifestKind::Opaque),
    ] {
        let manifest = Manifest::from_stored(br#"{"mediaType":"x/y"}"#, &media_type).unwrap();
        assert_eq!(
            (manifest.kind(), manifest.media_type()),
            (kind, &media_type)
        );
    }
}

#[test]
fn odd_annotations_do_not_upset_a_referrer() {
    let manifest = check(r#"{"annotations":{"a":1},"artifactType":"no type"}"#, &[]);
    assert_eq!(manifest.artifact_type(), Some("no type"));
    let descriptor = manifest.descriptor(crate::ContentDigest::sha256(b""), 0);
    assert!(descriptor.annotations.is_empty());
}
