//! Blobs in a local directory.
//!
//! [`FsBlobStore`] keeps every blob in a file of its own, named by its place and never by anything
//! that came from the wire. What it acknowledges has been synced: the bytes by a checkpoint, the
//! directory entry by the first checkpoint and again by the seal.
//!
//! ```
//! use pierhead_storage::{BlobStore, BlobRead, ReadOptions};
//! use pierhead_storage_fs::{FsBlobStore, FsOptions};
//! use futures::TryStreamExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let scratch = tempfile::tempdir()?;
//! # let path = scratch.path().join("blobs");
//! let store = FsBlobStore::open(&path, FsOptions::default())?;
//! let place = store.allocate();
//! let mut writer = store.writer(&place, None).await?;
//! writer.write("layer".into()).await?;
//! writer.seal().await?;
//!
//! let BlobRead::Stream(bytes) = store.read(&place, 0..5, &ReadOptions::default()).await? else {
//!     unreachable!("a local directory never redirects");
//! };
//! assert_eq!(bytes.try_collect::<Vec<_>>().await?.concat(), b"layer");
//! # Ok(())
//! # }
//! ```
//!
//! # What this crate is not
//! It knows no digest and no repository, and it is not shared between processes: the directory is
//! locked while a store is open. It assumes a tokio runtime, whose blocking threads do the syncing.
//!
//! # The map
//! - `store`: the directory, its lock, and the calls that are not writing or reading; `directory`:
//!   how it is made to outlast a loss of power.
//! - `writer`: one upload; `revoke`: how a newer writer shuts out an older one.
//! - `read`: bytes out, from the page cache without a thread hop; `buffer`: the memory they pass
//!   through.

mod buffer;
mod directory;
mod error;
mod read;
mod revoke;
mod store;
mod writer;

pub use store::{FsBlobStore, FsOptions};
