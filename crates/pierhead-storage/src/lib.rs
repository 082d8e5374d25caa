#![doc = include_str!("../README.md")]
//!
//! # The map
//! - [`Place`], [`Checkpoint`], [`BlobStore`], [`BlobWriter`]: bytes.
//! - [`RepositoryStore`] and its values: sessions, blobs, manifests, tags, referrers, history,
//!   collection.
//! - [`Fence`], [`View`], [`Permit`], [`Version`]: what a decision opens, and what it rested on.
//! - [`Admission`]: the embedder's last word inside a transaction.
//! - [`MemoryBlobStore`], [`MemoryRepositoryStore`]: both stores in memory, the plainest reading of
//!   the contract.
//! - [`StoreError`]: what can go wrong.

mod admission;
mod blob_store;
mod error;
mod fence;
mod id;
mod memory;
mod place;
mod repository_store;

pub use admission::{Admission, AdmissionChange, AdmissionFacts, Refusal};
pub use blob_store::{
    BlobLimits, BlobRead, BlobStore, BlobWriter, Checkpoint, Listed, ReadOptions, Redirect,
};
pub use error::{Source, StoreError};
pub use fence::{Fence, NewName, Permit, Rights, ScopeId, ScopeKind, Version, View};
pub use id::{CallerId, InvalidId, ParentId, RepositoryId, UploadId};
pub use memory::{MemoryBlobStore, MemoryRepositoryStore};
pub use place::{InvalidPlace, Place};
pub use repository_store::*;
