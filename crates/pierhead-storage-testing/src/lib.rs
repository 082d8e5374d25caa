//! The contract of Pierhead's storage traits as suites that any store can run.
//!
//! A store's author implements a *ground*: somewhere stores can be opened, dropped and opened
//! again. A suite is a table of named checks over grounds, each on a fresh one:
//!
//! ```
//! use std::sync::Arc;
//!
//! use pierhead_storage::{BlobStore, MemoryBlobStore};
//! use pierhead_storage_testing::{BlobGround, blob_suite};
//!
//! struct Memory(MemoryBlobStore);
//!
//! #[async_trait::async_trait]
//! impl BlobGround for Memory {
//!     async fn fresh(&self) -> Box<dyn BlobGround> {
//!         Box::new(Memory(MemoryBlobStore::new()))
//!     }
//!     async fn open(&self) -> Arc<dyn BlobStore> {
//!         Arc::new(self.0.clone())
//!     }
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! blob_suite::run(&Memory(MemoryBlobStore::new())).await?;
//! # Ok::<(), pierhead_storage_testing::Failure>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What this crate is not
//! It is never a normal dependency of anything: stores and embedders name it in
//! `[dev-dependencies]`. It needs no runtime; what a store needs, its ground brings along.
//!
//! # The map
//! - [`BlobGround`], [`RepositoryGround`], [`JointGround`]: what an author implements.
//! - [`blob_suite`], [`repository_suite`], [`joint_suite`]: `run` stops at the first check that
//!   fails, `run_all` gathers every [`Failure`], `CHECKS` is the table itself.
//! - [`Faults`], [`Counting`]: any store of either kind with calls that fail or are written down;
//!   [`Intercepted`] is what both are made of.
//! - [`Parts`]: any blob store with the manners of an object store.

mod abandon;
pub mod blob_suite;
mod check;
mod counting;
mod faults;
mod ground;
mod intercept;
pub mod joint_suite;
mod parts;
pub mod repository_suite;

pub use check::{Check, Failure};
pub use counting::{CallLog, Counting};
pub use faults::{FaultPlan, Faults, When};
pub use ground::{BlobGround, Joint, JointGround, RepositoryGround};
pub use intercept::{Intercept, Intercepted};
pub use parts::{Parts, Tail};
