//! Repository names and tags.

use std::str::FromStr;
use std::sync::Arc;

use crate::ParseError;
use crate::error::text_newtype;

/// The longest repository name, in bytes. A host and its port are not part of it.
pub const MAX_REPOSITORY_NAME_LEN: usize = 255;

/// The longest tag, in bytes.
pub const MAX_TAG_LEN: usize = 128;

/// The name of a repository: `component *("/" component)`, at most 255 bytes.
///
/// A component is lower-case letters and digits, which one `.`, one or two `_`, or any number of
/// `-` may separate. Cloning is cheap.
/// <https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests>
///
/// ```
/// use pierhead_model::RepositoryName;
/// let name: RepositoryName = "syn101/tools/aligner".parse()?;
/// assert_eq!(name.components().collect::<Vec<_>>(), ["syn101", "tools", "aligner"]);
/// let error = "syn101/Tools".parse::<RepositoryName>().unwrap_err();
/// assert_eq!(error.at(), 7);
/// # Ok::<(), pierhead_model::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RepositoryName(Arc<str>);

impl RepositoryName {
    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts between the slashes; at least one.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }
}

impl FromStr for RepositoryName {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match name_fault(text.as_bytes()) {
            None => Ok(Self(text.into())),
            Some((at, reason)) => Err(ParseError::new("repository name", text, at, reason)),
        }
    }
}

text_newtype!(RepositoryName, "a repository name");

const COMPONENT: &str = "a component begins and ends with a lower-case letter or a digit";
const SEPARATOR: &str = "only lower-case letters, digits, and between them one `.`, one or two \
                         `_`, or any number of `-` are allowed in a component";

fn name_fault(text: &[u8]) -> Option<(usize, &'static str)> {
    if text.len() > MAX_REPOSITORY_NAME_LEN {
        return Some((MAX_REPOSITORY_NAME_LEN, "at most 255 bytes are allowed"));
    }
    let mut at = 0;
    loop {
        // At the beginning of a run of letters and digits, behind a slash or a separator.
        let run = at;
        while at < text.len() && is_alphanumeric(text[at]) {
            at += 1;
        }
        if at == run {
            return Some((at, COMPONENT));
        }
        match &text[at..] {
            [] => return None,
            [b'_', b'_', ..] => at += 2,
            [b'/' | b'.' | b'_', ..] => at += 1,
            [b'-', ..] => {
                while text.get(at) == Some(&b'-') {
                    at += 1;
                }
            }
            _ => return Some((at, SEPARATOR)),
        }
    }
}

const fn is_alphanumeric(byte: u8) -> bool {
    matches!(byte, b'a'..=b'z' | b'0'..=b'9')
}

/// A tag: `[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}`. Cloning is cheap.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Arc<str>);

impl Tag {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match tag_fault(text.as_bytes()) {
            None => Ok(Self(text.into())),
            Some((at, reason)) => Err(ParseError::new("tag", text, at, reason)),
        }
    }
}

text_newtype!(Tag, "a tag");

fn tag_fault(text: &[u8]) -> Option<(usize, &'static str)> {
    match text {
        [] => return Some((0, "it must not be empty")),
        [b'.' | b'-', ..] => return Some((0, "it begins with a letter, a digit or `_`")),
        _ if text.len() > MAX_TAG_LEN => {
            return Some((MAX_TAG_LEN, "at most 128 bytes are allowed"));
        }
        _ => {}
    }
    let at = text
        .iter()
        .position(|byte| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')))?;
    Some((at, "only letters, digits, `_`, `.` and `-` are allowed"))
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
