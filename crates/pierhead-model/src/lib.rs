//! Digests, manifests, repository names and the other words of the distribution protocol.

mod accept;
mod descriptor;
mod digest;
mod error;
mod error_code;
mod hasher;
mod link;
mod manifest;
mod media_type;
mod name;
mod range;
mod reference;
mod scope;

pub use accept::{AcceptList, MAX_ACCEPT_RANGES, etag_matches};
pub use descriptor::{Descriptor, Platform};
pub use digest::{Algorithm, ContentDigest, Digest, DigestMismatch, MAX_DIGEST_LEN};
pub use error::ParseError;
pub use error_code::ErrorCode;
pub use hasher::{HashState, HashStateError, Hasher};
pub use link::{MAX_QUERY_PAIRS, link_next, parse_query, percent_encode};
pub use manifest::{
    Manifest, ManifestError, ManifestKind, ManifestLimits, ManifestReference, ManifestRule,
    ReferenceRole,
};
pub use media_type::{MAX_MEDIA_TYPE_LEN, MediaType};
pub use name::{MAX_REPOSITORY_NAME_LEN, MAX_TAG_LEN, RepositoryName, Tag};
pub use range::{ByteRange, ContentRange, RangeError, Unsatisfiable};
pub use reference::Reference;
pub use scope::{MAX_SCOPE_LEN, RepositoryActions, TokenScope};
