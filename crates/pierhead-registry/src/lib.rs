//! The registry itself, without HTTP: pull, push, mount, tag, list, refer, delete, collect.
//!
//! A [`Registry`] joins a blob store and a repository store. It hashes what arrives, owns upload
//! sessions, asks the [`Authorizer`] before it does anything, and hands the versions a decision
//! rested on to the stores, which compare them again when they commit.
//!
//! ```
//! use std::sync::Arc;
//! use futures::{TryStreamExt, stream};
//! use pierhead_model::{ContentDigest, RepositoryName};
//! use pierhead_registry::{AllowAll, BlobRead, Caller, ReadOptions, Registry, TokioClock};
//! use pierhead_storage::{MemoryBlobStore, MemoryRepositoryStore};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let rows = Arc::new(MemoryRepositoryStore::new());
//! let registry =
//!     Registry::builder(Arc::new(MemoryBlobStore::new()), rows.clone(), Arc::new(TokioClock))
//!         .authorizer(Arc::new(AllowAll::new(rows)))
//!         .build();
//! let (caller, name): (_, RepositoryName) = (Caller::anonymous(), "library/alpine".parse()?);
//!
//! let digest = ContentDigest::sha256(b"layer");
//! let body = stream::iter([Ok("layer".into())]);
//! registry.writer(&caller, &name).await?.upload(body, &digest).await?;
//!
//! let blob = registry.reader(&caller, &name).await?.blob(&digest).await?;
//! let BlobRead::Stream(bytes) = blob.read(0..blob.size(), &ReadOptions::default()).await? else {
//!     unreachable!("no redirect was asked for");
//! };
//! assert_eq!(bytes.try_collect::<Vec<_>>().await?.concat(), b"layer");
//! # Ok(())
//! # }
//! ```
//!
//! # What this crate is not
//! It renders no response, reads no file, knows neither sharing lists nor the trash, and spawns
//! nothing: collection is a future that its owner runs.
//!
//! # The map
//! - [`Registry`], [`RegistryBuilder`], [`Limits`]: what a registry is made of.
//! - [`Authenticator`], [`Authorizer`], [`TokenIssuer`], [`Observer`], [`Clock`]: the seams.
//! - [`Reader`], [`Checker`], [`Writer`], [`Remover`]: handles that exist only once the authorizer
//!   has allowed them, with everything that can be done under each.
//! - [`RetentionRule`]: which former versions of tags may go.
//! - [`Registry::catalog`], [`Registry::collect`], [`Registry::close`]: the rest.
//! - [`Error`]: everything that can be answered instead.

mod access;
mod body;
mod cache;
mod catalog;
mod checker;
mod collect;
mod error;
mod limits;
mod manifest;
mod open;
mod page;
mod reader;
mod registry;
mod remover;
mod retention;
mod seam;
mod upload;
mod writer;

pub use body::BodyError;
pub use checker::Checker;
pub use collect::{CollectSchedule, Collected};
pub use error::{Error, Wanted};
pub use limits::{Limits, MissingReferences};
pub use manifest::{ManifestReceipt, PutManifest};
pub use open::AllowAll;
pub use page::Page;
pub use reader::{Blob, Reader};
pub use registry::{Registry, RegistryBuilder};
pub use remover::Remover;
pub use retention::{RetentionRule, Retirable};
pub use seam::*;
pub use upload::Mounted;
pub use writer::{StartUpload, UploadStatus, Writer};

// What the handles of this crate take and give.
pub use pierhead_storage::{
    BlobRead, BlobRecord, CallerId, ParentId, ReadOptions, Redirect, Referrer, ReferrerQuery,
    Repository, RepositoryId, StoredManifest, UploadId,
};

pub(crate) use open::DenyAll;
