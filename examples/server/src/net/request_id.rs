//! A name for every request: in its answer, and in every line that is logged on the way, so that
//! what somebody saw can be found.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::HeaderMap;
use hyper::header::HeaderName;
use hyper::http::HeaderValue;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest name that a proxy may give.
const LONGEST: usize = 64;

/// A request's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The one that a proxy gave, if it can stand in a log.
    pub(crate) fn given(headers: &HeaderMap) -> Option<Self> {
        let mut given = headers.get_all(REQUEST_ID).iter();
        let (Some(value), None) = (given.next(), given.next()) else {
            return None;
        };
        let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
        let good = (1..=LONGEST).contains(&value.len()) && value.as_bytes().iter().all(plain);
        good.then(|| Self(value.clone()))
    }

    /// As a header's value.
    pub(crate) fn into_value(self) -> HeaderValue {
        self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// Makes names that no two requests share, nor two runs of the server.
#[derive(Debug)]
pub(crate) struct RequestIds(AtomicU64);

impl RequestIds {
    /// # Errors
    /// When the system has no random numbers.
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut start = [0; 8];
        getrandom::fill(&mut start)?;
        Ok(Self(AtomicU64::new(u64::from_le_bytes(start))))
    }

    /// The next one: 16 hexadecimal digits.
    pub(crate) fn next(&self) -> RequestId {
        /// An odd step goes through all numbers before one comes again.
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut left = scattered(self.0.fetch_add(STEP, Ordering::Relaxed));
        let mut digits = [0_u8; 16];
        for digit in &mut digits {
            *digit = b"0123456789abcdef"[(left >> 60) as usize];
            left <<= 4;
        }
        let value = HeaderValue::from_bytes(&digits);
        RequestId(value.unwrap_or_else(|_| HeaderValue::from_static("0")))
    }
}

/// One number for another, no two for the same (the finish of `SplitMix64`).
fn scattered(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_differ() {
        let ids = RequestIds::new().expect("random numbers");
        let made: BTreeSet<_> = (0..10_000).map(|_| ids.next().to_string()).collect();
        assert_eq!(made.len(), 10_000);
        assert!(made.iter().all(|id| id.len() == 16));
    }

    #[test]
    fn only_a_plain_name_is_taken_over() {
        let long = "a".repeat(65);
        for (given, taken) in [
            (&["4f-A_.9"][..], true),
            (&[&long[..64]], true),
            (&[&long], false),
            (&[""], false),
            (&["a b"], false),
            (&["a\"b"], false),
            (&["a", "b"], false),
            (&[], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in given {
                headers.append(REQUEST_ID, value.parse().expect("a value"));
            }
            let id = RequestId::given(&headers);
            assert_eq!(id.is_some(), taken, "{given:?}");
            assert!(id.is_none_or(|id| id.to_string() == given[0]));
        }
    }
}
