//! One forwarding implementation of both traits, through which every call can be watched or failed.

use std::fmt::Debug;
use std::future::Future;
use std::ops::Range;
use std::sync::Arc;
use std::time::SystemTime;

use async_trait::async_trait;
use bytes::Bytes;
use pierhead_model::{ContentDigest, Reference, RepositoryName, Tag};
use pierhead_storage::{
    BlobCommit, BlobLimits, BlobMount, BlobRead, BlobRecord, BlobStore, BlobWriter, CallerId,
    Checkpoint, CollectRule, Condemned, Deed, Deletion, Generation, HistoryEntry, Holder,
    Inventory, Listed, ManifestPut, NewUpload, Permit, Place, Progress, PutOutcome, ReadOptions,
    Referrer, ReferrerQuery, Repository, RepositoryStore, Retirement, ScopeId, StoreError,
    StoredManifest, TagRecord, Touch, Upload, UploadId, UploadOwner, Version, View,
};

/// Is asked around every call of an [`Intercepted`] store. `call` is the method's name.
///
/// [`BlobStore::limits`] and [`BlobStore::allocate`] do no I/O and are not asked about.
pub trait Intercept: Clone + Debug + Send + Sync + 'static {
    /// Before the call. An error is answered in its place, and nothing happens.
    fn before(&self, call: &'static str) -> Result<(), StoreError>;

    /// After the call succeeded. An error is answered although it happened.
    fn after(&self, call: &'static str) -> Result<(), StoreError>;

    /// What is handed on in place of a permit: the same, unless a test wants another.
    fn permit(&self, permit: &Permit) -> Permit {
        permit.clone()
    }

    /// What is handed on in place of a manifest that is put: the same, unless a test wants another.
    fn put(&self, put: ManifestPut) -> ManifestPut {
        put
    }

    /// What is answered in place of what was found: the same, unless a test wants another.
    fn found(
        &self,
        view: &View,
        reference: &Reference,
        manifest: Option<StoredManifest>,
    ) -> Option<StoredManifest> {
        let _ = (view, reference);
        manifest
    }
}

/// A store that forwards every call and asks an [`Intercept`] around it: a [`BlobStore`] for
/// `S = dyn BlobStore`, a [`RepositoryStore`] for `S = dyn RepositoryStore`.
#[derive(Debug)]
pub struct Intercepted<S: ?Sized, I> {
    inner: Arc<S>,
    intercept: I,
}

impl<S: ?Sized, I> Intercepted<S, I> {
    /// Forwards to `inner`. The intercept is shared with its clones.
    pub fn new(inner: Arc<S>, intercept: I) -> Self {
        Self { inner, intercept }
    }
}

async fn around<T>(
    intercept: &impl Intercept,
    call: &'static str,
    run: impl Future<Output = Result<T, StoreError>> + Send,
) -> Result<T, StoreError> {
    intercept.before(call)?;
    let answer = run.await?;
    intercept.after(call)?;
    Ok(answer)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<I: Intercept> BlobStore for Intercepted<dyn BlobStore, I> {
    fn limits(&self) -> BlobLimits {
        self.inner.limits()
    }

    fn allocate(&self) -> Place {
        self.inner.allocate()
    }

    async fn writer(
        &self,
        at: &Place,
        from: Option<Checkpoint>,
    ) -> Result<Box<dyn BlobWriter>, StoreError> {
        let inner = around(&self.intercept, "writer", self.inner.writer(at, from)).await?;
        Ok(Box::new(InterceptedWriter {
            inner,
            intercept: self.intercept.clone(),
        }))
    }

    async fn read(
        &self,
        at: &Place,
        range: Range<u64>,
        how: &ReadOptions,
    ) -> Result<BlobRead, StoreError> {
        around(&self.intercept, "read", self.inner.read(at, range, how)).await
    }

    async fn remove(&self, at: &Place, from: Option<&Checkpoint>) -> Result<(), StoreError> {
        around(&self.intercept, "remove", self.inner.remove(at, from)).await
    }

    async fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        around(&self.intercept, "list", self.inner.list(after, limit)).await
    }
}

struct InterceptedWriter<I> {
    inner: Box<dyn BlobWriter>,
    intercept: I,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<I: Intercept> BlobWriter for InterceptedWriter<I> {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        around(&self.intercept, "write", self.inner.write(chunk)).await
    }

    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        around(&self.intercept, "checkpoint", self.inner.checkpoint()).await
    }

    async fn seal(&mut self) -> Result<u64, StoreError> {
        around(&self.intercept, "seal", self.inner.seal()).await
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<I: Intercept> RepositoryStore for Intercepted<dyn RepositoryStore, I> {
    async fn current(&self, scopes: &[ScopeId]) -> Result<Vec<Version>, StoreError> {
        around(&self.intercept, "current", self.inner.current(scopes)).await
    }

    async fn bump(&self, scopes: &[ScopeId]) -> Result<(), StoreError> {
        around(&self.intercept, "bump", self.inner.bump(scopes)).await
    }

    async fn find_repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<Repository>, StoreError> {
        around(
            &self.intercept,
            "find_repository",
            self.inner.find_repository(name),
        )
        .await
    }

    async fn repositories(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Repository>, StoreError> {
        around(
            &self.intercept,
            "repositories",
            self.inner.repositories(after, limit),
        )
        .await
    }

    async fn open_upload(&self, new: NewUpload, permit: &Permit) -> Result<Upload, StoreError> {
        around(
            &self.intercept,
            "open_upload",
            self.inner.open_upload(new, &self.intercept.permit(permit)),
        )
        .await
    }

    async fn find_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError> {
        around(
            &self.intercept,
            "find_upload",
            self.inner.find_upload(id, of),
        )
        .await
    }

    async fn take_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError> {
        around(
            &self.intercept,
            "take_upload",
            self.inner.take_upload(id, of),
        )
        .await
    }

    async fn save_upload(
        &self,
        by: Generation,
        progress: Progress,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        around(
            &self.intercept,
            "save_upload",
            self.inner.save_upload(by, progress, at),
        )
        .await
    }

    async fn cancel_upload(&self, id: UploadId, of: &UploadOwner) -> Result<(), StoreError> {
        around(
            &self.intercept,
            "cancel_upload",
            self.inner.cancel_upload(id, of),
        )
        .await
    }

    async fn commit_blob(
        &self,
        commit: BlobCommit,
        permit: &Permit,
    ) -> Result<BlobRecord, StoreError> {
        around(
            &self.intercept,
            "commit_blob",
            self.inner
                .commit_blob(commit, &self.intercept.permit(permit)),
        )
        .await
    }

    async fn find_blob(
        &self,
        view: &View,
        digest: &ContentDigest,
        touch: Touch,
    ) -> Result<Option<BlobRecord>, StoreError> {
        around(
            &self.intercept,
            "find_blob",
            self.inner.find_blob(view, digest, touch),
        )
        .await
    }

    async fn blob_holders(
        &self,
        digest: &ContentDigest,
        caller: &CallerId,
        limit: usize,
    ) -> Result<Vec<Holder>, StoreError> {
        around(
            &self.intercept,
            "blob_holders",
            self.inner.blob_holders(digest, caller, limit),
        )
        .await
    }

    async fn mount_blob(
        &self,
        mount: BlobMount,
        source: &Permit,
        target: &Permit,
    ) -> Result<Option<BlobRecord>, StoreError> {
        around(
            &self.intercept,
            "mount_blob",
            self.inner.mount_blob(
                mount,
                &self.intercept.permit(source),
                &self.intercept.permit(target),
            ),
        )
        .await
    }

    async fn delete_blob(
        &self,
        digest: &ContentDigest,
        deed: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        around(
            &self.intercept,
            "delete_blob",
            self.inner
                .delete_blob(digest, deed, &self.intercept.permit(permit)),
        )
        .await
    }

    async fn put_manifest(
        &self,
        put: ManifestPut,
        permit: &Permit,
    ) -> Result<PutOutcome, StoreError> {
        around(
            &self.intercept,
            "put_manifest",
            self.inner
                .put_manifest(self.intercept.put(put), &self.intercept.permit(permit)),
        )
        .await
    }

    async fn find_manifest(
        &self,
        view: &View,
        reference: &Reference,
    ) -> Result<Option<StoredManifest>, StoreError> {
        let found = around(
            &self.intercept,
            "find_manifest",
            self.inner.find_manifest(view, reference),
        )
        .await?;
        Ok(self.intercept.found(view, reference, found))
    }

    async fn delete_manifest(
        &self,
        digest: &ContentDigest,
        deed: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        around(
            &self.intercept,
            "delete_manifest",
            self.inner
                .delete_manifest(digest, deed, &self.intercept.permit(permit)),
        )
        .await
    }

    async fn tags(
        &self,
        view: &View,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TagRecord>, StoreError> {
        around(&self.intercept, "tags", self.inner.tags(view, after, limit)).await
    }

    async fn delete_tag(
        &self,
        tag: &Tag,
        deed: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        around(
            &self.intercept,
            "delete_tag",
            self.inner
                .delete_tag(tag, deed, &self.intercept.permit(permit)),
        )
        .await
    }

    async fn referrers(
        &self,
        view: &View,
        query: &ReferrerQuery,
    ) -> Result<Vec<Referrer>, StoreError> {
        around(
            &self.intercept,
            "referrers",
            self.inner.referrers(view, query),
        )
        .await
    }

    async fn history(
        &self,
        view: &View,
        tag: Option<&Tag>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        around(
            &self.intercept,
            "history",
            self.inner.history(view, tag, before, limit),
        )
        .await
    }

    async fn inventory(&self, view: &View) -> Result<Inventory, StoreError> {
        around(&self.intercept, "inventory", self.inner.inventory(view)).await
    }

    async fn retire(
        &self,
        digests: &[ContentDigest],
        seen: u64,
        permit: &Permit,
    ) -> Result<Retirement, StoreError> {
        around(
            &self.intercept,
            "retire",
            self.inner
                .retire(digests, seen, &self.intercept.permit(permit)),
        )
        .await
    }

    async fn condemn(&self, rule: &CollectRule, limit: usize) -> Result<u64, StoreError> {
        around(&self.intercept, "condemn", self.inner.condemn(rule, limit)).await
    }

    async fn removable(
        &self,
        condemned_before: SystemTime,
        limit: usize,
    ) -> Result<Vec<Condemned>, StoreError> {
        around(
            &self.intercept,
            "removable",
            self.inner.removable(condemned_before, limit),
        )
        .await
    }

    async fn forget(&self, gone: &[Place]) -> Result<(), StoreError> {
        around(&self.intercept, "forget", self.inner.forget(gone)).await
    }
}
