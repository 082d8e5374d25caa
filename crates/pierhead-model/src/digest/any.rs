//! Any digest the grammar admits.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::{ContentDigest, TEXT_MAX, explain, fault};
use crate::ParseError;
use crate::error::text_newtype;

/// Any digest the grammar admits, for descriptors: `algorithm ":" encoded`, at most
/// [`MAX_DIGEST_LEN`](crate::MAX_DIGEST_LEN) bytes.
///
/// An algorithm that is not registered may be named (`sha384:…`, `multihash+base58:…`); a
/// registered one must have its digits right. Registered digests are kept inline without heap.
#[derive(Clone)]
pub struct Digest(Text);

#[derive(Clone)]
enum Text {
    Inline { len: u8, bytes: [u8; TEXT_MAX] },
    Other(Arc<str>),
}

impl Digest {
    /// Wraps a text that [`is_other_digest`] was true of.
    pub(crate) fn other(text: Arc<str>) -> Self {
        Self(Text::Other(text))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // Only ASCII is ever stored inline.
            Text::Inline { len, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*len)]).unwrap_or_default()
            }
            Text::Other(text) => text,
        }
    }

    /// The part before the colon, for example `sha256`.
    pub fn algorithm(&self) -> &str {
        self.as_str().split_once(':').map_or("", |(name, _)| name)
    }

    /// The part behind the colon.
    pub fn encoded(&self) -> &str {
        self.as_str()
            .split_once(':')
            .map_or("", |(_, encoded)| encoded)
    }

    /// The digest with its bytes, when its algorithm is a registered one.
    pub fn content(&self) -> Option<ContentDigest> {
        match &self.0 {
            Text::Inline { len, bytes } => ContentDigest::parse_bytes(&bytes[..usize::from(*len)]),
            Text::Other(_) => None,
        }
    }
}

impl From<ContentDigest> for Digest {
    #[inline]
    fn from(digest: ContentDigest) -> Self {
        let mut bytes = [0; TEXT_MAX];
        let len = digest.write_text(&mut bytes);
        Self(Text::Inline {
            // At most 135.
            len: u8::try_from(len).unwrap_or(u8::MAX),
            bytes,
        })
    }
}

impl TryFrom<Digest> for ContentDigest {
    type Error = ParseError;

    fn try_from(digest: Digest) -> Result<Self, ParseError> {
        digest.as_str().parse()
    }
}

impl FromStr for Digest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some(digest) = ContentDigest::parse_bytes(text.as_bytes()) {
            return Ok(digest.into());
        }
        if is_other_digest(text.as_bytes()) {
            return Ok(Self(Text::Other(text.into())));
        }
        Err(explain("digest", text))
    }
}

text_newtype!(Digest, "a digest: an algorithm, a colon, the encoded value");

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Digest {}

impl std::hash::Hash for Digest {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Ord for Digest {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl PartialOrd for Digest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Whether this is a grammar-valid digest of an algorithm that is not registered.
pub(crate) fn is_other_digest(text: &[u8]) -> bool {
    fault(text).is_none() && !text.starts_with(b"sha256:") && !text.starts_with(b"sha512:")
}
