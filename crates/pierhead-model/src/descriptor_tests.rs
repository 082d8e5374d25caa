//! Tests of descriptors as JSON.

use super::*;
use crate::ContentDigest;

#[test]
fn only_what_is_there_is_written() {
    let digest = ContentDigest::sha256(b"");
    let mut descriptor = Descriptor::new(MediaType::OCI_MANIFEST, digest, 7);
    assert_eq!(
        serde_json::to_string(&descriptor).unwrap(),
        format!(
            r#"{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":7}}"#
        )
    );
    descriptor.artifact_type = Some("a/b".to_owned());
    descriptor
        .annotations
        .insert("k".to_owned(), "v<".to_owned());
    descriptor.platform = Some(Platform {
        architecture: "arm64".to_owned(),
        os: "linux".to_owned(),
        os_version: Some("1".to_owned()),
        os_features: vec!["f".to_owned()],
        variant: Some("v8".to_owned()),
    });
    let json = serde_json::to_string(&descriptor).unwrap();
    assert!(
        json.ends_with(
            r#""annotations":{"k":"v<"},"artifactType":"a/b","platform":{"architecture":"arm64","os":"linux","os.version":"1","os.features":["f"],"variant":"v8"}}"#
        ),
        "{json}"
    );
    assert_eq!(
        serde_json::from_str::<Descriptor>(&json).unwrap(),
        descriptor
    );
}

#[test]
fn null_is_nothing_and_nonsense_is_refused() {
    let text = |rest: &str| format!(r#"{{"mediaType":"a/b","digest":"sha384:x","size":1{rest}}}"#);
    for rest in [
        "",
        r#","annotations":null,"urls":null,"platform":null"#,
        r#","platform":{"os.features":null}"#,
        r#","unknown":[1]"#,
    ] {
        assert!(
            serde_json::from_str::<Descriptor>(&text(rest)).is_ok(),
            "{rest}"
        );
    }
    for json in [
        r#"{"mediaType":"a","digest":"sha384:x","size":1}"#,
        r#"{"mediaType":"a/b","digest":"sha256:x","size":1}"#,
        r#"{"mediaType":"a/b","digest":"sha384:x","size":-1}"#,
        r#"{"mediaType":"a/b","digest":"sha384:x"}"#,
    ] {
        assert!(serde_json::from_str::<Descriptor>(json).is_err(), "{json}");
    }
}
