//! The one error of the text newtypes: what was being read, where it went wrong, what is allowed.

use std::fmt;

/// How many characters of the refused input an error repeats at most.
const EXCERPT: usize = 32;

/// A text that is not what it should be.
///
/// It names the kind of text, the byte at which reading stopped, and what is allowed there. The
/// input itself is repeated only in part: at most 32 characters from the place of the fault,
/// escaped, so that a hostile megabyte or control characters never travel into a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    what: &'static str,
    at: usize,
    reason: &'static str,
    excerpt: Box<str>,
}

impl ParseError {
    pub(crate) fn new(what: &'static str, input: &str, at: usize, reason: &'static str) -> Self {
        let mut start = at.min(input.len());
        while !input.is_char_boundary(start) {
            start -= 1;
        }
        let rest = &input[start..];
        let mut excerpt = String::new();
        let mut chars = rest.chars();
        for c in chars.by_ref().take(EXCERPT) {
            excerpt.extend(c.escape_debug());
        }
        if chars.next().is_some() {
            excerpt.push('…');
        }
        Self {
            what,
            at,
            reason,
            excerpt: excerpt.into_boxed_str(),
        }
    }

    /// The kind of text that was expected, for example `repository name`.
    pub fn what(&self) -> &'static str {
        self.what
    }

    /// The byte offset in the input at which it stopped being one; the input's length when
    /// something is missing at the end.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What is allowed at that place.
    pub fn reason(&self) -> &'static str {
        self.reason
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not a {}: {}, at byte {}",
            self.what, self.reason, self.at
        )?;
        if self.excerpt.is_empty() {
            f.write_str(" (the end)")
        } else {
            write!(f, " (`{}`)", self.excerpt)
        }
    }
}

impl std::error::Error for ParseError {}

/// `Serialize`, `Deserialize`, `Display`, `AsRef<str>` and `TryFrom` for a text newtype with
/// `as_str` and `FromStr`, so that every way in goes through the one parser.
macro_rules! text_newtype {
    ($name:ident, $expecting:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl TryFrom<&str> for $name {
            type Error = $crate::ParseError;
            fn try_from(text: &str) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        $crate::error::text_serde!($name, $expecting);
    };
}

/// `Serialize` by `collect_str` and `Deserialize` by `FromStr`, without an intermediate `String`.
macro_rules! text_serde {
    ($name:ident, $expecting:literal) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct TextVisitor;
                impl serde::de::Visitor<'_> for TextVisitor {
                    type Value = $name;
                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str($expecting)
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        text.parse().map_err(E::custom)
                    }
                }
                deserializer.deserialize_str(TextVisitor)
            }
        }
    };
}

pub(crate) use {text_newtype, text_serde};

#[cfg(test)]
#[path = "error_tests.rs"]
mod tests;
