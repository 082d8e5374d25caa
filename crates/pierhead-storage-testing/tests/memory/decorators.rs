//! The decorators: nothing planned changes nothing, and a push survives a fault at every call.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use pierhead_model::{Algorithm, ContentDigest, Hasher};
use pierhead_storage::{
    BlobCommit, BlobRead, BlobStore, CallerId, Fence, MemoryBlobStore, MemoryRepositoryStore,
    NewName, NewUpload, Permit, Place, Progress, ReadOptions, RepositoryStore, StoreError, Touch,
    UploadId, UploadOwner, View,
};
use pierhead_storage_testing::{
    BlobGround, CallLog, Counting, Failure, FaultPlan, Faults, Parts, RepositoryGround, Tail, When,
    blob_suite, repository_suite,
};

/// Memory behind both decorators, with no fault planned.
#[derive(Default)]
struct Decorated {
    blobs: MemoryBlobStore,
    repositories: MemoryRepositoryStore,
    log: CallLog,
    plan: FaultPlan,
}

impl Decorated {
    fn stores(&self) -> (Arc<dyn BlobStore>, Arc<dyn RepositoryStore>) {
        let blobs: Arc<dyn BlobStore> = Arc::new(self.blobs.clone());
        let blobs: Arc<dyn BlobStore> = Arc::new(Faults::new(blobs, self.plan.clone()));
        let rows: Arc<dyn RepositoryStore> = Arc::new(self.repositories.clone());
        let rows: Arc<dyn RepositoryStore> = Arc::new(Faults::new(rows, self.plan.clone()));
        (
            Arc::new(Counting::new(blobs, self.log.clone())),
            Arc::new(Counting::new(rows, self.log.clone())),
        )
    }
}

#[async_trait]
impl BlobGround for Decorated {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(Self {
            log: self.log.clone(),
            ..Self::default()
        })
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        self.stores().0
    }
}

#[async_trait]
impl RepositoryGround for Decorated {
    async fn fresh(&self) -> Box<dyn RepositoryGround> {
        Box::new(Self {
            log: self.log.clone(),
            ..Self::default()
        })
    }

    async fn open(&self) -> Arc<dyn RepositoryStore> {
        self.stores().1
    }
}

#[tokio::test]
async fn decorators_with_nothing_to_do_forward_everything() -> Result<(), Failure> {
    let ground = Decorated::default();
    blob_suite::run(&ground).await?;
    for call in [
        "writer",
        "read",
        "remove",
        "list",
        "write",
        "checkpoint",
        "seal",
    ] {
        assert!(ground.log.count(call) > 0, "{call} was not written down");
    }
    let ground = Decorated::default();
    repository_suite::run(&ground).await?;
    // The suite calls every method, and each is written down under its own name.
    let calls: std::collections::BTreeSet<_> = ground.log.take().into_iter().collect();
    assert_eq!(calls.len(), 26, "{calls:?}");
    assert!(ground.log.calls().is_empty());
    Ok(())
}

/// Pushes one blob as a client does who comes back after every error.
async fn push(
    blobs: &dyn BlobStore,
    rows: &dyn RepositoryStore,
    permit: &Permit,
    content: &[u8],
) -> Result<(), StoreError> {
    let by = CallerId::anonymous();
    let of = UploadOwner {
        view: permit.view.clone(),
        by: by.clone(),
    };
    let id = UploadId(7);
    let at = std::time::SystemTime::UNIX_EPOCH;
    let digest = ContentDigest::sha256(content);
    if rows
        .find_blob(&permit.view, &digest, Touch::No)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let upload = match rows.take_upload(id, &of).await {
        Err(StoreError::NotFound) => {
            let place: Place = blobs.allocate();
            let new = NewUpload {
                id,
                by,
                place,
                algorithm: Algorithm::Sha256,
                at,
                most: 1_000,
                admission: None,
            };
            rows.open_upload(new, permit).await?
        }
        answer => answer?,
    };
    let mut hasher = Hasher::new(Algorithm::Sha256);
    if let Some(progress) = &upload.progress {
        hasher = Hasher::resume(&progress.hash)
            .map_err(|error| StoreError::unavailable("resuming the hash", error))?;
    }
    let from = upload
        .progress
        .as_ref()
        .map(|progress| progress.checkpoint.clone());
    let mut writer = blobs.writer(&upload.place, from).await?;
    let done = usize::try_from(upload.offset()).unwrap_or(usize::MAX);
    for chunk in content.get(done..).unwrap_or_default().chunks(30_000) {
        writer.write(Bytes::copy_from_slice(chunk)).await?;
        hasher.update(chunk);
        let checkpoint = writer.checkpoint().await?;
        let progress = Progress {
            checkpoint,
            hash: hasher.save(),
        };
        rows.save_upload(upload.generation, progress, at).await?;
    }
    let size = writer.seal().await?;
    let commit = BlobCommit {
        generation: upload.generation,
        digest: hasher.finish(),
        size,
        at,
    };
    rows.commit_blob(commit, permit).await.map(drop)
}

#[tokio::test]
async fn a_push_survives_an_outage_at_every_call() {
    let content: Vec<u8> = (0..100_003_u32).map(|at| (at % 251) as u8).collect();
    let permit = Permit {
        view: View::New(NewName {
            name: "red".parse().unwrap(),
            parent: None,
            caller: CallerId::anonymous(),
        }),
        fence: Fence::default(),
    };
    let mut failed = 0;
    for tail in [None, Some(Tail::InState), Some(Tail::Beside)] {
        for (nth, when) in (1..30).flat_map(|nth| [(nth, When::Before), (nth, When::After)]) {
            let ground = Decorated::default();
            let (mut blobs, rows) = ground.stores();
            if let Some(tail) = tail {
                blobs = Arc::new(
                    Parts::new(blobs, 40_000)
                        .with_tail(tail)
                        .with_doubtful_seals(),
                );
            }
            ground.plan.fail_any(nth, when);
            let mut tries = 0;
            while let Err(error) = push(&*blobs, &*rows, &permit, &content).await {
                assert!(
                    matches!(error, StoreError::Unavailable { .. }),
                    "{nth} {when:?}: {error}"
                );
                tries += 1;
                assert!(tries < 5, "{nth} {when:?}: {error}");
            }
            failed += ground.plan.fired();
            ground.plan.clear();
            let digest = ContentDigest::sha256(&content);
            let found = rows
                .find_blob(&permit.view, &digest, Touch::No)
                .await
                .unwrap()
                .unwrap();
            let read = blobs
                .read(&found.place, 0..found.size, &ReadOptions::default())
                .await;
            let BlobRead::Stream(pieces) = read.unwrap() else {
                panic!("a redirect")
            };
            let pieces: Vec<Bytes> = futures::TryStreamExt::try_collect(pieces).await.unwrap();
            assert!(
                pieces.concat() == content,
                "{tail:?} {nth} {when:?}: other bytes"
            );
        }
    }
    assert!(failed > 80, "only {failed} faults were met");
}

#[tokio::test]
async fn faults_fail_the_call_they_name() {
    let plan = FaultPlan::new();
    let inner: Arc<dyn BlobStore> = Arc::new(MemoryBlobStore::new());
    let store = Faults::new(inner.clone(), plan.clone());
    let place = store.allocate();
    store
        .writer(&place, None)
        .await
        .unwrap()
        .seal()
        .await
        .unwrap();

    plan.fail("remove", 2, When::Before);
    plan.fail_with(Some("list"), 1, When::After, StoreError::TooLarge);
    assert!(matches!(
        store.list(None, 1).await,
        Err(StoreError::TooLarge)
    ));
    let missing = store.allocate();
    store.remove(&missing, None).await.unwrap();
    assert!(matches!(
        store.remove(&place, None).await,
        Err(StoreError::Unavailable { .. })
    ));
    assert_eq!(
        store.list(None, 9).await.unwrap().len(),
        1,
        "nothing happened before the call"
    );

    plan.fail("remove", 1, When::After);
    assert!(store.remove(&place, None).await.is_err());
    assert_eq!(
        inner.list(None, 9).await.unwrap().len(),
        0,
        "it happened, whatever was answered"
    );
    assert_eq!(plan.fired(), 3);

    plan.fail_all();
    for _ in 0..3 {
        assert!(store.list(None, 1).await.is_err());
    }
    plan.clear();
    store.list(None, 1).await.unwrap();
}
