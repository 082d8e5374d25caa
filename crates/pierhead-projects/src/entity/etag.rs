//! Which state of an entity was read.

use std::fmt;
use std::str::FromStr;

use crate::record::TargetRecord;

/// Which state of an entity was read. Equal texts are the same state, also over a restore of the
/// store from a copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Etag {
    epoch: u64,
    number: u64,
}

/// A text that is no etag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no etag; send the one that was read")]
pub struct BadEtag;

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.epoch, self.number)
    }
}

impl FromStr for Etag {
    type Err = BadEtag;

    fn from_str(text: &str) -> Result<Self, BadEtag> {
        let (epoch, number) = text.split_once('-').ok_or(BadEtag)?;
        let epoch = u64::from_str_radix(epoch, 16).map_err(|_| BadEtag)?;
        let number = number.parse().map_err(|_| BadEtag)?;
        let etag = Self { epoch, number };
        // One spelling only.
        (etag.to_string() == text).then_some(etag).ok_or(BadEtag)
    }
}

/// An entity's etag from its number and the life of the store that it was read in.
pub(crate) fn etag(target: &TargetRecord, number: u64) -> Etag {
    let epoch = target
        .versions
        .first()
        .map_or(0, |(_, rights)| rights.epoch);
    Etag { epoch, number }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_has_one_spelling() {
        let etag = Etag {
            epoch: 0xab,
            number: 7,
        };
        assert_eq!(etag.to_string(), "00000000000000ab-7");
        assert_eq!("00000000000000ab-7".parse(), Ok(etag));
        for bad in [
            "",
            "ab-7",
            "00000000000000AB-7",
            "00000000000000ab-07",
            "x-1",
            "1",
            "-",
        ] {
            assert_eq!(bad.parse::<Etag>(), Err(BadEtag), "{bad}");
        }
    }
}
