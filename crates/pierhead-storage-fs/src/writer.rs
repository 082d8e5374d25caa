//! One upload's way to the disk.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use pierhead_storage::{BlobWriter, Checkpoint, StoreError};
use rustix::fs;
use rustix::io::{self, Errno};

use crate::error::{failed, no_thread};
use crate::revoke::Turn;
use crate::store::{BlobPath, Opened, Root, length};

/// Writes to one place.
///
/// Bytes go to the page cache on the caller's own thread, since a hop to another costs more than
/// the copy; only syncing, which waits for the disk, is handed to a blocking thread. What is dirty
/// is bounded by the distance between checkpoints.
pub(crate) struct FsWriter {
    shared: Arc<Shared>,
    stage: Stage,
    /// The bytes at the place that count.
    offset: u64,
    max_len: u64,
    /// Whether the file has changed since it was last synced.
    dirty: bool,
    entry_durable: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Open,
    /// A seal has begun. It may be broken off while its job goes on, so the name may change at any
    /// moment: no byte may follow.
    Sealing,
    Sealed,
}

/// What a job on a blocking thread keeps when the writer that began it is gone.
struct Shared {
    root: Arc<Root>,
    path: BlobPath,
    turn: Turn,
    file: Option<OwnedFd>,
    /// Held while syncing. The kernel tells of a failed write-back once for each open file: of two
    /// syncs at the same moment, the second would be told that all is well.
    syncing: Mutex<()>,
    /// A sync failed, and what it was to make safe may be gone though the next one succeeds; or
    /// bytes behind the offset could not be cut off. Only a writer that begins at an earlier
    /// checkpoint can mend that.
    lost: AtomicBool,
}

impl FsWriter {
    pub(crate) fn new(
        root: Arc<Root>,
        path: BlobPath,
        turn: Turn,
        opened: Opened,
        max_len: u64,
    ) -> Self {
        let (file, stage, offset, entry_durable, dirty) = match opened {
            Opened::Open {
                file,
                offset,
                durable,
                cut,
            } => (Some(file), Stage::Open, offset, durable, cut),
            Opened::Sealed(len) => (None, Stage::Sealed, len, true, false),
        };
        let shared = Arc::new(Shared {
            root,
            path,
            turn,
            file,
            syncing: Mutex::default(),
            lost: AtomicBool::new(false),
        });
        Self {
            shared,
            stage,
            offset,
            max_len,
            dirty,
            entry_durable,
        }
    }
}

impl Shared {
    fn usable(&self) -> Result<(), StoreError> {
        if self.lost.load(Ordering::Acquire) {
            let why = "an earlier sync failed; open the writer again from its last checkpoint";
            return Err(StoreError::unavailable("writing a blob", why));
        }
        Ok(())
    }

    /// Syncs the bytes, the directory entry, or both. A fresh file's own sync does not promise to
    /// keep its entry.
    fn sync(&self, bytes: bool, entry: bool) -> Result<(), StoreError> {
        let _alone = self.syncing.lock();
        self.usable()?;
        let synced = match &self.file {
            Some(file) if bytes => self.root.sync_file(file),
            _ => Ok(()),
        };
        let synced = match synced {
            Ok(()) if entry => self.root.sync_directory(self.path.shard()),
            synced => synced,
        };
        if synced.is_err() {
            self.lost.store(true, Ordering::Release);
        }
        synced
    }

    /// Renames what is synced, and syncs that.
    fn seal(&self, bytes: bool, len: u64) -> Result<(), StoreError> {
        self.sync(bytes, false)?;
        {
            let _held = self.turn.hold()?;
            if let Some(file) = &self.file
                && length(file)? != len
            {
                return Err(StoreError::Corrupt {
                    what: "a blob's file was changed while it was written".to_owned(),
                });
            }
            self.root.rename_sealed(&self.path)?;
        }
        self.sync(false, true)
    }
}

#[async_trait]
impl BlobWriter for FsWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        let _held = self.shared.turn.hold()?;
        self.shared.usable()?;
        let (Stage::Open, Some(file)) = (self.stage, &self.shared.file) else {
            return Err(StoreError::Conflict("the place is sealed"));
        };
        let end = self.offset.checked_add(chunk.len() as u64);
        let end = end
            .filter(|end| *end <= self.max_len)
            .ok_or(StoreError::TooLarge)?;
        if let Err(errno) = write_all(file, &chunk, self.offset, &mut self.dirty) {
            // What arrived of this chunk would be there when the place is sealed.
            if fs::ftruncate(file, self.offset).is_err() {
                self.shared.lost.store(true, Ordering::Release);
            }
            return Err(failed("writing a blob")(errno));
        }
        self.offset = end;
        Ok(())
    }

    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        drop(self.shared.turn.hold()?);
        let (bytes, entry) = (self.dirty, !self.entry_durable);
        if self.stage != Stage::Sealed && (bytes || entry) {
            let shared = Arc::clone(&self.shared);
            blocking(move || shared.sync(bytes, entry)).await?;
            (self.dirty, self.entry_durable) = (false, true);
            // A newer writer may have cut the file back while the sync was under way.
            drop(self.shared.turn.hold()?);
        }
        self.shared.usable()?;
        Ok(Checkpoint {
            offset: self.offset,
            state: Bytes::new(),
        })
    }

    async fn seal(&mut self) -> Result<u64, StoreError> {
        drop(self.shared.turn.hold()?);
        let (shared, bytes, len) = (Arc::clone(&self.shared), self.dirty, self.offset);
        if self.stage == Stage::Sealed {
            // The rename may have been seen by nobody but this process: make sure of it.
            blocking(move || shared.sync(false, true)).await?;
        } else {
            self.stage = Stage::Sealing;
            blocking(move || shared.seal(bytes, len)).await?;
            self.stage = Stage::Sealed;
        }
        Ok(len)
    }
}

/// Writes a chunk however many calls it takes: the kernel takes less than 2 GiB at once.
fn write_all(file: &OwnedFd, mut rest: &[u8], mut at: u64, dirty: &mut bool) -> io::Result<()> {
    while !rest.is_empty() {
        *dirty = true;
        match io::pwrite(file, rest, at) {
            Ok(0) => return Err(Errno::IO),
            Ok(written) => {
                rest = &rest[written..];
                at += written as u64;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

async fn blocking(
    job: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    let job = move || {
        #[cfg(test)]
        pierhead_storage_testing::late();
        job()
    };
    tokio::task::spawn_blocking(job).await.map_err(no_thread)?
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
