//! Scratch directories as grounds, on a file system that syncs at once if this machine has one:
//! `killed` has its own, on the disk.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pierhead_storage::{BlobStore, RepositoryStore, StoreError};
use pierhead_storage_fs::{FsBlobStore, FsOptions};
use pierhead_storage_sqlite::{SqliteOptions, SqliteStore};
use pierhead_storage_testing::{BlobGround, Parts, RepositoryGround, Tail};
use tempfile::TempDir;

fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        TempDir::new_in(memory).unwrap()
    } else {
        TempDir::new().unwrap()
    }
}

pub(crate) struct Directory {
    scratch: TempDir,
    parts: Option<(usize, Tail)>,
}

impl Directory {
    pub(crate) fn new(parts: Option<(usize, Tail)>) -> Self {
        Self {
            scratch: scratch(),
            parts,
        }
    }
}

#[async_trait]
impl BlobGround for Directory {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(Self::new(self.parts))
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        let options = FsOptions::default();
        // A job that was abandoned on a blocking thread holds the directory a moment longer.
        for _ in 0..1_000 {
            match FsBlobStore::open(self.scratch.path(), options) {
                Ok(store) => {
                    let store: Arc<dyn BlobStore> = Arc::new(store);
                    return match self.parts {
                        None => store,
                        Some((part, tail)) => Arc::new(
                            Parts::new(store, part)
                                .with_tail(tail)
                                .with_doubtful_seals(),
                        ),
                    };
                }
                Err(StoreError::Conflict(_)) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => panic!("the directory opens: {error}"),
            }
        }
        panic!("every handle of the last opening was dropped");
    }
}

pub(crate) struct Database(TempDir);

impl Database {
    pub(crate) fn new() -> Self {
        Self(scratch())
    }
}

#[async_trait]
impl RepositoryGround for Database {
    async fn fresh(&self) -> Box<dyn RepositoryGround> {
        Box::new(Self::new())
    }

    async fn open(&self) -> Arc<dyn RepositoryStore> {
        let path = self.0.path().join("metadata.db");
        let store = SqliteStore::open(path, SqliteOptions::default());
        Arc::new(store.expect("the database opens"))
    }
}
