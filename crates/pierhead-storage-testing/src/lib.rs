#![doc = include_str!("../README.md")]
//!
//! # The map
//! - [`BlobGround`], [`RepositoryGround`], [`JointGround`]: what an author implements.
//! - [`blob_suite`], [`repository_suite`], [`joint_suite`]: `run` stops at the first check that
//!   fails, `run_all` gathers every [`Failure`], `CHECKS` is the table itself.
//! - [`Faults`], [`Counting`]: any store of either kind with calls that fail or are written down;
//!   [`Intercepted`] is what both are made of.
//! - [`Parts`]: any blob store with the manners of an object store.
//! - [`late`]: what a store's own threads call while it is tested, so that they are late.

mod abandon;
pub mod blob_suite;
mod check;
mod counting;
mod faults;
mod ground;
mod intercept;
pub mod joint_suite;
mod late;
mod parts;
pub mod repository_suite;

pub use check::{Check, Failure};
pub use counting::{CallLog, Counting};
pub use faults::{FaultPlan, Faults, When};
pub use ground::{BlobGround, Joint, JointGround, RepositoryGround};
pub use intercept::{Intercept, Intercepted};
pub use late::late;
pub use parts::{Parts, Tail};
