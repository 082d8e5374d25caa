//! Collection in two steps: condemn, and much later remove.

use std::time::{Duration, SystemTime};

use crate::{Checkpoint, Place};

/// What a collection may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CollectRule {
    /// Now.
    pub at: SystemTime,
    /// How long an unreferenced link lives after it was last renewed.
    pub link_grace: Duration,
    /// How long a staged blob lives after it was last renewed.
    pub staged_grace: Duration,
    /// How long an upload session lives after its last byte.
    pub upload_idle: Duration,
}

/// A place nothing reaches any more. What is condemned never comes back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condemned {
    /// The place.
    pub place: Place,
    /// How far an unfinished upload had come there, for the blob store's own bookkeeping.
    pub checkpoint: Option<Checkpoint>,
}
