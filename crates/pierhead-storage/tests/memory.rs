//! What the memory stores do beyond the contract; the contract itself is held by
//! `pierhead-storage-testing`, which runs its suites over them.

#![allow(clippy::unwrap_used, reason = "constant texts, in helpers of tests")]

use bytes::Bytes;
use futures::executor::block_on;
use pierhead_model::ContentDigest;
use pierhead_storage::{
    BlobLimits, BlobStore, CallerId, Fence, ManifestPut, MemoryBlobStore, MemoryRepositoryStore,
    NewName, Permit, PutOutcome, RepositoryId, RepositoryStore, ScopeId, StoreError, View,
};

#[test]
fn a_full_store_refuses_and_keeps_what_it_has() -> Result<(), StoreError> {
    block_on(async {
        let store = MemoryBlobStore::new().with_capacity(10);
        let place = store.allocate();
        let mut writer = store.writer(&place, None).await?;
        writer.write(Bytes::from_static(b"12345678")).await?;
        let refused = writer.write(Bytes::from_static(b"9ab")).await;
        assert!(matches!(refused, Err(StoreError::Full(_))), "{refused:?}");
        writer.write(Bytes::from_static(b"9a")).await?;
        assert_eq!(writer.seal().await?, 10);
        assert_eq!(store.used(), 10);

        // Room comes back when something is removed, and when a writer is dropped.
        store.remove(&place, None).await?;
        assert_eq!(store.used(), 0);
        let mut writer = store.writer(&store.allocate(), None).await?;
        writer.write(Bytes::from_static(b"1234567890")).await?;
        assert_eq!(store.used(), 10);
        drop(writer);
        assert_eq!(store.used(), 0);
        Ok(())
    })
}

#[test]
fn a_blob_longer_than_the_limit_is_too_large() -> Result<(), StoreError> {
    block_on(async {
        let limits = BlobLimits::default().with_max_len(4).with_redirects(true);
        let store = MemoryBlobStore::new().with_limits(limits);
        assert!(!store.limits().redirects);
        let mut writer = store.writer(&store.allocate(), None).await?;
        writer.write(Bytes::from_static(b"1234")).await?;
        let refused = writer.write(Bytes::from_static(b"5")).await;
        assert!(matches!(refused, Err(StoreError::TooLarge)), "{refused:?}");
        assert_eq!(writer.seal().await?, 4);
        Ok(())
    })
}

fn push(store: &MemoryRepositoryStore, permit: &Permit) -> Result<RepositoryId, StoreError> {
    let bytes = Bytes::from_static(b"{}");
    let put = ManifestPut {
        digest: ContentDigest::sha256(&bytes),
        bytes,
        media_type: "application/vnd.oci.image.manifest.v1+json"
            .parse()
            .unwrap(),
        artifact_type: None,
        subject: None,
        annotations: None,
        references: Vec::new(),
        tags: vec!["v1".parse().unwrap()],
        by: CallerId::anonymous(),
        at: std::time::SystemTime::UNIX_EPOCH,
        admission: None,
    };
    match block_on(store.put_manifest(put, permit))? {
        PutOutcome::Stored { repository, .. } => Ok(repository),
        PutOutcome::Missing(missing) => panic!("it refers to nothing: {missing:?}"),
    }
}

fn new_name() -> Permit {
    let name = "red".parse().unwrap();
    let view = View::New(NewName {
        name,
        parent: None,
        caller: CallerId::anonymous(),
    });
    Permit {
        view,
        fence: Fence::default(),
    }
}

#[test]
fn a_purged_name_begins_another_life() -> Result<(), StoreError> {
    let store = MemoryRepositoryStore::new();
    let first = push(&store, &new_name())?;
    let scope = [ScopeId::repository(first)];
    let before = block_on(store.current(&scope))?;
    assert!(store.purge(first));
    assert!(!store.purge(first));
    assert_ne!(block_on(store.current(&scope))?[0].rights, before[0].rights);
    let gone = View::Repository(first);
    assert!(matches!(
        block_on(store.tags(&gone, None, 10)),
        Err(StoreError::Stale)
    ));

    let second = push(&store, &new_name())?;
    assert_ne!(second, first, "an id never returns");
    let history = block_on(store.history(&View::Repository(second), None, None, 10))?;
    assert_eq!(history.len(), 1, "nothing of the former life is seen");
    Ok(())
}

#[test]
fn another_epoch_makes_every_fence_stale() -> Result<(), StoreError> {
    let store = MemoryRepositoryStore::new();
    let scope = ScopeId::account(1);
    let rights = block_on(store.current(&[scope]))?[0].rights;
    store.begin_epoch();
    let permit = Permit {
        fence: Fence(vec![(scope, rights)]),
        ..new_name()
    };
    assert!(matches!(push(&store, &permit), Err(StoreError::Stale)));
    Ok(())
}
