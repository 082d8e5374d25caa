//! What a blob is made of, as text: a line for each part, in order.

use std::io::{self, ErrorKind};
use std::sync::Arc;

use bytes::Bytes;
use pierhead::storage::{Place, StoreError};

/// The longest recipe, in bytes: a checkpoint holds it, and may hold no more.
const MAX_LEN: usize = 1 << 20;

/// The parts of a blob, by the ends of their keys, each with its length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recipe {
    pub(crate) parts: Vec<(String, u64)>,
}

impl Recipe {
    /// Bytes in all parts.
    pub(crate) fn len(&self) -> u64 {
        self.parts.iter().map(|(_, len)| len).sum()
    }

    /// # Errors
    /// [`StoreError::TooLarge`] when there are too many parts to be written down.
    pub(crate) fn write(&self) -> Result<Bytes, StoreError> {
        let lines = self
            .parts
            .iter()
            .map(|(part, len)| format!("{part} {len}\n"));
        let text: String = lines.collect();
        if text.len() > MAX_LEN {
            return Err(StoreError::TooLarge);
        }
        Ok(text.into())
    }

    /// # Errors
    /// [`StoreError::Corrupt`] when these bytes are no recipe.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, StoreError> {
        let line = |line: &str| {
            let (part, len) = line.split_once(' ')?;
            Some((part.to_owned(), len.parse().ok()?))
        };
        let parts = std::str::from_utf8(bytes).ok();
        let parts = parts.and_then(|text| text.lines().map(line).collect());
        let parts = parts.ok_or_else(|| StoreError::Corrupt {
            what: "a blob's list of parts is not one".to_owned(),
        })?;
        Ok(Self { parts })
    }
}

/// Where a part is. A place is `a-z`, `0-9` and `-`, so a point ends it.
pub(crate) fn part_key(at: &Place, part: &str) -> String {
    format!("{at}.{part}")
}

/// Where the recipe of a sealed place is: with this object its bytes become readable.
pub(crate) fn sealed_key(at: &Place) -> String {
    part_key(at, "sealed")
}

/// An outage, or no room; never "not found": whoever expects that looks for it first.
pub(crate) fn failed(what: &'static str) -> impl Fn(io::Error) -> StoreError {
    move |error| match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full(Arc::new(error)),
        _ => StoreError::unavailable(what, error),
    }
}
