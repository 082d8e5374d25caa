//! `Range` and `Content-Range`.

use pierhead_model::{ByteRange, ContentRange, RangeError, Unsatisfiable};

use crate::text;

/// Both headers are read as their grammar says, and a range never leaves the content.
pub fn check(data: &[u8]) {
    let Some(text) = text::read(data) else {
        return;
    };
    byte_range(text);
    content_range(text);
}

fn byte_range(text: &str) {
    let parsed = ByteRange::parse(text);
    match (&parsed, slow_range(text)) {
        (Ok(parsed), Slow::Range(first, last)) => {
            let expected = match (first, last) {
                (Some(first), Some(last)) => ByteRange::FromTo(first, last),
                (Some(first), None) => ByteRange::From(first),
                (None, last) => ByteRange::Last(last.unwrap_or_default()),
            };
            assert_eq!(*parsed, expected, "{text:?}");
        }
        (Err(RangeError::Multiple), Slow::Multiple) | (Err(RangeError::Unit), Slow::Unit) => {}
        (Err(RangeError::Malformed(error)), Slow::Malformed) => text::refused(text, error),
        (parsed, slow) => panic!("{text:?} is {slow:?}, was read as {parsed:?}"),
    }
    if let Ok(range) = parsed {
        let near = match range {
            ByteRange::FromTo(first, last) => [first, last],
            ByteRange::From(at) | ByteRange::Last(at) => [at, at],
        };
        let around = near
            .into_iter()
            .flat_map(|at| [at.saturating_sub(1), at, at.saturating_add(1)]);
        for len in [0, 1, 2, 1 << 32, u64::MAX].into_iter().chain(around) {
            resolve(range, len);
        }
    }
}

/// What it resolves to is what counting in wider numbers gives, within the content, and not empty.
fn resolve(range: ByteRange, len: u64) {
    let wide = u128::from(len);
    let (start, end) = match range {
        ByteRange::FromTo(first, last) => (u128::from(first), wide.min(u128::from(last) + 1)),
        ByteRange::From(first) => (u128::from(first), wide),
        ByteRange::Last(count) => (wide - wide.min(u128::from(count)), wide),
    };
    match range.resolve(len) {
        Ok(found) => {
            assert!(found.start < found.end && found.end <= len);
            // A number that did not fit was read as the largest, so its end may be one short.
            assert_eq!(
                (u128::from(found.start), u128::from(found.end)),
                (start, end.min(u128::from(u64::MAX))),
                "{range:?} of {len}"
            );
        }
        Err(refused) => {
            assert_eq!(refused, Unsatisfiable { len });
            assert!(start >= end, "{range:?} of {len}");
        }
    }
}

#[derive(Debug)]
enum Slow {
    Range(Option<u64>, Option<u64>),
    Multiple,
    Unit,
    Malformed,
}

/// RFC 9110 section 14.1.2, for one range.
fn slow_range(text: &str) -> Slow {
    let Some((unit, set)) = text.split_once('=') else {
        return Slow::Malformed;
    };
    if !unit.eq_ignore_ascii_case("bytes") {
        return Slow::Unit;
    }
    if set.contains(',') {
        return Slow::Multiple;
    }
    let Some((first, last)) = set.trim_matches([' ', '\t']).split_once('-') else {
        return Slow::Malformed;
    };
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => Slow::Range(Some(first), Some(last)),
        (Some(first), None) if last.is_empty() => Slow::Range(Some(first), None),
        (None, Some(last)) if first.is_empty() => Slow::Range(None, Some(last)),
        _ => Slow::Malformed,
    }
}

/// Digits, at least one; what does not fit into 64 bits is the largest that does.
fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit());
    plain.then(|| digits.parse().unwrap_or(u64::MAX))
}

fn content_range(text: &str) {
    let parsed = ContentRange::parse(text);
    let expected = slow_content_range(text);
    match parsed {
        Ok(range) => {
            let (start, end, total) = (range.start(), range.end(), range.total());
            assert_eq!(Some((start, end, total)), expected, "{text:?}");
            assert!(start <= end && end < u64::MAX);
            assert!(total.is_none_or(|total| end < total));
            assert_eq!(
                u128::from(range.len()),
                u128::from(end) - u128::from(start) + 1
            );
            let written = match total {
                Some(total) => format!("bytes {start}-{end}/{total}"),
                None => format!("{start}-{end}"),
            };
            assert_eq!(ContentRange::parse(&written), Ok(range));
        }
        Err(error) => {
            text::refused(text, &error);
            assert_eq!(expected, None, "{text:?}: {error}");
        }
    }
}

/// `[ "bytes" SP ] first "-" last [ "/" ( total | "*" ) ]`; with the unit, the last part must be
/// there. RFC 9110 section 14.4, and the bare form of the distribution specification.
fn slow_content_range(text: &str) -> Option<(u64, u64, Option<u64>)> {
    let with_unit = text
        .split_at_checked(6)
        .filter(|(unit, _)| unit.eq_ignore_ascii_case("bytes "))
        .map(|(_, rest)| rest.trim_start_matches([' ', '\t']));
    let (range, total) = match with_unit.unwrap_or(text).split_once('/') {
        Some((range, total)) => (range, Some(total)),
        None if with_unit.is_some() => return None,
        None => (text, None),
    };
    let (first, last) = range.split_once('-')?;
    let (first, last) = (number(first)?, number(last)?);
    let total = match total {
        None | Some("*") => None,
        Some(total) => Some(number(total)?),
    };
    let fits = first <= last && last < u64::MAX && total.is_none_or(|total| last < total);
    fits.then_some((first, last, total))
}
