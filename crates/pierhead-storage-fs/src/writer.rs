//! One upload's way to the disk.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use pierhead_storage::{BlobWriter, Checkpoint, StoreError};
use rustix::io::{self, Errno};

use crate::error::{failed, no_thread};
use crate::revoke::Turn;
use crate::store::{BlobPath, Opened, Root};

/// Writes to one place.
///
/// Bytes go to the page cache on the caller's own thread, since a hop to another costs more than
/// the copy; only syncing, which waits for the disk, is handed to a blocking thread. What is dirty
/// is bounded by the distance between checkpoints.
pub(crate) struct FsWriter {
    shared: Arc<Shared>,
    state: State,
    max_len: u64,
    /// The first offset not known to be synced.
    synced: u64,
    entry_durable: bool,
}

struct Shared {
    root: Arc<Root>,
    path: BlobPath,
    turn: Turn,
    file: Option<OwnedFd>,
}

#[derive(Clone, Copy)]
enum State {
    Open { offset: u64 },
    Sealed { len: u64 },
}

impl FsWriter {
    pub(crate) fn new(
        root: Arc<Root>,
        path: BlobPath,
        turn: Turn,
        opened: Opened,
        max_len: u64,
    ) -> Self {
        let (file, state, entry_durable) = match opened {
            Opened::Open {
                file,
                offset,
                durable,
            } => (Some(file), State::Open { offset }, durable),
            Opened::Sealed(len) => (None, State::Sealed { len }, true),
        };
        let (State::Open { offset: synced } | State::Sealed { len: synced }) = state;
        let shared = Arc::new(Shared {
            root,
            path,
            turn,
            file,
        });
        Self {
            shared,
            state,
            max_len,
            synced,
            entry_durable,
        }
    }

    /// Syncs the bytes, and the directory entry of a fresh file, which the file's own sync does not
    /// promise to keep.
    async fn sync(&mut self, offset: u64) -> Result<(), StoreError> {
        let entry = !self.entry_durable;
        let bytes = self.synced < offset || entry;
        if !bytes {
            return Ok(());
        }
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            if let Some(file) = &shared.file {
                shared.root.sync_file(file)?;
            }
            if entry {
                shared.root.sync_directory(shared.path.shard())
            } else {
                Ok(())
            }
        })
        .await?;
        self.synced = offset;
        self.entry_durable = true;
        Ok(())
    }
}

#[async_trait]
impl BlobWriter for FsWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        let (State::Open { offset }, Some(file)) = (self.state, &self.shared.file) else {
            return Err(StoreError::Conflict("the place is sealed"));
        };
        if offset
            .checked_add(chunk.len() as u64)
            .is_none_or(|end| end > self.max_len)
        {
            return Err(StoreError::TooLarge);
        }
        let _held = self.shared.turn.hold()?;
        let mut at = offset;
        let mut rest = &chunk[..];
        while !rest.is_empty() {
            match io::pwrite(file, rest, at) {
                Ok(0) => return Err(failed("writing a blob")(Errno::IO)),
                Ok(written) => {
                    rest = &rest[written..];
                    at += written as u64;
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed("writing a blob")(errno)),
            }
        }
        self.state = State::Open { offset: at };
        Ok(())
    }

    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        let (State::Open { offset } | State::Sealed { len: offset }) = self.state;
        drop(self.shared.turn.hold()?);
        if let State::Open { .. } = self.state {
            self.sync(offset).await?;
            // A newer writer may have cut the file back while the sync was under way.
            drop(self.shared.turn.hold()?);
        }
        Ok(Checkpoint {
            offset,
            state: Bytes::new(),
        })
    }

    async fn seal(&mut self) -> Result<u64, StoreError> {
        let State::Open { offset } = self.state else {
            let State::Sealed { len } = self.state else {
                return Err(StoreError::Superseded);
            };
            // The rename may have been seen by nobody but this process: make sure of it.
            let shared = Arc::clone(&self.shared);
            blocking(move || shared.root.sync_directory(shared.path.shard())).await?;
            return Ok(len);
        };
        let unsynced = self.synced < offset;
        let shared = Arc::clone(&self.shared);
        blocking(move || {
            if let (Some(file), true) = (&shared.file, unsynced) {
                shared.root.sync_file(file)?;
            }
            {
                let _held = shared.turn.hold()?;
                shared.root.rename_sealed(&shared.path)?;
            }
            shared.root.sync_directory(shared.path.shard())
        })
        .await?;
        self.synced = offset;
        self.state = State::Sealed { len: offset };
        Ok(offset)
    }
}

async fn blocking(
    job: impl FnOnce() -> Result<(), StoreError> + Send + 'static,
) -> Result<(), StoreError> {
    tokio::task::spawn_blocking(job).await.map_err(no_thread)?
}
