//! The store is held to the contract of blob stores, alone and together with a database, and serves.

#![allow(
    clippy::unwrap_used,
    reason = "what a test sets up is no fault of the store"
)]

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use pierhead::prelude::*;
use pierhead::registry::TokioClock;
use pierhead::sqlite::{SqliteOptions, SqliteStore};
use pierhead::storage::{BlobRead, MemoryRepositoryStore, ReadOptions, StoreError};
use pierhead::testing::{Image, Registry};
use pierhead_own_storage_example::{BucketStore, Directory};
use pierhead_storage_testing::{
    BlobGround, Failure, Joint, RepositoryGround, blob_suite, joint_suite,
};
use tempfile::TempDir;

/// A scratch directory, in memory if this machine has some: the suites sync thousands of times.
fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        TempDir::new_in(memory).unwrap()
    } else {
        TempDir::new().unwrap()
    }
}

/// Where the store lives: the suites open it, drop it, and open it again.
struct Blobs(TempDir);

#[async_trait]
impl BlobGround for Blobs {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(Self(scratch()))
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        loop {
            match Directory::open(self.0.path()) {
                Ok(bucket) => return Arc::new(BucketStore::new(Arc::new(bucket))),
                // What was abandoned on its way keeps the directory until it has arrived.
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
                Err(error) => panic!("the bucket opens: {error}"),
            }
        }
    }
}

struct Rows(TempDir);

#[async_trait]
impl RepositoryGround for Rows {
    async fn fresh(&self) -> Box<dyn RepositoryGround> {
        Box::new(Self(scratch()))
    }

    async fn open(&self) -> Arc<dyn RepositoryStore> {
        let path = self.0.path().join("metadata.db");
        Arc::new(SqliteStore::open(path, SqliteOptions::default()).unwrap())
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract() -> Result<(), Failure> {
    blob_suite::run(&Blobs(scratch())).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract_together_with_a_database() -> Result<(), Failure> {
    joint_suite::run(&Joint::new(Blobs(scratch()), Rows(scratch()))).await
}

#[tokio::test]
async fn a_registry_serves_from_it_over_restarts() -> Result<(), Box<dyn std::error::Error>> {
    let (scratch, rows) = (scratch(), Arc::new(MemoryRepositoryStore::new()));
    // Longer than a part, so that it is made of several.
    let image = Image::of(vec![7; 9 << 20]).and("short");
    for life in 0..2 {
        let bucket = Directory::open(scratch.path().join("bucket"))?;
        let blobs = Arc::new(BucketStore::new(Arc::new(bucket)));
        let builder = Pierhead::builder(blobs, rows.clone(), Arc::new(TokioClock));
        let open = AllowAll::new(builder.repositories());
        let registry = Registry::serve(builder.authorizer(Arc::new(open)))?;
        if life == 0 {
            registry.push("team/app:1", &image).await?;
        }
        let pulled = registry.pull("team/app:1").await?;
        assert_eq!(pulled.manifest, image.manifest());
        assert_eq!(pulled.layers, image.layers());
    }
    Ok(())
}

#[tokio::test]
async fn a_part_that_is_not_what_was_written_is_damage_and_not_absence() {
    let scratch = scratch();
    let bucket = Directory::open(scratch.path()).unwrap();
    let store = BucketStore::new(Arc::new(bucket));
    let place = store.allocate();
    let mut writer = store.writer(&place, None).await.unwrap();
    writer.write("layer".into()).await.unwrap();
    writer.seal().await.unwrap();
    let parts = std::fs::read_dir(scratch.path()).unwrap();
    for part in parts.map(|part| part.unwrap().path()) {
        if !part.to_string_lossy().ends_with(".sealed") {
            std::fs::write(part, "lay").unwrap();
        }
    }
    let how = ReadOptions::default();
    let BlobRead::Stream(bytes) = store.read(&place, 0..5, &how).await.unwrap() else {
        panic!("it does not redirect");
    };
    let damage = bytes.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(matches!(damage, StoreError::Corrupt { .. }), "{damage:?}");
}
