//! Spans of time and amounts of bytes, as people write them.

use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Error, Unexpected};

/// A span of time: `"30s"`, `"15m"`, `"24h"`, `"7d"`. More than 100 years is no span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span(pub(crate) Duration);

/// An amount of bytes: a number, or `"512KiB"`, `"4MiB"`, `"10GiB"`, `"2TiB"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bytes(pub(crate) u64);

const SPANS: [(&str, u64); 4] = [("s", 1), ("m", 60), ("h", 3600), ("d", 86_400)];
const LONGEST: u64 = 100 * 365 * 86_400;
const AMOUNTS: [(&str, u64); 4] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

impl Span {
    /// The span that a text means.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let seconds = amount(text, &SPANS).filter(|seconds| *seconds <= LONGEST)?;
        Some(Self(Duration::from_secs(seconds)))
    }
}

impl Span {
    /// The span that is written on a command line.
    ///
    /// # Errors
    /// With how it is written.
    pub(crate) fn argument(text: &str) -> Result<Duration, String> {
        Self::read(text)
            .map(|span| span.0)
            .ok_or_else(|| "write it as \"24h\" or \"90d\"; at most 100 years".to_owned())
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        Self::read(&text).ok_or_else(|| {
            let expected = &"a span of time such as \"30s\", \"15m\", \"24h\" or \"7d\"";
            D::Error::invalid_value(Unexpected::Str(&text), expected)
        })
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(serde::Deserialize)]
        #[serde(
            untagged,
            expecting = "expected a number of bytes, or text such as \"4MiB\""
        )]
        enum Written {
            Number(u64),
            Text(String),
        }
        match Written::deserialize(from)? {
            Written::Number(bytes) => Ok(Self(bytes)),
            Written::Text(text) => amount(&text, &AMOUNTS).map(Self).ok_or_else(|| {
                let expected = &"a number of bytes, or text such as \"4MiB\"";
                D::Error::invalid_value(Unexpected::Str(&text), expected)
            }),
        }
    }
}

/// So many seconds, as somebody would write them: in the largest unit of which they are several.
pub(crate) fn written(seconds: u64) -> String {
    let several = |factor: &u64| seconds.is_multiple_of(*factor) && seconds / factor > 1;
    let unit = SPANS.iter().rev().find(|(_, factor)| several(factor));
    let (unit, factor) = unit.unwrap_or(&SPANS[0]);
    format!("{}{unit}", seconds / factor)
}

/// A whole number and its unit.
fn amount(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let (number, factor) = units
        .iter()
        .find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)))?;
    let digits = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    number
        .parse::<u64>()
        .ok()
        .filter(|_| digits)?
        .checked_mul(*factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_written_in_a_unit_that_people_read() {
        let (hour, day) = (3600, 86_400);
        let all = [1, 60, 900, 2 * hour, day, 365 * day].map(written);
        assert_eq!(all, ["1s", "60s", "15m", "2h", "24h", "365d"]);
        for text in all {
            assert!(Span::read(&text).is_some(), "{text}");
        }
    }

    #[test]
    fn an_amount_is_a_whole_number_and_a_unit() {
        for (text, seconds) in [
            ("30s", Some(30)),
            ("0s", Some(0)),
            ("15m", Some(900)),
            ("24h", Some(86_400)),
            ("7d", Some(604_800)),
            ("30", None),
            ("s", None),
            ("", None),
            ("-1s", None),
            ("+1s", None),
            ("1.5h", None),
            ("1 h", None),
            ("99999999999999999999d", None),
        ] {
            assert_eq!(amount(text, &SPANS), seconds, "{text}");
        }
        for (text, bytes) in [
            ("4MiB", Some(4 << 20)),
            ("1TiB", Some(1 << 40)),
            ("4MB", None),
        ] {
            assert_eq!(amount(text, &AMOUNTS), bytes, "{text}");
        }
    }
}
