//! The blob store's contract, run over a local directory.

use std::sync::Arc;

use async_trait::async_trait;
use pierhead_storage::{BlobStore, StoreError};
use pierhead_storage_fs::{FsBlobStore, FsOptions};
use pierhead_storage_testing::{BlobGround, Failure, blob_suite};
use tempfile::TempDir;

struct Directory(TempDir);

impl Directory {
    fn new() -> Self {
        Self(TempDir::new().expect("a scratch directory"))
    }

    fn try_open(&self) -> Result<FsBlobStore, StoreError> {
        FsBlobStore::open(&self.0.path().join("blobs"), FsOptions::default())
    }
}

#[async_trait]
impl BlobGround for Directory {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(Self::new())
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        // A job that was abandoned on a blocking thread holds the directory a moment longer.
        for _ in 0..500 {
            match self.try_open() {
                Ok(store) => return Arc::new(store),
                Err(StoreError::Conflict(_)) => {
                    tokio::time::sleep(std::time::Duration::from_millis(10)).await;
                }
                Err(error) => panic!("the directory opens: {error}"),
            }
        }
        panic!("every handle of the last opening was dropped");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_keeps_the_contract() -> Result<(), Failure> {
    blob_suite::run(&Directory::new()).await
}

#[tokio::test]
async fn a_directory_is_open_once() {
    let ground = Directory::new();
    let _first = ground.try_open().expect("a fresh directory opens");
    let second = ground.try_open();
    assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
}

#[tokio::test]
async fn a_place_of_another_store_is_absent_and_never_a_path() {
    let ground = Directory::new();
    let store = ground.open().await;
    for text in ["a", "0-0", "0123456789abcdef0123456789abcdeg", "part-7"] {
        let place = pierhead_storage::Place::new(text).expect("within the alphabet of places");
        let writer = store.writer(&place, None).await.map(drop);
        assert!(matches!(writer, Err(StoreError::NotFound)), "{text}: {writer:?}");
    }
}
