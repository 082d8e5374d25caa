//! A manifest read from the whole tree, slowly and from the rules alone.

use pierhead_model::{Platform, ReferenceRole};

use crate::grammar;
use crate::json::{Json, field};

pub(super) type Fields = [(String, Json)];

/// The keys of each kind of object that mean something.
pub(super) const DOCUMENT: &[&str] = &[
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "manifests",
    "subject",
    "annotations",
];
const DESCRIPTOR: &[&str] = &[
    "mediaType",
    "digest",
    "size",
    "urls",
    "annotations",
    "data",
    "artifactType",
    "platform",
];
const PLATFORM: &[&str] = &["architecture", "os", "os.version", "os.features", "variant"];

/// One reference, as far as a tree says something about it.
#[derive(Debug, PartialEq)]
pub(super) struct Row {
    pub(super) role: ReferenceRole,
    pub(super) digest: String,
    pub(super) size: u64,
    pub(super) media_type: String,
    pub(super) platform: Option<Platform>,
}

/// The values that stand for descriptors, in the order of the document, with whether they stand in
/// a list. Of a key that is there twice the first counts.
pub(super) fn descriptors(document: &Fields) -> Vec<(ReferenceRole, &Json)> {
    let mut found = Vec::new();
    for (index, (key, value)) in document.iter().enumerate() {
        if document[..index].iter().any(|(before, _)| before == key) {
            continue;
        }
        match key.as_str() {
            "config" => found.push((ReferenceRole::Config, value)),
            "subject" if *value != Json::Null => found.push((ReferenceRole::Subject, value)),
            "layers" | "manifests" => {
                let role = if key == "layers" {
                    ReferenceRole::Layer
                } else {
                    ReferenceRole::Child
                };
                let items = value.array().unwrap_or_default();
                found.extend(items.iter().map(|item| (role, item)));
            }
            _ => {}
        }
    }
    found
}

/// What a descriptor says. What cannot be used is left out; without a digest it is none.
pub(super) fn row(role: ReferenceRole, descriptor: &Json) -> Option<Row> {
    let fields = descriptor.object()?;
    let text = |key| field(fields, key).and_then(Json::text);
    let size = match field(fields, "size") {
        Some(Json::Whole(size)) if i64::try_from(*size).is_ok() => *size,
        _ => 0,
    };
    let platform = field(fields, "platform")
        .and_then(Json::object)
        .filter(|_| role == ReferenceRole::Child);
    Some(Row {
        role,
        digest: text("digest")
            .filter(|text| grammar::digest(text))?
            .to_owned(),
        size,
        media_type: text("mediaType")
            .filter(|text| grammar::media_type(text))
            .unwrap_or("application/octet-stream")
            .to_owned(),
        platform: platform.map(self::platform),
    })
}

fn platform(fields: &Fields) -> Platform {
    let text = |key| {
        let text = field(fields, key).and_then(Json::text).unwrap_or_default();
        text.to_owned()
    };
    let some = |key| Some(text(key)).filter(|text| !text.is_empty());
    let features = field(fields, "os.features").and_then(Json::array);
    Platform {
        architecture: text("architecture"),
        os: text("os"),
        os_version: some("os.version"),
        // Up to the first that is no string.
        os_features: features
            .unwrap_or_default()
            .iter()
            .map_while(|item| item.text().map(str::to_owned))
            .collect(),
        variant: some("variant"),
    }
}

/// Whether a descriptor keeps every rule.
pub(super) fn descriptor_is_valid(descriptor: &Json) -> bool {
    let Some(fields) = descriptor.object() else {
        return false;
    };
    once(fields, DESCRIPTOR)
        && fields.iter().all(|(key, value)| match key.as_str() {
            "mediaType" => value.text().is_some_and(grammar::media_type),
            "digest" => value.text().is_some_and(grammar::digest),
            "size" => matches!(value, Json::Whole(size) if i64::try_from(*size).is_ok()),
            "urls" => list_of_texts(value),
            "annotations" => annotations_are_valid(value),
            "data" | "artifactType" => text_or_null(value),
            "platform" => match value {
                Json::Null => true,
                Json::Object(fields) => platform_is_valid(fields),
                _ => false,
            },
            _ => true,
        })
        && ["mediaType", "digest", "size"]
            .into_iter()
            .all(|key| field(fields, key).is_some())
}

fn platform_is_valid(fields: &Fields) -> bool {
    once(fields, PLATFORM)
        && fields.iter().all(|(key, value)| match key.as_str() {
            "os.features" => list_of_texts(value),
            key if PLATFORM.contains(&key) => text_or_null(value),
            _ => true,
        })
}

/// No known key twice, to a reader that takes it in any case of letters.
pub(super) fn once(fields: &Fields, known: &[&str]) -> bool {
    known
        .iter()
        .all(|known| fields.iter().filter(|(key, _)| folds(key, known)).count() <= 1)
}

/// Whether Go takes one key for the other: by Unicode's simple folding, which for letters of ASCII
/// adds the long s and the Kelvin sign.
pub(super) fn folds(key: &str, known: &str) -> bool {
    if key.is_ascii() {
        return key.eq_ignore_ascii_case(known);
    }
    let plain = key.replace('\u{17f}', "s").replace('\u{212a}', "k");
    plain.eq_ignore_ascii_case(known)
}

pub(super) fn annotations_are_valid(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Object(fields) => fields.iter().enumerate().all(|(index, (key, value))| {
            value.text().is_some() && fields[..index].iter().all(|(before, _)| before != key)
        }),
        _ => false,
    }
}

pub(super) fn text_or_null(value: &Json) -> bool {
    matches!(value, Json::Null | Json::Text(_))
}

fn list_of_texts(value: &Json) -> bool {
    match value {
        Json::Null => true,
        Json::Array(items) => items.iter().all(|item| item.text().is_some()),
        _ => false,
    }
}
