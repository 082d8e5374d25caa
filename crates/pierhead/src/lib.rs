#![cfg_attr(feature = "tokio", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "tokio"),
    doc = "A private Docker and OCI registry, as crates."
)]
//!
//! # The map
//! - [`Pierhead`] and [`Builder`] are all that this crate adds; [`prelude`] has the names that
//!   embedders write most.
//! - [`model`]: the words of the protocol. [`storage`]: the traits of stores, and those in memory.
//! - [`registry`]: the registry without HTTP. [`http`]: the protocol (`pierhead-http`, not the crate
//!   `http`).
//! - `fs`, `sqlite`, `projects`, `policy`, `auth`, `rest`, `testing`: what the features of these names
//!   add.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
pub mod prelude;
#[cfg(feature = "testing")]
pub mod testing;

pub use builder::{Builder, Pierhead};
#[cfg(feature = "projects")]
pub use pierhead_auth as auth;
pub use pierhead_http as http;
pub use pierhead_model as model;
#[cfg(feature = "projects")]
pub use pierhead_policy as policy;
#[cfg(feature = "projects")]
pub use pierhead_projects as projects;
pub use pierhead_registry as registry;
#[cfg(feature = "rest")]
pub use pierhead_rest as rest;
pub use pierhead_storage as storage;
#[cfg(feature = "fs")]
pub use pierhead_storage_fs as fs;
#[cfg(feature = "sqlite")]
pub use pierhead_storage_sqlite as sqlite;
