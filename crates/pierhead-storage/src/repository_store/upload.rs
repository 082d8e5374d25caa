//! Upload sessions as rows.

use std::sync::Arc;
use std::time::SystemTime;

use pierhead_model::{Algorithm, ContentDigest, HashState};

use crate::{Admission, CallerId, Checkpoint, Place, UploadId, View};

/// A session to open.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id, random.
    pub id: UploadId,
    /// Who uploads; the session answers nobody else.
    pub by: CallerId,
    /// Where the bytes will go.
    pub place: Place,
    /// How they are hashed while they arrive.
    pub algorithm: Algorithm,
    /// Now.
    pub at: SystemTime,
    /// How many sessions this caller may have, this one included; at least 1. Those beyond, which
    /// have been idle longest, end, and their places are condemned.
    pub most: usize,
    /// The embedder's last word, if it wants one.
    pub admission: Option<Arc<dyn Admission>>,
}

/// Whose a session must be for a call to find it: one repository's (or one new name's) and one
/// caller's. Anything else answers [`StoreError::NotFound`](crate::StoreError::NotFound).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadOwner {
    /// The repository or the new name. A session begun on a new name belongs to the repository once
    /// that exists, whoever created it.
    pub view: View,
    /// The caller.
    pub by: CallerId,
}

/// Which holder of a session speaks. Taking a session raises its generation; what an older one
/// saves or commits is refused with [`StoreError::Superseded`](crate::StoreError::Superseded).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Generation {
    /// The session.
    pub upload: UploadId,
    /// The count of times it was taken.
    pub number: u64,
}

/// A session as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The session and its present generation.
    pub generation: Generation,
    /// Where the bytes go.
    pub place: Place,
    /// How they are hashed while they arrive.
    pub algorithm: Algorithm,
    /// How far they are safe; nothing saved yet is the beginning.
    pub progress: Option<Progress>,
}

impl Upload {
    /// Bytes that are safe.
    pub fn offset(&self) -> u64 {
        self.progress
            .as_ref()
            .map_or(0, |progress| progress.checkpoint.offset)
    }
}

/// How far a session is safe: the bytes, and the hash of exactly those bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Where the blob store goes on.
    pub checkpoint: Checkpoint,
    /// Where the hasher goes on; it has seen exactly `checkpoint.offset` bytes.
    pub hash: HashState,
}

/// A finished upload to make visible.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BlobCommit {
    /// Who speaks.
    pub generation: Generation,
    /// The digest, already compared with the one the client named.
    pub digest: ContentDigest,
    /// The sealed length in bytes.
    pub size: u64,
    /// Now.
    pub at: SystemTime,
}
