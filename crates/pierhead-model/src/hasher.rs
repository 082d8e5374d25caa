//! Hashing as bytes arrive, with a checkpoint that outlives the process.

use bytes::Bytes;
use sha2::digest::common::hazmat::{SerializableState, SerializedState};
use sha2::{Digest as _, Sha256, Sha512};

use crate::digest::{Algorithm, ContentDigest};

/// The layout of [`HashState`]. It is raised whenever that layout, or what the `sha2` crate puts
/// into it, changes.
const VERSION: u8 = 1;

/// Magic, version, algorithm, length.
const HEADER: usize = 4 + 1 + 1 + 8;

/// The first bytes of the SHA-256 of everything before them: continuing from damaged bytes would
/// yield a wrong digest much later.
const CHECKSUM: usize = 8;

const MAGIC: &[u8; 4] = b"phhs";

/// Computes a digest from bytes as they come.
///
/// Its progress can be saved at any byte and taken up again, in another process too:
///
/// ```
/// use pierhead_model::{Algorithm, ContentDigest, HashState, Hasher};
/// let mut hasher = Hasher::new(Algorithm::Sha256);
/// hasher.update(b"one ");
/// let saved: Vec<u8> = hasher.save().as_bytes().to_vec();
///
/// let mut hasher = Hasher::resume(&HashState::from_bytes(saved))?;
/// hasher.update(b"two");
/// assert_eq!(hasher.len(), 7);
/// assert_eq!(hasher.finish(), ContentDigest::sha256(b"one two"));
/// # Ok::<(), pierhead_model::HashStateError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Hasher {
    state: State,
    len: u64,
}

#[derive(Clone, Debug)]
enum State {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    /// Starts anew.
    pub fn new(algorithm: Algorithm) -> Self {
        let state = match algorithm {
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Sha512::new()),
        };
        Self { state, len: 0 }
    }

    /// The algorithm.
    pub fn algorithm(&self) -> Algorithm {
        match self.state {
            State::Sha256(_) => Algorithm::Sha256,
            State::Sha512(_) => Algorithm::Sha512,
        }
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.state {
            State::Sha256(state) => state.update(bytes),
            State::Sha512(state) => state.update(bytes),
        }
        self.len = self.len.wrapping_add(bytes.len() as u64);
    }

    /// How many bytes were taken in so far, those before a checkpoint included.
    #[allow(
        clippy::len_without_is_empty,
        reason = "it is a count, not a collection"
    )]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// The digest of everything taken in.
    pub fn finish(self) -> ContentDigest {
        match self.state {
            State::Sha256(state) => ContentDigest::from_sha256(state.finalize().into()),
            State::Sha512(state) => ContentDigest::from_sha512(state.finalize().into()),
        }
    }

    /// The progress so far, as bytes to keep. About 120 bytes for SHA-256, 230 for SHA-512.
    pub fn save(&self) -> HashState {
        let mut bytes = Vec::with_capacity(256);
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.push(tag(self.algorithm()));
        bytes.extend_from_slice(&self.len.to_le_bytes());
        match &self.state {
            State::Sha256(state) => bytes.extend_from_slice(&state.serialize()),
            State::Sha512(state) => bytes.extend_from_slice(&state.serialize()),
        }
        bytes.extend_from_slice(&checksum(&bytes));
        HashState(bytes.into())
    }

    /// Takes up where [`Hasher::save`] left off.
    ///
    /// # Errors
    /// [`HashStateError`] when the bytes were saved by another version or are damaged; the
    /// remedy is always the same: hash the content again from its beginning.
    pub fn resume(state: &HashState) -> Result<Self, HashStateError> {
        let bytes = state.as_bytes();
        let Some((header, rest)) = bytes.split_at_checked(HEADER) else {
            return Err(HashStateError::Damaged);
        };
        let Some([version, algorithm, len @ ..]) = header.strip_prefix(MAGIC) else {
            return Err(HashStateError::Damaged);
        };
        if *version != VERSION {
            return Err(HashStateError::Version {
                found: *version,
                expected: VERSION,
            });
        }
        // Only now: another version may end otherwise.
        let Some((body, sum)) = rest.split_last_chunk::<CHECKSUM>() else {
            return Err(HashStateError::Damaged);
        };
        if *sum != checksum(&bytes[..bytes.len() - CHECKSUM]) {
            return Err(HashStateError::Damaged);
        }
        let len = u64::from_le_bytes(len.try_into().map_err(|_| HashStateError::Damaged)?);
        let state = match *algorithm {
            1 => State::Sha256(restore(body)?),
            2 => State::Sha512(restore(body)?),
            _ => return Err(HashStateError::Damaged),
        };
        Ok(Self { state, len })
    }
}

fn checksum(bytes: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&Sha256::digest(bytes)[..CHECKSUM]);
    sum
}

const fn tag(algorithm: Algorithm) -> u8 {
    match algorithm {
        Algorithm::Sha256 => 1,
        Algorithm::Sha512 => 2,
    }
}

fn restore<H: SerializableState>(bytes: &[u8]) -> Result<H, HashStateError> {
    let bytes: &SerializedState<H> = bytes.try_into().map_err(|_| HashStateError::Damaged)?;
    H::deserialize(bytes).map_err(|_| HashStateError::Damaged)
}

/// A saved [`Hasher`]: opaque bytes, tagged with their version.
///
/// Any bytes can be wrapped; whether they mean anything is found out by [`Hasher::resume`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HashState(Bytes);

impl HashState {
    /// Wraps bytes that were read back from where they had been kept.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Self {
        Self(bytes.into())
    }

    /// The bytes to keep.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes to keep, shared.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

/// A saved hash that cannot be continued; hash the content again from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HashStateError {
    /// Saved in another layout.
    #[error(
        "the saved hash has version {found}, this program continues version {expected}: hash the \
         content again from its beginning"
    )]
    Version {
        /// The version the bytes carry.
        found: u8,
        /// The version this program writes.
        expected: u8,
    },
    /// Not bytes that [`Hasher::save`] wrote.
    #[error("the saved hash is damaged: hash the content again from its beginning")]
    Damaged,
}

#[cfg(test)]
#[path = "hasher_tests.rs"]
mod tests;
