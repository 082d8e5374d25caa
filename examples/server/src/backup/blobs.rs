//! Every blob that rows name, several at a time: copied from one directory to another, or checked
//! where it is.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use pierhead::fs::{BlobFiles, Keep};
use pierhead::model::{ContentDigest, Hasher};
use pierhead::sqlite::SqliteReader;
use pierhead::storage::{BlobRecord, StoreError};

use super::progress::Progress;
use crate::failure::Failure;

/// So many files are worked on at once: while one waits for the disk, another is hashed.
const THREADS: usize = 4;

/// Rows that are read at once.
const PAGE: usize = 1_000;

/// What is wrong with a blob's file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Damage {
    /// It is not there.
    Missing,
    /// It is longer or shorter.
    Length,
    /// Its bytes are others.
    Bytes,
    /// The disk does not give its bytes back.
    Unreadable,
}

/// What became of a blob that was to be copied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    /// It is copied now.
    Now,
    /// It was there.
    Before,
    /// It cannot be copied.
    No(Damage),
}

/// Rows that several threads take pages of.
struct Feed<'a> {
    rows: &'a mut SqliteReader,
    page: VecDeque<BlobRecord>,
    after: Option<ContentDigest>,
    ended: bool,
}

impl Feed<'_> {
    fn next(&mut self) -> Result<Option<BlobRecord>, StoreError> {
        if self.page.is_empty() && !self.ended {
            let page = self.rows.blobs(self.after.as_ref(), PAGE)?;
            self.ended = page.len() < PAGE;
            self.after = page.last().map(|last| last.digest);
            self.page = page.into();
        }
        Ok(self.page.pop_front())
    }
}

/// Does something with every blob that the rows name, in no order. The first failure ends it.
pub(super) fn each(
    rows: &mut SqliteReader,
    work: impl Fn(&BlobRecord) -> Result<(), Failure> + Sync,
) -> Result<(), Failure> {
    let feed = Mutex::new(Feed {
        rows,
        page: VecDeque::new(),
        after: None,
        ended: false,
    });
    let stopped = AtomicBool::new(false);
    let run = || {
        while !stopped.load(Ordering::Relaxed) {
            let next = locked(&feed).next();
            let next = next.map_err(|error| Failure::because("blobs cannot be listed", &error));
            let done = match next {
                Ok(Some(record)) => work(&record),
                Ok(None) => break,
                Err(failure) => Err(failure),
            };
            if done.is_err() {
                stopped.store(true, Ordering::Relaxed);
                return done;
            }
        }
        Ok(())
    };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(run)).collect();
        let ended = threads.into_iter().map(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err(Failure::happened("a thread panicked")))
        });
        // All of them are waited for.
        ended.fold(Ok(()), Result::and)
    })
}

/// Copies a blob, unless it is there with its length: a place is never used for other bytes.
///
/// # Errors
/// When something cannot be read or written; [`StoreError::Full`].
pub(super) fn copy(
    record: &BlobRecord,
    from: &BlobFiles,
    to: &BlobFiles,
    fast: bool,
    progress: &Progress,
) -> Result<Copied, StoreError> {
    if to.len_of(&record.place)? == Some(record.size) {
        progress.bytes(record.size);
        return Ok(Copied::Before);
    }
    match open(record, from)? {
        Err(damage) => Ok(Copied::No(damage)),
        Ok(file) => {
            let mut check = Check::new(record, fast, progress);
            let mut from = Source::of(file);
            let whole = to.add(&record.place, &mut from, &mut check)?;
            Ok(if whole && !from.broken {
                Copied::Now
            } else {
                Copied::No(check.damage(&from))
            })
        }
    }
}

/// Reads a blob where it is, or only looks at its length.
///
/// # Errors
/// When it cannot be read.
pub(super) fn check(
    record: &BlobRecord,
    at: &BlobFiles,
    fast: bool,
    progress: &Progress,
) -> Result<Option<Damage>, StoreError> {
    let file = match open(record, at)? {
        Ok(file) => file,
        Err(damage) => return Ok(Some(damage)),
    };
    if fast {
        progress.bytes(record.size);
        return Ok(None);
    }
    let mut check = Check::new(record, fast, progress);
    let mut from = Source::of(file);
    let mut buffer = vec![0; 256 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(filled) => check.piece(&buffer[..filled]),
            Err(_) => {}
        }
    }
    let whole = check.whole() && !from.broken;
    Ok((!whole).then(|| check.damage(&from)))
}

fn open(record: &BlobRecord, at: &BlobFiles) -> Result<Result<File, Damage>, StoreError> {
    Ok(match at.read(&record.place) {
        Ok(None) => Err(Damage::Missing),
        Ok(Some((_, len))) if len != record.size => Err(Damage::Length),
        Ok(Some((file, _))) => Ok(file),
        Err(error) if is_of_one(&error) => Err(Damage::Unreadable),
        Err(error) => return Err(error),
    })
}

/// Whether this file cannot be opened, and others may: not when this process can open no more.
fn is_of_one(error: &StoreError) -> bool {
    const ENOMEM: i32 = 12;
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    let StoreError::Unavailable { source, .. } = error else {
        return false;
    };
    let cause = source.downcast_ref::<io::Error>();
    let errno = cause.and_then(io::Error::raw_os_error);
    errno.is_some_and(|errno| ![ENOMEM, ENFILE, EMFILE].contains(&errno))
}

/// A file of a disk that may be broken: it ends where it cannot be read, which is damage of this blob
/// and no reason to leave out the others.
struct Source {
    file: File,
    broken: bool,
}

impl Source {
    fn of(file: File) -> Self {
        Self {
            file,
            broken: false,
        }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.file.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => {
                    self.broken = true;
                    return Ok(0);
                }
                filled => return filled,
            }
        }
    }
}

/// Compares what passes with what it should be.
struct Check<'a> {
    hasher: Option<Hasher>,
    len: u64,
    record: &'a BlobRecord,
    progress: &'a Progress,
}

impl<'a> Check<'a> {
    fn new(record: &'a BlobRecord, fast: bool, progress: &'a Progress) -> Self {
        Self {
            hasher: (!fast).then(|| Hasher::new(record.digest.algorithm())),
            len: 0,
            record,
            progress,
        }
    }

    /// What is wrong with what did not pass.
    fn damage(&self, from: &Source) -> Damage {
        if from.broken {
            Damage::Unreadable
        } else if self.len == self.record.size {
            Damage::Bytes
        } else {
            Damage::Length
        }
    }
}

impl Keep for Check<'_> {
    fn piece(&mut self, bytes: &[u8]) {
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
        self.len += bytes.len() as u64;
        self.progress.bytes(bytes.len() as u64);
    }

    fn whole(&mut self) -> bool {
        let right = |hasher: Hasher| hasher.finish() == self.record.digest;
        self.len == self.record.size && self.hasher.take().is_none_or(right)
    }
}

/// A lock whose holder may have panicked, which is told elsewhere.
pub(super) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_does_not_give_bytes_back_ends_the_file_and_no_more() {
        // A directory opens like a file, and cannot be read.
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let mut from = Source::of(File::open(scratch.path()).expect("a directory"));
        assert_eq!(from.read(&mut [0; 8]).expect("an end"), 0);
        assert!(from.broken);
    }
}
