//! What a client is content with: `Accept` and `If-None-Match`.

use crate::media_type::MediaType;

/// How many media ranges of an `Accept` header are looked at. Clients send about ten; what comes
/// behind the limit is ignored, and the list then allows everything.
pub const MAX_ACCEPT_RANGES: usize = 256;

/// The media ranges of one or several `Accept` headers (RFC 9110 section 12.5.1).
///
/// The most specific range that fits decides, and refuses with a weight of 0. No header at all,
/// or one in which nothing can be read, allows everything.
///
/// ```
/// use pierhead_model::{AcceptList, MediaType};
/// let accept = AcceptList::parse(["application/*, application/json;q=0"]);
/// assert!(accept.allows(&MediaType::OCI_INDEX));
/// assert!(!accept.allows(&MediaType::JSON));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptList {
    ranges: Vec<MediaRange>,
    overflow: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct MediaRange {
    what: What,
    refused: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Any,
    Type(Box<str>),
    Exact(MediaType),
}

impl AcceptList {
    /// Reads every `Accept` header of a request. What cannot be read is passed over.
    pub fn parse<'a>(headers: impl IntoIterator<Item = &'a str>) -> Self {
        let mut list = Self::default();
        for item in headers.into_iter().flat_map(|header| header.split(',')) {
            if list.ranges.len() == MAX_ACCEPT_RANGES {
                list.overflow = true;
                break;
            }
            list.ranges.extend(MediaRange::parse(item));
        }
        list
    }

    /// Whether an answer of this type is welcome.
    pub fn allows(&self, media_type: &MediaType) -> bool {
        let best = self
            .ranges
            .iter()
            .filter_map(|range| Some((range.what.specificity(media_type)?, range)))
            // The first among equals decides.
            .rev()
            .max_by_key(|(specificity, _)| *specificity);
        match best {
            Some((_, range)) => !range.refused,
            None => self.ranges.is_empty() || self.overflow,
        }
    }

    /// Whether nothing was asked for in particular.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }
}

impl MediaRange {
    fn parse(item: &str) -> Option<Self> {
        let mut parts = item.split(';');
        let name = parts.next()?.trim_matches([' ', '\t']);
        let refused = parts.any(is_zero_weight);
        let what = if name == "*/*" {
            What::Any
        } else if let Some(main) = name.strip_suffix("/*") {
            // `main/x` is valid only if `main` is.
            format!("{main}/x").parse::<MediaType>().ok()?;
            What::Type(main.into())
        } else {
            What::Exact(name.parse().ok()?)
        };
        Some(Self { what, refused })
    }
}

impl What {
    fn specificity(&self, media_type: &MediaType) -> Option<u8> {
        let text = media_type.as_str();
        match self {
            Self::Any => Some(0),
            Self::Type(main) => text
                .split_once('/')
                .is_some_and(|(have, _)| have.eq_ignore_ascii_case(main))
                .then_some(1),
            Self::Exact(exact) => exact.as_str().eq_ignore_ascii_case(text).then_some(2),
        }
    }
}

/// `q=0`, `q=0.`, `q=0.000`.
fn is_zero_weight(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    let value = value.trim_matches([' ', '\t']);
    name.trim_matches([' ', '\t']).eq_ignore_ascii_case("q")
        && value.starts_with('0')
        && value.bytes().all(|byte| matches!(byte, b'0' | b'.'))
}

/// Whether an `If-None-Match` header names this entity tag, given with its quotes (RFC 9110
/// section 13.1.2: a list, `*`, and weak comparison).
///
/// ```
/// use pierhead_model::etag_matches;
/// assert!(etag_matches(r#""a", W/"b""#, r#""b""#));
/// assert!(etag_matches("*", r#""b""#));
/// assert!(!etag_matches("b", r#""b""#));
/// ```
pub fn etag_matches(header: &str, etag: &str) -> bool {
    let etag = etag.strip_prefix("W/").unwrap_or(etag);
    let mut rest = header.trim_matches([' ', '\t']);
    if rest == "*" {
        return true;
    }
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        let opaque = rest.strip_prefix("W/").unwrap_or(rest);
        // A comma may be inside the quotes, so the closing quote ends a tag and nothing else.
        let Some(length) = opaque.strip_prefix('"').and_then(|inner| inner.find('"')) else {
            return false;
        };
        let (tag, behind) = opaque.split_at(length + 2);
        if tag == etag {
            return true;
        }
        rest = behind;
    }
}

#[cfg(test)]
#[path = "accept_tests.rs"]
mod tests;
