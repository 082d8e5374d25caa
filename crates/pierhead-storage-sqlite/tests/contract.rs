//! The contract of `RepositoryStore`, as every implementation runs it.

use std::path::PathBuf;
use std::sync::Arc;

use futures::executor::block_on;
use pierhead_storage::RepositoryStore;
use pierhead_storage_sqlite::{SqliteOptions, SqliteStore};
use pierhead_storage_testing::{Failure, RepositoryGround, repository_suite};
use tempfile::TempDir;

/// A directory with one database.
struct Directory(TempDir);

impl Directory {
    fn new() -> Self {
        Self(TempDir::new().expect("a temporary directory"))
    }

    fn path(&self) -> PathBuf {
        self.0.path().join("metadata.db")
    }
}

#[async_trait::async_trait]
impl RepositoryGround for Directory {
    async fn fresh(&self) -> Box<dyn RepositoryGround> {
        Box::new(Self::new())
    }

    async fn open(&self) -> Arc<dyn RepositoryStore> {
        let store = SqliteStore::open(self.path(), SqliteOptions::default());
        Arc::new(store.expect("the database opens"))
    }
}

#[test]
fn the_repository_suite_holds() {
    let failures: Vec<Failure> = block_on(repository_suite::run_all(&Directory::new()));
    assert!(failures.is_empty(), "{failures:#?}");
}
