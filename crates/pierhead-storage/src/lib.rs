//! The storage traits of Pierhead, their value types and errors.
//!
//! Storage is two kinds of thing. A [`BlobStore`] keeps bytes at [`Place`]s; it knows no digest, no
//! repository, no session. A [`RepositoryStore`] keeps rows; each of its calls is one domain
//! operation in one transaction. The registry joins them: it hashes, owns upload sessions, and
//! makes a sealed place visible by committing a row.
//!
//! # What this crate is not
//! It knows no file system, no SQL, no HTTP and no permissions. What a permission rested on reaches
//! it as a [`Fence`] of counters, compared inside the transaction that changes something.
//!
//! # The map
//! - [`Place`], [`Checkpoint`], [`BlobStore`], [`BlobWriter`]: bytes.
//! - [`RepositoryStore`] and its values: sessions, blobs, manifests, tags, referrers, history,
//!   collection.
//! - [`Fence`], [`View`], [`Permit`], [`Version`]: what a decision opens, and what it rested on.
//! - [`Admission`]: the embedder's last word inside a transaction.
//! - [`StoreError`]: what can go wrong.

mod admission;
mod blob_store;
mod error;
mod fence;
mod id;
mod place;
mod repository_store;

pub use admission::{Admission, AdmissionChange, AdmissionFacts, Refusal};
pub use blob_store::{
    BlobLimits, BlobRead, BlobStore, BlobWriter, Checkpoint, Listed, ReadOptions, Redirect,
};
pub use error::{Source, StoreError};
pub use fence::{Fence, NewName, Permit, Rights, ScopeId, ScopeKind, Version, View};
pub use id::{CallerId, InvalidId, ParentId, RepositoryId, UploadId};
pub use place::{InvalidPlace, Place};
pub use repository_store::*;
