#![cfg_attr(all(feature = "password", feature = "token"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "password", feature = "token")),
    doc = "Proof of identity for a registry."
)]
//!
//! # The four kinds of credential
//! | credential | type | text | what a server keeps |
//! |---|---|---|---|
//! | password | [`Secret`] | anything, 8 to 1,024 bytes | [`password::PasswordHash`], argon2id |
//! | personal access token | [`token::PersonalToken`] | `php_…` | [`token::TokenHash`], SHA-256 |
//! | sign-in session | [`token::SessionToken`] | `phs_…` | [`token::TokenHash`], SHA-256 |
//! | registry token | [`token::RegistryClaims`] | a JWT, ES256 | nothing; the key is in a [`token::KeyRing`] |
//!
//! None is accepted in another's place: each has its own type and its own text form.
//!
//! # The map
//! - [`Secret`]: a text that no `Debug` or log line shows.
//! - [`authorization`]: the `Authorization` header, `Basic` and `Bearer`, bounded.
//! - [`lockout`]: counting failures by account and peer, in memory.
//! - [`password`] (feature `password`): rules, hashing, verifying.
//! - [`token`] (feature `token`): opaque tokens, registry tokens, their keys and the cache of what was
//!   verified.

// What is not built cannot be linked to.
#![cfg_attr(
    not(all(feature = "password", feature = "token")),
    allow(rustdoc::broken_intra_doc_links)
)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod authorization;
pub mod lockout;
#[cfg(feature = "password")]
pub mod password;
mod secret;
#[cfg(feature = "token")]
pub mod token;

#[cfg(any(feature = "password", feature = "token"))]
mod random;

#[cfg(any(feature = "password", feature = "token"))]
pub use random::RandomError;
pub use secret::Secret;
