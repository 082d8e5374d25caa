use std::os::fd::AsFd;
use std::path::PathBuf;

use futures::FutureExt as _;
use pierhead_storage::{BlobStore, Place};
use rustix::fs::{FlockOperation, Mode, OFlags};
use tempfile::TempDir;

use super::*;
use crate::revoke::Slots;
use crate::{FsBlobStore, FsOptions, directory};

/// A writer that can be looked into, and the directory it writes to.
struct Bench {
    scratch: TempDir,
    place: Place,
    slots: Arc<Slots>,
    root: Arc<Root>,
}

impl Bench {
    /// Lays the directory out as a store does, and then does without the store.
    fn new() -> Self {
        let scratch = TempDir::new().unwrap();
        let store = FsBlobStore::open(scratch.path(), FsOptions::default()).unwrap();
        Self {
            place: store.allocate(),
            slots: Arc::default(),
            root: Arc::clone(store.root()),
            scratch,
        }
    }

    fn writer(&self, from: Option<u64>) -> Result<FsWriter, StoreError> {
        let path = BlobPath::of(&self.place)?;
        let from = from.map(|offset| Checkpoint {
            offset,
            state: Bytes::new(),
        });
        let open = || self.root.open_for_writing(&path, from.as_ref());
        let (turn, opened) = self.slots.take(&self.place, open)?;
        let max_len = i64::MAX as u64;
        Ok(FsWriter::new(
            Arc::clone(&self.root),
            path.clone(),
            turn,
            opened,
            max_len,
        ))
    }

    fn open_file(&self) -> PathBuf {
        let path = BlobPath::of(&self.place).unwrap();
        self.scratch.path().join(path.open)
    }

    fn sealed_file(&self) -> PathBuf {
        let path = BlobPath::of(&self.place).unwrap();
        self.scratch.path().join(path.sealed)
    }
}

/// Puts another file in the place of the writer's own.
fn swap(writer: &mut FsWriter, file: OwnedFd) -> OwnedFd {
    let shared = Arc::get_mut(&mut writer.shared).expect("no job is under way");
    shared.file.replace(file).expect("the writer is open")
}

/// A file that cannot be synced.
fn unsyncable() -> OwnedFd {
    rustix::fs::openat(
        rustix::fs::CWD,
        "/dev/null",
        OFlags::WRONLY | OFlags::CLOEXEC,
        Mode::empty(),
    )
    .unwrap()
}

#[track_caller]
fn unavailable<T>(answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Unavailable { .. })));
}

#[tokio::test]
async fn after_a_sync_that_failed_nothing_succeeds() {
    for seals in [false, true] {
        let bench = Bench::new();
        let mut writer = bench.writer(None).unwrap();
        writer.write("safe".into()).await.unwrap();
        let safe = writer.checkpoint().await.unwrap();
        writer.write(" lost".into()).await.unwrap();

        let file = swap(&mut writer, unsyncable());
        if seals {
            unavailable(&writer.seal().await);
        } else {
            unavailable(&writer.checkpoint().await);
        }
        // The kernel tells of a failure once: from now on it would say that all is well.
        drop(swap(&mut writer, file));
        unavailable(&writer.checkpoint().await);
        unavailable(&writer.seal().await);
        unavailable(&writer.write("more".into()).await);
        assert!(!bench.sealed_file().exists());

        let mut next = bench.writer(Some(safe.offset)).unwrap();
        next.write(" again".into()).await.unwrap();
        assert_eq!(next.seal().await.unwrap(), 10);
        assert_eq!(std::fs::read(bench.sealed_file()).unwrap(), b"safe again");
    }
}

#[tokio::test]
async fn of_a_chunk_that_did_not_fit_nothing_stays() {
    let bench = Bench::new();
    drop(bench.writer(None).unwrap());
    // The longest file that this file system takes is a room that ends in the middle of a chunk.
    let file = std::fs::File::options()
        .write(true)
        .open(bench.open_file())
        .unwrap();
    let (mut fits, mut fails) = (0, i64::MAX as u64);
    while fails - fits > 1 {
        let middle = fits + (fails - fits) / 2;
        match file.set_len(middle) {
            Ok(()) => fits = middle,
            Err(_) => fails = middle,
        }
    }
    let start = fits - 5_000;
    file.set_len(start).unwrap();

    let mut writer = bench.writer(Some(start)).unwrap();
    writer.write(Bytes::from_static(&[1; 1_000])).await.unwrap();
    let answer = writer.write(Bytes::from_static(&[2; 10_000])).await;
    assert!(matches!(answer, Err(StoreError::TooLarge)), "{answer:?}");
    assert_eq!(file.metadata().unwrap().len(), start + 1_000);
    assert_eq!(writer.seal().await.unwrap(), start + 1_000);
    assert_eq!(file.metadata().unwrap().len(), start + 1_000);
}

#[tokio::test]
async fn no_byte_follows_once_a_seal_has_begun() {
    let bench = Bench::new();
    let mut writer = bench.writer(None).unwrap();
    writer.write("whole".into()).await.unwrap();
    // Begun and broken off: the job goes on and nobody hears of its end.
    let shared = Arc::clone(&writer.shared);
    let job = shared.syncing.lock();
    assert!(writer.seal().now_or_never().is_none());
    drop(job);
    let answer = writer.write(" and more".into()).await;
    assert!(matches!(answer, Err(StoreError::Conflict(_))), "{answer:?}");
    assert_eq!(writer.seal().await.unwrap(), 5);
    assert_eq!(std::fs::read(bench.sealed_file()).unwrap(), b"whole");
}

#[tokio::test]
async fn a_seal_under_way_is_lost_to_a_newer_writer() {
    let bench = Bench::new();
    let mut older = bench.writer(None).unwrap();
    older.write("older".into()).await.unwrap();
    let shared = Arc::clone(&older.shared);
    let job = shared.syncing.lock();
    assert!(older.seal().now_or_never().is_none());
    let mut newer = bench.writer(Some(5)).unwrap();
    drop(job);
    let answer = older.seal().await;
    assert!(matches!(answer, Err(StoreError::Superseded)), "{answer:?}");
    // The job broken off holds a part of what is shared until it ends.
    while Arc::strong_count(&shared) > 2 {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    assert!(!bench.sealed_file().exists());
    newer.write(" new".into()).await.unwrap();
    assert_eq!(newer.seal().await.unwrap(), 9);
    assert_eq!(std::fs::read(bench.sealed_file()).unwrap(), b"older new");
}

#[tokio::test]
async fn a_file_changed_behind_the_writers_back_is_not_sealed() {
    let bench = Bench::new();
    let mut writer = bench.writer(None).unwrap();
    writer.write("mine".into()).await.unwrap();
    std::fs::write(bench.open_file(), "somebody else's").unwrap();
    let answer = writer.seal().await;
    assert!(
        matches!(answer, Err(StoreError::Corrupt { .. })),
        "{answer:?}"
    );
    assert!(!bench.sealed_file().exists());
}

#[tokio::test]
async fn a_sealed_writer_that_was_revoked_says_so() {
    let bench = Bench::new();
    let mut older = bench.writer(None).unwrap();
    older.write("same".into()).await.unwrap();
    older.seal().await.unwrap();
    let mut newer = bench.writer(Some(4)).unwrap();
    assert!(matches!(older.seal().await, Err(StoreError::Superseded)));
    assert!(matches!(
        older.write("x".into()).await,
        Err(StoreError::Superseded)
    ));
    assert_eq!(newer.seal().await.unwrap(), 4);
    assert_eq!(newer.checkpoint().await.unwrap().offset, 4);
}

#[tokio::test]
async fn what_was_cut_off_is_synced_before_a_seal_says_so() {
    let bench = Bench::new();
    let mut older = bench.writer(None).unwrap();
    older.write("long and longer".into()).await.unwrap();
    older.checkpoint().await.unwrap();
    for (from, dirty) in [(15, false), (4, true)] {
        let writer = bench.writer(Some(from)).unwrap();
        assert_eq!(writer.dirty, dirty, "from {from}");
    }
}

#[test]
fn a_process_just_started_does_not_keep_the_directory_locked() {
    let Bench { scratch, root, .. } = Bench::new();
    let inherited = root.duplicate().unwrap();
    drop(root);
    drop(FsBlobStore::open(scratch.path(), FsOptions::default()).unwrap());
    drop(inherited);
}

#[tokio::test]
async fn a_job_left_behind_keeps_the_directory_locked() {
    let bench = Bench::new();
    let mut writer = bench.writer(None).unwrap();
    writer.write("x".into()).await.unwrap();
    let shared = Arc::clone(&writer.shared);
    let job = shared.syncing.lock();
    assert!(writer.checkpoint().now_or_never().is_none());
    drop(writer);
    let Bench { scratch, root, .. } = bench;
    drop(root);
    let other = directory::open(rustix::fs::CWD, scratch.path()).unwrap();
    let lock = || rustix::fs::flock(other.as_fd(), FlockOperation::NonBlockingLockExclusive);
    assert_eq!(lock(), Err(Errno::WOULDBLOCK));
    drop(job);
    drop(shared);
    for _ in 0..500 {
        if lock().is_ok() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the job has ended and its lock has not");
}
