//! The management API over the embedded store, in-process.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod administer;
mod audit;
mod child;
mod docker;
mod entity;
mod explain;
mod external;
mod gone;
mod ground;
mod input;
mod matrix;
mod openapi;
mod outbox;
mod people;
mod principals;
mod refresh;
mod refuse;
mod register;
#[cfg(feature = "axum")]
mod router;
mod shape;
mod share;
mod token;
mod trash;
mod world;
