//! What every joint check works with: a push, step by step.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::SystemTime;

use pierhead_model::{Algorithm, ContentDigest, Hasher};
use pierhead_storage::{
    BlobCommit, BlobRecord, BlobStore, BlobWriter, Generation, MemoryBlobStore,
    MemoryRepositoryStore, NewUpload, Permit, Progress, RepositoryStore, StoreError, Touch,
    UploadId, View,
};

use crate::JointGround;
use crate::blob_suite::bench::{is_pattern, pattern, read_range, seal};
use crate::check::{Fault, Outcome, ensure, same};
use crate::repository_suite::bench::{at, new_upload, owner};

/// The steps of a push, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Opened,
    Written,
    Checkpointed,
    Saved,
    Sealed,
    Committed,
}

pub(super) const STEPS: [Step; 6] = [
    Step::Opened,
    Step::Written,
    Step::Checkpointed,
    Step::Saved,
    Step::Sealed,
    Step::Committed,
];

/// A fresh ground with both stores open.
pub(super) struct Bench {
    ground: Box<dyn JointGround>,
    pub(super) blobs: Arc<dyn BlobStore>,
    pub(super) repositories: Arc<dyn RepositoryStore>,
}

/// What is pushed: a pattern's beginning, by alice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Content {
    pub(super) seed: u64,
    pub(super) len: u64,
}

impl Content {
    pub(super) fn digest(self) -> ContentDigest {
        ContentDigest::sha256(&pattern(self.seed, 0..self.len))
    }
}

impl Bench {
    pub(super) async fn new(ground: &dyn JointGround) -> Self {
        let ground = ground.fresh().await;
        let (blobs, repositories) = ground.open().await;
        Self {
            ground,
            blobs,
            repositories,
        }
    }

    /// Drops both stores and opens them again, as after a crash.
    pub(super) async fn reopen(&mut self) {
        // The old handles must be gone before the new ones are made.
        self.blobs = Arc::new(MemoryBlobStore::new());
        self.repositories = Arc::new(MemoryRepositoryStore::new());
        (self.blobs, self.repositories) = self.ground.open().await;
    }

    /// A session at its beginning.
    pub(super) async fn begin(&self, permit: &Permit, at: SystemTime) -> Outcome<UploadId> {
        let new = NewUpload {
            place: self.blobs.allocate(),
            ..new_upload("alice", at)?
        };
        Ok(self
            .repositories
            .open_upload(new, permit)
            .await?
            .generation
            .upload)
    }

    /// Takes a session over and goes on with it, up to a step; everything is dropped there.
    pub(super) async fn go_on(
        &self,
        id: UploadId,
        permit: &Permit,
        content: Content,
        upto: Step,
        at: SystemTime,
    ) -> Outcome<Option<BlobRecord>> {
        let upload = self
            .repositories
            .take_upload(id, &owner(&permit.view, "alice")?)
            .await?;
        if upto < Step::Written {
            return Ok(None);
        }
        let mut hasher = match &upload.progress {
            Some(progress) => Hasher::resume(&progress.hash).map_err(Fault::new)?,
            None => Hasher::new(Algorithm::Sha256),
        };
        same("the bytes hashed so far", hasher.len(), upload.offset())?;
        let from = upload.progress.map(|progress| progress.checkpoint);
        let mut writer = self.blobs.writer(&upload.place, from).await?;
        if upto == Step::Written {
            return write(&mut *writer, &mut hasher, content)
                .await
                .map(|()| None);
        }
        if hasher.len() < content.len {
            write(&mut *writer, &mut hasher, content).await?;
            let checkpoint = writer.checkpoint().await?;
            if upto == Step::Checkpointed {
                return Ok(None);
            }
            if checkpoint.offset < content.len {
                // Such a store cannot seal twice; there is nothing to save for it.
                return Err(Fault::new(
                    "the last checkpoint does not hold the final offset",
                ));
            }
            self.save(
                upload.generation,
                Progress {
                    checkpoint,
                    hash: hasher.save(),
                },
                at,
            )
            .await?;
        }
        if upto <= Step::Saved {
            return Ok(None);
        }
        let size = seal(&mut *writer).await?;
        same("the sealed length", size, content.len)?;
        if upto == Step::Sealed {
            return Ok(None);
        }
        let digest = hasher.finish();
        same("the digest", digest, content.digest())?;
        let commit = BlobCommit {
            generation: upload.generation,
            digest,
            size,
            at,
        };
        Ok(Some(self.repositories.commit_blob(commit, permit).await?))
    }

    pub(super) async fn save(&self, by: Generation, progress: Progress, at: SystemTime) -> Outcome {
        Ok(self.repositories.save_upload(by, progress, at).await?)
    }

    /// A whole push.
    pub(super) async fn push(
        &self,
        permit: &Permit,
        content: Content,
        at: SystemTime,
    ) -> Outcome<BlobRecord> {
        let id = self.begin(permit, at).await?;
        let committed = self.go_on(id, permit, content, Step::Committed, at).await?;
        committed.ok_or_else(|| Fault::new("the push ended early"))
    }

    /// Requires a view to see content with exactly its bytes.
    pub(super) async fn holds(&self, view: &View, content: Content) -> Outcome {
        let found = self
            .repositories
            .find_blob(view, &content.digest(), Touch::No)
            .await?;
        let Some(record) = found else {
            return Err(Fault::new("a committed blob is not to be seen"));
        };
        same("its size", record.size, content.len)?;
        let bytes = read_range(&*self.blobs, &record.place, 0..record.size).await?;
        is_pattern(&bytes, content.seed, 0..content.len)
    }

    /// One sweep of everything condemned, in the order of the contract: remove, then forget.
    pub(super) async fn sweep(&self) -> Outcome {
        for condemned in self.repositories.removable(at(1 << 32), 1_000).await? {
            self.blobs
                .remove(&condemned.place, condemned.checkpoint.as_ref())
                .await?;
            self.repositories.forget(&[condemned.place]).await?;
        }
        let left = self.repositories.removable(at(1 << 32), 1_000).await?;
        ensure(
            left.is_empty(),
            format_args!("removable after all was forgotten: {left:?}"),
        )
    }

    /// Requires so many places to hold bytes.
    pub(super) async fn places(&self, expected: RangeInclusive<usize>) -> Outcome {
        let listed = self.blobs.list(None, 1_000).await?;
        ensure(
            expected.contains(&listed.len()),
            format_args!("{expected:?} places should hold bytes: {listed:?}"),
        )
    }
}

/// The rest of the content, from where the hasher is.
async fn write(
    writer: &mut dyn BlobWriter,
    hasher: &mut Hasher,
    content: Content,
) -> Result<(), Fault> {
    while hasher.len() < content.len {
        let end = content.len.min(hasher.len() + 40_000);
        let chunk = pattern(content.seed, hasher.len()..end);
        hasher.update(&chunk);
        match writer.write(chunk).await {
            Err(StoreError::Superseded) => return Err(Fault::new("nobody else was writing")),
            answer => answer?,
        }
    }
    Ok(())
}
