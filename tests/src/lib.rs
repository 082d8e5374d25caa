//! What the tests against the real server share: a server of one's own, the tools real clients
//! are made of, and a small HTTP client that speaks the token flow.
//!
//! Everything here panics when it cannot do its work: a missing tool is a failed test, never a
//! skipped one.

#![allow(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper of tests fails by panicking"
)]

mod api;
mod containerd;
mod docker;
mod golden;
mod image;
mod inside;
mod lab;
mod line;
mod manage;
mod people;
mod python;
mod random;
mod raw;
mod server;
mod shell;
mod stores;
mod tiny;
mod tools;
mod unfenced;
mod watch;

pub use api::{Answer, Api};
pub use containerd::Containerd;
pub use docker::{Client, Engine};
pub use golden::{Transcript, golden};
pub use image::{Layout, debian, digest, scratch_build};
pub use inside::{Before, Inside, InsideOptions};
pub use lab::{ANA_PASSWORD, LAB};
pub use line::{BREAKS, Break, Line};
pub use manage::{ALL, Account, DOWNLOAD, EDIT, EDIT_AND_DELETE, Manager, Shares, VIEW, scope};
pub use people::{OWNER, PEOPLE, PROJECT, Person, lab, lab_that_logs_requests, provision};
pub use python::Python;
pub use random::Random;
pub use raw::{Raw, RawAnswer};
pub use server::{ADMIN_PASSWORD, Server, ServerOptions, free_port};
pub use shell::{Said, Shell, Terminal};
pub use stores::{assert_unchanged, fingerprint};
pub use tiny::{IMAGE_MANIFEST, Tiny};
pub use tools::{HEARING, Output, binary, run, run_with, tool};
pub use unfenced::Unfenced;
pub use watch::Watch;

/// The page for whoever embeds a registry: its blocks are compiled, and run where they have a `main`.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
struct Embedding;
