//! What `pierhead-model` costs, beside what others ask for the same work.
//!
//! Every function measured here is the one production calls. Names stay as they are, so that
//! figures can be compared over time.

#![allow(
    clippy::expect_used,
    reason = "measuring what went wrong would be worse than stopping"
)]

mod digest;
mod hash;
mod manifest;
mod words;

use criterion::{criterion_group, criterion_main};

criterion_group!(
    benches,
    digest::parse,
    digest::display,
    manifest::parse,
    manifest::other,
    manifest::stored,
    manifest::references,
    hash::hash,
    words::names,
    words::scopes,
);
criterion_main!(benches);
