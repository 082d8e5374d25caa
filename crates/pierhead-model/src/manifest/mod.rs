//! Manifests: read once, kept small.

mod error;
mod pushed;
mod read;
mod references;
mod scan;
mod stored;

pub use error::{ManifestError, ManifestRule};
pub use references::{ManifestReference, ReferenceRole};

use crate::descriptor::{Descriptor, Platform};
use crate::digest::{ContentDigest, Digest};
use crate::media_type::MediaType;
use references::Entry;

/// The two shapes of manifest, and what is neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ManifestKind {
    /// A configuration and layers: an OCI image manifest or Docker schema 2.
    Image,
    /// Other manifests: an OCI index or a Docker manifest list.
    Index,
    /// A media type that is not known here; see [`ManifestLimits::opaque_manifests`].
    Opaque,
}

/// What a pushed manifest may measure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestLimits {
    /// The longest manifest, in bytes. 4 MiB, which every registry must accept.
    pub max_bytes: usize,
    /// How deep objects and arrays may be nested. 64; more than 128 counts as 128.
    pub max_depth: usize,
    /// How many descriptors a manifest may hold. 16,384.
    pub max_references: usize,
    /// How many annotations a manifest may hold, those of its descriptors included. 65,536.
    pub max_annotations: usize,
    /// Whether media types that are not known are accepted, as [`ManifestKind::Opaque`]. The
    /// document is still read by the same rules, what it refers to is kept; only it need not
    /// have the shape of an image or of an index. Off.
    pub opaque_manifests: bool,
}

impl Default for ManifestLimits {
    fn default() -> Self {
        Self {
            max_bytes: 4 * 1024 * 1024,
            max_depth: 64,
            max_references: 16_384,
            max_annotations: 65_536,
            opaque_manifests: false,
        }
    }
}

/// What a manifest says: its type, everything it refers to, its annotations.
///
/// The bytes it was read from are not kept: they are the truth, are stored and served as they
/// came, and are never written again from this.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    kind: ManifestKind,
    media_type: MediaType,
    artifact_type: Option<Box<str>>,
    annotations: Option<Box<str>>,
    entries: Vec<Entry>,
}

impl Manifest {
    /// Reads a manifest that a client has sent, strictly and in one pass.
    ///
    /// # Errors
    /// [`ManifestError`] with the rule that was broken and the byte at which it was.
    pub fn from_pushed(
        bytes: &[u8],
        content_type: Option<&MediaType>,
        limits: &ManifestLimits,
    ) -> Result<Self, ManifestError> {
        pushed::read(bytes, content_type, limits)
    }

    /// Reads a manifest that was accepted before, under the media type it was accepted with.
    ///
    /// # Errors
    /// [`ManifestError`] when the bytes are not a JSON object.
    pub fn from_stored(bytes: &[u8], media_type: &MediaType) -> Result<Self, ManifestError> {
        stored::read(bytes, media_type)
    }

    /// Its shape.
    pub fn kind(&self) -> ManifestKind {
        self.kind
    }

    /// The media type it is served with: its own `mediaType`, else the `Content-Type` it came
    /// with, else the OCI type of its shape.
    pub fn media_type(&self) -> &MediaType {
        &self.media_type
    }

    /// The artifact type by which referrers are told apart: `artifactType`, else, for an image,
    /// the media type of its configuration.
    /// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers>
    pub fn artifact_type(&self) -> Option<&str> {
        self.artifact_type
            .as_deref()
            .filter(|own| !own.is_empty())
            .or_else(|| {
                let config = self
                    .references()
                    .find(|it| it.role == ReferenceRole::Config)?;
                (self.kind == ManifestKind::Image).then_some(config.media_type.as_str())
            })
    }

    /// The manifest this one refers to as its subject.
    pub fn subject(&self) -> Option<ManifestReference<'_>> {
        self.references()
            .find(|it| it.role == ReferenceRole::Subject)
    }

    /// The `annotations` object as it stands in the document, in JSON.
    pub fn annotations_json(&self) -> Option<&str> {
        self.annotations.as_deref()
    }

    /// Everything the manifest refers to, in the order of the document.
    pub fn references(&self) -> impl ExactSizeIterator<Item = ManifestReference<'_>> {
        self.entries.iter().map(Entry::view)
    }

    /// The same with these platforms for the entries of an index, in their order.
    #[cfg(feature = "oci-spec")]
    pub(crate) fn with_platforms(
        mut self,
        platforms: impl Iterator<Item = Option<Platform>>,
    ) -> Self {
        let children = self
            .entries
            .iter_mut()
            .filter(|entry| entry.role == ReferenceRole::Child);
        for (child, platform) in children.zip(platforms) {
            child.platform = platform.map(Box::new);
        }
        self
    }

    /// The descriptor of this manifest in a list of referrers: its media type, artifact type and
    /// annotations, with the digest and length of its bytes.
    pub fn descriptor(&self, digest: ContentDigest, size: u64) -> Descriptor {
        let mut descriptor = Descriptor::new(self.media_type.clone(), digest, size);
        descriptor.artifact_type = self.artifact_type().map(str::to_owned);
        if let Some(json) = self.annotations_json() {
            // Read once already, so it can be read again; a stored one may be odd.
            descriptor.annotations = serde_json::from_str(json).unwrap_or_default();
        }
        descriptor
    }
}

#[cfg(test)]
mod laws_tests;
#[cfg(test)]
mod pushed_tests;
#[cfg(test)]
mod refused_tests;
#[cfg(test)]
mod scan_tests;
#[cfg(test)]
mod stored_tests;
