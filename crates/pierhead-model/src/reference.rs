//! What a manifest is asked for by: a tag or a digest.

use std::fmt;
use std::str::FromStr;

use crate::ParseError;
use crate::digest::ContentDigest;
use crate::error::text_serde;
use crate::name::Tag;

/// A tag or a digest, as in `/v2/<name>/manifests/<reference>`.
///
/// The two cannot be confused: a digest has a colon, which no tag may have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// A name that may come to mean another manifest.
    Tag(Tag),
    /// The digest of exactly one manifest.
    Digest(ContentDigest),
}

impl Reference {
    /// The digest, if it is one.
    pub fn digest(&self) -> Option<ContentDigest> {
        match self {
            Self::Digest(digest) => Some(*digest),
            Self::Tag(_) => None,
        }
    }

    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Digest(_) => None,
        }
    }
}

impl FromStr for Reference {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if text.contains(':') {
            text.parse().map(Self::Digest)
        } else {
            text.parse().map(Self::Tag)
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl From<Tag> for Reference {
    fn from(tag: Tag) -> Self {
        Self::Tag(tag)
    }
}

impl From<ContentDigest> for Reference {
    fn from(digest: ContentDigest) -> Self {
        Self::Digest(digest)
    }
}

text_serde!(Reference, "a tag or a digest");

#[cfg(test)]
#[path = "reference_tests.rs"]
mod tests;
