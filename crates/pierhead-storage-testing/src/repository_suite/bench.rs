//! What every repository check works with.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use pierhead_model::{Algorithm, ContentDigest, HashState, Reference, RepositoryName, Tag};
use pierhead_storage::{
    BlobCommit, BlobRecord, CallerId, Checkpoint, CollectRule, Deed, Fence, Generation,
    ManifestPut, MemoryRepositoryStore, NewName, NewUpload, ParentId, Permit, Place, Progress,
    PutOutcome, ReferrerQuery, RepositoryId, RepositoryStore, ScopeId, StoredReference, Touch,
    Upload, UploadId, UploadOwner, View,
};

use crate::RepositoryGround;
use crate::check::{Fault, Outcome, same};

/// A fresh ground with an open store.
pub(crate) struct Bench {
    ground: Box<dyn RepositoryGround>,
    pub(crate) store: Arc<dyn RepositoryStore>,
}

impl Bench {
    pub(crate) async fn new(ground: &dyn RepositoryGround) -> Self {
        let ground = ground.fresh().await;
        let store = ground.open().await;
        Self { ground, store }
    }

    /// Drops the store and opens it again: what was committed must still be there.
    pub(crate) async fn reopen(&mut self) {
        // The old handle must be gone before the new one is made.
        self.store = Arc::new(MemoryRepositoryStore::new());
        self.store = self.ground.open().await;
    }

    /// A repository with one manifest, numbered and tagged as told, that refers to nothing.
    pub(crate) async fn repository(
        &self,
        name_: &str,
        by: &str,
        number: u64,
        tag: &str,
    ) -> Outcome<RepositoryId> {
        let put = ManifestPut {
            tags: vec![self::tag(tag)?],
            ..manifest(number, by)?
        };
        self.put(put, &open(new(name_, by)?))
            .await
            .map(|(id, _)| id)
    }

    /// A put that must succeed: where, and whether it created the repository.
    pub(crate) async fn put(
        &self,
        put: ManifestPut,
        permit: &Permit,
    ) -> Outcome<(RepositoryId, bool)> {
        match self.store.put_manifest(put, permit).await? {
            PutOutcome::Stored {
                repository,
                created,
            } => Ok((repository, created)),
            PutOutcome::Missing(missing) => Err(Fault::new(format_args!(
                "a manifest was refused; missing {missing:?}"
            ))),
        }
    }

    /// A session at its beginning.
    pub(crate) async fn upload(
        &self,
        permit: &Permit,
        by: &str,
        at: SystemTime,
    ) -> Outcome<Upload> {
        Ok(self.store.open_upload(new_upload(by, at)?, permit).await?)
    }

    /// A blob uploaded whole, of the length that [`size`] gives its number.
    pub(crate) async fn blob(
        &self,
        permit: &Permit,
        by: &str,
        number: u64,
        at: SystemTime,
    ) -> Outcome<BlobRecord> {
        let upload = self.upload(permit, by, at).await?;
        self.store
            .save_upload(upload.generation, progress(size(number)), at)
            .await?;
        Ok(self
            .store
            .commit_blob(commit(upload.generation, number, at), permit)
            .await?)
    }

    /// Whether a view sees a blob.
    pub(crate) async fn sees(&self, view: &View, number: u64) -> Outcome<bool> {
        Ok(self
            .store
            .find_blob(view, &digest(number), Touch::No)
            .await?
            .is_some())
    }

    /// Requires a view to see a blob, or not to.
    pub(crate) async fn expect(&self, view: &View, number: u64, seen: bool) -> Outcome {
        let found = self.sees(view, number).await?;
        same(&format!("whether {view:?} sees blob {number}"), found, seen)
    }

    /// Collects until nothing is left to take.
    pub(crate) async fn condemn_all(&self, rule: &CollectRule) -> Outcome<u64> {
        let mut taken = 0;
        for _ in 0..10_000 {
            match self.store.condemn(rule, 100).await? {
                0 => return Ok(taken),
                rows => taken += rows,
            }
        }
        Err(Fault::new("condemning does not end"))
    }

    /// Every condemned place.
    pub(crate) async fn condemned(&self) -> Outcome<Vec<Place>> {
        let all = self.store.removable(at(1 << 32), 10_000).await?;
        Ok(all.into_iter().map(|condemned| condemned.place).collect())
    }

    /// Everything that can be seen of a small store, as text: a call that failed changes none of it.
    pub(crate) async fn fingerprint(&self, uploads: &[UploadId]) -> Outcome<String> {
        let mut seen = String::new();
        let mut views = Vec::new();
        for repository in self.store.repositories(None, 100).await? {
            let versions = self
                .store
                .current(&[ScopeId::repository(repository.id)])
                .await?;
            let _ = writeln!(seen, "{repository:?} {versions:?}");
            views.push(View::Repository(repository.id));
        }
        for name_ in NAMES {
            for by in CALLERS {
                if self.store.find_repository(&name(name_)?).await?.is_none() {
                    views.push(new(name_, by)?);
                }
            }
        }
        for view in &views {
            let _ = writeln!(seen, "{:?}", self.store.tags(view, None, 100).await?);
            let _ = writeln!(
                seen,
                "{:?}",
                self.store.history(view, None, None, 100).await?
            );
            for number in 0..NUMBERS {
                let digest = digest(number);
                let blob = self.store.find_blob(view, &digest, Touch::No).await?;
                let manifest = self
                    .store
                    .find_manifest(view, &Reference::Digest(digest))
                    .await?;
                let referrers = self.store.referrers(view, &referrers(number)).await?;
                let _ = writeln!(seen, "{number} {blob:?} {manifest:?} {referrers:?}");
            }
            for (upload, by) in uploads.iter().flat_map(|u| CALLERS.map(|by| (u, by))) {
                let of = owner(view, by)?;
                let found = self.store.find_upload(*upload, &of).await.ok();
                let _ = writeln!(seen, "{found:?}");
            }
        }
        let _ = writeln!(seen, "{:?}", self.condemned().await?);
        Ok(seen)
    }
}

/// Names, callers and numbers that a fingerprint looks at.
pub(crate) const NAMES: [&str; 4] = ["red", "green", "blue/sky", "blue/sea"];
pub(crate) const CALLERS: [&str; 2] = ["alice", "bob"];
const NUMBERS: u64 = 24;

/// So many seconds after the beginning of the checks' time.
pub(crate) fn at(seconds: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds)
}

/// The content numbered so, as a digest.
pub(crate) fn digest(number: u64) -> ContentDigest {
    ContentDigest::sha256(&content(number))
}

/// Content of a length of its own.
pub(crate) fn content(number: u64) -> Bytes {
    Bytes::from(format!("{{\"number\":{number}}}"))
}

/// The length of the blob numbered so.
pub(crate) fn size(number: u64) -> u64 {
    content(number).len() as u64
}

pub(crate) fn name(text: &str) -> Outcome<RepositoryName> {
    text.parse().map_err(Fault::new)
}

pub(crate) fn tag(text: &str) -> Outcome<Tag> {
    text.parse().map_err(Fault::new)
}

pub(crate) fn caller(text: &str) -> Outcome<CallerId> {
    CallerId::new(text).map_err(Fault::new)
}

/// What a deletion is recorded as.
pub(crate) fn deed() -> Deed {
    Deed {
        by: CallerId::anonymous(),
        at: at(1),
    }
}

/// A new name as a caller sees it, under parent 7.
pub(crate) fn new(name_: &str, by: &str) -> Outcome<View> {
    Ok(View::New(NewName {
        name: name(name_)?,
        parent: Some(ParentId(7)),
        caller: caller(by)?,
    }))
}

pub(crate) fn owner(view: &View, by: &str) -> Outcome<UploadOwner> {
    Ok(UploadOwner {
        view: view.clone(),
        by: caller(by)?,
    })
}

/// A permit that rests on nothing.
pub(crate) fn open(view: View) -> Permit {
    Permit {
        view,
        fence: Fence::default(),
    }
}

pub(crate) fn repository(id: RepositoryId) -> View {
    View::Repository(id)
}

pub(crate) fn new_upload(by: &str, at: SystemTime) -> Outcome<NewUpload> {
    let place = Place::random();
    let id = u128::from_str_radix(place.as_str(), 16).map_err(Fault::new)?;
    Ok(NewUpload {
        id: UploadId(id ^ 1),
        by: caller(by)?,
        place,
        algorithm: Algorithm::Sha256,
        at,
        most: 1_000,
        admission: None,
    })
}

/// Progress with bytes in it that no text could hold.
pub(crate) fn progress(offset: u64) -> Progress {
    let state = Bytes::from_static(b"\0\xff'\" state\n");
    let hash = HashState::from_bytes(Bytes::from_static(b"\xfe\0 hash"));
    Progress {
        checkpoint: Checkpoint { offset, state },
        hash,
    }
}

pub(crate) fn commit(generation: Generation, number: u64, at: SystemTime) -> BlobCommit {
    BlobCommit {
        generation,
        digest: digest(number),
        size: size(number),
        at,
    }
}

/// A manifest numbered so, that refers to nothing and has no tag.
pub(crate) fn manifest(number: u64, by: &str) -> Outcome<ManifestPut> {
    let media_type = "application/vnd.oci.image.manifest.v1+json"
        .parse()
        .map_err(Fault::new)?;
    Ok(ManifestPut {
        digest: digest(number),
        bytes: content(number),
        media_type,
        artifact_type: None,
        subject: None,
        annotations: None,
        references: Vec::new(),
        tags: Vec::new(),
        by: caller(by)?,
        at: at(0),
        admission: None,
    })
}

/// References to blobs that must be here.
pub(crate) fn layers(numbers: &[u64]) -> Vec<StoredReference> {
    let role = pierhead_model::ReferenceRole::Layer;
    let layer = |number: &u64| StoredReference {
        digest: digest(*number),
        role,
        required: true,
    };
    numbers.iter().map(layer).collect()
}

/// References to manifests that must be here.
pub(crate) fn children(numbers: &[u64]) -> Vec<StoredReference> {
    let role = pierhead_model::ReferenceRole::Child;
    let child = |number: &u64| StoredReference {
        digest: digest(*number),
        role,
        required: true,
    };
    numbers.iter().map(child).collect()
}

/// A rule that takes what is older than a thousand seconds.
pub(crate) fn rule(at: SystemTime) -> CollectRule {
    let grace = Duration::from_secs(1_000);
    CollectRule {
        at,
        link_grace: grace,
        staged_grace: grace,
        upload_idle: grace,
    }
}

/// Everything that refers to a manifest.
pub(crate) fn referrers(subject: u64) -> ReferrerQuery {
    ReferrerQuery {
        subject: digest(subject),
        artifact_type: None,
        after: None,
        limit: 1_000,
        max_bytes: 1 << 20,
    }
}
