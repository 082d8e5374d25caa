//! The contract of `RepositoryStore`, as every implementation runs it.

#![allow(
    clippy::expect_used,
    reason = "a ground that cannot be set up is no fault of the store"
)]

use std::path::PathBuf;
use std::sync::Arc;

use futures::executor::block_on;
use pierhead_storage::RepositoryStore;
use pierhead_storage_sqlite::{SqliteOptions, SqliteStore};
use pierhead_storage_testing::{Check, Failure, RepositoryGround, repository_suite};
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

/// Most of the time is spent waiting for the disk, so several checks wait together.
#[test]
fn the_repository_suite_holds() {
    let ground = Directory::new();
    let run = &|checks: &[Check<dyn RepositoryGround>]| -> Vec<Failure> {
        let run = |check: &Check<dyn RepositoryGround>| block_on(check.run(&ground)).err();
        checks.iter().filter_map(run).collect()
    };
    let failures: Vec<Failure> = std::thread::scope(|scope| {
        let threads: Vec<_> = repository_suite::CHECKS
            .chunks(repository_suite::CHECKS.len().div_ceil(4))
            .map(|checks| scope.spawn(move || run(checks)))
            .collect();
        let joined = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
        joined
            .flat_map(|failures| failures.expect("no check panics"))
            .collect()
    });
    assert!(failures.is_empty(), "{failures:#?}");
}
