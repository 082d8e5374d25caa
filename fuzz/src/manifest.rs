//! Manifests, strict and lenient.
//!
//! Both readers are compared with a reading of the whole tree (`slow`), and what the strict one
//! accepts with `oci-spec`. The known differences from others are these.
//!
//! From `serde_json`, into a tree:
//! - a number beyond the range of `f64` is refused there; here numbers that mean nothing are not
//!   looked at;
//! - it takes 127 levels of nesting, the lenient reader 128.
//!
//! Accepted here, refused by `oci-spec`:
//! - `layers` and `manifests` may be `null`, as Go writes an empty list;
//! - a platform may lack `architecture` and `os`, or have them `null`;
//! - a digest `sha384:…` may have any length;
//! - keys that are unknown here have any value, and may stand there twice: `features`,
//!   `os_version` and `os_features` of a platform mean something to `oci-spec`.
//!
//! Accepted by `oci-spec`, refused here:
//! - `schemaVersion` other than 2, a `mediaType` that is no manifest's, or none that fits the keys;
//! - a media type or artifact type beyond RFC 6838; a digest beyond 255 bytes; a size beyond
//!   `i64::MAX`;
//! - a known key twice in any case of letters, an annotation twice;
//! - the keys of an image and of an index in one document;
//! - `os.version` and `os.features` of another type, which `oci-spec` knows by other names;
//! - escapes of half a character, and more than the limits, in what `oci-spec` passes over.

mod lenient;
mod others;
mod slow;
mod strict;

use pierhead_model::{
    Digest, Manifest, ManifestKind, ManifestLimits, ManifestReference, MediaType, ReferenceRole,
};

use crate::json::Json;

/// Reads the bytes in every way there is.
pub fn check(data: &[u8]) {
    let tree = serde_json::from_slice::<Json>(data);
    for (content_type, limits) in requests() {
        strict::check(data, tree.as_ref().ok(), content_type.as_ref(), &limits);
    }
    for media_type in [
        MediaType::OCI_MANIFEST,
        MediaType::OCI_INDEX,
        MediaType::OCTET_STREAM,
    ] {
        lenient::check(data, tree.as_ref(), &media_type);
    }
    others::check(data);
}

/// How a manifest may arrive.
fn requests() -> impl Iterator<Item = (Option<MediaType>, ManifestLimits)> {
    let opaque = ManifestLimits {
        opaque_manifests: true,
        ..ManifestLimits::default()
    };
    let small = ManifestLimits {
        max_bytes: 2_000,
        max_depth: 4,
        max_references: 3,
        max_annotations: 2,
        opaque_manifests: true,
    };
    [
        (None, ManifestLimits::default()),
        (Some(MediaType::OCI_MANIFEST), ManifestLimits::default()),
        (Some(MediaType::DOCKER_LIST), ManifestLimits::default()),
        (Some(MediaType::DOCKER_SCHEMA1), ManifestLimits::default()),
        (Some(MediaType::JSON), opaque),
        (None, small),
    ]
    .into_iter()
}

/// What holds of every manifest that was read at all.
fn whole(manifest: &Manifest) {
    assert_eq!(manifest.references().len(), manifest.references().count());
    let mut subjects = 0;
    for reference in manifest.references() {
        let ManifestReference {
            role,
            digest,
            size,
            media_type,
            ..
        } = &reference;
        assert_eq!(digest.as_str().parse::<Digest>().as_ref(), Ok(digest));
        assert!(i64::try_from(*size).is_ok());
        assert_eq!(media_type.as_str().parse().as_ref(), Ok(*media_type));
        assert_eq!(reference.distributable, !media_type.is_nondistributable());
        assert!(reference.platform.is_none() || *role == ReferenceRole::Child);
        subjects += usize::from(*role == ReferenceRole::Subject);
    }
    assert!(subjects <= 1);
    assert_eq!(manifest.subject().is_some(), subjects == 1);
    let is_kind = match manifest.kind() {
        ManifestKind::Image => manifest.media_type().is_image_manifest(),
        ManifestKind::Index => manifest.media_type().is_index(),
        _ => true,
    };
    assert!(is_kind, "{manifest:?}");
    if let Some(json) = manifest.annotations_json() {
        assert!(json.starts_with('{') && json.ends_with('}'), "{json:?}");
    }
}
