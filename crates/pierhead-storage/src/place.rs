//! Where bytes are kept.

use std::fmt;
use std::sync::Arc;

/// A place for bytes: fresh, never reused, opaque to everybody but the blob store that allocated
/// it. The metadata store records it before the first byte is written there.
///
/// The alphabet is narrow on purpose (`a-z`, `0-9`, `-`; 1 to 128 bytes), so that a place can be a
/// file name, an object key or a column without escaping, and no text from the wire can be one by
/// accident.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place(Arc<str>);

impl Place {
    /// The longest place, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Takes back a place that a store wrote down earlier, or makes one in a store's `allocate`.
    ///
    /// # Errors
    /// When the text leaves the alphabet or is empty or too long.
    pub fn new(text: &str) -> Result<Self, InvalidPlace> {
        let fits = (1..=Self::MAX_LEN).contains(&text.len())
            && text
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'));
        if fits {
            Ok(Self(Arc::from(text)))
        } else {
            Err(InvalidPlace)
        }
    }

    /// A place named by 128 random bits, for stores that need nothing more.
    ///
    /// # Panics
    /// When the operating system has no randomness to give, which no caller could mend.
    #[allow(
        clippy::expect_used,
        reason = "without randomness no identifier can be unique"
    )]
    pub fn random() -> Self {
        let mut bits = [0; 16];
        getrandom::fill(&mut bits).expect("the operating system gives randomness");
        Self(Arc::from(format!("{:032x}", u128::from_be_bytes(bits))))
    }

    /// The place as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A text that no store of ours would have allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a place is 1 to 128 bytes of a-z, 0-9 and -")]
pub struct InvalidPlace;
