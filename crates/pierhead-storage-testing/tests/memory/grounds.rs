//! Memory as a ground: reopening is taking another handle.

use std::sync::Arc;

use async_trait::async_trait;
use pierhead_storage::{BlobStore, MemoryBlobStore, MemoryRepositoryStore, RepositoryStore};
use pierhead_storage_testing::{BlobGround, RepositoryGround};

#[derive(Default)]
pub(crate) struct MemoryBlobs(MemoryBlobStore);

#[async_trait]
impl BlobGround for MemoryBlobs {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(Self::default())
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        Arc::new(self.0.clone())
    }
}

#[derive(Default)]
pub(crate) struct MemoryRepositories(MemoryRepositoryStore);

#[async_trait]
impl RepositoryGround for MemoryRepositories {
    async fn fresh(&self) -> Box<dyn RepositoryGround> {
        Box::new(Self::default())
    }

    async fn open(&self) -> Arc<dyn RepositoryStore> {
        Arc::new(self.0.clone())
    }
}
