//! The contract's calls, each handed to the writer or to a reader.

use std::time::SystemTime;

use async_trait::async_trait;
use pierhead_model::{ContentDigest, Reference, RepositoryName, Tag};
use pierhead_storage::{
    BlobCommit, BlobMount, BlobRecord, CallerId, CollectRule, Condemned, Deed, Deletion,
    Generation, HistoryEntry, Holder, Inventory, ManifestPut, NewUpload, Permit, Place, Progress,
    PutOutcome, Referrer, ReferrerQuery, Repository, RepositoryStore, Retirement, ScopeId,
    StoreError, StoredManifest, TagRecord, Touch, Upload, UploadId, UploadOwner, Version, View,
};

use crate::readers::consistent;
use crate::{
    SqliteStore, blob, collect, history, manifest, referrer, repository, retention, tag, upload,
};

#[async_trait]
impl RepositoryStore for SqliteStore {
    /// Answers from memory.
    async fn current(&self, scopes: &[ScopeId]) -> Result<Vec<Version>, StoreError> {
        Ok(self.board().versions(scopes))
    }

    async fn bump(&self, scopes: &[ScopeId]) -> Result<(), StoreError> {
        let scopes = scopes.to_vec();
        self.write("move the rights of a scope", move |tx, effects| {
            Ok(effects.bump_all(tx, &scopes)?)
        })
        .await
    }

    async fn find_repository(
        &self,
        name: &RepositoryName,
    ) -> Result<Option<Repository>, StoreError> {
        let name = name.clone();
        self.read("find a repository", move |connection| {
            repository::find(connection, &name)
        })
        .await
    }

    async fn repositories(
        &self,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Repository>, StoreError> {
        let after = after.map(str::to_owned);
        self.read("list repositories", move |connection| {
            repository::list(connection, after.as_deref(), limit)
        })
        .await
    }

    async fn open_upload(&self, new: NewUpload, permit: &Permit) -> Result<Upload, StoreError> {
        let permit = permit.clone();
        self.write("open an upload", move |tx, _| {
            upload::open_upload(tx, new, &permit)
        })
        .await
    }

    async fn find_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError> {
        let of = of.clone();
        self.read("find an upload", move |connection| {
            upload::find_upload(connection, id, &of)
        })
        .await
    }

    async fn take_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError> {
        let of = of.clone();
        self.write("take over an upload", move |tx, _| {
            upload::take_upload(tx, id, &of)
        })
        .await
    }

    async fn save_upload(
        &self,
        by: Generation,
        progress: Progress,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        self.write("save an upload", move |tx, _| {
            upload::save_upload(tx, by, &progress, at)
        })
        .await
    }

    async fn cancel_upload(&self, id: UploadId, of: &UploadOwner) -> Result<(), StoreError> {
        let of = of.clone();
        self.write("cancel an upload", move |tx, _| {
            upload::cancel_upload(tx, id, &of)
        })
        .await
    }

    async fn commit_blob(
        &self,
        commit: BlobCommit,
        permit: &Permit,
    ) -> Result<BlobRecord, StoreError> {
        let permit = permit.clone();
        self.write("commit a blob", move |tx, effects| {
            upload::commit_blob(tx, effects, &commit, &permit)
        })
        .await
    }

    async fn find_blob(
        &self,
        view: &View,
        digest: &ContentDigest,
        touch: Touch,
    ) -> Result<Option<BlobRecord>, StoreError> {
        let (seen, digest) = (view.clone(), *digest);
        let held = self
            .read("find a blob", move |connection| {
                blob::find(connection, &seen, &digest)
            })
            .await?;
        match (held, touch) {
            (Some(held), Touch::Renew { at, grace })
                if at.duration_since(held.renewed_at).unwrap_or_default() > grace / 2 =>
            {
                let view = view.clone();
                self.write("renew a blob", move |tx, _| {
                    blob::touch(tx, &view, &digest, at)
                })
                .await
            }
            (held, _) => Ok(held.map(|held| held.record)),
        }
    }

    async fn blob_holders(
        &self,
        digest: &ContentDigest,
        caller: &CallerId,
        limit: usize,
    ) -> Result<Vec<Holder>, StoreError> {
        let (digest, caller) = (*digest, caller.clone());
        self.read("find who holds a blob", move |connection| {
            blob::holders(connection, &digest, &caller, limit)
        })
        .await
    }

    async fn mount_blob(
        &self,
        mount: BlobMount,
        source: &Permit,
        target: &Permit,
    ) -> Result<Option<BlobRecord>, StoreError> {
        let (source, target) = (source.clone(), target.clone());
        self.write("mount a blob", move |tx, effects| {
            blob::mount(tx, effects, &mount, &source, &target)
        })
        .await
    }

    async fn delete_blob(
        &self,
        digest: &ContentDigest,
        deed: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        let (digest, deed, permit) = (*digest, deed.clone(), permit.clone());
        self.write("delete a blob", move |tx, effects| {
            blob::delete(tx, effects, &digest, &deed, &permit)
        })
        .await
    }

    async fn put_manifest(
        &self,
        put: ManifestPut,
        permit: &Permit,
    ) -> Result<PutOutcome, StoreError> {
        let permit = permit.clone();
        self.write("store a manifest", move |tx, effects| {
            manifest::put(tx, effects, &put, &permit)
        })
        .await
    }

    async fn find_manifest(
        &self,
        view: &View,
        reference: &Reference,
    ) -> Result<Option<StoredManifest>, StoreError> {
        let (view, reference) = (view.clone(), reference.clone());
        self.read("find a manifest", move |connection| {
            manifest::find(connection, &view, &reference)
        })
        .await
    }

    async fn delete_manifest(
        &self,
        digest: &ContentDigest,
        deed: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        let (digest, deed, permit) = (*digest, deed.clone(), permit.clone());
        self.write("delete a manifest", move |tx, effects| {
            manifest::delete(tx, effects, &digest, &deed, &permit)
        })
        .await
    }

    async fn tags(
        &self,
        view: &View,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<TagRecord>, StoreError> {
        let (view, after) = (view.clone(), after.map(str::to_owned));
        self.read("list tags", move |connection| {
            tag::list(connection, &view, after.as_deref(), limit)
        })
        .await
    }

    async fn delete_tag(
        &self,
        tag: &Tag,
        deed: &Deed,
        permit: &Permit,
    ) -> Result<Deletion, StoreError> {
        let (tag, deed, permit) = (tag.clone(), deed.clone(), permit.clone());
        self.write("delete a tag", move |tx, effects| {
            tag::delete(tx, effects, &tag, &deed, &permit)
        })
        .await
    }

    async fn referrers(
        &self,
        view: &View,
        query: &ReferrerQuery,
    ) -> Result<Vec<Referrer>, StoreError> {
        let (view, query) = (view.clone(), query.clone());
        self.read("list referrers", move |connection| {
            referrer::list(connection, &view, &query)
        })
        .await
    }

    async fn history(
        &self,
        view: &View,
        tag: Option<&Tag>,
        before: Option<u64>,
        limit: usize,
    ) -> Result<Vec<HistoryEntry>, StoreError> {
        let (view, tag) = (view.clone(), tag.cloned());
        self.read("list the history of tags", move |connection| {
            history::list(connection, &view, tag.as_ref(), before, limit)
        })
        .await
    }

    async fn inventory(&self, view: &View) -> Result<Inventory, StoreError> {
        let view = view.clone();
        self.scan("list what a repository holds", move |connection| {
            consistent(connection, |connection| {
                retention::inventory(connection, &view)
            })
        })
        .await
    }

    async fn retire(
        &self,
        digests: &[ContentDigest],
        seen: u64,
        permit: &Permit,
    ) -> Result<Retirement, StoreError> {
        let (digests, permit) = (digests.to_vec(), permit.clone());
        self.write("retire manifests", move |tx, effects| {
            retention::retire(tx, effects, &digests, seen, &permit)
        })
        .await
    }

    async fn condemn(&self, rule: &CollectRule, limit: usize) -> Result<u64, StoreError> {
        collect::condemn(self, rule, limit).await
    }

    async fn removable(
        &self,
        condemned_before: SystemTime,
        limit: usize,
    ) -> Result<Vec<Condemned>, StoreError> {
        self.read("list condemned places", move |connection| {
            collect::removable(connection, condemned_before, limit)
        })
        .await
    }

    async fn forget(&self, gone: &[Place]) -> Result<(), StoreError> {
        let gone = gone.to_vec();
        self.write("forget removed places", move |tx, _| {
            collect::forget(tx, &gone)
        })
        .await
    }
}
