//! The registry's rules, over the stores in memory.

#![allow(
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod answers;
mod bench;
mod dropped;
mod faults;
mod grace;
mod lag;
mod listing;
mod manifests;
mod mounts;
mod retention;
mod revoked;
mod takeover;
mod uploads;
