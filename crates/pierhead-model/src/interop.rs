//! To and from the types of the `oci-spec` crate.
//!
//! Into our types goes through our parsers, so it can fail: `oci-spec` takes any text for a media
//! type and any length for a digest. The other way a digest can fail, because `oci-spec` knows
//! how long a sha384 is. `oci-spec` says "none" and "empty" of annotations and features; here
//! both are empty. A platform's `features`, reserved and unused, is dropped.
//!
//! In JSON `oci-spec` 0.10 writes and reads `os_version` and `os_features` where the image
//! specification says `os.version` and `os.features`; going through values avoids that.

use std::collections::HashMap;

use oci_spec::OciSpecError;
use oci_spec::image as oci;

use crate::descriptor::{Descriptor, Platform};
use crate::digest::{ContentDigest, Digest};
use crate::error::ParseError;
use crate::manifest::{Manifest, ManifestError, ManifestLimits};
use crate::media_type::MediaType;

impl TryFrom<&oci::Digest> for Digest {
    type Error = ParseError;

    fn try_from(digest: &oci::Digest) -> Result<Self, ParseError> {
        digest.as_ref().parse()
    }
}

impl TryFrom<&oci::Digest> for ContentDigest {
    type Error = ParseError;

    fn try_from(digest: &oci::Digest) -> Result<Self, ParseError> {
        digest.as_ref().parse()
    }
}

impl TryFrom<&Digest> for oci::Digest {
    type Error = OciSpecError;

    fn try_from(digest: &Digest) -> Result<Self, OciSpecError> {
        digest.as_str().parse()
    }
}

impl TryFrom<&oci::MediaType> for MediaType {
    type Error = ParseError;

    fn try_from(media_type: &oci::MediaType) -> Result<Self, ParseError> {
        media_type.as_ref().parse()
    }
}

impl From<&MediaType> for oci::MediaType {
    fn from(media_type: &MediaType) -> Self {
        media_type.as_str().into()
    }
}

impl From<&oci::Platform> for Platform {
    fn from(platform: &oci::Platform) -> Self {
        Self {
            architecture: platform.architecture().to_string(),
            os: platform.os().to_string(),
            os_version: platform.os_version().clone(),
            os_features: platform.os_features().clone().unwrap_or_default(),
            variant: platform.variant().clone(),
        }
    }
}

impl From<&Platform> for oci::Platform {
    fn from(platform: &Platform) -> Self {
        let mut converted = Self::default();
        converted.set_architecture(platform.architecture.as_str().into());
        converted.set_os(platform.os.as_str().into());
        converted.set_os_version(platform.os_version.clone());
        converted.set_os_features(
            Some(platform.os_features.clone()).filter(|features| !features.is_empty()),
        );
        converted.set_variant(platform.variant.clone());
        converted
    }
}

impl TryFrom<&oci::Descriptor> for Descriptor {
    type Error = ParseError;

    fn try_from(descriptor: &oci::Descriptor) -> Result<Self, ParseError> {
        Ok(Self {
            media_type: descriptor.media_type().try_into()?,
            digest: descriptor.digest().try_into()?,
            size: descriptor.size(),
            urls: descriptor.urls().clone(),
            annotations: descriptor
                .annotations()
                .iter()
                .flatten()
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect(),
            artifact_type: descriptor.artifact_type().as_ref().map(ToString::to_string),
            platform: descriptor.platform().as_ref().map(Platform::from),
            data: descriptor.data().clone(),
        })
    }
}

impl TryFrom<&Descriptor> for oci::Descriptor {
    type Error = OciSpecError;

    fn try_from(descriptor: &Descriptor) -> Result<Self, OciSpecError> {
        let mut converted = Self::new(
            (&descriptor.media_type).into(),
            descriptor.size,
            oci::Digest::try_from(&descriptor.digest)?,
        );
        converted.set_urls(descriptor.urls.clone());
        if !descriptor.annotations.is_empty() {
            let annotations: HashMap<_, _> = descriptor.annotations.clone().into_iter().collect();
            converted.set_annotations(Some(annotations));
        }
        converted.set_artifact_type(descriptor.artifact_type.as_deref().map(Into::into));
        converted.set_platform(descriptor.platform.as_ref().map(Into::into));
        converted.set_data(descriptor.data.clone());
        Ok(converted)
    }
}

/// A manifest of `oci-spec` that is no manifest here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InteropError {
    /// It could not be written as JSON.
    #[error("the `oci-spec` value cannot be written as JSON")]
    Write(#[source] OciSpecError),
    /// What it is written as breaks a rule.
    #[error(transparent)]
    Manifest(#[from] ManifestError),
}

/// The value is written as JSON and read by the strict reader with default limits.
impl TryFrom<&oci::ImageManifest> for Manifest {
    type Error = InteropError;

    fn try_from(manifest: &oci::ImageManifest) -> Result<Self, InteropError> {
        let json = manifest.to_string().map_err(InteropError::Write)?;
        Ok(Self::from_pushed(
            json.as_bytes(),
            None,
            &ManifestLimits::default(),
        )?)
    }
}

/// The value is written as JSON and read by the strict reader with default limits. The platforms
/// are taken from the value itself, because `oci-spec` writes `os.version` under another key.
impl TryFrom<&oci::ImageIndex> for Manifest {
    type Error = InteropError;

    fn try_from(index: &oci::ImageIndex) -> Result<Self, InteropError> {
        let json = index.to_string().map_err(InteropError::Write)?;
        let manifest = Self::from_pushed(json.as_bytes(), None, &ManifestLimits::default())?;
        let platforms = index.manifests().iter().map(oci::Descriptor::platform);
        Ok(manifest.with_platforms(platforms.map(|it| it.as_ref().map(Platform::from))))
    }
}

#[cfg(test)]
#[path = "interop_tests.rs"]
mod tests;
