//! Manifests from clients: everything is checked.

use super::read::{self, Document, Read, Rules};
use super::{Manifest, ManifestError, ManifestKind, ManifestLimits, ManifestRule};
use crate::media_type::MediaType;

pub(super) fn read(
    bytes: &[u8],
    content_type: Option<&MediaType>,
    limits: &ManifestLimits,
) -> Read<Manifest> {
    if bytes.len() > limits.max_bytes {
        let max = limits.max_bytes;
        return Err(ManifestError::new(ManifestRule::TooLarge { max }, max));
    }
    if content_type.is_some_and(MediaType::is_schema1) {
        return Err(ManifestError::new(ManifestRule::Schema1, 0));
    }
    let document = read::read(
        bytes,
        &Rules {
            strict: true,
            max_depth: limits.max_depth,
            max_references: limits.max_references,
            max_annotations: limits.max_annotations,
        },
    )?;
    refuse_schema1(&document)?;
    let media_type = effective_media_type(&document, content_type)?;
    let kind = kind_of(&media_type, limits.opaque_manifests, &document)?;
    check_shape(kind, &media_type, &document)?;
    Ok(Manifest {
        kind,
        media_type,
        artifact_type: document.artifact_type,
        annotations: document.annotations,
        entries: document.entries,
    })
}

fn refuse_schema1(document: &Document) -> Read<()> {
    if let Some(version) = document.schema_version
        && version.value == Some(1)
    {
        return Err(ManifestError::new(ManifestRule::Schema1, version.at));
    }
    match &document.media_type {
        Some((own, at)) if own.is_schema1() => Err(ManifestError::new(ManifestRule::Schema1, *at)),
        _ => Ok(()),
    }
}

/// Its own `mediaType`, which must not contradict the request; else what the request says; else
/// what its keys say.
fn effective_media_type(document: &Document, header: Option<&MediaType>) -> Read<MediaType> {
    match (&document.media_type, header) {
        (Some((body, at)), Some(header)) if body != header => Err(ManifestError::new(
            ManifestRule::MediaTypeMismatch {
                header: header.clone(),
                body: body.clone(),
            },
            *at,
        )),
        (Some((known, _)), _) | (None, Some(known)) => Ok(known.clone()),
        (None, None) if document.keys.manifests => Ok(MediaType::OCI_INDEX),
        (None, None) if document.keys.config || document.keys.layers => Ok(MediaType::OCI_MANIFEST),
        (None, None) => Err(ManifestError::new(ManifestRule::NoShape, document.end)),
    }
}

fn kind_of(media_type: &MediaType, opaque: bool, document: &Document) -> Read<ManifestKind> {
    if media_type.is_image_manifest() {
        Ok(ManifestKind::Image)
    } else if media_type.is_index() {
        Ok(ManifestKind::Index)
    } else if opaque {
        Ok(ManifestKind::Opaque)
    } else {
        Err(ManifestError::new(
            ManifestRule::UnknownMediaType(media_type.clone()),
            document.media_type.as_ref().map_or(0, |(_, at)| *at),
        ))
    }
}

fn check_shape(kind: ManifestKind, media_type: &MediaType, document: &Document) -> Read<()> {
    let keys = document.keys;
    let image_keys = keys.config || keys.layers;
    let mismatch = match kind {
        ManifestKind::Image => keys.manifests,
        ManifestKind::Index => image_keys,
        ManifestKind::Opaque => return Ok(()),
    };
    if mismatch {
        let rule = ManifestRule::ShapeMismatch(media_type.clone());
        return Err(ManifestError::new(rule, keys.at));
    }
    match document.schema_version {
        None => return Err(missing("schemaVersion", document)),
        Some(version) if version.value != Some(2) => {
            return Err(ManifestError::new(ManifestRule::SchemaVersion, version.at));
        }
        Some(_) => {}
    }
    // In other letters they were passed over here, and yet hold something to Go.
    let spelled = document.spelled;
    match kind {
        ManifestKind::Image if !spelled.config => Err(missing("config", document)),
        ManifestKind::Image if !spelled.layers => Err(missing("layers", document)),
        ManifestKind::Index if !spelled.manifests => Err(missing("manifests", document)),
        _ => Ok(()),
    }
}

fn missing(key: &'static str, document: &Document) -> ManifestError {
    ManifestError::new(ManifestRule::MissingKey(key), document.end)
}
