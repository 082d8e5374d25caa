//! The directory, its lock, and the calls that are neither writing nor reading.

use std::collections::BTreeSet;
use std::ops::Range;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use pierhead_storage::{
    BlobLimits, BlobRead, BlobStore, BlobWriter, Checkpoint, Listed, Place, ReadOptions, StoreError,
};
use rustix::fs::{self, AtFlags, Dir, FlockOperation, Mode, OFlags};
use rustix::io::Errno;

use crate::buffer::Pool;
use crate::directory;
use crate::error::{failed, no_thread};
use crate::read;
use crate::revoke::Slots;
use crate::writer::FsWriter;

/// Subdirectories, named by the first two digits of a place, so that none grows too large.
pub(crate) const SHARDS: u32 = 256;

/// How a directory of blobs is kept.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct FsOptions {
    /// Whether checkpoints and seals wait for the disk. Without it an acknowledged blob is lost
    /// with the power: for tests and throw-away data only.
    pub sync: bool,
    /// What the store asks of its writers.
    pub limits: BlobLimits,
}

impl Default for FsOptions {
    fn default() -> Self {
        Self {
            sync: true,
            limits: BlobLimits::default(),
        }
    }
}

impl FsOptions {
    /// Whether to wait for the disk; see [`FsOptions::sync`].
    pub fn with_sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }

    /// What the store asks of its writers.
    pub fn with_limits(mut self, limits: BlobLimits) -> Self {
        self.limits = limits;
        self
    }
}

/// Blobs in a local directory. Cheap to clone; all clones are one store.
#[derive(Clone, Debug)]
pub struct FsBlobStore {
    root: Arc<Root>,
    slots: Arc<Slots>,
    buffers: Arc<Pool>,
    limits: BlobLimits,
}

/// The open directory. Its lock is held until the last store, writer and job has gone.
#[derive(Debug)]
pub(crate) struct Root {
    dir: OwnedFd,
    sync: bool,
}

impl Drop for Root {
    /// Gives the lock up for every copy of its descriptor: a process that is just being started
    /// holds one until it runs its own program.
    fn drop(&mut self) {
        let _ = fs::flock(&self.dir, FlockOperation::Unlock);
    }
}

impl FsBlobStore {
    /// Opens a directory of blobs, and makes it if it is not there.
    ///
    /// Blocks for a moment: call it while starting up.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another process, or another store of this one, has it open.
    pub fn open(path: impl AsRef<Path>, options: FsOptions) -> Result<Self, StoreError> {
        let dir = directory::make(path.as_ref(), options.sync)?;
        match fs::flock(&dir, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => {
                return Err(StoreError::Conflict(
                    "the blob directory is in use by another store",
                ));
            }
            Err(errno) => return Err(failed("locking the blob directory")(errno)),
        }
        directory::make_shards(&dir)?;
        let root = Root {
            dir,
            sync: options.sync,
        };
        root.sync_directory(".")?;
        Ok(Self {
            root: Arc::new(root),
            slots: Arc::default(),
            buffers: Arc::default(),
            limits: options.limits,
        })
    }

    #[cfg(test)]
    pub(crate) fn root(&self) -> &Arc<Root> {
        &self.root
    }

    async fn blocking<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Arc<Root>, &Arc<Slots>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (root, slots) = (Arc::clone(&self.root), Arc::clone(&self.slots));
        let job = move || {
            #[cfg(test)]
            pierhead_storage_testing::late();
            job(&root, &slots)
        };
        tokio::task::spawn_blocking(job).await.map_err(no_thread)?
    }
}

#[async_trait]
impl BlobStore for FsBlobStore {
    fn limits(&self) -> BlobLimits {
        self.limits
    }

    fn allocate(&self) -> Place {
        Place::random()
    }

    async fn writer(
        &self,
        at: &Place,
        from: Option<Checkpoint>,
    ) -> Result<Box<dyn BlobWriter>, StoreError> {
        let path = BlobPath::of(at)?;
        // Offsets of files are signed.
        let (place, max_len) = (at.clone(), self.limits.max_len.min(i64::MAX as u64));
        let open = move |root: &Arc<Root>, slots: &Arc<Slots>| {
            let (turn, opened) =
                slots.take(&place, || root.open_for_writing(&path, from.as_ref()))?;
            Ok(FsWriter::new(Arc::clone(root), path, turn, opened, max_len))
        };
        // A fresh file is a few microseconds' work; cutting one back may wait for the disk.
        Ok(Box::new(self.blocking(open).await?))
    }

    async fn read(
        &self,
        at: &Place,
        range: Range<u64>,
        _how: &ReadOptions,
    ) -> Result<BlobRead, StoreError> {
        let path = BlobPath::of(at)?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = fs::openat(&self.root.dir, &path.sealed, flags, Mode::empty())
            .map_err(|errno| self.root.absent(&path, errno, "opening a blob"))?;
        let len = length(&file)?;
        if range.start > range.end || range.end > len {
            return Err(StoreError::Range);
        }
        Ok(BlobRead::Stream(read::stream(
            file,
            range,
            Arc::clone(&self.buffers),
        )))
    }

    async fn remove(&self, at: &Place, _from: Option<&Checkpoint>) -> Result<(), StoreError> {
        // A place of another form was never made here: absent, as whoever removes it wants it.
        let Ok(path) = BlobPath::of(at) else {
            return Ok(());
        };
        let place = at.clone();
        self.blocking(move |root, slots| {
            let unlink = |name: &str| match fs::unlinkat(&root.dir, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(errno) => Err(failed("removing a blob")(errno)),
            };
            slots.take(&place, || {
                unlink(&path.open)?;
                unlink(&path.sealed)
            })?;
            root.sync_directory(path.shard())
        })
        .await
    }

    async fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let after = after.cloned();
        self.blocking(move |root, _| root.list(after.as_ref(), limit))
            .await
    }
}

/// The two names of a place: the one its bytes are written under and the one they are sealed under.
#[derive(Clone, Debug)]
pub(crate) struct BlobPath {
    pub(crate) open: String,
    pub(crate) sealed: String,
}

pub(crate) const OPEN_SUFFIX: &str = ".open";

impl BlobPath {
    /// Only places of the form this store allocates (32 hexadecimal digits) have a path.
    pub(crate) fn of(place: &Place) -> Result<Self, StoreError> {
        let name = place.as_str();
        if name.len() != 32 || !name.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(StoreError::NotFound);
        }
        let sealed = format!("{}/{name}", &name[..2]);
        Ok(Self {
            open: format!("{sealed}{OPEN_SUFFIX}"),
            sealed,
        })
    }

    pub(crate) fn shard(&self) -> &str {
        &self.sealed[..2]
    }
}

/// A file as a writer finds it.
pub(crate) enum Opened {
    /// Open for writing at `offset`.
    Open {
        file: OwnedFd,
        offset: u64,
        /// Whether its directory entry is durable.
        durable: bool,
        /// Whether it was longer; the disk may not know yet that it no longer is.
        cut: bool,
    },
    /// Sealed already, with this length.
    Sealed(u64),
}

impl Root {
    #[cfg(test)]
    pub(crate) fn duplicate(&self) -> std::io::Result<OwnedFd> {
        self.dir.try_clone()
    }

    pub(crate) fn open_for_writing(
        &self,
        path: &BlobPath,
        from: Option<&Checkpoint>,
    ) -> Result<Opened, StoreError> {
        let offset = from.map_or(0, |checkpoint| checkpoint.offset);
        match fs::statat(&self.dir, &path.sealed, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) if u64::try_from(found.st_size) == Ok(offset) => {
                return Ok(Opened::Sealed(offset));
            }
            Ok(_) => {
                return Err(StoreError::Conflict(
                    "the place is sealed with another length",
                ));
            }
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed("looking at a blob")(errno)),
        }
        let mut flags = OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        if offset == 0 {
            flags |= OFlags::CREATE;
        }
        let mode = Mode::from_raw_mode(0o600);
        let file = fs::openat(&self.dir, &path.open, flags, mode)
            .map_err(|errno| self.absent(path, errno, "opening a blob for writing"))?;
        let len = length(&file)?;
        if len < offset {
            return Err(StoreError::NotFound);
        }
        let cut = len > offset;
        if cut {
            fs::ftruncate(&file, offset).map_err(failed("cutting a blob back"))?;
        }
        Ok(Opened::Open {
            file,
            offset,
            durable: offset > 0,
            cut,
        })
    }

    /// A file that is not there is an absent place, unless its directory is gone too.
    fn absent(&self, path: &BlobPath, errno: Errno, what: &'static str) -> StoreError {
        match errno {
            Errno::NOENT if fs::statat(&self.dir, path.shard(), AtFlags::empty()).is_ok() => {
                StoreError::NotFound
            }
            errno => failed(what)(errno),
        }
    }

    /// Makes a sealed name of an open one. The caller holds the place, and syncs the directory.
    pub(crate) fn rename_sealed(&self, path: &BlobPath) -> Result<(), StoreError> {
        match fs::renameat(&self.dir, &path.open, &self.dir, &path.sealed) {
            // Whoever asked for an earlier seal may not have waited for its answer.
            Err(Errno::NOENT) => {
                fs::statat(&self.dir, &path.sealed, AtFlags::SYMLINK_NOFOLLOW).map(drop)
            }
            renamed => renamed,
        }
        .map_err(failed("sealing a blob"))
    }

    pub(crate) fn sync_directory(&self, name: &str) -> Result<(), StoreError> {
        if !self.sync {
            return Ok(());
        }
        directory::sync(&self.dir, name).map_err(failed("syncing a blob directory"))
    }

    pub(crate) fn sync_file(&self, file: &OwnedFd) -> Result<(), StoreError> {
        if !self.sync {
            return Ok(());
        }
        fs::fdatasync(file).map_err(failed("syncing a blob"))
    }

    fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let mut found = Vec::new();
        let first = after.and_then(|place| u32::from_str_radix(place.as_str().get(..2)?, 16).ok());
        for shard in first.unwrap_or(0)..SHARDS {
            for place in self.list_shard(shard, after)? {
                if found.len() >= limit {
                    return Ok(found);
                }
                found.extend(self.look(place)?);
            }
        }
        Ok(found)
    }

    /// The places of a shard, in order. One that is sealed meanwhile may show both its names, and is
    /// one place all the same.
    fn list_shard(&self, shard: u32, after: Option<&Place>) -> Result<BTreeSet<Place>, StoreError> {
        let dir = directory::open(&self.dir, format!("{shard:02x}"))
            .map_err(failed("opening a blob directory"))?;
        let mut found = BTreeSet::new();
        for entry in Dir::read_from(&dir).map_err(failed("listing blobs"))? {
            let entry = entry.map_err(failed("listing blobs"))?;
            let Ok(name) = entry.file_name().to_str() else {
                continue;
            };
            let Ok(place) = Place::new(name.strip_suffix(OPEN_SUFFIX).unwrap_or(name)) else {
                continue;
            };
            if after.is_none_or(|after| place > *after) && BlobPath::of(&place).is_ok() {
                found.insert(place);
            }
        }
        Ok(found)
    }

    /// What is at a place, unless it has been removed.
    fn look(&self, place: Place) -> Result<Option<Listed>, StoreError> {
        let path = BlobPath::of(&place)?;
        // In this order a seal in between is not missed.
        for name in [&path.open, &path.sealed] {
            match fs::statat(&self.dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(at) => {
                    let len = u64::try_from(at.st_size).unwrap_or(0);
                    return Ok(Some(Listed { place, len }));
                }
                Err(Errno::NOENT) => {}
                Err(errno) => return Err(failed("listing blobs")(errno)),
            }
        }
        Ok(None)
    }
}

pub(crate) fn length(file: &OwnedFd) -> Result<u64, StoreError> {
    let found = fs::fstat(file).map_err(failed("looking at a blob"))?;
    u64::try_from(found.st_size).map_err(|_| StoreError::Corrupt {
        what: "a blob's file has no length".to_owned(),
    })
}
