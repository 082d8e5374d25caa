//! The lenient reader.
use super::{Manifest, ManifestError, ManifestRule};
use crate::media_type::MediaType;

pub(super) fn read(_bytes: &[u8], _media_type: &MediaType) -> Result<Manifest, ManifestError> {
    Err(ManifestError::new(ManifestRule::NoShape, 0))
}
