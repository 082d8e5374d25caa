//! Manifests that were accepted before: everything that can be read is kept.
//!
//! A later version of the strict reader may refuse what an earlier one, or another registry,
//! accepted. Such a manifest must still be served, and what it refers to must still be kept. So
//! only bytes that are no JSON object are an error; a value that cannot be used is passed over, of
//! a key that is there twice the first counts, and every descriptor with a digest is a reference.

use super::read::{self, Read, Rules};
use super::scan::HARD_MAX_DEPTH;
use super::{Manifest, ManifestKind};
use crate::media_type::MediaType;

pub(super) fn read(bytes: &[u8], media_type: &MediaType) -> Read<Manifest> {
    let document = read::read(
        bytes,
        &Rules {
            strict: false,
            max_depth: HARD_MAX_DEPTH,
            max_references: usize::MAX,
            max_annotations: usize::MAX,
        },
    )?;
    let kind = if media_type.is_image_manifest() {
        ManifestKind::Image
    } else if media_type.is_index() {
        ManifestKind::Index
    } else {
        ManifestKind::Opaque
    };
    Ok(Manifest {
        kind,
        media_type: media_type.clone(),
        artifact_type: document.artifact_type,
        annotations: document.annotations,
        entries: document.entries,
    })
}
