//! The blob store's contract, run over local directories.

#![allow(
    clippy::expect_used,
    reason = "a ground that cannot be set up is no fault of the store"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pierhead_storage::{BlobStore, Place, StoreError};
use pierhead_storage_fs::{FsBlobStore, FsOptions};
use pierhead_storage_testing::{BlobGround, Failure, Parts, Tail, blob_suite};
use tempfile::TempDir;

/// A file system that syncs at once, if this machine has one. The suite runs there with syncing,
/// and on the disk without: what a sync keeps when the power is lost, no suite can see.
const MEMORY: &str = "/dev/shm";

/// The manners of an object store above the directory.
#[derive(Clone, Copy)]
struct Manners {
    part: usize,
    tail: Tail,
    doubtful_seals: bool,
}

struct Directory {
    scratch: TempDir,
    within: PathBuf,
    options: FsOptions,
    manners: Option<Manners>,
}

impl Directory {
    fn new(within: &Path, options: FsOptions, manners: Option<Manners>) -> Self {
        Self {
            scratch: TempDir::new_in(within).expect("a scratch directory"),
            within: within.to_owned(),
            options,
            manners,
        }
    }

    fn on_disk() -> Self {
        let options = FsOptions::default().with_sync(false);
        Self::new(&std::env::temp_dir(), options, None)
    }

    fn syncing(manners: Option<Manners>) -> Self {
        let memory = Path::new(MEMORY);
        let disk = std::env::temp_dir();
        let within = if memory.is_dir() { memory } else { &disk };
        Self::new(within, FsOptions::default(), manners)
    }

    fn try_open(&self) -> Result<FsBlobStore, StoreError> {
        FsBlobStore::open(self.scratch.path().join("blobs"), self.options)
    }
}

#[async_trait]
impl BlobGround for Directory {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(Self::new(&self.within, self.options, self.manners))
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        // A job that was abandoned on a blocking thread holds the directory a moment longer.
        for _ in 0..1_000 {
            match self.try_open() {
                Ok(store) => return self.mannered(store),
                Err(StoreError::Conflict(_)) => {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err(error) => panic!("the directory opens: {error}"),
            }
        }
        panic!("every handle of the last opening was dropped");
    }
}

impl Directory {
    fn mannered(&self, store: FsBlobStore) -> Arc<dyn BlobStore> {
        let Some(manners) = self.manners else {
            return Arc::new(store);
        };
        let parts = Parts::new(Arc::new(store), manners.part).with_tail(manners.tail);
        if manners.doubtful_seals {
            Arc::new(parts.with_doubtful_seals())
        } else {
            Arc::new(parts)
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_on_disk_keeps_the_contract() -> Result<(), Failure> {
    blob_suite::run(&Directory::on_disk()).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_that_syncs_keeps_the_contract() -> Result<(), Failure> {
    blob_suite::run(&Directory::syncing(None)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_parts_a_directory_keeps_the_contract() -> Result<(), Failure> {
    for manners in [
        Manners {
            part: 65_536,
            tail: Tail::InState,
            doubtful_seals: false,
        },
        Manners {
            part: 50_000,
            tail: Tail::Beside,
            doubtful_seals: true,
        },
    ] {
        blob_suite::run(&Directory::syncing(Some(manners))).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_directory_is_open_once() {
    let ground = Directory::on_disk();
    let _first = ground.try_open().expect("a fresh directory opens");
    let second = ground.try_open();
    assert!(matches!(second, Err(StoreError::Conflict(_))), "{second:?}");
}

#[tokio::test]
async fn a_place_of_another_store_is_absent_and_never_a_path() {
    let ground = Directory::on_disk();
    let store = ground.open().await;
    for text in ["a", "0-0", "0123456789abcdef0123456789abcdeg", "part-7"] {
        let place = Place::new(text).expect("within the alphabet of places");
        let writer = store.writer(&place, None).await.map(drop);
        assert!(
            matches!(writer, Err(StoreError::NotFound)),
            "{text}: {writer:?}"
        );
    }
}
