//! What the registry answers when it does not do what it was asked.

use std::time::Duration;

use pierhead_model::{
    ContentDigest, Digest, DigestMismatch, ManifestError, Reference, RepositoryActions,
    RepositoryName,
};
use pierhead_storage::{Refusal, Source, StoreError};

use crate::{AuthenticationError, AuthorizerError, BodyError, Explanation};

/// Refusals, things that are not there, requests that do not fit, and outages; a variant each, so
/// that a protocol can give each its own answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The credentials are wrong, unknown, expired or revoked.
    #[error("the credentials are not valid; log in again")]
    Unauthenticated,
    /// Too many failures, or too many at once.
    #[error("too many attempts; wait and try again")]
    TooManyAttempts {
        /// How long to wait.
        retry_after: Duration,
    },
    /// The permissions refuse the anonymous caller, who may sign in.
    #[error("sign in to do this")]
    SignIn {
        /// What a token would have to list.
        wanted: Wanted,
    },
    /// The permissions refuse.
    #[error("this is not permitted")]
    Denied {
        /// Why, if the caller may know.
        explanation: Option<Explanation>,
    },
    /// The credential lacks a scope for such a request, whatever the name.
    #[error("the credential does not cover such a request")]
    ScopeLacking {
        /// Which scope.
        explanation: Option<Explanation>,
    },
    /// The permissions allow it, but the token does not list it.
    #[error("the token does not cover this; ask for another")]
    BeyondToken {
        /// What a token would have to list.
        wanted: Wanted,
    },
    /// No repository has this name.
    #[error("there is no such repository")]
    NameUnknown,
    /// The blob is not in this repository.
    #[error("the blob `{digest}` is not in this repository")]
    BlobUnknown {
        /// Which.
        digest: ContentDigest,
    },
    /// There is no such upload for this caller in this repository.
    #[error("there is no such upload; begin it anew")]
    UploadUnknown,
    /// The manifest is not in this repository.
    #[error("the manifest `{reference}` is not in this repository")]
    ManifestUnknown {
        /// Which.
        reference: Reference,
    },
    /// The bytes are no manifest that can be stored.
    #[error("the manifest is not valid: {0}")]
    ManifestInvalid(#[source] ManifestError),
    /// The manifest names what is not here.
    #[error("the manifest names what is not in this repository; push that first")]
    ManifestBlobUnknown {
        /// Everything that is missing.
        digests: Vec<Digest>,
    },
    /// The bytes do not have the digest that was named.
    #[error(transparent)]
    DigestMismatch(#[from] DigestMismatch),
    /// The chunk does not begin where the upload stands.
    #[error("the upload stands at byte {offset}; go on from there")]
    RangeMismatch {
        /// Where the upload stands.
        offset: u64,
    },
    /// A newer request has taken the upload over.
    #[error("a newer request has taken the upload over; it stands at byte {offset}")]
    UploadTaken {
        /// Where it stood when it was taken.
        offset: u64,
    },
    /// It stays, because a manifest of this repository names it.
    #[error("it is named by the manifest `{by}`; delete that first")]
    Held {
        /// The manifest that names it.
        by: ContentDigest,
    },
    /// The embedder's own rule refused.
    #[error("{}", .0.message)]
    Refused(Refusal),
    /// The blob is longer than this registry keeps.
    #[error("the blob is longer than the {max} bytes this registry keeps")]
    BlobTooLarge {
        /// The longest there may be.
        max: u64,
    },
    /// The body ended badly; what arrived before is kept.
    #[error("the body broke off at byte {offset} of the upload")]
    BodyBroken {
        /// Where the upload stands.
        offset: u64,
        /// How it broke.
        #[source]
        source: BodyError,
    },
    /// No room is left.
    #[error("no room is left in the registry")]
    Full(#[source] Source),
    /// Permissions kept changing while this was decided.
    #[error("permissions are changing; try again")]
    Busy,
    /// Something the registry needs does not answer.
    #[error("the registry cannot answer now; try again")]
    Unavailable(#[source] Source),
    /// Stored data is damaged.
    #[error("stored data is damaged")]
    Corrupt(#[source] Source),
}

/// What a token would have to list for a request to pass.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Actions on one repository.
    Repository {
        /// Its name.
        name: RepositoryName,
        /// The actions.
        actions: RepositoryActions,
    },
    /// Listing repositories.
    Catalog,
}

impl From<StoreError> for Error {
    /// For errors that mean the same in every call; what `NotFound`, `Superseded` and `Stale` mean
    /// depends on the call, which maps them itself.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Busy,
            StoreError::Refused(refusal) => Self::Refused(refusal),
            StoreError::Full(source) => Self::Full(source),
            StoreError::Unavailable { .. } => Self::Unavailable(source(error)),
            other => Self::Corrupt(source(other)),
        }
    }
}

fn source(error: StoreError) -> Source {
    std::sync::Arc::new(error)
}

impl From<AuthorizerError> for Error {
    fn from(error: AuthorizerError) -> Self {
        Self::Unavailable(error.0)
    }
}

impl From<AuthenticationError> for Error {
    fn from(error: AuthenticationError) -> Self {
        match error {
            AuthenticationError::Invalid => Self::Unauthenticated,
            AuthenticationError::TooMany { retry_after } => Self::TooManyAttempts { retry_after },
            AuthenticationError::Unavailable(source) => Self::Unavailable(source),
        }
    }
}
