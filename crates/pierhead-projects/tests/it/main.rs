//! Projects over the embedded store: decisions, tokens, revocation, fences, provisioning.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod credentials;
mod decide;
mod deleted;
mod directory;
mod external;
mod fence;
mod gone;
mod ground;
mod lists;
mod look;
mod manage;
mod mistakes;
mod outbox;
mod own;
mod present;
mod provision;
mod refresh;
mod register;
mod revoke;
mod token;
mod trash;
