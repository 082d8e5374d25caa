//! What the contract cannot ask: files, their modes, and directories that vanish.

#![allow(
    clippy::unwrap_used,
    reason = "what a test sets up is no fault of the store"
)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use bytes::Bytes;
use futures::TryStreamExt as _;
use pierhead_storage::{BlobRead, BlobStore, Checkpoint, Place, ReadOptions, StoreError};
use pierhead_storage_fs::{FsBlobStore, FsOptions};
use tempfile::TempDir;

fn open(path: &Path) -> FsBlobStore {
    FsBlobStore::open(path, FsOptions::default().with_sync(false)).unwrap()
}

async fn seal(store: &FsBlobStore, bytes: impl Into<Bytes>) -> Place {
    let place = store.allocate();
    let mut writer = store.writer(&place, None).await.unwrap();
    writer.write(bytes.into()).await.unwrap();
    writer.seal().await.unwrap();
    place
}

async fn read(store: &FsBlobStore, at: &Place, range: std::ops::Range<u64>) -> Vec<Bytes> {
    let how = ReadOptions::default();
    let BlobRead::Stream(pieces) = store.read(at, range, &how).await.unwrap() else {
        panic!("a directory does not redirect");
    };
    pieces.try_collect().await.unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn what_is_made_is_for_its_owner_alone() {
    let scratch = TempDir::new().unwrap();
    let path = scratch.path().join("data/deeper/blobs");
    let store = FsBlobStore::open(&path, FsOptions::default()).unwrap();
    let place = seal(&store, "bytes").await;
    let unsealed = store.allocate();
    let _writer = store.writer(&unsealed, None).await.unwrap();
    let shard = |place: &Place| path.join(&place.as_str()[..2]);
    let open_name = format!("{unsealed}.open");
    for (at, expected) in [
        (scratch.path().join("data"), 0o700),
        (scratch.path().join("data/deeper"), 0o700),
        (path.clone(), 0o700),
        (shard(&place), 0o700),
        (shard(&place).join(place.as_str()), 0o600),
        (shard(&unsealed).join(open_name), 0o600),
    ] {
        assert_eq!(mode(&at), expected, "{}", at.display());
    }
}

#[test]
fn a_directory_can_be_named_by_any_path() {
    let scratch = TempDir::new().unwrap();
    let real = scratch.path().join("real");
    fs::create_dir(&real).unwrap();
    std::os::unix::fs::symlink(&real, scratch.path().join("link")).unwrap();
    for path in [
        "real",
        "link",
        "link/deeper/.",
        "real/../other",
        "new/../new/blobs",
    ] {
        let path = scratch.path().join(path);
        drop(FsBlobStore::open(&path, FsOptions::default()).unwrap());
        drop(open(&path));
    }
    fs::write(scratch.path().join("file"), "").unwrap();
    for path in ["file", "file/deeper"] {
        let answer = FsBlobStore::open(scratch.path().join(path), FsOptions::default());
        assert!(
            matches!(answer, Err(StoreError::Unavailable { .. })),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_directory_that_vanished_is_an_outage_and_not_an_absence() {
    let scratch = TempDir::new().unwrap();
    let path = scratch.path().join("blobs");
    let store = open(&path);
    let place = seal(&store, "bytes").await;
    fs::rename(&path, scratch.path().join("moved")).unwrap();
    assert_eq!(read(&store, &place, 0..5).await.concat(), b"bytes");

    fs::remove_dir_all(scratch.path().join("moved")).unwrap();
    let from = Checkpoint {
        offset: 5,
        state: Bytes::new(),
    };
    for answer in [
        store
            .read(&place, 0..5, &ReadOptions::default())
            .await
            .map(drop),
        store.writer(&place, None).await.map(drop),
        store.writer(&place, Some(from)).await.map(drop),
        store.list(None, 10).await.map(drop),
    ] {
        assert!(
            matches!(answer, Err(StoreError::Unavailable { .. })),
            "{answer:?}"
        );
    }
}

#[tokio::test]
async fn a_file_that_became_shorter_is_damage_and_not_an_end() {
    let scratch = TempDir::new().unwrap();
    let store = open(scratch.path());
    let place = seal(&store, vec![1; 600_000]).await;
    let how = ReadOptions::default();
    let BlobRead::Stream(pieces) = store.read(&place, 0..600_000, &how).await.unwrap() else {
        panic!("a directory does not redirect");
    };
    let file = scratch
        .path()
        .join(&place.as_str()[..2])
        .join(place.as_str());
    fs::File::options()
        .write(true)
        .open(file)
        .unwrap()
        .set_len(300_000)
        .unwrap();
    let answer = pieces.try_collect::<Vec<_>>().await;
    assert!(
        matches!(answer, Err(StoreError::Corrupt { .. })),
        "{answer:?}"
    );
}

#[tokio::test]
async fn ranges_are_exact_across_pieces_and_through_used_buffers() {
    const PIECE: u64 = 256 << 10;
    let scratch = TempDir::new().unwrap();
    let store = open(scratch.path());
    let bytes: Bytes = (0..3 * PIECE + 77)
        .map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1])
        .collect::<Vec<_>>()
        .into();
    let len = bytes.len() as u64;
    let place = seal(&store, bytes.clone()).await;
    let mut kept = Vec::new();
    for range in [
        0..len,
        0..PIECE,
        1..PIECE + 1,
        PIECE - 1..PIECE + 1,
        PIECE..3 * PIECE,
        5..len - 5,
        len - 1..len,
        len..len,
    ] {
        let index = |at: u64| usize::try_from(at).unwrap();
        let (start, end) = (index(range.start), index(range.end));
        let pieces = read(&store, &place, range).await;
        assert!(
            pieces
                .iter()
                .all(|piece| (1..=PIECE).contains(&(piece.len() as u64)))
        );
        assert_eq!(pieces.concat(), bytes[start..end], "{start}..{end}");
        // The last one stays with a slow reader while its buffer's companions are used again.
        kept.extend(pieces.last().map(|last| (last.clone(), bytes.slice(..end))));
    }
    for (piece, upto) in kept {
        assert!(upto.ends_with(&piece));
    }
}

#[tokio::test]
async fn a_place_with_both_its_names_is_listed_once() {
    let scratch = TempDir::new().unwrap();
    let store = open(scratch.path());
    let mut places = vec![seal(&store, "abc").await, seal(&store, "defgh").await];
    places.sort();
    for place in &places {
        // As a listing may see it that runs beside a seal.
        let shard = scratch.path().join(&place.as_str()[..2]);
        fs::copy(
            shard.join(place.as_str()),
            shard.join(format!("{place}.open")),
        )
        .unwrap();
        fs::write(shard.join("stranger"), "").unwrap();
        fs::write(shard.join(format!("{place}.other")), "").unwrap();
    }
    let found = |found: Vec<pierhead_storage::Listed>| -> Vec<Place> {
        found.into_iter().map(|listed| listed.place).collect()
    };
    assert_eq!(found(store.list(None, 10).await.unwrap()), places);
    assert_eq!(found(store.list(None, 1).await.unwrap()), places[..1]);
    assert_eq!(
        found(store.list(Some(&places[0]), 1).await.unwrap()),
        places[1..]
    );
    assert_eq!(found(store.list(None, 0).await.unwrap()), []);
}

#[tokio::test]
async fn the_longest_blob_is_what_a_file_can_hold() {
    let scratch = TempDir::new().unwrap();
    let limits = pierhead_storage::BlobLimits::default().with_max_len(3);
    let options = FsOptions::default().with_sync(false).with_limits(limits);
    let store = FsBlobStore::open(scratch.path(), options).unwrap();
    let place = store.allocate();
    let mut writer = store.writer(&place, None).await.unwrap();
    writer.write("ab".into()).await.unwrap();
    assert!(matches!(
        writer.write("cd".into()).await,
        Err(StoreError::TooLarge)
    ));
    writer.write("c".into()).await.unwrap();
    assert_eq!(writer.seal().await.unwrap(), 3);
    for offset in [4, i64::MAX as u64 + 1, u64::MAX] {
        let state = Bytes::new();
        let fresh = store.allocate();
        let answer = store
            .writer(&fresh, Some(Checkpoint { offset, state }))
            .await;
        assert!(
            matches!(answer.map(drop), Err(StoreError::NotFound)),
            "{offset}"
        );
    }
}
