//! The lenient reader takes every JSON object and keeps everything it can use.

use pierhead_model::{ContentDigest, Descriptor, Manifest, MediaType};

use super::slow;
use super::strict::rows;
use crate::json::{Json, field};

pub(super) fn check(data: &[u8], tree: Result<&Json, &serde_json::Error>, media_type: &MediaType) {
    let found = Manifest::from_stored(data, media_type);
    let manifest = match (&found, tree) {
        (Ok(manifest), _) => manifest,
        (Err(error), tree) => {
            assert!(error.at() <= data.len());
            let object = tree.ok().and_then(Json::object);
            return assert!(object.is_none(), "refused: {error}");
        }
    };
    super::whole(manifest);
    assert_eq!(manifest.media_type(), media_type);
    referrer(manifest);
    let fields = match tree {
        Ok(tree) => tree.object().expect("only an object is a manifest"),
        Err(error) => {
            // See the known differences.
            let text = error.to_string();
            let known = text.contains("number out of range") || text.contains("recursion limit");
            return assert!(known, "accepted what is no JSON: {error}");
        }
    };
    let expected: Vec<_> = slow::descriptors(fields)
        .into_iter()
        .filter_map(|(role, descriptor)| slow::row(role, descriptor))
        .collect();
    assert_eq!(rows(manifest), expected);
    let annotations = field(fields, "annotations").filter(|value| value.object().is_some());
    let kept = manifest
        .annotations_json()
        .map(|json| serde_json::from_str::<Json>(json).expect("annotations are JSON"));
    assert_eq!(kept.as_ref(), annotations);
}

/// Whatever was stored, its descriptor can be listed and read again.
fn referrer(manifest: &Manifest) {
    let descriptor = manifest.descriptor(ContentDigest::sha256(b""), 7);
    assert_eq!(&descriptor.media_type, manifest.media_type());
    assert_eq!(
        descriptor.artifact_type.as_deref(),
        manifest.artifact_type()
    );
    let json = serde_json::to_string(&descriptor).expect("a descriptor can be written");
    let again = serde_json::from_str::<Descriptor>(&json).expect("and read");
    assert_eq!(again, descriptor);
    let theirs = oci_spec::image::Descriptor::try_from(&descriptor).expect("and converted");
    assert_eq!(Descriptor::try_from(&theirs), Ok(descriptor));
}
