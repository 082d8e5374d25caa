//! Blobs as repositories see them.

use std::time::{Duration, SystemTime};

use pierhead_model::ContentDigest;

use crate::{CallerId, NewName, Place, Repository};

/// A blob that a view can see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRecord {
    /// Its digest.
    pub digest: ContentDigest,
    /// Where its bytes are.
    pub place: Place,
    /// Its length in bytes.
    pub size: u64,
}

/// Whether looking at a blob renews the grace that keeps an unreferenced link alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Only look.
    No,
    /// Renew, with a write only when less than half of the grace is left.
    Renew {
        /// Now.
        at: SystemTime,
        /// The whole grace.
        grace: Duration,
    },
}

/// Somewhere a digest is visible from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Holder {
    /// A repository links it.
    Repository(Repository),
    /// The asking caller staged it under a new name.
    Staged(NewName),
}

/// A blob to make visible in another place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobMount {
    /// Which blob.
    pub digest: ContentDigest,
    /// Who mounts; staged under their name when the target is new.
    pub by: CallerId,
    /// Now.
    pub at: SystemTime,
}

/// Who deletes something, and when: for the record, and for nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who.
    pub by: CallerId,
    /// When.
    pub at: SystemTime,
}

/// What a deletion did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deletion {
    /// It is gone.
    Deleted,
    /// It was not there.
    Absent,
    /// It stays, because this manifest of the same repository names it.
    Held {
        /// The manifest that names it.
        by: ContentDigest,
    },
}
