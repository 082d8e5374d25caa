//! Tests of the conversions.

use super::*;
use crate::ManifestKind;

fn descriptor() -> Descriptor {
    let mut descriptor = Descriptor::new(MediaType::OCI_LAYER_GZIP, ContentDigest::sha256(b"x"), 9);
    descriptor.urls = Some(vec!["https://example.org/x".to_owned()]);
    descriptor
        .annotations
        .insert("k".to_owned(), "v".to_owned());
    descriptor.artifact_type = Some("a/b".to_owned());
    descriptor.data = Some("eA==".to_owned());
    descriptor.platform = Some(Platform {
        architecture: "arm".to_owned(),
        os: "linux".to_owned(),
        os_version: Some("1".to_owned()),
        os_features: vec!["f".to_owned()],
        variant: Some("v7".to_owned()),
    });
    descriptor
}

#[test]
fn descriptors_go_there_and_back() {
    let plain = Descriptor::new(MediaType::OCI_EMPTY, ContentDigest::sha256(b"{}"), 2);
    for mut ours in [descriptor(), plain] {
        let theirs = oci::Descriptor::try_from(&ours).unwrap();
        assert_eq!(Descriptor::try_from(&theirs).unwrap(), ours);
        // The same JSON means the same to both, but for two keys that theirs spells differently.
        if let Some(platform) = &mut ours.platform {
            platform.os_version = None;
            platform.os_features.clear();
        }
        let theirs = oci::Descriptor::try_from(&ours).unwrap();
        let json = serde_json::to_string(&ours).unwrap();
        assert_eq!(
            serde_json::from_str::<oci::Descriptor>(&json).unwrap(),
            theirs
        );
        let json = serde_json::to_string(&theirs).unwrap();
        assert_eq!(serde_json::from_str::<Descriptor>(&json).unwrap(), ours);
    }
}

#[test]
fn media_types_and_digests_go_there_and_back() {
    for ours in MediaType::KNOWN {
        let theirs = oci::MediaType::from(ours);
        assert_eq!(&MediaType::try_from(&theirs).unwrap(), ours);
    }
    let ours = ContentDigest::of(crate::Algorithm::Sha512, b"x");
    let theirs = oci::Digest::try_from(&Digest::from(ours)).unwrap();
    assert_eq!(ContentDigest::try_from(&theirs).unwrap(), ours);
    assert_eq!(Digest::try_from(&theirs).unwrap(), ours.into());
}

#[test]
fn what_only_one_side_accepts_is_an_error() {
    assert!(MediaType::try_from(&oci::MediaType::from("no type")).is_err());
    let short: Digest = "sha384:abc".parse().unwrap();
    assert!(oci::Digest::try_from(&short).is_err());
    let long: oci::Digest = format!("x:{}", "a".repeat(300)).parse().unwrap();
    assert!(Digest::try_from(&long).is_err());
    let other: oci::Digest = "x:a".parse().unwrap();
    assert!(ContentDigest::try_from(&other).is_err());
}

#[test]
fn manifests_come_from_theirs() {
    let layer = oci::Descriptor::try_from(&descriptor()).unwrap();
    let image = oci::ImageManifestBuilder::default()
        .schema_version(2_u32)
        .config(layer.clone())
        .layers(vec![layer.clone(), layer.clone()])
        .build()
        .unwrap();
    let manifest = Manifest::try_from(&image).unwrap();
    assert_eq!(
        (manifest.kind(), manifest.references().len()),
        (ManifestKind::Image, 3)
    );
    let index = oci::ImageIndexBuilder::default()
        .schema_version(2_u32)
        .manifests(vec![layer.clone()])
        .build()
        .unwrap();
    let manifest = Manifest::try_from(&index).unwrap();
    let child = manifest.references().next().unwrap();
    assert_eq!(child.platform, descriptor().platform.as_ref());
    let wrong = oci::ImageIndexBuilder::default()
        .schema_version(1_u32)
        .manifests(vec![layer])
        .build()
        .unwrap();
    assert!(matches!(
        Manifest::try_from(&wrong),
        Err(InteropError::Manifest(_))
    ));
}
