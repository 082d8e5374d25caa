//! Proof of identity for a registry: passwords, opaque tokens and signed registry tokens.
//!
//! This crate answers one question, *is this proof genuine*, and hands back what the proof says. It
//! **never decides what a caller may do**: the scopes, rights versions and access entries it carries
//! are opaque to it. It does no I/O, reads no clock (every call that depends on time takes `now` in
//! unix seconds), holds no store of accounts, and has no async code. Where keys and hashes are kept is
//! the embedder's business.
//!
//! # The four kinds of credential
//!
//! | credential | type | text | what a server keeps |
//! |---|---|---|---|
//! | password | [`Secret`] | anything, 8 to 1,024 bytes | [`password::PasswordHash`], argon2id |
//! | personal access token | [`token::PersonalToken`] | `php_…` | [`token::TokenHash`], SHA-256 |
//! | sign-in session | [`token::SessionToken`] | `phs_…` | [`token::TokenHash`], SHA-256 |
//! | registry token | [`token::RegistryClaims`] | a JWT, ES256 | nothing; the key is in a [`token::KeyRing`] |
//!
//! None is accepted in another's place: each has its own type and its own text form.
//!
//! # Quick start
//!
#![cfg_attr(all(feature = "password", feature = "token"), doc = "```")]
#![cfg_attr(not(all(feature = "password", feature = "token")), doc = "```text")]
//! use pierhead_auth::Secret;
//! use pierhead_auth::password::Hasher;
//! use pierhead_auth::token::{
//!     AccessEntry, Expected, Holder, KeyRing, PersonalToken, RegistryClaims, SigningKey, VerifiedCache,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A password is hashed once and verified at each sign-in.
//! let mut hasher = Hasher::new();
//! let stored = hasher.hash(&Secret::from("correct horse"))?;
//! assert!(hasher.verify(&stored, &Secret::from("correct horse"))?);
//! assert!(!hasher.verify(&stored, &Secret::from("battery staple"))?);
//!
//! // A personal access token is shown once; the server keeps its hash.
//! let (token, kept) = PersonalToken::generate()?;
//! let presented: PersonalToken = token.expose().parse()?;
//! assert_eq!(presented.hash(), kept);
//!
//! // A registry token is signed, and verified without a lookup.
//! let now = 1_800_000_000;
//! let alice = Holder::Account { account: 7, account_version: 1, credential: Some(9), credential_version: 1 };
//! let ring = KeyRing::new(SigningKey::generate()?);
//! let claims = RegistryClaims::new("https://registry.example", "registry.example", now, 900)?
//!     .held_by("alice", alice)
//!     .with_access(vec![AccessEntry::repository("syn101/app", ["pull"])]);
//! let text = ring.issue(&claims)?;
//!
//! let cache = VerifiedCache::new(10_000);
//! let expected = Expected::new("https://registry.example", "registry.example");
//! let verified = cache.verify(&ring, &text, &expected, now + 10)?;
//! assert_eq!(verified.access[0].name, "syn101/app");
//! assert!(cache.verify(&ring, &text, &expected, now + 2_000).is_err());
//! # Ok(())
//! # }
//! ```
//!
//! # Map
//!
//! - [`Secret`]: a text that no `Debug` or log line shows.
//! - [`authorization`]: the `Authorization` header, `Basic` and `Bearer`, bounded.
//! - [`lockout`]: counting failures by account and peer, in memory.
//! - [`password`] (feature `password`): rules, hashing, verifying.
//! - [`token`] (feature `token`): opaque tokens, registry tokens, their keys and the cache of what was
//!   verified.

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
