//! The strict reader.
use super::{Manifest, ManifestError, ManifestLimits, ManifestRule};
use crate::media_type::MediaType;

pub(super) fn read(
    _bytes: &[u8],
    _content_type: Option<&MediaType>,
    _limits: &ManifestLimits,
) -> Result<Manifest, ManifestError> {
    Err(ManifestError::new(ManifestRule::NoShape, 0))
}
