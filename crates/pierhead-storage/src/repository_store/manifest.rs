//! Manifests, tags, referrers and history as rows.

use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use pierhead_model::{ContentDigest, MediaType, ReferenceRole, Tag};

use crate::{Admission, CallerId, RepositoryId};

/// A manifest to store, with everything that must change in the same transaction.
#[derive(Clone, Debug)]
pub struct ManifestPut {
    /// The digest of `bytes`.
    pub digest: ContentDigest,
    /// Exactly as received.
    pub bytes: Bytes,
    /// What it is served as.
    pub media_type: MediaType,
    /// The effective artifact type (distribution specification, listing referrers).
    pub artifact_type: Option<String>,
    /// The manifest this one refers to, which may be missing.
    pub subject: Option<ContentDigest>,
    /// The top-level annotations as a JSON object, kept for referrer lists.
    pub annotations: Option<String>,
    /// Everything else it names.
    pub references: Vec<StoredReference>,
    /// The tags that shall name it.
    pub tags: Vec<Tag>,
    /// Who pushes.
    pub by: CallerId,
    /// Now.
    pub at: SystemTime,
    /// The embedder's last word, if it wants one.
    pub admission: Option<Arc<dyn Admission>>,
}

/// Something a manifest names. The subject is not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredReference {
    /// What is named.
    pub digest: ContentDigest,
    /// As what: a `Child` is a manifest, everything else a blob.
    pub role: ReferenceRole,
    /// Whether the manifest is refused when it is not here.
    pub required: bool,
}

/// What came of a put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutOutcome {
    /// Stored, durable, visible.
    Stored {
        /// Where.
        repository: RepositoryId,
        /// Whether the repository came into being with it.
        created: bool,
    },
    /// Nothing was changed: these required references are not here.
    Missing(Vec<ContentDigest>),
}

/// A manifest as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredManifest {
    /// Its digest.
    pub digest: ContentDigest,
    /// What it is served as.
    pub media_type: MediaType,
    /// Exactly as received.
    pub bytes: Bytes,
}

/// A tag as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRecord {
    /// Its name.
    pub name: Tag,
    /// What it names.
    pub digest: ContentDigest,
}

/// Which referrers to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferrerQuery {
    /// The manifest referred to.
    pub subject: ContentDigest,
    /// Only those of this artifact type.
    pub artifact_type: Option<String>,
    /// Only those whose digest follows this one.
    pub after: Option<ContentDigest>,
    /// At most so many.
    pub limit: usize,
    /// Stop once the annotations of a page pass so many bytes (at least one row is given).
    pub max_bytes: usize,
}

/// A manifest that refers to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referrer {
    /// Its digest.
    pub digest: ContentDigest,
    /// Its media type.
    pub media_type: MediaType,
    /// Its length in bytes.
    pub size: u64,
    /// Its effective artifact type.
    pub artifact_type: Option<String>,
    /// Its annotations as a JSON object.
    pub annotations: Option<String>,
}

/// One push of a tag, kept whatever becomes of the tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryEntry {
    /// Grows with every push.
    pub id: u64,
    /// The tag.
    pub tag: Tag,
    /// What it was made to name.
    pub digest: ContentDigest,
    /// When.
    pub at: SystemTime,
    /// By whom.
    pub by: CallerId,
}
