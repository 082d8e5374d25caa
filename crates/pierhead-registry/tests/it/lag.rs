//! Stores whose calls pause before and after they do anything, so that a test can drop a request at
//! each of them.

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

#[derive(Debug)]
pub(crate) struct Lag<S: ?Sized>(pub(crate) Arc<S>);

type Answer<T> = Result<T, StoreError>;

macro_rules! slowly {
    ($call:expr) => {{
        tokio::task::yield_now().await;
        let answer = $call.await;
        tokio::task::yield_now().await;
        answer
    }};
}

macro_rules! forward {
    ($(fn $name:ident(&self $(, $arg:ident: $kind:ty)*) -> $answer:ty;)*) => {
        #[async_trait]
        impl RepositoryStore for Lag<dyn RepositoryStore> {
            $(async fn $name(&self $(, $arg: $kind)*) -> Answer<$answer> {
                slowly!(self.0.$name($($arg),*))
            })*
        }
    };
}

forward! {
    fn current(&self, scopes: &[ScopeId]) -> Vec<Version>;
    fn bump(&self, scopes: &[ScopeId]) -> ();
    fn find_repository(&self, name: &RepositoryName) -> Option<Repository>;
    fn repositories(&self, after: Option<&str>, limit: usize) -> Vec<Repository>;
    fn open_upload(&self, new: NewUpload, permit: &Permit) -> Upload;
    fn find_upload(&self, id: UploadId, of: &UploadOwner) -> Upload;
    fn take_upload(&self, id: UploadId, of: &UploadOwner) -> Upload;
    fn save_upload(&self, by: Generation, progress: Progress, at: SystemTime) -> ();
    fn cancel_upload(&self, id: UploadId, of: &UploadOwner) -> ();
    fn commit_blob(&self, commit: BlobCommit, permit: &Permit) -> BlobRecord;
    fn find_blob(&self, view: &View, digest: &ContentDigest, touch: Touch) -> Option<BlobRecord>;
    fn blob_holders(&self, digest: &ContentDigest, by: &CallerId, limit: usize) -> Vec<Holder>;
    fn mount_blob(&self, mount: BlobMount, from: &Permit, to: &Permit) -> Option<BlobRecord>;
    fn delete_blob(&self, digest: &ContentDigest, deed: &Deed, permit: &Permit) -> Deletion;
    fn put_manifest(&self, put: ManifestPut, permit: &Permit) -> PutOutcome;
    fn find_manifest(&self, view: &View, reference: &Reference) -> Option<StoredManifest>;
    fn delete_manifest(&self, digest: &ContentDigest, deed: &Deed, permit: &Permit) -> Deletion;
    fn tags(&self, view: &View, after: Option<&str>, limit: usize) -> Vec<TagRecord>;
    fn delete_tag(&self, tag: &Tag, deed: &Deed, permit: &Permit) -> Deletion;
    fn referrers(&self, view: &View, query: &ReferrerQuery) -> Vec<Referrer>;
    fn history(
        &self, view: &View, tag: Option<&Tag>, before: Option<u64>, limit: usize
    ) -> Vec<HistoryEntry>;
    fn inventory(&self, view: &View) -> Inventory;
    fn retire(&self, digests: &[ContentDigest], seen: u64, permit: &Permit) -> Retirement;
    fn condemn(&self, rule: &CollectRule, limit: usize) -> u64;
    fn removable(&self, before: SystemTime, limit: usize) -> Vec<Condemned>;
    fn forget(&self, gone: &[Place]) -> ();
}

#[async_trait]
impl BlobStore for Lag<dyn BlobStore> {
    fn limits(&self) -> BlobLimits {
        self.0.limits()
    }

    fn allocate(&self) -> Place {
        self.0.allocate()
    }

    async fn writer(&self, at: &Place, from: Option<Checkpoint>) -> Answer<Box<dyn BlobWriter>> {
        let writer = slowly!(self.0.writer(at, from))?;
        Ok(Box::new(LagWriter(writer)))
    }

    async fn read(&self, at: &Place, range: Range<u64>, how: &ReadOptions) -> Answer<BlobRead> {
        slowly!(self.0.read(at, range, how))
    }

    async fn remove(&self, at: &Place, from: Option<&Checkpoint>) -> Answer<()> {
        slowly!(self.0.remove(at, from))
    }

    async fn list(&self, after: Option<&Place>, limit: usize) -> Answer<Vec<Listed>> {
        slowly!(self.0.list(after, limit))
    }
}

struct LagWriter(Box<dyn BlobWriter>);

#[async_trait]
impl BlobWriter for LagWriter {
    async fn write(&mut self, chunk: Bytes) -> Answer<()> {
        slowly!(self.0.write(chunk))
    }

    async fn checkpoint(&mut self) -> Answer<Checkpoint> {
        slowly!(self.0.checkpoint())
    }

    async fn seal(&mut self) -> Answer<u64> {
        slowly!(self.0.seal())
    }
}
