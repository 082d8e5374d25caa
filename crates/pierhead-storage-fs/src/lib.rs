#![doc = include_str!("../README.md")]
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
