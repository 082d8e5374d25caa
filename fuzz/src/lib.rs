//! What every parser, and the service made of them, must keep, whatever it is given.
//!
//! One module for each target. Its `check` takes any bytes, hands them to the very functions that
//! production calls, and panics when one of their laws is broken. The fuzz targets in
//! `fuzz_targets/` are three lines around it, and the test in `tests/` replays the seeds in
//! `corpus/` through it, so a finding becomes a regression test by being copied there.
//!
//! The laws are mostly comparisons: with a slow recogniser written from the specification
//! ([`grammar`]), with a reading of the whole JSON tree ([`manifest`]), with `oci-spec`, and with
//! the text that was read. [`http_request`] asks a whole registry in memory instead, and holds its
//! answers against the protocol and against each other.

pub mod accept;
pub mod digest;
pub mod grammar;
pub mod http_path;
pub mod http_request;
pub mod json;
pub mod manifest;
pub mod range;
pub mod reference;
pub mod repository_name;
pub mod scope;
mod text;
pub mod token;

/// The law of one target.
pub type Check = fn(&[u8]);

/// Every target, by its name, which is also that of its binary and of its corpus.
pub const TARGETS: &[(&str, Check)] = &[
    ("accept", accept::check),
    ("digest", digest::check),
    ("http_path", http_path::check),
    ("http_request", http_request::check),
    ("manifest", manifest::check),
    ("range", range::check),
    ("reference", reference::check),
    ("repository_name", repository_name::check),
    ("scope", scope::check),
    ("token", token::check),
];
