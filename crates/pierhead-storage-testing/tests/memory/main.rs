//! The suites over the stores in memory, and over stores that are wrong on purpose.

mod decorators;
mod grounds;
mod late;
mod law;
mod wrong;

use grounds::{Manners, MemoryBlobs, MemoryParts, MemoryRepositories};
use pierhead_storage_testing::{Failure, Joint, Tail, blob_suite, joint_suite, repository_suite};

#[tokio::test]
async fn the_memory_blob_store_keeps_the_contract() -> Result<(), Failure> {
    blob_suite::run(&MemoryBlobs::default()).await
}

const MANNERS: [Manners; 4] = [
    Manners {
        part: 65_536,
        tail: Tail::InState,
        doubtful_seals: false,
        redirects: false,
    },
    Manners {
        part: 65_536,
        tail: Tail::Beside,
        doubtful_seals: true,
        redirects: true,
    },
    Manners {
        part: 50_000,
        tail: Tail::InState,
        doubtful_seals: true,
        redirects: true,
    },
    Manners {
        part: 4_096,
        tail: Tail::Beside,
        doubtful_seals: false,
        redirects: false,
    },
];

#[tokio::test]
async fn under_parts_the_memory_blob_store_keeps_the_contract() -> Result<(), Failure> {
    for manners in MANNERS {
        blob_suite::run(&MemoryParts::new(manners)).await?;
    }
    Ok(())
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
