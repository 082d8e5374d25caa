//! The contract while what runs on blocking threads is late, as under load.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use pierhead_storage::{BlobStore, StoreError};
use pierhead_storage_testing::{BlobGround, Failure, blob_suite};
use tempfile::TempDir;

use crate::{FsBlobStore, FsOptions};

struct Scratch(TempDir);

/// In memory if this machine has some: what is late here is late by itself.
fn scratch() -> Scratch {
    let memory = Path::new("/dev/shm");
    Scratch(if memory.is_dir() {
        TempDir::new_in(memory).unwrap()
    } else {
        TempDir::new().unwrap()
    })
}

#[async_trait]
impl BlobGround for Scratch {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(scratch())
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        let options = FsOptions::default().with_sync(false);
        loop {
            match FsBlobStore::open(self.0.path(), options) {
                // A job that was abandoned on a blocking thread holds the directory a moment longer.
                Err(StoreError::Conflict(_)) => tokio::time::sleep(Duration::from_millis(2)).await,
                opened => return Arc::new(opened.unwrap()),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_whose_threads_are_late_keeps_the_contract() -> Result<(), Failure> {
    blob_suite::run(&scratch()).await
}
