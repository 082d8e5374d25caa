//! The protocol as clients see it: requests in, status, headers and bodies out, over a registry in
//! memory and scripted seams.

#![allow(
    clippy::expect_used,
    reason = "a helper that fails is a test that fails"
)]

mod blobs;
mod bodies;
mod challenges;
mod clients;
mod hostile;
mod lists;
mod manifests;
mod routes;
#[cfg(feature = "axum")]
mod served;
mod stores;
mod support;
mod tokens;
mod uploads;
