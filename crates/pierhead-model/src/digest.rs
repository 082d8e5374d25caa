//! Digests: the registered ones with their bytes inline, and any other the grammar admits.

mod any;
mod hex;

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use crate::ParseError;
use crate::error::{text_newtype, text_serde};
use crate::hasher::Hasher;

pub use any::Digest;
pub(crate) use any::is_other_digest;

/// The longest text a [`Digest`] may have, in bytes. The longest registered one has 135.
pub const MAX_DIGEST_LEN: usize = 255;

/// A registered digest algorithm: one whose digests can be computed and verified here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, the algorithm every registry must support.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl Algorithm {
    /// The length of the raw digest, in bytes: 32 or 64. The hexadecimal text is twice as long.
    pub const fn digest_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }

    /// The registered name: `sha256` or `sha512`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }
}

impl FromStr for Algorithm {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text {
            "sha256" => Ok(Self::Sha256),
            "sha512" => Ok(Self::Sha512),
            _ => Err(ParseError::new(
                "digest algorithm",
                text,
                0,
                "only sha256 and sha512 are registered",
            )),
        }
    }
}

text_newtype!(Algorithm, "sha256 or sha512");

/// The digest of some content: a registered algorithm and its raw bytes, inline.
///
/// It is `Copy`, uses no heap, and is ordered like its text. Text is accepted in lower-case
/// hexadecimal only, so there is one spelling for each digest.
///
/// ```
/// use pierhead_model::ContentDigest;
/// let digest = ContentDigest::sha256(b"");
/// let text = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
/// assert_eq!(digest.to_string(), text);
/// assert_eq!(text.parse(), Ok(digest));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ContentDigest(Raw);

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Raw {
    Sha256([u8; 32]),
    Sha512([u8; 64]),
}

impl ContentDigest {
    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        match self.0 {
            Raw::Sha256(_) => Algorithm::Sha256,
            Raw::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// The raw bytes: 32 or 64 of them.
    pub const fn bytes(&self) -> &[u8] {
        match &self.0 {
            Raw::Sha256(bytes) => bytes,
            Raw::Sha512(bytes) => bytes,
        }
    }

    /// A digest from its raw bytes; `None` when there are not exactly
    /// [`Algorithm::digest_len`] of them.
    pub fn from_bytes(algorithm: Algorithm, bytes: &[u8]) -> Option<Self> {
        match algorithm {
            Algorithm::Sha256 => bytes.try_into().ok().map(|raw| Self(Raw::Sha256(raw))),
            Algorithm::Sha512 => bytes.try_into().ok().map(|raw| Self(Raw::Sha512(raw))),
        }
    }

    pub(crate) const fn from_sha256(bytes: [u8; 32]) -> Self {
        Self(Raw::Sha256(bytes))
    }

    pub(crate) const fn from_sha512(bytes: [u8; 64]) -> Self {
        Self(Raw::Sha512(bytes))
    }

    /// Hashes these bytes with this algorithm.
    pub fn of(algorithm: Algorithm, content: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(content);
        hasher.finish()
    }

    /// Hashes these bytes with SHA-256.
    pub fn sha256(content: &[u8]) -> Self {
        Self::of(Algorithm::Sha256, content)
    }

    /// Says whether this is the digest that was expected.
    ///
    /// # Errors
    /// [`DigestMismatch`], which names both.
    pub fn verify(self, expected: Self) -> Result<(), DigestMismatch> {
        if self == expected {
            Ok(())
        } else {
            Err(DigestMismatch(Box::new((expected, self))))
        }
    }

    /// Reads the text from bytes; the fast path of [`FromStr`], without an error value.
    pub(crate) fn parse_bytes(text: &[u8]) -> Option<Self> {
        if let Some(hex) = text.strip_prefix(b"sha256:") {
            hex::decode(hex).map(|raw| Self(Raw::Sha256(raw)))
        } else if let Some(hex) = text.strip_prefix(b"sha512:") {
            hex::decode(hex).map(|raw| Self(Raw::Sha512(raw)))
        } else {
            None
        }
    }

    /// Writes the text into the buffer and returns its length; all of it is ASCII.
    #[inline]
    fn write_text(&self, buffer: &mut [u8; TEXT_MAX]) -> usize {
        match &self.0 {
            Raw::Sha256(raw) => {
                buffer[..PREFIX].copy_from_slice(b"sha256:");
                hex::encode(raw, &mut buffer[PREFIX..PREFIX + 64]);
                PREFIX + 64
            }
            Raw::Sha512(raw) => {
                buffer[..PREFIX].copy_from_slice(b"sha512:");
                hex::encode(raw, &mut buffer[PREFIX..PREFIX + 128]);
                PREFIX + 128
            }
        }
    }
}

/// The name of a registered algorithm and the colon.
const PREFIX: usize = 7;

/// `sha512:` and 128 digits.
const TEXT_MAX: usize = 135;

impl Ord for ContentDigest {
    fn cmp(&self, other: &Self) -> Ordering {
        // `sha256` sorts before `sha512`, and lower-case digits sort like the nibbles they mean.
        self.algorithm()
            .cmp(&other.algorithm())
            .then_with(|| self.bytes().cmp(other.bytes()))
    }
}

impl PartialOrd for ContentDigest {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0; TEXT_MAX];
        let len = self.write_text(&mut buffer);
        f.pad(std::str::from_utf8(&buffer[..len]).unwrap_or_default())
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ContentDigest {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match Self::parse_bytes(text.as_bytes()) {
            Some(digest) => Ok(digest),
            None => Err(explain("content digest", text)),
        }
    }
}

text_serde!(
    ContentDigest,
    "a sha256 or sha512 digest in lower-case hexadecimal"
);

/// Content whose digest is not the one that was promised.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content has digest {}, expected {}", self.found(), self.expected())]
pub struct DigestMismatch(Box<(ContentDigest, ContentDigest)>);

impl DigestMismatch {
    /// What the content should have had.
    pub fn expected(&self) -> ContentDigest {
        self.0.0
    }

    /// What the content has.
    pub fn found(&self) -> ContentDigest {
        self.0.1
    }
}

/// The first departure from
/// `algorithm-component *(separator algorithm-component) ":" 1*encoded`, with what is allowed
/// there. <https://github.com/opencontainers/image-spec/blob/main/descriptor.md#digests>
fn fault(text: &[u8]) -> Option<(usize, &'static str)> {
    if text.len() > MAX_DIGEST_LEN {
        return Some((MAX_DIGEST_LEN, "at most 255 bytes are allowed"));
    }
    let mut in_component = false;
    let mut colon = None;
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' => in_component = true,
            b'+' | b'.' | b'_' | b'-' if in_component => in_component = false,
            b':' if in_component => {
                colon = Some(at);
                break;
            }
            _ => {
                return Some((
                    at,
                    "an algorithm is lower-case letters and digits, joined by single `+`, `.`, `_` \
                     or `-`, and ends at a colon",
                ));
            }
        }
    }
    let Some(colon) = colon else {
        return Some((text.len(), "a colon must follow the algorithm"));
    };
    let encoded = &text[colon + 1..];
    if encoded.is_empty() {
        return Some((text.len(), "the encoded part must not be empty"));
    }
    let odd = encoded
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b'_' | b'-')))?;
    Some((
        colon + 1 + odd,
        "the encoded part is letters, digits, `=`, `_` and `-`",
    ))
}

/// Says why a text is no digest. Slow; called only once it is known not to be one.
#[cold]
fn explain(what: &'static str, text: &str) -> ParseError {
    for (prefix, digits, wrong_length) in [
        ("sha256:", 64, "sha256 has exactly 64 hexadecimal digits"),
        ("sha512:", 128, "sha512 has exactly 128 hexadecimal digits"),
    ] {
        if let Some(hex) = text.strip_prefix(prefix) {
            let good = hex
                .bytes()
                .take(digits)
                .take_while(|byte| hex::is_digit(*byte))
                .count();
            let reason = if good < hex.len() && good < digits {
                "only lower-case hexadecimal digits are allowed"
            } else {
                wrong_length
            };
            return ParseError::new(what, text, prefix.len() + good, reason);
        }
    }
    match fault(text.as_bytes()) {
        Some((at, reason)) => ParseError::new(what, text, at, reason),
        None => ParseError::new(what, text, 0, "only sha256 and sha512 are registered"),
    }
}

#[cfg(test)]
#[path = "digest_tests.rs"]
mod tests;
