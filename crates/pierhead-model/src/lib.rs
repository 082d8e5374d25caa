#![doc = include_str!("../README.md")]
//!
//! # The map
//! - [`ContentDigest`], [`Digest`], [`Algorithm`]; [`Hasher`] and its checkpoint [`HashState`].
//! - [`RepositoryName`], [`Tag`], [`Reference`], [`MediaType`].
//! - [`Manifest`]: [`Manifest::from_pushed`] strict, [`Manifest::from_stored`] lenient, both in
//!   one pass; [`ManifestReference`] for everything referred to.
//! - [`Descriptor`], [`Platform`]: as they are written into answers.
//! - [`ByteRange`], [`ContentRange`], [`AcceptList`], [`etag_matches`], [`link_next`],
//!   [`parse_link_next`], [`parse_query`], [`percent_decode`], [`rfc3339`], [`TokenScope`], [`ErrorCode`]: the words of
//!   the wire, as text.

#![cfg_attr(docsrs, feature(doc_cfg))]

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
