//! What a repository holds, for whoever decides what of it may go.

use std::time::SystemTime;

use pierhead_model::{ContentDigest, Tag};

/// Everything a repository holds, as of one moment. A few hundred bytes for each manifest and each
/// push: not to be asked for by many at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The repository's `content` counter at that moment.
    pub content: u64,
    /// Every manifest, in the order of their digests.
    pub manifests: Vec<InventoryManifest>,
    /// The newest push of each digest under each tag, the newest first. What they name may be gone,
    /// the tag may be, too.
    pub pushes: Vec<LastPush>,
}

/// A manifest in an [`Inventory`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InventoryManifest {
    /// Its digest.
    pub digest: ContentDigest,
    /// Its length in bytes.
    pub size: u64,
    /// When it was last pushed.
    pub at: SystemTime,
    /// The manifest it refers to, which may be missing.
    pub subject: Option<ContentDigest>,
    /// The manifests it names as an index, in the order of their digests; they may be missing.
    pub children: Vec<ContentDigest>,
    /// Whether a tag names it now.
    pub tagged: bool,
}

/// The newest push of a digest under a tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastPush {
    /// The tag.
    pub tag: Tag,
    /// What it was made to name.
    pub digest: ContentDigest,
    /// When.
    pub at: SystemTime,
}

/// What came of retiring manifests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Retirement {
    /// The repository is not what it was when that was decided; nothing was changed.
    Moved,
    /// Done.
    Done {
        /// Those that are gone. What a tag names, what an index that is here names, and what was not
        /// here is left out.
        gone: Vec<ContentDigest>,
        /// The repository's `content` counter since.
        content: u64,
    },
}
