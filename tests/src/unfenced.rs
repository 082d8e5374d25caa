//! A store that forgets what a permission rested on.

use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use pierhead::model::{ContentDigest, Reference, RepositoryName, Tag};
use pierhead::storage::{
    BlobCommit, BlobMount, BlobRecord, CallerId, CollectRule, Condemned, Deletion, Fence,
    Generation, HistoryEntry, Holder, ManifestPut, NewUpload, Permit, Place, Progress, PutOutcome,
    Referrer, ReferrerQuery, Repository, RepositoryStore, ScopeId, StoreError, StoredManifest,
    TagRecord, Touch, Upload, UploadId, UploadOwner, Version, View,
};

/// Forwards every call, and takes the fence off every permit: what was allowed once is done,
/// whatever has become of the permission. A test that cannot tell this store from the one beneath
/// tests nothing of fences.
#[derive(Debug)]
pub struct Unfenced(Arc<dyn RepositoryStore>);

impl Unfenced {
    /// Forwards to `inner`.
    pub fn new(inner: Arc<dyn RepositoryStore>) -> Self {
        Self(inner)
    }
}

fn bare(permit: &Permit) -> Permit {
    Permit {
        view: permit.view.clone(),
        fence: Fence::default(),
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl RepositoryStore for Unfenced {
    async fn current(&self, scopes: &[ScopeId]) -> Result<Vec<Version>, StoreError> {
        self.0.current(scopes).await
    }

    async fn bump(&self, scopes: &[ScopeId]) -> Result<(), StoreError> {
        self.0.bump(scopes).await
    }

    async fn find_repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<Repository>, StoreError> {
        self.0.find_repository(name).await
    }

    async fn repositories(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Repository>, StoreError> {
        self.0.repositories(after, limit).await
    }

    async fn open_upload(&self, new: NewUpload, permit: &Permit) -> Result<Upload, StoreError> {
        self.0.open_upload(new, &bare(permit)).await
    }

    async fn find_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError> {
        self.0.find_upload(id, of).await
    }

    async fn take_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError> {
        self.0.take_upload(id, of).await
    }

    async fn save_upload(
        &self,
        by: Generation,
        progress: Progress,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        self.0.save_upload(by, progress, at).await
    }

    async fn cancel_upload(&self, id: UploadId, of: &UploadOwner) -> Result<(), StoreError> {
        self.0.cancel_upload(id, of).await
    }

    async fn commit_blob(
        &self,
        commit: BlobCommit,
        permit: &Permit,
    ) -> Result<BlobRecord, StoreError> {
        self.0.commit_blob(commit, &bare(permit)).await
    }

    async fn find_blob(
        &self,
        view: &View,
        digest: &ContentDigest,
        touch: Touch,
    ) -> Result<Option<BlobRecord>, StoreError> {
        self.0.find_blob(view, digest, touch).await
    }

    async fn blob_holders(
        &self,
        digest: &ContentDigest,
        caller: &CallerId,
        limit: usize,
    ) -> Result<Vec<Holder>, StoreError> {
        self.0.blob_holders(digest, caller, limit).await
    }

    async fn mount_blob(
        &self,
        mount: BlobMount,
        source: &Permit,
        target: &Permit,
    ) -> Result<Option<BlobRecord>, StoreError> {
        self.0.mount_blob(mount, &bare(source), &bare(target)).await
    }

    async fn delete_blob(
        &self,
        digest: &ContentDigest,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        self.0.delete_blob(digest, &bare(permit)).await
    }

    async fn put_manifest(
        &self,
        put: ManifestPut,
        permit: &Permit,
    ) -> Result<PutOutcome, StoreError> {
        self.0.put_manifest(put, &bare(permit)).await
    }

    async fn find_manifest(
        &self,
        view: &View,
        reference: &Reference,
    ) -> Result<Option<StoredManifest>, StoreError> {
        self.0.find_manifest(view, reference).await
    }

    async fn delete_manifest(
        &self,
        digest: &ContentDigest,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        self.0.delete_manifest(digest, &bare(permit)).await
    }

    async fn tags(
        &self,
        view: &View,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TagRecord>, StoreError> {
        self.0.tags(view, after, limit).await
    }

    async fn delete_tag(&self, tag: &Tag, permit: &Permit) -> Result<Deletion, StoreError> {
        self.0.delete_tag(tag, &bare(permit)).await
    }

    async fn referrers(
        &self,
        view: &View,
        query: &ReferrerQuery,
    ) -> Result<Vec<Referrer>, StoreError> {
        self.0.referrers(view, query).await
    }

    async fn history(
        &self,
        view: &View,
        tag: Option<&Tag>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        self.0.history(view, tag, before, limit).await
    }

    async fn condemn(&self, rule: &CollectRule, limit: usize) -> Result<u64, StoreError> {
        self.0.condemn(rule, limit).await
    }

    async fn removable(
        &self,
        condemned_before: SystemTime,
        limit: usize,
    ) -> Result<Vec<Condemned>, StoreError> {
        self.0.removable(condemned_before, limit).await
    }

    async fn forget(&self, gone: &[Place]) -> Result<(), StoreError> {
        self.0.forget(gone).await
    }
}
