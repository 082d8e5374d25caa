#![doc = include_str!("../README.md")]
//!
//! # The map
//! - `store`: the directory, its lock, and the calls that are not writing or reading; `directory`:
//!   how it is made to outlast a loss of power.
//! - `writer`: one upload; `revoke`: how a newer writer shuts out an older one.
//! - `read`: bytes out, from the page cache without a thread hop; `buffer`: the memory they pass
//!   through.
//! - `files`: [`BlobFiles`], for backups and for looking after the files beside a running store.

mod buffer;
mod directory;
mod error;
mod files;
#[cfg(test)]
mod late_tests;
mod read;
mod revoke;
mod store;
mod writer;

pub use files::{BlobFiles, FileKind, FoundFile, Keep};
pub use store::{FsBlobStore, FsOptions};
