//! What `oci-spec` makes of the same bytes. The differences are listed one module up.

use oci_spec::image as oci;
use pierhead_model::{Manifest, ManifestError, ManifestLimits, ManifestRule, ReferenceRole};

use crate::json::{Json, field};

pub(super) fn check(data: &[u8]) {
    let ours = Manifest::from_pushed(data, None, &ManifestLimits::default());
    match (&ours, theirs(data)) {
        (Ok(ours), Some(theirs)) => {
            assert_eq!(by_us(ours), theirs.rows());
            theirs.converts(ours);
        }
        (Ok(_), None) => only_we(data),
        (Err(error), Some(_)) => only_they(data, error),
        (Err(_), None) => {}
    }
}

enum Theirs {
    Image(Box<oci::ImageManifest>),
    Index(Box<oci::ImageIndex>),
}

fn theirs(data: &[u8]) -> Option<Theirs> {
    if let Ok(image) = serde_json::from_slice(data) {
        return Some(Theirs::Image(image));
    }
    serde_json::from_slice(data).ok().map(Theirs::Index)
}

type Row = (ReferenceRole, String, u64, String);

fn by_us(manifest: &Manifest) -> Vec<Row> {
    let mut rows: Vec<_> = manifest
        .references()
        .map(|it| {
            let digest = it.digest.to_string();
            (it.role, digest, it.size, it.media_type.to_string())
        })
        .collect();
    rows.sort();
    rows
}

impl Theirs {
    fn rows(&self) -> Vec<Row> {
        let row = |role, it: &oci::Descriptor| {
            let digest = it.digest().to_string();
            (role, digest, it.size(), it.media_type().to_string())
        };
        let (mut rows, subject): (Vec<_>, _) = match self {
            Self::Image(image) => {
                let layers = image.layers().iter();
                let layers = layers.map(|it| row(ReferenceRole::Layer, it));
                let config = row(ReferenceRole::Config, image.config());
                (layers.chain([config]).collect(), image.subject())
            }
            Self::Index(index) => {
                let children = index.manifests().iter();
                let children = children.map(|it| row(ReferenceRole::Child, it));
                (children.collect(), index.subject())
            }
        };
        rows.extend(subject.iter().map(|it| row(ReferenceRole::Subject, it)));
        rows.sort();
        rows
    }

    /// Their value becomes a manifest that refers to the same.
    fn converts(&self, ours: &Manifest) {
        let converted = match self {
            Self::Image(image) => Manifest::try_from(&**image),
            Self::Index(index) => Manifest::try_from(&**index),
        };
        let converted = converted.expect("what both accept converts");
        assert_eq!(by_us(&converted), by_us(ours));
        assert_eq!(converted.kind(), ours.kind());
        assert_eq!(converted.artifact_type(), ours.artifact_type());
    }
}

/// One of the reasons for which they alone may refuse must be there.
fn only_we(data: &[u8]) {
    let tree = serde_json::from_slice::<Json>(data);
    let Ok(Json::Object(fields)) = tree else {
        // A number out of range, which the comparison with the tree has looked at.
        return;
    };
    let null_list = ["layers", "manifests"]
        .into_iter()
        .any(|key| field(&fields, key) == Some(&Json::Null));
    let descriptors = super::slow::descriptors(&fields);
    let mut objects = descriptors.iter().filter_map(|(_, it)| it.object());
    let odd = objects.any(|fields| {
        let sha384 = field(fields, "digest")
            .and_then(Json::text)
            .is_some_and(|text| text.starts_with("sha384:"));
        let platform = field(fields, "platform").and_then(Json::object);
        sha384 || platform.is_some_and(odd_platform)
    });
    assert!(null_list || odd, "only we accept it: {fields:?}");
}

fn odd_platform(fields: &[(String, Json)]) -> bool {
    let missing = ["architecture", "os"]
        .into_iter()
        .any(|key| field(fields, key).and_then(Json::text).is_none());
    missing
        || ["features", "os_version", "os_features"]
            .into_iter()
            .any(|key| field(fields, key).is_some())
}

/// The rule for which we alone refuse must be one that they do not have.
fn only_they(data: &[u8], error: &ManifestError) {
    let tree = serde_json::from_slice::<Json>(data);
    let there = |key| {
        let fields = tree.as_ref().ok().and_then(Json::object);
        field(fields.unwrap_or_default(), key).is_some()
    };
    // The shape they read ignores the keys of the other, whatever these hold.
    let both = there("manifests") && (there("config") || there("layers"));
    let known = match error.rule() {
        ManifestRule::TooLarge { .. }
        | ManifestRule::Nesting { .. }
        | ManifestRule::DuplicateKey(_)
        | ManifestRule::DuplicateAnnotation
        | ManifestRule::SchemaVersion
        | ManifestRule::Schema1
        | ManifestRule::BothShapes
        | ManifestRule::ShapeMismatch(_)
        | ManifestRule::UnknownMediaType(_)
        | ManifestRule::SizeRange
        | ManifestRule::TooManyReferences { .. }
        | ManifestRule::TooManyAnnotations { .. }
        | ManifestRule::Text(_) => true,
        ManifestRule::WrongType { key, .. } => matches!(*key, "os.version" | "os.features"),
        // Where nothing is kept they do not look closely; a reader of the whole tree does.
        ManifestRule::Syntax(_) | ManifestRule::InvalidUtf8 => tree.is_err(),
        _ => false,
    };
    assert!(known || both, "only they accept it: {error}");
}
