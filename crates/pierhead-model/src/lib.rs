//! Digests, manifests, repository names and the other words of the distribution protocol.
//!
//! Everything here is a value: text or bytes go in once, through one hand-written parser for each
//! type, and what comes out is valid for good. `FromStr`, `TryFrom<&str>` and `Deserialize` are the
//! same parser; there is no `validate()`, and no way to build an invalid value. A text that is
//! refused is answered with a [`ParseError`] that points at the byte, a manifest with a
//! [`ManifestError`] that names the rule.
//!
//! It is usable alone, by a client as well as by a registry.
//!
//! # What it is not
//! It does no I/O, knows no type of the crate `http`, no users and no permissions. It never writes
//! a manifest: the bytes that were pushed are the truth.
//!
//! # Quick start
//! ```
//! use pierhead_model::{ContentDigest, Manifest, ManifestLimits, ReferenceRole, RepositoryName};
//!
//! let name: RepositoryName = "syn101/aligner".parse()?;
//! assert_eq!(name.components().next(), Some("syn101"));
//!
//! let config = ContentDigest::sha256(b"{}");
//! let bytes = format!(
//!     r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
//!         "artifactType":"application/vnd.example.report",
//!         "config":{{"mediaType":"application/vnd.oci.empty.v1+json","digest":"{config}","size":2}},
//!         "layers":[]}}"#
//! );
//! let manifest = Manifest::from_pushed(bytes.as_bytes(), None, &ManifestLimits::default())?;
//! assert_eq!(manifest.artifact_type(), Some("application/vnd.example.report"));
//! for reference in manifest.references() {
//!     assert_eq!(reference.role, ReferenceRole::Config);
//!     assert_eq!(reference.digest.content(), Some(config));
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Map
//! - [`ContentDigest`], [`Digest`], [`Algorithm`]; [`Hasher`] and its checkpoint [`HashState`].
//! - [`RepositoryName`], [`Tag`], [`Reference`], [`MediaType`].
//! - [`Manifest`]: [`Manifest::from_pushed`] strict, [`Manifest::from_stored`] lenient, both in
//!   one pass; [`ManifestReference`] for everything referred to.
//! - [`Descriptor`], [`Platform`]: as they are written into answers.
//! - [`ByteRange`], [`ContentRange`], [`AcceptList`], [`etag_matches`], [`link_next`],
//!   [`parse_link_next`], [`parse_query`], [`percent_decode`], [`rfc3339`], [`TokenScope`], [`ErrorCode`]: the words of
//!   the wire, as text.
//!
//! # Features
//! `oci-spec` (default): conversions to and from the crate `oci-spec`, both ways.

mod accept;
mod descriptor;
mod digest;
mod error;
mod error_code;
mod hasher;
#[cfg(feature = "oci-spec")]
mod interop;
mod link;
mod manifest;
mod media_type;
mod name;
mod range;
mod reference;
mod scope;
mod time;

pub use accept::{AcceptList, MAX_ACCEPT_RANGES, etag_matches};
pub use descriptor::{Descriptor, Platform};
pub use digest::{Algorithm, ContentDigest, Digest, DigestMismatch, MAX_DIGEST_LEN};
pub use error::ParseError;
pub use error_code::ErrorCode;
pub use hasher::{HashState, HashStateError, Hasher};
#[cfg(feature = "oci-spec")]
pub use interop::InteropError;
pub use link::{
    MAX_QUERY_PAIRS, link_next, parse_link_next, parse_query, percent_decode, percent_encode,
};
pub use manifest::{
    Manifest, ManifestError, ManifestKind, ManifestLimits, ManifestReference, ManifestRule,
    ReferenceRole,
};
pub use media_type::{MAX_MEDIA_TYPE_LEN, MediaType};
pub use name::{MAX_REPOSITORY_NAME_LEN, MAX_TAG_LEN, RepositoryName, Tag};
pub use range::{ByteRange, ContentRange, RangeError, Unsatisfiable};
pub use reference::Reference;
pub use scope::{MAX_SCOPE_LEN, RepositoryActions, TokenScope};
pub use time::{parse_rfc3339, rfc3339, rfc3339_millis};

#[cfg(test)]
mod grammar_tests;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
