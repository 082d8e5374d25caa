//! A view in which every call that takes a permit has something to do.

use pierhead_model::Reference;
use pierhead_storage::{
    BlobMount, Fence, Generation, ManifestPut, Permit, Rights, ScopeId, StoreError, Touch,
    UploadId, View,
};

use super::bench::{
    Bench, at, caller, commit, deed, digest, layers, manifest, new_upload, open, owner, progress,
    referrers, repository, size, tag,
};
use crate::check::{Outcome, refused, same};

/// Every call that takes a permit, and where the permit goes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Call {
    OpenUpload,
    CommitBlob,
    MountFrom,
    MountInto,
    DeleteBlob,
    PutManifest,
    DeleteManifest,
    DeleteTag,
    Retire,
}

pub(super) const CALLS: [Call; 9] = [
    Call::OpenUpload,
    Call::CommitBlob,
    Call::MountFrom,
    Call::MountInto,
    Call::DeleteBlob,
    Call::PutManifest,
    Call::DeleteManifest,
    Call::DeleteTag,
    Call::Retire,
];

/// A view in which every call has something to do.
pub(super) struct Scene {
    pub(super) bench: Bench,
    pub(super) view: View,
    other: Permit,
    upload: Generation,
}

impl Scene {
    /// In a repository that exists.
    pub(super) async fn existing(bench: Bench) -> Outcome<Self> {
        let id = bench.repository("red", "alice", 0, "v1").await?;
        Self::of(bench, repository(id)).await
    }

    pub(super) async fn of(bench: Bench, view: View) -> Outcome<Self> {
        let permit = open(view.clone());
        bench.blob(&permit, "alice", 1, at(0)).await?;
        let other = open(repository(
            bench.repository("green", "alice", 3, "v1").await?,
        ));
        bench.blob(&other, "alice", 2, at(0)).await?;
        let upload = bench.upload(&permit, "alice", at(0)).await?.generation;
        bench
            .store
            .save_upload(upload, progress(size(4)), at(0))
            .await?;
        Ok(Self {
            bench,
            view,
            other,
            upload,
        })
    }

    pub(super) fn permit(&self, fence: Vec<(ScopeId, Rights)>) -> Permit {
        Permit {
            view: self.view.clone(),
            fence: Fence(fence),
        }
    }

    pub(super) async fn call(
        &self,
        call: Call,
        permit: &Permit,
    ) -> Outcome<Result<(), StoreError>> {
        let store = &self.bench.store;
        let mount = |number| BlobMount {
            digest: digest(number),
            by: self::by(),
            at: at(1),
        };
        Ok(match call {
            Call::OpenUpload => store
                .open_upload(new_upload("alice", at(1))?, permit)
                .await
                .map(drop),
            Call::CommitBlob => store
                .commit_blob(commit(self.upload, 4, at(1)), permit)
                .await
                .map(drop),
            Call::MountFrom => store
                .mount_blob(mount(1), permit, &self.other)
                .await
                .map(drop),
            Call::MountInto => store
                .mount_blob(mount(2), &self.other, permit)
                .await
                .map(drop),
            Call::DeleteBlob => store
                .delete_blob(&digest(1), &deed(), permit)
                .await
                .map(drop),
            Call::PutManifest => {
                let tags = vec![tag("v1")?, tag("v2")?];
                let references = layers(&[1]);
                let put = ManifestPut {
                    tags,
                    references,
                    ..manifest(5, "alice")?
                };
                store.put_manifest(put, permit).await.map(drop)
            }
            Call::DeleteManifest => store
                .delete_manifest(&digest(0), &deed(), permit)
                .await
                .map(drop),
            Call::DeleteTag => store
                .delete_tag(&tag("v1")?, &deed(), permit)
                .await
                .map(drop),
            Call::Retire => {
                let seen = match store.inventory(&permit.view).await {
                    Ok(inventory) => inventory.content,
                    Err(_) => 0,
                };
                store.retire(&[digest(6)], seen, permit).await.map(drop)
            }
        })
    }

    pub(super) async fn fingerprint(&self) -> Outcome<String> {
        self.bench.fingerprint(&[self.upload.upload]).await
    }

    /// Requires a call to answer that its permit is stale, and to change nothing.
    pub(super) async fn stale(&self, what: &str, call: Call, permit: &Permit) -> Outcome {
        let before = self.fingerprint().await?;
        let answer = self.call(call, permit).await?;
        refused!(format_args!("{what}: {call:?}"), answer, StoreError::Stale)?;
        let after = self.fingerprint().await?;
        same(
            &format!("{what}: what can be seen after {call:?}"),
            after,
            before,
        )
    }
}

fn by() -> pierhead_storage::CallerId {
    caller("alice").unwrap_or_else(|_| pierhead_storage::CallerId::anonymous())
}

/// Requires every read through a stale view to say so, rather than that nothing is there.
pub(super) async fn stale_reads(scene: &Scene, view: &View) -> Outcome {
    let store = &scene.bench.store;
    let of = owner(view, "alice")?;
    let id = scene.upload.upload;
    refused!(
        "a blob",
        store.find_blob(view, &digest(1), Touch::No).await,
        StoreError::Stale
    )?;
    refused!(
        "absent",
        store.find_blob(view, &digest(99), Touch::No).await,
        StoreError::Stale
    )?;
    for reference in [Reference::Digest(digest(0)), tag("v1")?.into()] {
        let answer = store.find_manifest(view, &reference).await;
        refused!("a manifest", answer, StoreError::Stale)?;
    }
    refused!("tags", store.tags(view, None, 10).await, StoreError::Stale)?;
    refused!(
        "referrers",
        store.referrers(view, &referrers(0)).await,
        StoreError::Stale
    )?;
    refused!(
        "history",
        store.history(view, None, None, 10).await,
        StoreError::Stale
    )?;
    refused!(
        "the inventory",
        store.inventory(view).await,
        StoreError::Stale
    )?;
    refused!(
        "a session",
        store.find_upload(id, &of).await,
        StoreError::Stale
    )?;
    refused!(
        "taking a session",
        store.take_upload(id, &of).await,
        StoreError::Stale
    )?;
    refused!(
        "cancelling a session",
        store.cancel_upload(id, &of).await,
        StoreError::Stale
    )?;
    let absent = store.find_upload(UploadId(id.0 ^ 4), &of).await;
    refused!("an absent session", absent, StoreError::Stale)
}
