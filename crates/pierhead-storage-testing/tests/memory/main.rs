//! The suites over the stores in memory, and over stores that are wrong on purpose.

mod grounds;
mod wrong;

use grounds::{MemoryBlobs, MemoryRepositories};
use pierhead_storage_testing::{Failure, Joint, blob_suite, joint_suite, repository_suite};

#[tokio::test]
async fn the_memory_blob_store_keeps_the_contract() -> Result<(), Failure> {
    blob_suite::run(&MemoryBlobs::default()).await
}

#[tokio::test]
async fn the_memory_repository_store_keeps_the_contract() -> Result<(), Failure> {
    repository_suite::run(&MemoryRepositories::default()).await
}

#[tokio::test]
async fn both_memory_stores_keep_the_contract_together() -> Result<(), Failure> {
    joint_suite::run(&Joint::new(
        MemoryBlobs::default(),
        MemoryRepositories::default(),
    ))
    .await
}
