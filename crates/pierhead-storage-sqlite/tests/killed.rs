//! A process that is killed loses nothing it had acknowledged.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use futures::executor::block_on;
use futures::future::join_all;
use pierhead_storage::{RepositoryStore as _, ScopeId};
use pierhead_storage_sqlite::{SqliteOptions, SqliteStore};
use tempfile::TempDir;

/// Where the child finds its database; only the child has it.
const DATABASE: &str = "PIERHEAD_TEST_KILLED_DATABASE";

const SCOPE: ScopeId = ScopeId {
    kind: pierhead_storage::ScopeKind::Other,
    id: 1,
};

/// What the child does: writes for ever, in groups, and says what was acknowledged.
#[test]
fn child() {
    let Some(path) = std::env::var_os(DATABASE) else {
        return;
    };
    let store = SqliteStore::open(path, SqliteOptions::default()).unwrap();
    block_on(async {
        loop {
            for outcome in join_all((0..8).map(|_| store.bump(&[SCOPE]))).await {
                outcome.unwrap();
            }
            let version = store.current(&[SCOPE]).await.unwrap()[0];
            println!("acknowledged {}", version.rights.counter);
        }
    });
}

#[test]
fn every_acknowledged_change_is_there_after_a_kill() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("metadata.db");
    let mut last = 0;
    for round in 1..=3 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["child", "--exact", "--nocapture"])
            .env(DATABASE, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // Kept until the child is dead: a closed pipe would let it end in order.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let acknowledged = lines
            .by_ref()
            .map_while(Result::ok)
            .filter_map(|line| line.rsplit_once("acknowledged ")?.1.parse::<u64>().ok())
            .take(10 * round)
            .last()
            .unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(acknowledged > last);
        let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
        let found = block_on(store.current(&[SCOPE])).unwrap()[0].rights.counter;
        assert!(found >= acknowledged, "{found} < {acknowledged}");
        last = found;
    }
}
