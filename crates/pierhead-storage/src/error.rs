//! What can go wrong in a store.

use std::sync::Arc;

use crate::Refusal;

/// The error behind a [`StoreError`], kept for the logs.
pub type Source = Arc<dyn std::error::Error + Send + Sync>;

/// What a store answers when it cannot do what it was asked. An outage is never "not found".
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The permission this call rested on has moved, the view's repository is gone, or a new name
    /// is taken: ask again, then decide again. Nothing was changed.
    #[error("the permission this rested on has changed; decide again")]
    Stale,
    /// A newer writer or request took the upload or the place over.
    #[error("a newer writer has taken over")]
    Superseded,
    /// There is no such upload for this owner, or no sealed bytes at this place.
    #[error("nothing is there")]
    NotFound,
    /// The range ends behind the last byte.
    #[error("the range ends behind the last byte")]
    Range,
    /// What is there contradicts what was asked (a place sealed with another length).
    #[error("what is stored contradicts the request: {0}")]
    Conflict(&'static str),
    /// The blob is longer than this store keeps.
    #[error("the blob is longer than this store keeps")]
    TooLarge,
    /// No room is left; what was acknowledged before is safe.
    #[error("no room is left in the store")]
    Full(#[source] Source),
    /// The embedder's [`Admission`](crate::Admission) refused.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// Stored data is not what was written.
    #[error("stored data is damaged: {what}")]
    Corrupt {
        /// What was read, without any secret.
        what: String,
    },
    /// The store cannot answer now.
    #[error("the store is not available: {what}")]
    Unavailable {
        /// What was tried.
        what: &'static str,
        /// Why it failed.
        #[source]
        source: Source,
    },
}

impl StoreError {
    /// The store cannot answer: `what` was tried and failed with `source`.
    pub fn unavailable(
        what: &'static str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable {
            what,
            source: Arc::from(source.into()),
        }
    }
}
