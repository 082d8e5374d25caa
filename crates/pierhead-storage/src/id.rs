//! The names by which rows are known: small values, never reused.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// A repository's own id. It outlives the name: a name that is purged and pushed again gets
/// another id, and shares nothing with its former life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepositoryId(pub u64);

/// What a new repository is created under, in the embedder's terms: a project, a tenant, a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParentId(pub u64);

/// Who asks, as the embedder's authenticator names them. At most 255 bytes; the empty text is the
/// anonymous caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CallerId(Arc<str>);

impl CallerId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 255;

    /// The caller who showed no credentials.
    pub fn anonymous() -> Self {
        Self(Arc::from(""))
    }

    /// Takes an id from an authenticator.
    ///
    /// # Errors
    /// When the text is longer than [`CallerId::MAX_LEN`] or holds a control character.
    pub fn new(id: &str) -> Result<Self, InvalidId> {
        if id.len() > Self::MAX_LEN || id.chars().any(char::is_control) {
            return Err(InvalidId(
                "a caller id is at most 255 bytes without control characters",
            ));
        }
        Ok(Self(Arc::from(id)))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this is the caller who showed no credentials.
    pub fn is_anonymous(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for CallerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An upload session's id: 128 random bits, written as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UploadId(pub u128);

impl fmt::Display for UploadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl FromStr for UploadId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let digits = text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if text.len() != 32 || !digits {
            return Err(InvalidId(
                "an upload id is 32 lower-case hexadecimal digits",
            ));
        }
        u128::from_str_radix(text, 16)
            .map(Self)
            .map_err(|_| InvalidId("an upload id is 32 lower-case hexadecimal digits"))
    }
}

/// A text that is no id of its kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidId(&'static str);
