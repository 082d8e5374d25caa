//! Requests as text that libFuzzer can change to some purpose.
//!
//! Steps are parted by a line `%%`. A step is a request,
//!
//! ```text
//! PUT $L?digest=$D cut
//! authorization: Bearer ana
//!
//! the body, to the end of the step
//! ```
//!
//! or `wait HOURS`, after which garbage is collected, or `restart`, after which nothing but the
//! stores is as it was. A third word in the first line says how the body ends: `cut`, with an
//! error, `still`, never. In all of it `$L` is the last `Location` that was answered and `$1` to
//! `$9` are the digests that were, the newest first; in the first line and the headers `$D` is the
//! digest of the body.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};
use pierhead_model::ContentDigest;

use super::answer::Reply;

/// One step of an input.
pub(super) enum Step {
    Ask(Box<Sent>),
    Wait(Duration),
    Restart,
}

/// A request that was read.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) end: End,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Whole,
    Cut,
    Still,
}

impl Sent {
    /// A request without headers and body.
    pub(super) fn bare(method: Method, target: &str) -> Self {
        Self {
            method,
            uri: target.parse().expect("a path"),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            end: End::Whole,
        }
    }
}

/// What placeholders stand for.
#[derive(Default)]
pub(super) struct Past {
    location: String,
    /// The newest last.
    digests: Vec<ContentDigest>,
}

impl Past {
    pub(super) fn note(&mut self, reply: &Reply) {
        if let Some(location) = reply.header("location") {
            location.clone_into(&mut self.location);
        }
        if let Some(digest) = reply.digest()
            && self.digests.last() != Some(&digest)
        {
            self.digests.push(digest);
        }
    }

    fn fill(&self, text: &[u8], own: Option<ContentDigest>) -> Vec<u8> {
        let mut parts = text.split(|byte| *byte == b'$');
        let mut filled = parts.next().unwrap_or_default().to_vec();
        for part in parts {
            let word = part.first().and_then(|letter| self.word(*letter, own));
            if let Some(word) = word {
                filled.extend_from_slice(word.as_bytes());
                filled.extend_from_slice(&part[1..]);
            } else {
                filled.push(b'$');
                filled.extend_from_slice(part);
            }
        }
        filled
    }

    /// What a placeholder stands for, if it is one.
    fn word(&self, letter: u8, own: Option<ContentDigest>) -> Option<String> {
        match letter {
            b'L' => Some(self.location.clone()),
            b'D' => own.map(|digest| digest.to_string()),
            b'1'..=b'9' => {
                let mut newest_first = self.digests.iter().rev();
                let digest = newest_first.nth(usize::from(letter - b'1'));
                digest.map(ToString::to_string)
            }
            _ => None,
        }
    }
}

/// The steps of an input.
pub(super) fn steps(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(data);
    std::iter::from_fn(move || {
        let data = rest?;
        let (step, behind) = cut(data, |line| line == b"%%");
        rest = behind;
        Some(step)
    })
}

/// A step; `None` when it is none, or no request that could come out of a connection.
pub(super) fn read(step: &[u8], past: &Past) -> Option<Step> {
    let (head, body) = cut(step, <[u8]>::is_empty);
    let body = Bytes::from(past.fill(body.unwrap_or_default(), None));
    let head = past.fill(head, Some(ContentDigest::sha256(&body)));
    let mut lines = head.split(|byte| *byte == b'\n');
    let mut words = lines.next()?.split(|byte| *byte == b' ');
    let (first, second, third) = (words.next()?, words.next(), words.next());
    match (first, second) {
        (b"restart", None) => return Some(Step::Restart),
        (b"wait", Some(hours)) => {
            let hours: u8 = std::str::from_utf8(hours).ok()?.parse().ok()?;
            let span = Duration::from_hours(1) * u32::from(hours);
            return Some(Step::Wait(span));
        }
        _ => {}
    }
    let mut headers = HeaderMap::new();
    for line in lines {
        let colon = line.iter().position(|byte| *byte == b':');
        let (name, value) = line.split_at(colon.unwrap_or(line.len()));
        let name = HeaderName::from_bytes(name).ok();
        let value = value.strip_prefix(b": ");
        let value = value.and_then(|value| HeaderValue::from_bytes(value).ok());
        if let (Some(name), Some(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    Some(Step::Ask(Box::new(Sent {
        method: Method::from_bytes(first).ok()?,
        uri: Uri::try_from(second?).ok()?,
        headers,
        body,
        end: match third {
            Some(b"cut") => End::Cut,
            Some(b"still") => End::Still,
            _ => End::Whole,
        },
    })))
}

/// What is before the first such line, and what is behind it. Nothing is compared that need not be:
/// libFuzzer learns from comparisons.
fn cut(text: &[u8], is_mark: impl Fn(&[u8]) -> bool) -> (&[u8], Option<&[u8]>) {
    let mut start = 0;
    for line in text.split(|byte| *byte == b'\n') {
        let behind = start + line.len() + 1;
        if is_mark(line) {
            let rest = text.get(behind..).unwrap_or_default();
            return (&text[..start.saturating_sub(1)], Some(rest));
        }
        start = behind;
    }
    (text, None)
}
