//! Memory as a ground: reopening is taking another handle.

use std::sync::Arc;

use async_trait::async_trait;
use pierhead_storage::{BlobStore, MemoryBlobStore, MemoryRepositoryStore, RepositoryStore};
use pierhead_storage_testing::{BlobGround, Parts, RepositoryGround, Tail};

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

/// Memory under the manners of an object store.
#[derive(Clone, Copy)]
pub(crate) struct Manners {
    pub(crate) part: usize,
    pub(crate) tail: Tail,
    pub(crate) doubtful_seals: bool,
    pub(crate) redirects: bool,
}

pub(crate) struct MemoryParts(pub(crate) Manners, MemoryBlobStore);

impl MemoryParts {
    pub(crate) fn new(manners: Manners) -> Self {
        Self(manners, MemoryBlobStore::new())
    }
}

#[async_trait]
impl BlobGround for MemoryParts {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(Self::new(self.0))
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        let mut parts = Parts::new(Arc::new(self.1.clone()), self.0.part).with_tail(self.0.tail);
        if self.0.redirects {
            parts = parts.with_redirects();
        }
        if self.0.doubtful_seals {
            parts = parts.with_doubtful_seals();
        }
        Arc::new(parts)
    }
}
