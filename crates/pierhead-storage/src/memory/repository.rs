//! Rows in memory.

use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use parking_lot::Mutex;
use pierhead_model::{ContentDigest, Reference, RepositoryName, Tag};

use super::state::State;
use crate::{
    BlobCommit, BlobMount, BlobRecord, CallerId, CollectRule, Condemned, Deed, Deletion,
    Generation, HistoryEntry, Holder, Inventory, ManifestPut, NewUpload, Permit, Place, Progress,
    PutOutcome, Referrer, ReferrerQuery, Repository, RepositoryId, RepositoryStore, Retirement,
    ScopeId, StoreError, StoredManifest, TagRecord, Touch, Upload, UploadId, UploadOwner, Version,
    View,
};

/// A [`RepositoryStore`] in memory. A clone is another handle to the same rows.
///
/// Every call is one function over one value under one lock: it either checks everything before it
/// changes anything, or changes nothing.
#[derive(Clone)]
pub struct MemoryRepositoryStore {
    state: Arc<Mutex<State>>,
}

impl MemoryRepositoryStore {
    /// An empty store with an epoch of its own.
    pub fn new() -> Self {
        Self {
            state: Arc::new(Mutex::new(State::new(epoch()))),
        }
    }

    /// Takes a repository away with everything it holds, its sessions and what was staged under its
    /// name; says whether there was one. Its name is free, its id never returns, its rights have
    /// moved. For embedders; the registry itself never removes a repository.
    pub fn purge(&self, repository: RepositoryId) -> bool {
        self.state.lock().purge(repository)
    }

    /// Begins another epoch, as a database does that was restored from a snapshot: every fence
    /// made before is stale.
    pub fn begin_epoch(&self) {
        self.state.lock().epoch = epoch();
    }
}

impl Default for MemoryRepositoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryRepositoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("MemoryRepositoryStore")
            .field("repositories", &state.repositories.len())
            .field("blobs", &state.blobs.len())
            .field("uploads", &state.uploads.len())
            .field("condemned", &state.condemned.len())
            .finish_non_exhaustive()
    }
}

/// A random number; zero is left to rights that were never read.
#[allow(
    clippy::expect_used,
    reason = "without randomness two epochs could be alike"
)]
fn epoch() -> u64 {
    getrandom::u64()
        .expect("the operating system gives randomness")
        .max(1)
}

#[async_trait]
impl RepositoryStore for MemoryRepositoryStore {
    async fn current(&self, scopes: &[ScopeId]) -> Result<Vec<Version>, StoreError> {
        let state = self.state.lock();
        Ok(scopes.iter().map(|scope| state.version(*scope)).collect())
    }

    async fn bump(&self, scopes: &[ScopeId]) -> Result<(), StoreError> {
        self.state.lock().bump(scopes);
        Ok(())
    }

    async fn find_repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<Repository>, StoreError> {
        Ok(self.state.lock().find_repository(name))
    }

    async fn repositories(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Repository>, StoreError> {
        Ok(self.state.lock().repositories(after, limit))
    }

    async fn open_upload(&self, new: NewUpload, permit: &Permit) -> Result<Upload, StoreError> {
        self.state.lock().open_upload(new, permit)
    }

    async fn find_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError> {
        self.state.lock().find_upload(id, of)
    }

    async fn take_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError> {
        self.state.lock().take_upload(id, of)
    }

    async fn save_upload(
        &self,
        by: Generation,
        progress: Progress,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        self.state.lock().save_upload(by, progress, at)
    }

    async fn cancel_upload(&self, id: UploadId, of: &UploadOwner) -> Result<(), StoreError> {
        self.state.lock().cancel_upload(id, of)
    }

    async fn commit_blob(
        &self,
        commit: BlobCommit,
        permit: &Permit,
    ) -> Result<BlobRecord, StoreError> {
        self.state.lock().commit_blob(commit, permit)
    }

    async fn find_blob(
        &self,
        view: &View,
        digest: &ContentDigest,
        touch: Touch,
    ) -> Result<Option<BlobRecord>, StoreError> {
        self.state.lock().find_blob(view, digest, touch)
    }

    async fn blob_holders(
        &self,
        digest: &ContentDigest,
        caller: &CallerId,
        limit: usize,
    ) -> Result<Vec<Holder>, StoreError> {
        Ok(self.state.lock().blob_holders(digest, caller, limit))
    }

    async fn mount_blob(
        &self,
        mount: BlobMount,
        source: &Permit,
        target: &Permit,
    ) -> Result<Option<BlobRecord>, StoreError> {
        self.state.lock().mount_blob(&mount, source, target)
    }

    async fn delete_blob(
        &self,
        digest: &ContentDigest,
        _: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        self.state.lock().delete_blob(digest, permit)
    }

    async fn put_manifest(
        &self,
        put: ManifestPut,
        permit: &Permit,
    ) -> Result<PutOutcome, StoreError> {
        self.state.lock().put_manifest(put, permit)
    }

    async fn find_manifest(
        &self,
        view: &View,
        reference: &Reference,
    ) -> Result<Option<StoredManifest>, StoreError> {
        self.state.lock().find_manifest(view, reference)
    }

    async fn delete_manifest(
        &self,
        digest: &ContentDigest,
        _: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        self.state.lock().delete_manifest(digest, permit)
    }

    async fn tags(
        &self,
        view: &View,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TagRecord>, StoreError> {
        self.state.lock().tags(view, after, limit)
    }

    async fn delete_tag(
        &self,
        tag: &Tag,
        _: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        self.state.lock().delete_tag(tag, permit)
    }

    async fn referrers(
        &self,
        view: &View,
        query: &ReferrerQuery,
    ) -> Result<Vec<Referrer>, StoreError> {
        self.state.lock().referrers(view, query)
    }

    async fn history(
        &self,
        view: &View,
        tag: Option<&Tag>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        self.state.lock().history(view, tag, before, limit)
    }

    async fn inventory(&self, view: &View) -> Result<Inventory, StoreError> {
        self.state.lock().inventory(view)
    }

    async fn retire(
        &self,
        digests: &[ContentDigest],
        seen: u64,
        permit: &Permit,
    ) -> Result<Retirement, StoreError> {
        self.state.lock().retire(digests, seen, permit)
    }

    async fn condemn(&self, rule: &CollectRule, limit: usize) -> Result<u64, StoreError> {
        Ok(self.state.lock().condemn(rule, limit))
    }

    async fn removable(
        &self,
        condemned_before: SystemTime,
        limit: usize,
    ) -> Result<Vec<Condemned>, StoreError> {
        Ok(self.state.lock().removable(condemned_before, limit))
    }

    async fn forget(&self, gone: &[Place]) -> Result<(), StoreError> {
        self.state.lock().forget(gone);
        Ok(())
    }
}
