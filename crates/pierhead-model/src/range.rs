//! Byte ranges: what a reader asks for, and where the chunk of an upload belongs.

use std::ops::Range;
use std::str::FromStr;

use crate::ParseError;

/// One range of bytes from a `Range` header (RFC 9110 section 14.1.2), not yet applied to a
/// length.
///
/// ```
/// use pierhead_model::ByteRange;
/// assert_eq!(ByteRange::parse("bytes=2-")?.resolve(10), Ok(2..10));
/// assert_eq!(ByteRange::parse("bytes=-3")?.resolve(10), Ok(7..10));
/// assert!(ByteRange::parse("bytes=10-")?.resolve(10).is_err());
/// # Ok::<(), pierhead_model::RangeError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ByteRange {
    /// `bytes=a-b`: from the first to the last byte, both included.
    FromTo(u64, u64),
    /// `bytes=a-`: from this byte to the end.
    From(u64),
    /// `bytes=-n`: the last `n` bytes.
    Last(u64),
}

/// A `Range` header that is not one satisfiable range. By RFC 9110 each of these may be answered
/// with the whole content.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RangeError {
    /// More than one range; serve the whole.
    #[error("more than one range was asked for; the whole content answers that")]
    Multiple,
    /// A unit other than `bytes`; serve the whole.
    #[error("a range unit other than `bytes`; the whole content answers that")]
    Unit,
    /// Not a range.
    #[error(transparent)]
    Malformed(#[from] ParseError),
}

/// A range of which no byte exists; the answer is 416 with the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the range holds no byte of the {len} there are")]
pub struct Unsatisfiable {
    /// How many bytes there are.
    pub len: u64,
}

impl ByteRange {
    /// Reads the value of a `Range` header.
    ///
    /// Numbers too large for 64 bits mean the largest one, as a position beyond every end.
    ///
    /// # Errors
    /// [`RangeError`], which tells several ranges and foreign units from nonsense.
    pub fn parse(header: &str) -> Result<Self, RangeError> {
        let text = header.as_bytes();
        let Some(equals) = text.iter().position(|byte| *byte == b'=') else {
            return Err(malformed(header, text.len(), "`bytes=` is expected"));
        };
        if !text[..equals].eq_ignore_ascii_case(b"bytes") {
            return Err(RangeError::Unit);
        }
        if text.contains(&b',') {
            return Err(RangeError::Multiple);
        }
        let mut at = skip_space(text, equals + 1);
        let first = number(text, &mut at);
        if text.get(at) != Some(&b'-') {
            return Err(malformed(header, at, "a `-` is expected"));
        }
        at += 1;
        let last = number(text, &mut at);
        at = skip_space(text, at);
        if at != text.len() {
            return Err(malformed(header, at, "digits are expected"));
        }
        match (first, last) {
            (Some(first), Some(last)) if first <= last => Ok(Self::FromTo(first, last)),
            (Some(_), Some(_)) => Err(malformed(header, equals + 1, "it ends before it begins")),
            (Some(first), None) => Ok(Self::From(first)),
            (None, Some(count)) => Ok(Self::Last(count)),
            (None, None) => Err(malformed(header, at, "a first or a last byte is expected")),
        }
    }

    /// The bytes it means in content of this length; never empty.
    ///
    /// # Errors
    /// [`Unsatisfiable`] when the range has no byte in common with the content.
    pub fn resolve(self, len: u64) -> Result<Range<u64>, Unsatisfiable> {
        let range = match self {
            Self::FromTo(first, last) => first..last.saturating_add(1).min(len),
            Self::From(first) => first..len,
            Self::Last(count) => len.saturating_sub(count)..len,
        };
        if range.start < range.end {
            Ok(range)
        } else {
            Err(Unsatisfiable { len })
        }
    }
}

impl FromStr for ByteRange {
    type Err = RangeError;

    fn from_str(text: &str) -> Result<Self, RangeError> {
        Self::parse(text)
    }
}

fn malformed(header: &str, at: usize, reason: &'static str) -> RangeError {
    ParseError::new("byte range", header, at, reason).into()
}

fn skip_space(text: &[u8], mut at: usize) -> usize {
    while matches!(text.get(at), Some(b' ' | b'\t')) {
        at += 1;
    }
    at
}

/// The digits from here, saturating; `None` when there is none.
fn number(text: &[u8], at: &mut usize) -> Option<u64> {
    let start = *at;
    let mut value = 0_u64;
    while let Some(digit @ b'0'..=b'9') = text.get(*at) {
        value = value
            .saturating_mul(10)
            .saturating_add(u64::from(digit - b'0'));
        *at += 1;
    }
    (*at > start).then_some(value)
}

/// The place of an uploaded chunk, from its `Content-Range` header: first and last byte, both
/// included.
///
/// Registry clients send it bare (`0-1023`); the form of RFC 9110 (`bytes 0-1023/*`) is read too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ContentRange {
    start: u64,
    end: u64,
    total: Option<u64>,
}

impl ContentRange {
    /// Reads the value of a `Content-Range` header.
    ///
    /// # Errors
    /// [`ParseError`] when it is not one, when it ends before it begins, does not fit into the
    /// total it names, or holds a number beyond 2^64 − 2.
    pub fn parse(header: &str) -> Result<Self, ParseError> {
        let text = header.as_bytes();
        let wrong = |at, reason| ParseError::new("content range", header, at, reason);
        let mut at = 0;
        if let Some((unit, _)) = text.split_at_checked(6)
            && unit.eq_ignore_ascii_case(b"bytes ")
        {
            at = skip_space(text, 6);
        }
        let bare = at == 0;
        let start_at = at;
        let start = number(text, &mut at).ok_or_else(|| wrong(at, "a first byte is expected"))?;
        if text.get(at) != Some(&b'-') {
            return Err(wrong(at, "a `-` is expected"));
        }
        at += 1;
        let end = number(text, &mut at).ok_or_else(|| wrong(at, "a last byte is expected"))?;
        if end < start {
            return Err(wrong(start_at, "it ends before it begins"));
        }
        if end == u64::MAX {
            return Err(wrong(start_at, "the number is too large"));
        }
        let mut total = None;
        if !bare || at < text.len() {
            if text.get(at) != Some(&b'/') {
                return Err(wrong(at, "`/` and a total or `*` are expected"));
            }
            at += 1;
            if text.get(at) == Some(&b'*') {
                at += 1;
            } else {
                let total_at = at;
                let count =
                    number(text, &mut at).ok_or_else(|| wrong(at, "a total or `*` is expected"))?;
                if count <= end {
                    return Err(wrong(
                        total_at,
                        "the total must be larger than the last byte",
                    ));
                }
                total = Some(count);
            }
        }
        if at != text.len() {
            return Err(wrong(at, "nothing more is expected"));
        }
        Ok(Self { start, end, total })
    }

    /// The first byte.
    pub fn start(self) -> u64 {
        self.start
    }

    /// The last byte; included.
    pub fn end(self) -> u64 {
        self.end
    }

    /// The length of the chunk, in bytes; at least 1.
    #[allow(clippy::len_without_is_empty, reason = "it is never empty")]
    pub fn len(self) -> u64 {
        self.end - self.start + 1
    }

    /// The length of the whole, if it was named.
    pub fn total(self) -> Option<u64> {
        self.total
    }
}

impl FromStr for ContentRange {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

#[cfg(test)]
#[path = "range_tests.rs"]
mod tests;
