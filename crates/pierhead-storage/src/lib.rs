//! The storage traits of Pierhead, their value types and errors.
//!
//! Storage is two kinds of thing. A [`BlobStore`] keeps bytes at [`Place`]s; it knows no digest, no
//! repository, no session. A [`RepositoryStore`] keeps rows; each of its calls is one domain
//! operation in one transaction. The registry joins them: it hashes, owns upload sessions, and
//! makes a sealed place visible by committing a row.
//!
//! ```
//! use bytes::Bytes;
//! use futures::TryStreamExt as _;
//! use pierhead_storage::{BlobRead, BlobStore, MemoryBlobStore, ReadOptions, StoreError};
//!
//! # futures::executor::block_on(async {
//! let store = MemoryBlobStore::new();
//! let place = store.allocate();
//! let mut writer = store.writer(&place, None).await?;
//! writer.write(Bytes::from_static(b"half of it, ")).await?;
//! let checkpoint = writer.checkpoint().await?;
//! drop(writer); // the connection broke, or the process ended
//!
//! let mut writer = store.writer(&place, Some(checkpoint)).await?;
//! writer.write(Bytes::from_static(b"and the rest")).await?;
//! writer.checkpoint().await?; // saved before the seal, so that the seal can be repeated
//! assert_eq!(writer.seal().await?, 24);
//!
//! let BlobRead::Stream(bytes) = store.read(&place, 8..12, &ReadOptions::default()).await? else {
//!     unreachable!("nobody asked for a redirect");
//! };
//! assert_eq!(bytes.try_collect::<Vec<_>>().await?.concat(), b"it, ");
//! # Ok::<(), StoreError>(())
//! # })?;
//! # Ok::<(), StoreError>(())
//! ```
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
