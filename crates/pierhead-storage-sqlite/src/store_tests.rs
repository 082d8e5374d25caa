//! Group commit, opening and closing, copies.

use std::error::Error as _;
use std::sync::mpsc;
use std::time::SystemTime;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::executor::block_on;
use futures::future::join_all;
use pierhead_model::{ContentDigest, MediaType};
use pierhead_storage::{
    CallerId, CollectRule, Fence, ManifestPut, NewName, Permit, PutOutcome, RepositoryStore as _,
    ScopeId, Version, View,
};
use rusqlite::OptionalExtension as _;

use super::*;

const SCOPE: u64 = 7;

fn current(store: &SqliteStore) -> Version {
    block_on(store.current(&[ScopeId::account(SCOPE)])).unwrap()[0]
}

fn rights(store: &SqliteStore) -> u64 {
    current(store).rights.counter
}

/// The counter as a reader finds it on the disk.
async fn stored(store: &SqliteStore) -> Option<i64> {
    store
        .read("look", |connection| {
            let mut find = connection.prepare_cached("SELECT rights FROM scope WHERE id = ?1")?;
            Ok(find
                .query_row([SCOPE.cast_signed()], |row| row.get(0))
                .optional()?)
        })
        .await
        .unwrap()
}

async fn bump(store: &SqliteStore) -> Result<(), StoreError> {
    store.bump(&[ScopeId::account(SCOPE)]).await
}

/// Keeps the writer busy until it is told to go on.
struct Gate {
    started: mpsc::Receiver<()>,
    go_on: mpsc::Sender<()>,
}

impl Gate {
    fn new() -> (
        Self,
        impl FnOnce(&Connection, &mut Effects) -> Result<(), Fault>,
    ) {
        let (starts, started) = mpsc::channel();
        let (go_on, goes_on) = mpsc::channel();
        let job = move |_: &Connection, _: &mut Effects| {
            starts.send(()).unwrap();
            goes_on.recv().unwrap();
            Ok(())
        };
        (Self { started, go_on }, job)
    }
}

#[test]
fn an_error_or_a_panic_in_a_group_undoes_nothing_but_its_own() {
    let store = SqliteStore::open_temporary().unwrap();
    let (gate, wait) = Gate::new();
    let mut first = Box::pin(store.write("wait", wait));
    assert!(first.as_mut().now_or_never().is_none());
    gate.started.recv().unwrap();
    let scope = ScopeId::account(SCOPE);
    let mut good = Box::pin(bump(&store));
    let mut wrong = Box::pin(store.write("fail", move |tx, effects| {
        effects.bump(tx, scope)?;
        Err::<(), _>(StoreError::Stale.into())
    }));
    let mut worse = Box::pin(store.write("panic", move |tx, effects| {
        effects.bump(tx, scope)?;
        if effects.is_empty() {
            return Ok(());
        }
        panic!("this request is broken");
    }));
    let mut last = Box::pin(bump(&store));
    // One after another into the queue, then all at once.
    assert!(good.as_mut().now_or_never().is_none());
    assert!(wrong.as_mut().now_or_never().is_none());
    assert!(worse.as_mut().now_or_never().is_none());
    assert!(last.as_mut().now_or_never().is_none());
    gate.go_on.send(()).unwrap();
    let (first, good, wrong, worse, last) =
        block_on(async { futures::join!(first, good, wrong, worse, last) });
    assert!(first.is_ok() && good.is_ok() && last.is_ok());
    assert!(matches!(wrong, Err(StoreError::Stale)), "{wrong:?}");
    assert!(
        matches!(worse, Err(StoreError::Unavailable { what: "panic", .. })),
        "{worse:?}"
    );
    assert_eq!((rights(&store), block_on(stored(&store))), (2, Some(2)));
}

#[test]
fn replies_and_the_board_wait_for_the_commit_of_the_whole_group() {
    let store = SqliteStore::open_temporary().unwrap();
    let (first_gate, first) = Gate::new();
    let (last_gate, last) = Gate::new();
    let mut first = Box::pin(store.write("wait", first));
    assert!(first.as_mut().now_or_never().is_none());
    first_gate.started.recv().unwrap();
    let mut bumped = Box::pin(bump(&store));
    let mut last = Box::pin(store.write("wait", last));
    assert!(bumped.as_mut().now_or_never().is_none());
    assert!(last.as_mut().now_or_never().is_none());
    first_gate.go_on.send(()).unwrap();
    // The bump has run now, in the same transaction as the request that waits.
    last_gate.started.recv().unwrap();
    assert!(bumped.as_mut().now_or_never().is_none());
    // Reads do not wait for the writer, and see nothing of it.
    assert_eq!((rights(&store), block_on(stored(&store))), (0, None));
    last_gate.go_on.send(()).unwrap();
    block_on(bumped).unwrap();
    assert_eq!((rights(&store), block_on(stored(&store))), (1, Some(1)));
    block_on(async { futures::join!(first, last) }).0.unwrap();
}

#[test]
fn a_commit_that_fails_fails_the_whole_group_and_nothing_after_it() {
    let store = SqliteStore::open_temporary().unwrap();
    let (gate, wait) = Gate::new();
    let mut first = Box::pin(store.write("wait", wait));
    assert!(first.as_mut().now_or_never().is_none());
    gate.started.recv().unwrap();
    let mut bumped = Box::pin(bump(&store));
    let mut dangling = Box::pin(store.write("break the commit", |tx, _| {
        tx.execute_batch(
            "PRAGMA defer_foreign_keys = ON;
             INSERT INTO link (repository, digest, renewed_at) VALUES (1, x'01', 0);",
        )?;
        Ok(())
    }));
    assert!(bumped.as_mut().now_or_never().is_none());
    assert!(dangling.as_mut().now_or_never().is_none());
    gate.go_on.send(()).unwrap();
    let (first, bumped, dangling) = block_on(async { futures::join!(first, bumped, dangling) });
    for outcome in [first, bumped, dangling] {
        assert!(
            matches!(outcome, Err(StoreError::Unavailable { .. })),
            "{outcome:?}"
        );
    }
    assert_eq!((rights(&store), block_on(stored(&store))), (0, None));
    block_on(bump(&store)).unwrap();
    assert_eq!(rights(&store), 1);
}

#[test]
fn a_full_disk_is_said_to_be_full_and_leaves_what_was_there() {
    let store = SqliteStore::open_temporary().unwrap();
    block_on(bump(&store)).unwrap();
    let outcome = block_on(store.write("fill the disk", |tx, _| {
        let pages: i64 = tx.pragma_query_value(None, "page_count", |row| row.get(0))?;
        tx.pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))?;
        tx.query_row(
            &format!("PRAGMA max_page_count = {}", pages + 2),
            [],
            |_| Ok(()),
        )?;
        tx.execute(
            "INSERT INTO manifest_body (digest, bytes) VALUES (x'01', zeroblob(1000000))",
            [],
        )?;
        Ok(())
    }));
    assert!(matches!(outcome, Err(StoreError::Full(_))), "{outcome:?}");
    block_on(bump(&store)).unwrap();
    assert_eq!((rights(&store), block_on(stored(&store))), (2, Some(2)));
}

#[test]
fn a_request_that_was_queued_runs_though_nobody_waits() {
    let store = SqliteStore::open_temporary().unwrap();
    let (gate, wait) = Gate::new();
    let mut first = Box::pin(store.write("wait", wait));
    assert!(first.as_mut().now_or_never().is_none());
    assert!(bump(&store).now_or_never().is_none());
    gate.go_on.send(()).unwrap();
    block_on(first).unwrap();
    block_on(bump(&store)).unwrap();
    assert_eq!(rights(&store), 2);
}

#[cfg(feature = "projects")]
#[test]
fn a_read_that_panics_or_fails_in_a_transaction_spoils_no_later_read() {
    let directory = TempDir::new().unwrap();
    let options = SqliteOptions::default().with_readers(1);
    let store = SqliteStore::open(directory.path().join("m.db"), options).unwrap();
    let panicked = block_on(store.read_consistent("panic", |connection| {
        connection.query_row("SELECT count(*) FROM scope", [], |_| Ok(()))?;
        if connection.is_autocommit() {
            return Ok(());
        }
        panic!("this request is broken");
    }));
    assert!(panicked.is_err());
    let failed = block_on(store.read_consistent("fail", |connection| {
        Ok(connection.execute("DELETE FROM scope", [])?)
    }));
    assert!(failed.is_err(), "a reader wrote: {failed:?}");
    block_on(bump(&store)).unwrap();
    assert_eq!(block_on(stored(&store)), Some(1));
}

#[cfg(feature = "projects")]
#[test]
fn facts_and_versions_can_be_read_from_one_state() {
    let store = SqliteStore::open_temporary().unwrap();
    let writer = store.clone();
    let scope = ScopeId::account(SCOPE);
    let read = store.read_consistent("look twice", move |connection| {
        let before = crate::board::stored_versions(connection, &[scope])?;
        block_on(bump(&writer))?;
        Ok((before, crate::board::stored_versions(connection, &[scope])?))
    });
    let (before, after) = block_on(read).unwrap();
    assert_eq!(before, after);
    assert_eq!(rights(&store), 1);
}

#[test]
fn what_was_answered_is_there_after_a_reopening_and_the_epoch_with_it() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("m.db");
    let open = || SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let store = open();
    block_on(join_all((0..100).map(|_| bump(&store))))
        .into_iter()
        .for_each(Result::unwrap);
    let before = current(&store);
    assert_eq!(before.rights.counter, 100);
    assert_ne!(before.rights.epoch, 0);
    drop(store);
    assert_eq!(current(&open()), before);
}

#[test]
fn a_closed_store_refuses_and_its_log_is_folded_in() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("m.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    block_on(bump(&store)).unwrap();
    for _ in 0..2 {
        block_on(store.close()).unwrap();
    }
    assert!(block_on(bump(&store)).is_err());
    assert!(block_on(store.find_repository(&"a".parse().unwrap())).is_err());
    let log = std::fs::metadata(directory.path().join("m.db-wal")).map_or(0, |log| log.len());
    assert_eq!(log, 0);
}

#[test]
fn a_database_is_open_once_at_a_time() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("m.db");
    let first = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let error = SqliteStore::open(&path, SqliteOptions::default()).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("open elsewhere"), "{cause}");
    drop(first);
    SqliteStore::open(&path, SqliteOptions::default()).unwrap();
}

#[test]
fn a_snapshot_is_a_whole_database_with_an_epoch_of_its_own() {
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open_temporary().unwrap();
    block_on(bump(&store)).unwrap();
    let copy = directory.path().join("copy.db");
    block_on(store.snapshot(&copy)).unwrap();
    let again = block_on(store.snapshot(&copy));
    assert!(matches!(again, Err(StoreError::Conflict(_))), "{again:?}");
    // The original goes on as it was.
    block_on(bump(&store)).unwrap();
    let names: Vec<_> = std::fs::read_dir(directory.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["copy.db"]);

    let first = SqliteStore::open(&copy, SqliteOptions::default()).unwrap();
    let restored = current(&first);
    assert_eq!(restored.rights.counter, 1);
    assert_ne!(restored.rights.epoch, current(&store).rights.epoch);
    // Only the first opening of a copy is a restoration.
    drop(first);
    let second = SqliteStore::open(&copy, SqliteOptions::default()).unwrap();
    assert_eq!(current(&second), restored);
    block_on(second.renew_epoch()).unwrap();
    assert_ne!(current(&second).rights.epoch, restored.rights.epoch);
}

fn manifest(by: &str) -> ManifestPut {
    let bytes = Bytes::from_static(b"{}");
    ManifestPut {
        digest: ContentDigest::sha256(&bytes),
        bytes,
        media_type: MediaType::OCI_MANIFEST,
        artifact_type: None,
        subject: None,
        annotations: None,
        references: Vec::new(),
        tags: vec!["latest".parse().unwrap()],
        by: CallerId::new(by).unwrap(),
        at: SystemTime::UNIX_EPOCH,
        admission: None,
    }
}

async fn create(store: &SqliteStore) -> RepositoryId {
    let put = manifest("ada");
    let view = View::New(NewName {
        name: "syn1/a".parse().unwrap(),
        parent: None,
        caller: put.by.clone(),
    });
    let fence = Fence::default();
    match store.put_manifest(put, &Permit { view, fence }).await {
        Ok(PutOutcome::Stored { repository, .. }) => repository,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_purged_name_begins_anew_and_a_collection_sweeps_up_what_it_held() {
    let store = SqliteStore::open_temporary().unwrap();
    block_on(async {
        let first = create(&store).await;
        assert_eq!(first, RepositoryId(1_000_000));
        assert!(store.purge(first).await.unwrap());
        assert!(!store.purge(first).await.unwrap());
        let tag = "latest".parse().unwrap();
        let gone = store.find_manifest(&View::Repository(first), &tag).await;
        assert!(matches!(gone, Err(StoreError::Stale)), "{gone:?}");
        let second = create(&store).await;
        assert_eq!(second, RepositoryId(1_000_001));
        let history = store
            .history(&View::Repository(second), None, None, 10)
            .await;
        assert_eq!(history.unwrap().len(), 1);

        let grace = std::time::Duration::from_secs(3600);
        let rule = CollectRule {
            at: SystemTime::UNIX_EPOCH,
            link_grace: grace,
            staged_grace: grace,
            upload_idle: grace,
        };
        while store.condemn(&rule, 1).await.unwrap() > 0 {}
        let left = store.read("count", move |connection| {
            let count = |table| {
                let sql = format!("SELECT count(*) FROM {table}");
                connection.query_row(&sql, [], |row| row.get::<_, i64>(0))
            };
            let tables = ["tag", "manifest", "manifest_body", "history", "purged"];
            Ok(tables.map(count).map(Result::unwrap))
        });
        assert_eq!(left.await.unwrap(), [1, 1, 1, 1, 0]);
        let found = store.find_manifest(&View::Repository(second), &tag).await;
        assert!(found.unwrap().is_some());
    });
}

#[test]
fn a_manifest_that_the_disk_has_damaged_is_whole_once_it_is_put_again() {
    let store = SqliteStore::open_temporary().unwrap();
    block_on(async {
        create(&store).await;
        let sql = "UPDATE manifest_body SET bytes = x'00'";
        Connection::open(&store.inner.path)
            .unwrap()
            .execute(sql, [])
            .unwrap();
        let put = manifest("ada");
        let tag = "latest".parse().unwrap();
        let view = View::Repository(RepositoryId(1_000_000));
        let damaged = store.find_manifest(&view, &tag).await.unwrap().unwrap();
        assert_ne!(damaged.bytes, put.bytes);
        let (bytes, fence) = (put.bytes.clone(), Fence::default());
        let permit = Permit {
            view: view.clone(),
            fence,
        };
        store.put_manifest(put, &permit).await.unwrap();
        let mended = store.find_manifest(&view, &tag).await.unwrap().unwrap();
        assert_eq!(mended.bytes, bytes);
    });
}

#[test]
fn a_process_just_started_does_not_keep_the_database_open() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("metadata.db");
    let store = SqliteStore::open(&path, SqliteOptions::default()).unwrap();
    let inherited = store.inner.owner.try_clone().unwrap();
    drop(store);
    drop(SqliteStore::open(&path, SqliteOptions::default()).unwrap());
    drop(inherited);
}

#[cfg(unix)]
#[test]
fn what_is_written_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = TempDir::new().unwrap();
    let store = SqliteStore::open(
        directory.path().join("metadata.db"),
        SqliteOptions::default(),
    )
    .unwrap();
    block_on(bump(&store)).unwrap();
    block_on(store.snapshot(directory.path().join("copy.db"))).unwrap();
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{entry:?}");
        names.push(entry.file_name().into_string().unwrap());
    }
    names.sort();
    let expected = [
        "copy.db",
        "metadata.db",
        "metadata.db-owner",
        "metadata.db-shm",
        "metadata.db-wal",
    ];
    assert_eq!(names, expected);
}
