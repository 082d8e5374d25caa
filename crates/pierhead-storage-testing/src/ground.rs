//! What a store's author implements to run the suites.

use std::sync::Arc;

use async_trait::async_trait;
use pierhead_storage::{BlobStore, RepositoryStore};

/// Somewhere a blob store lives: a directory, a bucket, a piece of memory.
///
/// Implementations panic when they cannot set up their surroundings: that is no fault of the store.
#[async_trait]
pub trait BlobGround: Send + Sync {
    /// Another ground of the same kind, empty and independent. It is removed when it is dropped.
    async fn fresh(&self) -> Box<dyn BlobGround>;

    /// Opens the store that lives here. It is called again after every handle and writer of the
    /// last opening was dropped, as after a restart; what was durable then must be there.
    ///
    /// A call that was broken off may still be at work on another thread, and hold the store's lock
    /// for a moment: wait here until the store can be opened, for some seconds at most.
    async fn open(&self) -> Arc<dyn BlobStore>;
}

/// Somewhere a repository store lives: a database.
///
/// Implementations panic when they cannot set up their surroundings: that is no fault of the store.
#[async_trait]
pub trait RepositoryGround: Send + Sync {
    /// Another ground of the same kind, empty and independent. It is removed when it is dropped.
    async fn fresh(&self) -> Box<dyn RepositoryGround>;

    /// Opens the store that lives here. It is called again after every handle of the last opening
    /// was dropped, as after a restart; what was committed then must be there.
    async fn open(&self) -> Arc<dyn RepositoryStore>;
}

/// Somewhere a blob store and a repository store live together.
#[async_trait]
pub trait JointGround: Send + Sync {
    /// Another ground of the same kind, empty and independent. It is removed when it is dropped.
    async fn fresh(&self) -> Box<dyn JointGround>;

    /// Opens both stores, as after a restart.
    async fn open(&self) -> (Arc<dyn BlobStore>, Arc<dyn RepositoryStore>);
}

/// Any two grounds as a [`JointGround`].
#[allow(
    missing_debug_implementations,
    reason = "a ground need not be printable"
)]
pub struct Joint {
    blobs: Box<dyn BlobGround>,
    repositories: Box<dyn RepositoryGround>,
}

impl Joint {
    /// Takes both.
    pub fn new(
        blobs: impl BlobGround + 'static,
        repositories: impl RepositoryGround + 'static,
    ) -> Self {
        Self {
            blobs: Box::new(blobs),
            repositories: Box::new(repositories),
        }
    }
}

#[async_trait]
impl JointGround for Joint {
    async fn fresh(&self) -> Box<dyn JointGround> {
        Box::new(Self {
            blobs: self.blobs.fresh().await,
            repositories: self.repositories.fresh().await,
        })
    }

    async fn open(&self) -> (Arc<dyn BlobStore>, Arc<dyn RepositoryStore>) {
        (self.blobs.open().await, self.repositories.open().await)
    }
}
