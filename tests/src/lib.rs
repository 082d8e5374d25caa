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
mod server;
mod tools;

pub use api::{Answer, Api};
pub use server::{ADMIN_PASSWORD, Server, ServerOptions, free_port};
pub use tools::{Output, binary, run, tool};
