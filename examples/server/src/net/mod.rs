//! From a socket to an answer: who may connect, in what they speak, and what is written down of it.
//!
//! - `listen`, `files`: the address, and how many connections fit.
//! - `connection`, `stream`: connections and their bytes, each within bounds.
//! - `tls`, `certificate`, `wire`: bytes that nobody else reads.
//! - `speak`: HTTP in the version that the client has chosen.
//! - `access`: requests; `forwarded`: whom they come from; `request_id`: what they are called; `owed`:
//!   what is not taken of their answers.

pub(crate) mod access;
mod certificate;
pub(crate) mod connection;
pub(crate) mod files;
pub(crate) mod forwarded;
pub(crate) mod listen;
mod owed;
pub(crate) mod request_id;
mod speak;
pub(crate) mod stream;
pub(crate) mod tls;
mod wire;
