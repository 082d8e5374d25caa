//! Who hears of what was committed.

use std::fmt;
use std::sync::Arc;

use pierhead_model::{ContentDigest, RepositoryName, Tag};
use pierhead_storage::{CallerId, RepositoryId};

/// Hears of what was committed and cannot fail it. Called on the request path: hand over to a
/// channel and return. One that panics undoes nothing: whoever asked gets no answer, and those that
/// were to hear of it next do not.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Something was committed.
    fn committed(&self, event: &Event);
}

/// Who did something: an id to keep, a name to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The caller's id.
    pub id: CallerId,
    /// What people call them.
    pub name: Arc<str>,
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
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
        by: Actor,
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
        by: Actor,
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
        by: Actor,
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
        by: Actor,
    },
    /// A blob was taken out of a repository.
    BlobDeleted {
        /// Where.
        name: RepositoryName,
        /// What.
        digest: ContentDigest,
        /// By whom.
        by: Actor,
    },
}
