//! A directory of blobs from outside.

use std::os::unix::fs::PermissionsExt as _;

use pierhead_storage::BlobStore as _;

use super::*;
use crate::{FsBlobStore, FsOptions};

/// Counts, and agrees or not.
struct Count {
    bytes: usize,
    agrees: bool,
}

impl Keep for Count {
    fn piece(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len();
    }

    fn whole(&mut self) -> bool {
        self.agrees
    }
}

fn count(agrees: bool) -> Count {
    Count { bytes: 0, agrees }
}

/// Breaks off after some bytes.
struct Broken(usize);

impl Read for Broken {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::other("the disk is broken"));
        }
        let filled = self.0.min(buffer.len());
        self.0 -= filled;
        Ok(filled)
    }
}

fn all(files: &BlobFiles) -> Vec<FoundFile> {
    (0..BlobFiles::PARTS)
        .flat_map(|part| files.part(part).unwrap())
        .collect()
}

#[tokio::test]
async fn what_a_store_has_open_can_be_read_and_told_apart() {
    let scratch = tempfile::tempdir().unwrap();
    let store = FsBlobStore::open(scratch.path(), FsOptions::default()).unwrap();
    let (sealed, open) = (store.allocate(), store.allocate());
    for (place, seals) in [(&sealed, true), (&open, false)] {
        let mut writer = store.writer(place, None).await.unwrap();
        writer.write("layer".into()).await.unwrap();
        writer.checkpoint().await.unwrap();
        if seals {
            writer.seal().await.unwrap();
        }
    }
    std::fs::write(scratch.path().join("00/thesis.tex"), "").unwrap();

    let files = BlobFiles::open(scratch.path()).unwrap();
    assert_eq!(files.len_of(&sealed).unwrap(), Some(5));
    assert_eq!(files.len_of(&open).unwrap(), None, "it is not all there");
    assert!(files.read(&open).unwrap().is_none());
    let (mut file, len) = files.read(&sealed).unwrap().unwrap();
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    assert_eq!((text.as_str(), len), ("layer", 5));
    let mut kinds: Vec<FileKind> = all(&files).into_iter().map(|file| file.kind).collect();
    kinds.sort_by_key(|kind| format!("{kind:?}"));
    let expected = [
        FileKind::Foreign,
        FileKind::Open(open),
        FileKind::Sealed(sealed),
    ];
    assert_eq!(kinds, expected);
}

#[test]
fn a_copy_is_whole_or_not_there() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("backup/blobs");
    let files = BlobFiles::make(&path).unwrap();
    let place = Place::random();
    assert!(!files.add(&place, &b"wrong"[..], &mut count(false)).unwrap());
    files
        .add(&place, Broken(PIECE + 1), &mut count(true))
        .unwrap_err();
    assert!(all(&files).is_empty(), "nothing is left of either");

    // As a killed process leaves it.
    let sealed = path.join(BlobPath::of(&place).unwrap().sealed);
    std::fs::write(sealed.with_extension("partial"), "half").unwrap();
    assert_eq!(all(&files)[0].kind, FileKind::Partial);
    let mut heard = count(true);
    assert!(files.add(&place, &b"layer"[..], &mut heard).unwrap());
    assert_eq!(heard.bytes, 5);
    files.sync().unwrap();
    let found = all(&files);
    assert_eq!(found.len(), 1, "the half one is gone: {found:?}");
    assert_eq!(found[0].kind, FileKind::Sealed(place.clone()));
    assert_eq!(std::fs::read(&sealed).unwrap(), b"layer");
    let mode = std::fs::metadata(&sealed).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    assert!(files.is_there(&found[0]).unwrap());
    for _ in 0..2 {
        files.remove(&found[0]).unwrap();
    }
    assert!(!files.is_there(&found[0]).unwrap());
    assert_eq!(files.len_of(&place).unwrap(), None);
}

#[test]
fn a_place_of_another_store_is_no_path() {
    let scratch = tempfile::tempdir().unwrap();
    let files = BlobFiles::make(scratch.path()).unwrap();
    let place = Place::new("elsewhere").unwrap();
    assert_eq!(files.len_of(&place).unwrap(), None);
    assert!(files.read(&place).unwrap().is_none());
    let error = files.add(&place, &b""[..], &mut count(true)).unwrap_err();
    assert!(matches!(error, StoreError::NotFound), "{error:?}");
    assert!(BlobFiles::open(&scratch.path().join("absent")).is_err());
}
