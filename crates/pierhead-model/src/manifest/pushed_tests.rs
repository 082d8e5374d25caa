//! Tests of the strict reader: what it accepts and what it makes of it.

use super::*;
use crate::{ContentDigest, Digest};

const D: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A document with `@D` for a digest and `@C`, `@L`, `@M` for descriptors of a configuration, a
/// layer and a manifest.
pub(super) fn expand(template: &str) -> String {
    template
        .replace(
            "@C",
            r#"{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"@D","size":2}"#,
        )
        .replace(
            "@L",
            r#"{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"@D","size":3}"#,
        )
        .replace(
            "@M",
            r#"{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"@D","size":4}"#,
        )
        .replace("@D", D)
}

pub(super) fn push(template: &str) -> Result<Manifest, ManifestError> {
    Manifest::from_pushed(
        expand(template).as_bytes(),
        None,
        &ManifestLimits::default(),
    )
}

#[test]
fn images_are_accepted() {
    for (template, references) in [
        (r#"{"schemaVersion":2,"config":@C,"layers":[@L,@L]}"#, 3),
        (r#"{"schemaVersion":2,"config":@C,"layers":[]}"#, 1),
        (r#"{"schemaVersion":2,"config":@C,"layers":null}"#, 1),
        (r#"{"layers":[@L],"config":@C,"schemaVersion":2}"#, 2),
        (
            r#"{"schemaVersion":2,"config":@C,"layers":[],"subject":@M}"#,
            2,
        ),
        (
            r#"{"schemaVersion":2,"config":@C,"layers":[],"subject":null,"annotations":null,"artifactType":null,"mediaType":null}"#,
            1,
        ),
        (
            r#"{"schemaVersion":2,"config":@C,"layers":[],"artifactType":""}"#,
            1,
        ),
        (
            r#"{"schemaVersion":2,"config":@C,"layers":[],"x":{"layers":[1]},"y":[[null,true,false,-1.5e+3]]}"#,
            1,
        ),
        // An unknown key may be there twice, and so may a known one in other letters only.
        (
            r#"{"schemaVersion":2,"config":@C,"layers":[],"x":1,"x":2,"Subject":5}"#,
            1,
        ),
        (
            r#"{"schemaVersion":2,"config":@C,"layers":[],"annotations":{"a":"1","A":"2"}}"#,
            1,
        ),
        // Escapes in keys and values mean what they mean.
        (
            r#"{"schema\u0056ersion":2,"config":@C,"layers":[],"mediaType":"application\/vnd.oci.image.manifest.v1+json"}"#,
            1,
        ),
        (
            r#"{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"sha384:abc","size":0},"layers":[]}"#,
            1,
        ),
        (
            r#"{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"@D","size":9223372036854775807,"data":"e30=","urls":["u"],"annotations":{},"artifactType":"x/y","platform":{}},"layers":[]}"#,
            1,
        ),
        (
            "\r\n\t {\"schemaVersion\" : 2 , \"config\" : @C , \"layers\" : [ @L , @L ] } \n",
            3,
        ),
    ] {
        let manifest = push(template).unwrap_or_else(|error| panic!("{template}: {error}"));
        assert_eq!(manifest.kind(), ManifestKind::Image);
        assert_eq!(manifest.media_type(), &MediaType::OCI_MANIFEST);
        assert_eq!(manifest.references().len(), references, "{template}");
    }
}

#[test]
fn indexes_are_accepted() {
    for (template, references) in [
        (r#"{"schemaVersion":2,"manifests":[@M]}"#, 1),
        (r#"{"schemaVersion":2,"manifests":[]}"#, 0),
        (r#"{"schemaVersion":2,"manifests":null}"#, 0),
        (r#"{"schemaVersion":2,"manifests":[@M,@M],"subject":@M}"#, 3),
        (
            r#"{"schemaVersion":2,"manifests":[],"annotations":{"k":"\u003cv\u003e"}}"#,
            0,
        ),
    ] {
        let manifest = push(template).unwrap_or_else(|error| panic!("{template}: {error}"));
        assert_eq!(manifest.kind(), ManifestKind::Index);
        assert_eq!(manifest.media_type(), &MediaType::OCI_INDEX);
        assert_eq!(manifest.references().len(), references, "{template}");
    }
}

#[test]
fn invalid_utf8_is_refused_at_its_byte() {
    for (bytes, at) in [
        (&b"{\"a\":\"\xff\"}"[..], 6),
        (b"\xc3", 0),
        (b"{\"\xed\xa0\x80\":1}", 2),
    ] {
        let error = Manifest::from_pushed(bytes, None, &ManifestLimits::default()).unwrap_err();
        assert_eq!((error.rule(), error.at()), (&ManifestRule::InvalidUtf8, at));
    }
}

#[test]
fn the_media_type_is_its_own_then_that_of_the_request_then_that_of_its_shape() {
    let image = r#""schemaVersion":2,"config":@C,"layers":[]"#;
    let index = r#""schemaVersion":2,"manifests":[]"#;
    let docker = "application/vnd.docker.distribution.manifest.v2+json";
    let oci = "application/vnd.oci.image.manifest.v1+json";
    let list = "application/vnd.docker.distribution.manifest.list.v2+json";
    for (fields, own, header, expected) in [
        (image, None, None, Ok(oci)),
        (image, None, Some(docker), Ok(docker)),
        (image, Some(docker), None, Ok(docker)),
        (image, Some(docker), Some(docker), Ok(docker)),
        (
            image,
            Some(docker),
            Some(oci),
            Err("must equal the content type"),
        ),
        (
            image,
            Some(oci),
            Some("application/json"),
            Err("must equal the content type"),
        ),
        (image, None, Some(list), Err("those of its media type")),
        (image, None, Some("application/json"), Err("not supported")),
        (
            image,
            None,
            Some(MediaType::DOCKER_SCHEMA1_SIGNED.as_str()),
            Err("schema 1"),
        ),
        (index, None, Some(list), Ok(list)),
        (index, Some(list), Some(list), Ok(list)),
        (index, None, None, Ok(MediaType::OCI_INDEX.as_str())),
        (index, Some(oci), None, Err("those of its media type")),
    ] {
        let own = own.map_or(String::new(), |own| format!(r#","mediaType":"{own}""#));
        let json = expand(&format!("{{{fields}{own}}}"));
        let header = header.map(|header| header.parse().unwrap());
        let read =
            Manifest::from_pushed(json.as_bytes(), header.as_ref(), &ManifestLimits::default());
        match (read, expected) {
            (Ok(manifest), Ok(expected)) => assert_eq!(manifest.media_type().as_str(), expected),
            (Err(error), Err(rule)) => assert!(error.to_string().contains(rule), "{json}: {error}"),
            (read, expected) => panic!("{json}: {read:?}, expected {expected:?}"),
        }
    }
}

#[test]
fn limits_are_kept_to_the_last_one() {
    let layers = |n: usize| {
        let layers = vec!["@L"; n].join(",");
        expand(&format!(
            r#"{{"schemaVersion":2,"config":@C,"layers":[{layers}]}}"#
        ))
    };
    let nested = |n: usize| {
        format!(
            r#"{{"schemaVersion":2,"manifests":[],"x":{}{}}}"#,
            "[".repeat(n - 1),
            "]".repeat(n - 1)
        )
    };
    let annotated = |n: usize| {
        let all: Vec<_> = (0..n).map(|i| format!(r#""k{i}":"v""#)).collect();
        format!(
            r#"{{"schemaVersion":2,"manifests":[],"annotations":{{{}}}}}"#,
            all.join(",")
        )
    };
    let limits = ManifestLimits {
        max_bytes: 2_000,
        max_depth: 10,
        max_references: 5,
        max_annotations: 20,
        opaque_manifests: false,
    };
    let check = |json: String, rule: Option<ManifestRule>| {
        let read = Manifest::from_pushed(json.as_bytes(), None, &limits);
        assert_eq!(read.err().map(|error| error.rule().clone()), rule, "{json}");
    };
    check(layers(4), None);
    check(layers(5), Some(ManifestRule::TooManyReferences { max: 5 }));
    check(nested(10), None);
    check(nested(11), Some(ManifestRule::Nesting { max: 10 }));
    check(annotated(20), None);
    check(
        annotated(21),
        Some(ManifestRule::TooManyAnnotations { max: 20 }),
    );
    let padded = |n: usize| format!("{:<n$}", annotated(1));
    check(padded(2_000), None);
    check(padded(2_001), Some(ManifestRule::TooLarge { max: 2_000 }));
}

#[test]
fn a_nesting_bomb_is_refused_whatever_the_limit() {
    let limits = ManifestLimits {
        max_depth: usize::MAX,
        ..ManifestLimits::default()
    };
    for open in ["[", r#"{"a":"#] {
        let bomb = format!("{{\"x\":{}", open.repeat(500_000));
        let error = Manifest::from_pushed(bomb.as_bytes(), None, &limits).unwrap_err();
        assert_eq!(error.rule(), &ManifestRule::Nesting { max: 128 });
    }
}

#[test]
fn everything_referred_to_is_listed_in_order() {
    let json = expand(
        r#"{"schemaVersion":2,"subject":@M,"layers":[
            {"mediaType":"application/vnd.docker.image.rootfs.foreign.diff.tar.gzip","size":7,"digest":"@D","urls":["https://example.org"]},
            {"mediaType":"application/x","size":8,"digest":"sha384:abc"}],"config":@C}"#,
    );
    let manifest =
        Manifest::from_pushed(json.as_bytes(), None, &ManifestLimits::default()).unwrap();
    let empty: Digest = ContentDigest::sha256(b"").into();
    let found: Vec<_> = manifest
        .references()
        .map(|it| {
            (
                it.role,
                it.digest,
                it.size,
                it.media_type.to_string(),
                it.distributable,
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                ReferenceRole::Subject,
                empty.clone(),
                4,
                MediaType::OCI_MANIFEST.to_string(),
                true
            ),
            (
                ReferenceRole::Layer,
                empty.clone(),
                7,
                MediaType::DOCKER_LAYER_FOREIGN_GZIP.to_string(),
                false
            ),
            (
                ReferenceRole::Layer,
                "sha384:abc".parse().unwrap(),
                8,
                "application/x".to_owned(),
                true
            ),
            (
                ReferenceRole::Config,
                empty.clone(),
                2,
                MediaType::OCI_CONFIG.to_string(),
                true
            ),
        ]
    );
    let subject = manifest.subject().unwrap();
    assert_eq!((subject.digest, subject.size), (empty, 4));
}

#[test]
fn platforms_of_children_are_kept() {
    let json = expand(
        r#"{"schemaVersion":2,"manifests":[@M,{"mediaType":"a/b","digest":"@D","size":1,"platform":
            {"architecture":"amd64","os":"windows","os.version":"10.0","os.features":["win32k","\u0041"],"variant":"","features":["sse4"]}}]}"#,
    );
    let manifest =
        Manifest::from_pushed(json.as_bytes(), None, &ManifestLimits::default()).unwrap();
    let platforms: Vec<_> = manifest
        .references()
        .map(|it| it.platform.cloned())
        .collect();
    let windows = Platform {
        architecture: "amd64".to_owned(),
        os: "windows".to_owned(),
        os_version: Some("10.0".to_owned()),
        os_features: vec!["win32k".to_owned(), "A".to_owned()],
        variant: None,
    };
    assert_eq!(platforms, [None, Some(windows)]);
}

#[test]
fn the_artifact_type_is_its_own_or_that_of_the_configuration() {
    for (template, expected) in [
        (
            r#"{"schemaVersion":2,"config":@C,"layers":[],"artifactType":"x/y"}"#,
            Some("x/y"),
        ),
        (
            r#"{"schemaVersion":2,"config":@C,"layers":[],"artifactType":""}"#,
            Some("application/vnd.oci.image.config.v1+json"),
        ),
        (
            r#"{"schemaVersion":2,"config":@C,"layers":[]}"#,
            Some("application/vnd.oci.image.config.v1+json"),
        ),
        (r#"{"schemaVersion":2,"manifests":[]}"#, None),
        (
            r#"{"schemaVersion":2,"manifests":[],"artifactType":"x\/y"}"#,
            Some("x/y"),
        ),
    ] {
        assert_eq!(
            push(template).unwrap().artifact_type(),
            expected,
            "{template}"
        );
    }
}

#[test]
fn a_referrer_is_described_with_its_annotations() {
    let json = expand(
        r#"{"schemaVersion":2,"config":@C,"layers":[],"subject":@M,"artifactType":"x/y","annotations" : {"a":"\u003c","b" : "2"} }"#,
    );
    let manifest =
        Manifest::from_pushed(json.as_bytes(), None, &ManifestLimits::default()).unwrap();
    assert_eq!(
        manifest.annotations_json(),
        Some(r#"{"a":"\u003c","b" : "2"}"#)
    );
    let digest = ContentDigest::sha256(json.as_bytes());
    let descriptor = manifest.descriptor(digest, json.len() as u64);
    assert_eq!(descriptor.media_type, MediaType::OCI_MANIFEST);
    assert_eq!(descriptor.digest, digest.into());
    assert_eq!(descriptor.artifact_type.as_deref(), Some("x/y"));
    assert_eq!(descriptor.annotations["a"], "<");
    assert_eq!(descriptor.annotations.len(), 2);
}

#[test]
fn large_annotations_are_accepted() {
    let all: Vec<_> = (0..390)
        .map(|i| format!(r#""k{i}":"{}""#, "x".repeat(10_000)))
        .collect();
    let json = format!(
        r#"{{"schemaVersion":2,"manifests":[],"annotations":{{{}}}}}"#,
        all.join(",")
    );
    let manifest =
        Manifest::from_pushed(json.as_bytes(), None, &ManifestLimits::default()).unwrap();
    assert!(manifest.annotations_json().unwrap().len() > 3_900_000);
}

#[test]
fn unknown_media_types_are_opaque_when_that_is_wanted() {
    let limits = ManifestLimits {
        opaque_manifests: true,
        ..ManifestLimits::default()
    };
    for (template, references) in [
        (r#"{"mediaType":"a/b","blobs":[1],"subject":@M}"#, 1),
        (r#"{"mediaType":"a/b","config":@C,"layers":[@L]}"#, 2),
        (r#"{"mediaType":"a/b"}"#, 0),
    ] {
        let json = expand(template);
        let manifest = Manifest::from_pushed(json.as_bytes(), None, &limits).unwrap();
        assert_eq!(manifest.kind(), ManifestKind::Opaque);
        assert_eq!(manifest.media_type().as_str(), "a/b");
        assert_eq!(manifest.references().len(), references);
        assert_eq!(manifest.artifact_type(), None);
    }
    let index = br#"{"schemaVersion":2,"manifests":[]}"#;
    let read = Manifest::from_pushed(index, None, &limits).unwrap();
    assert_eq!(read.kind(), ManifestKind::Index);
    assert!(Manifest::from_pushed(b"text", Some(&MediaType::OCTET_STREAM), &limits).is_err());
}
