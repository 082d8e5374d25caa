//! Where rows live: the metadata store's contract.

mod blob;
mod collect;
mod manifest;
mod retention;
mod upload;

use std::fmt;
use std::time::SystemTime;

use async_trait::async_trait;
use pierhead_model::{ContentDigest, Reference, RepositoryName, Tag};

pub use blob::{BlobMount, BlobRecord, Deed, Deletion, Holder, Touch};
pub use collect::{CollectRule, Condemned};
pub use manifest::{
    HistoryEntry, ManifestPut, PutOutcome, Referrer, ReferrerQuery, StoredManifest,
    StoredReference, TagRecord,
};
pub use retention::{Inventory, InventoryManifest, LastPush, Retirement};
pub use upload::{BlobCommit, Generation, NewUpload, Progress, Upload, UploadOwner};

use crate::{
    CallerId, ParentId, Permit, Place, RepositoryId, ScopeId, StoreError, UploadId, Version, View,
};

/// A repository as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// Its id.
    pub id: RepositoryId,
    /// Its name, which never changes.
    pub name: RepositoryName,
    /// What it was created under.
    pub parent: Option<ParentId>,
    /// Who pushed its first manifest.
    pub creator: CallerId,
    /// When.
    pub created_at: SystemTime,
}

/// Keeps rows: each call is one domain operation in one transaction.
///
/// # The contract
/// - A call that changes something under a [`Permit`] first compares the permit's fence and its
///   view inside its transaction. A rights counter that moved, a repository that is gone, a new
///   name that is taken: [`StoreError::Stale`], and nothing is changed.
/// - A call that returned is durable and visible to every later call; a call that failed changed
///   nothing. A call whose future is dropped happens wholly or not at all.
/// - Every change to what a repository holds moves its `content` counter and no `rights` counter.
/// - Reads through [`View::New`] see what the view's caller staged under that name, and nothing
///   else: no manifests, no tags, no referrers. A read whose view is stale answers `Stale` rather
///   than absence.
/// - What is condemned never becomes visible again.
///
/// `pierhead-storage-testing` holds this contract as a suite that every implementation runs.
#[async_trait]
pub trait RepositoryStore: fmt::Debug + Send + Sync + 'static {
    /// The present versions of these scopes, in order. Cheap: caches ask it on every request.
    async fn current(&self, scopes: &[ScopeId]) -> Result<Vec<Version>, StoreError>;

    /// Moves the rights of these scopes, for embedders whose permissions live elsewhere. Call it
    /// once the change is kept there and before it is answered: whatever was decided before it is
    /// decided anew when it commits.
    async fn bump(&self, scopes: &[ScopeId]) -> Result<(), StoreError>;

    /// The repository of this name.
    async fn find_repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<Repository>, StoreError>;

    /// Repositories in the order of their names, after `after`, at most `limit`.
    async fn repositories(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Repository>, StoreError>;

    /// Opens a session and records its place before the first byte is written there.
    async fn open_upload(&self, new: NewUpload, permit: &Permit) -> Result<Upload, StoreError>;

    /// The session, without touching it.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this id for this owner.
    async fn find_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError>;

    /// Takes the session over: its generation rises, and every earlier holder is superseded.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this id for this owner.
    async fn take_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError>;

    /// Remembers how far the session is safe, and that it was alive at `at`.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] when the session was taken over, finished or cancelled.
    async fn save_upload(
        &self,
        by: Generation,
        progress: Progress,
        at: SystemTime,
    ) -> Result<(), StoreError>;

    /// Ends the session; its place is condemned.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when there is none of this id for this owner.
    async fn cancel_upload(&self, id: UploadId, of: &UploadOwner) -> Result<(), StoreError>;

    /// Makes a sealed upload visible: linked in a repository, staged under a new name. The session
    /// ends. When the digest exists already, the upload's own place is condemned and the twin's
    /// record returned.
    ///
    /// # Errors
    /// [`StoreError::Superseded`] when the session was taken over, finished or cancelled.
    async fn commit_blob(
        &self,
        commit: BlobCommit,
        permit: &Permit,
    ) -> Result<BlobRecord, StoreError>;

    /// The blob, if this view sees it.
    async fn find_blob(
        &self,
        view: &View,
        digest: &ContentDigest,
        touch: Touch,
    ) -> Result<Option<BlobRecord>, StoreError>;

    /// Where this digest is visible from: repositories that link it, and new names under which this
    /// caller staged it. At most `limit`; in no order. Says nothing about who may see them.
    async fn blob_holders(
        &self,
        digest: &ContentDigest,
        caller: &CallerId,
        limit: usize,
    ) -> Result<Vec<Holder>, StoreError>;

    /// Makes a blob of one view visible in another: both permits are compared, and the source's
    /// link read, in the transaction that writes the target's. `None`: the source does not hold it.
    async fn mount_blob(
        &self,
        mount: BlobMount,
        source: &Permit,
        target: &Permit,
    ) -> Result<Option<BlobRecord>, StoreError>;

    /// Takes a blob out of a view. The bytes stay while others link them. A store that keeps a record
    /// of changes writes the deed there in the same transaction, if something was taken; so with
    /// manifests and tags.
    async fn delete_blob(
        &self,
        digest: &ContentDigest,
        deed: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError>;

    /// Stores a manifest with its references, tags and history. Under a new name the repository is
    /// created; what its pusher staged there becomes links, and every session begun under the name
    /// becomes the repository's. What another caller staged there becomes links with that caller's
    /// own first manifest, which counts it among what is here.
    async fn put_manifest(
        &self,
        put: ManifestPut,
        permit: &Permit,
    ) -> Result<PutOutcome, StoreError>;

    /// The manifest of this tag or digest.
    async fn find_manifest(
        &self,
        view: &View,
        reference: &Reference,
    ) -> Result<Option<StoredManifest>, StoreError>;

    /// Takes a manifest away, with the tags that name it. Held by an index that names it.
    async fn delete_manifest(
        &self,
        digest: &ContentDigest,
        deed: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError>;

    /// Tags in the order of their bytes, after `after`, at most `limit`.
    async fn tags(
        &self,
        view: &View,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TagRecord>, StoreError>;

    /// Takes a tag away; the manifest stays.
    async fn delete_tag(
        &self,
        tag: &Tag,
        deed: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError>;

    /// Manifests that name this subject, in the order of their digests.
    async fn referrers(
        &self,
        view: &View,
        query: &ReferrerQuery,
    ) -> Result<Vec<Referrer>, StoreError>;

    /// Pushes of one tag, or of all, newest first, before entry `before`, at most `limit`.
    async fn history(
        &self,
        view: &View,
        tag: Option<&Tag>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError>;

    /// Everything a view holds, as of one moment.
    async fn inventory(&self, view: &View) -> Result<Inventory, StoreError>;

    /// Takes manifests away, in this order, that no tag names and no index that is still here: all
    /// in one transaction, and only while the repository's `content` counter is `seen`, so that
    /// what was decided from an [`Inventory`] still holds.
    async fn retire(
        &self,
        digests: &[ContentDigest],
        seen: u64,
        permit: &Permit,
    ) -> Result<Retirement, StoreError>;

    /// Ends what has outlived its grace and condemns every place nothing reaches any more; at most
    /// about `limit` rows a call. Returns how many rows it took: call again until that is zero.
    async fn condemn(&self, rule: &CollectRule, limit: usize) -> Result<u64, StoreError>;

    /// Places condemned before this time, at most `limit`.
    async fn removable(
        &self,
        condemned_before: SystemTime,
        limit: usize,
    ) -> Result<Vec<Condemned>, StoreError>;

    /// Forgets places whose bytes [`BlobStore::remove`](crate::BlobStore::remove) has taken.
    async fn forget(&self, gone: &[Place]) -> Result<(), StoreError>;
}
