//! The strict reader accepts what keeps every rule, and nothing else.

use pierhead_model::{Manifest, ManifestKind, ManifestLimits, MediaType, ReferenceRole};

use super::slow::{self, Fields, Row};
use crate::grammar;
use crate::json::{Json, field};

pub(super) fn check(
    data: &[u8],
    tree: Option<&Json>,
    content_type: Option<&MediaType>,
    limits: &ManifestLimits,
) {
    let found = Manifest::from_pushed(data, content_type, limits);
    let manifest = match &found {
        Ok(manifest) => manifest,
        Err(error) => {
            let valid = tree.is_some_and(|tree| judge(data, tree, content_type, limits).is_some());
            assert!(!valid, "refused: {error}");
            assert!(error.at() <= data.len());
            assert!(error.to_string().len() < 2_000);
            return;
        }
    };
    super::whole(manifest);
    let Some(tree) = tree else {
        // Only a number that is out of range there: see the known differences.
        return others_refuse_a_number(data);
    };
    let Some(expected) = judge(data, tree, content_type, limits) else {
        panic!("accepted: {manifest:?}");
    };
    let fields = tree.object().unwrap_or_default();
    assert_eq!(manifest.kind(), expected.kind);
    assert_eq!(manifest.media_type().as_str(), expected.media_type);
    assert_eq!(rows(manifest), expected.rows);
    let text = |key| field(fields, key).and_then(Json::text);
    let own = text("artifactType").filter(|text| !text.is_empty());
    let config = (manifest.kind() == ManifestKind::Image)
        .then(|| {
            let config = expected
                .rows
                .iter()
                .find(|row| row.role == ReferenceRole::Config);
            config.map(|row| row.media_type.as_str())
        })
        .flatten();
    assert_eq!(manifest.artifact_type(), own.or(config));
    let annotations = field(fields, "annotations").filter(|value| **value != Json::Null);
    let kept = manifest
        .annotations_json()
        .map(|json| serde_json::from_str::<Json>(json).expect("annotations are JSON"));
    assert_eq!(kept.as_ref(), annotations);
    shape(manifest);

    let stored = Manifest::from_stored(data, manifest.media_type());
    assert_eq!(stored.as_ref(), Ok(manifest), "strict and lenient differ");
}

/// An image has one configuration and an index has none, nor layers.
fn shape(manifest: &Manifest) {
    let count = |role| manifest.references().filter(|it| it.role == role).count();
    match manifest.kind() {
        ManifestKind::Image => {
            assert_eq!(count(ReferenceRole::Config), 1);
            assert_eq!(count(ReferenceRole::Child), 0);
        }
        ManifestKind::Index => {
            assert_eq!(count(ReferenceRole::Config), 0);
            assert_eq!(count(ReferenceRole::Layer), 0);
        }
        _ => {}
    }
}

fn others_refuse_a_number(data: &[u8]) {
    let error = serde_json::from_slice::<Json>(data).expect_err("it was refused before");
    assert!(error.to_string().contains("number out of range"), "{error}");
}

pub(super) fn rows(manifest: &Manifest) -> Vec<Row> {
    manifest
        .references()
        .map(|it| Row {
            role: it.role,
            digest: it.digest.to_string(),
            size: it.size,
            media_type: it.media_type.to_string(),
            platform: it.platform.cloned(),
        })
        .collect()
}

/// What an accepted manifest must be read as.
struct Expected {
    kind: ManifestKind,
    media_type: String,
    rows: Vec<Row>,
}

/// Applies every rule to the tree; `None` when one is broken.
fn judge(
    data: &[u8],
    tree: &Json,
    content_type: Option<&MediaType>,
    limits: &ManifestLimits,
) -> Option<Expected> {
    let fields = tree.object()?;
    let all = [
        data.len() <= limits.max_bytes,
        tree.depth() <= limits.max_depth,
        slow::once(fields, slow::DOCUMENT),
        fields.iter().all(|(key, value)| value_is_valid(key, value)),
        // A reader that takes keys in any case of letters must not find another shape.
        !(has(fields, "manifests") && (has(fields, "config") || has(fields, "layers"))),
        slow::descriptors(fields).len() <= limits.max_references,
        annotations(fields) <= limits.max_annotations,
        field(fields, "schemaVersion") != Some(&Json::Whole(1)),
    ];
    if all.contains(&false) {
        return None;
    }
    let media_type = media_type(fields, content_type)?;
    let kind = kind(&media_type, fields, limits)?;
    let rows = slow::descriptors(fields)
        .into_iter()
        .map(|(role, descriptor)| slow::row(role, descriptor))
        .collect::<Option<_>>()?;
    Some(Expected {
        kind,
        media_type,
        rows,
    })
}

/// Whether a key is there, to a reader that takes it in any case of letters.
fn has(fields: &Fields, known: &str) -> bool {
    fields.iter().any(|(key, _)| slow::folds(key, known))
}

fn value_is_valid(key: &str, value: &Json) -> bool {
    match key {
        "schemaVersion" => matches!(value, Json::Whole(_) | Json::Number),
        "mediaType" => slow::text_or_null(value) && value.text().is_none_or(grammar::media_type),
        "artifactType" => {
            slow::text_or_null(value)
                && value
                    .text()
                    .is_none_or(|text| text.is_empty() || grammar::media_type(text))
        }
        "config" => slow::descriptor_is_valid(value),
        "subject" => *value == Json::Null || slow::descriptor_is_valid(value),
        "layers" | "manifests" => match value {
            Json::Null => true,
            Json::Array(items) => items.iter().all(slow::descriptor_is_valid),
            _ => false,
        },
        "annotations" => slow::annotations_are_valid(value),
        _ => true,
    }
}

fn annotations(fields: &Fields) -> usize {
    let count = |fields: &Fields| {
        let object = field(fields, "annotations").and_then(Json::object);
        object.map_or(0, <[_]>::len)
    };
    let descriptors = slow::descriptors(fields);
    let of_descriptors = descriptors.iter().filter_map(|(_, it)| it.object());
    count(fields) + of_descriptors.map(count).sum::<usize>()
}

/// Its own, which must be the request's if there is one; else the request's; else what fits.
fn media_type(fields: &Fields, content_type: Option<&MediaType>) -> Option<String> {
    let own = field(fields, "mediaType").and_then(Json::text);
    let asked = content_type.map(MediaType::as_str);
    let found = match (own, asked) {
        (Some(own), Some(asked)) if own != asked => return None,
        (Some(known), _) | (None, Some(known)) => known,
        (None, None) if has(fields, "manifests") => "application/vnd.oci.image.index.v1+json",
        (None, None) if has(fields, "config") || has(fields, "layers") => {
            "application/vnd.oci.image.manifest.v1+json"
        }
        (None, None) => return None,
    };
    Some(found.to_owned())
}

fn kind(media_type: &str, fields: &Fields, limits: &ManifestLimits) -> Option<ManifestKind> {
    let there = |key| field(fields, key).is_some();
    let second = field(fields, "schemaVersion") == Some(&Json::Whole(2));
    match media_type {
        "application/vnd.docker.distribution.manifest.v1+json"
        | "application/vnd.docker.distribution.manifest.v1+prettyjws" => None,
        "application/vnd.oci.image.manifest.v1+json"
        | "application/vnd.docker.distribution.manifest.v2+json" => {
            (second && there("config") && there("layers") && !has(fields, "manifests"))
                .then_some(ManifestKind::Image)
        }
        "application/vnd.oci.image.index.v1+json"
        | "application/vnd.docker.distribution.manifest.list.v2+json" => {
            (second && there("manifests") && !has(fields, "config") && !has(fields, "layers"))
                .then_some(ManifestKind::Index)
        }
        _ => limits.opaque_manifests.then_some(ManifestKind::Opaque),
    }
}
