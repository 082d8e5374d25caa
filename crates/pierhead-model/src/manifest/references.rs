//! What a manifest refers to.

use std::sync::Arc;

use super::{Digest, MediaType, Platform};
use crate::digest::ContentDigest;

/// What a manifest wants something for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ReferenceRole {
    /// The configuration of an image; a blob.
    Config,
    /// A layer of an image; a blob.
    Layer,
    /// An entry of an index; a manifest.
    Child,
    /// The manifest that is described by this one; it may always be missing.
    Subject,
}

impl ReferenceRole {
    /// The key of the manifest it stands under.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Config => "config",
            Self::Layer => "layers",
            Self::Child => "manifests",
            Self::Subject => "subject",
        }
    }
}

/// One thing a manifest refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ManifestReference<'a> {
    /// What for.
    pub role: ReferenceRole,
    /// The digest of its content.
    pub digest: Digest,
    /// The length of its content, in bytes; at most `i64::MAX`.
    pub size: u64,
    /// Its media type.
    pub media_type: &'a MediaType,
    /// Whether it must be there: not for layers of a non-distributable type.
    pub distributable: bool,
    /// What an entry of an index runs on.
    pub platform: Option<&'a Platform>,
}

/// The compact form in which a manifest keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) role: ReferenceRole,
    pub(super) digest: EntryDigest,
    pub(super) size: u64,
    pub(super) media_type: MediaType,
    pub(super) platform: Option<Box<Platform>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum EntryDigest {
    Content(ContentDigest),
    /// Valid, but of an algorithm that is not registered.
    Other(Arc<str>),
}

impl Entry {
    pub(super) fn view(&self) -> ManifestReference<'_> {
        ManifestReference {
            role: self.role,
            digest: match &self.digest {
                EntryDigest::Content(digest) => (*digest).into(),
                EntryDigest::Other(text) => Digest::other(Arc::clone(text)),
            },
            size: self.size,
            media_type: &self.media_type,
            distributable: !self.media_type.is_nondistributable(),
            platform: self.platform.as_deref(),
        }
    }
}
