//! Who hears of what was committed.

use std::fmt;

use pierhead_model::{ContentDigest, RepositoryName, Tag};
use pierhead_storage::{CallerId, RepositoryId};

/// Hears of what was committed and cannot fail it. Called on the request path: hand over to a
/// channel and return.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Something was committed.
    fn committed(&self, event: &Event);
}

/// What was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A manifest was put.
    ManifestPut {
        /// Where.
        repository: RepositoryId,
        /// Its name.
        name: RepositoryName,
        /// What.
        digest: ContentDigest,
        /// The tags that name it now.
        tags: Vec<Tag>,
        /// Whether the repository came into being with it.
        created: bool,
        /// By whom.
        by: CallerId,
    },
    /// A manifest was deleted.
    ManifestDeleted {
        /// Where.
        repository: RepositoryId,
        /// Its name.
        name: RepositoryName,
        /// What.
        digest: ContentDigest,
        /// By whom.
        by: CallerId,
    },
    /// A tag was deleted.
    TagDeleted {
        /// Where.
        repository: RepositoryId,
        /// Its name.
        name: RepositoryName,
        /// Which.
        tag: Tag,
        /// By whom.
        by: CallerId,
    },
    /// A blob became visible.
    BlobAdded {
        /// Where.
        name: RepositoryName,
        /// What.
        digest: ContentDigest,
        /// Its length in bytes.
        size: u64,
        /// By whom.
        by: CallerId,
    },
    /// A blob was taken out of a repository.
    BlobDeleted {
        /// Where.
        name: RepositoryName,
        /// What.
        digest: ContentDigest,
        /// By whom.
        by: CallerId,
    },
}
