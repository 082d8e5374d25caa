//! The files themselves, without a store: for backups and for whoever looks after them.

use std::fs::File;
use std::io::{self, Read, Write as _};
use std::os::fd::OwnedFd;
use std::path::Path;

use pierhead_storage::{Place, StoreError};
use rustix::fs::{self, AtFlags, Dir, Mode, OFlags};
use rustix::io::Errno;

use crate::directory;
use crate::error::failed;
use crate::store::{BlobPath, OPEN_SUFFIX, SHARDS, length};

/// What a copy that is not whole yet is called.
const PARTIAL_SUFFIX: &str = ".partial";

/// How much is read at once.
const PIECE: usize = 256 << 10;

/// A directory of blobs, looked at from outside: it takes no lock, so another process may have it
/// open as an [`FsBlobStore`](crate::FsBlobStore) meanwhile.
///
/// Reading is always safe, because a sealed file never changes: it is there, or it is not. To write
/// and to remove is for directories that are no store's, such as that of a backup.
///
/// Every call blocks until the disk has answered.
#[derive(Debug)]
pub struct BlobFiles {
    dir: OwnedFd,
}

/// A file in a directory of blobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFile {
    /// Where it is, below the directory.
    pub path: String,
    /// Its length in bytes.
    pub len: u64,
    /// What it is.
    pub kind: FileKind,
}

/// What a file in a directory of blobs is, by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FileKind {
    /// A blob's bytes, all of them.
    Sealed(Place),
    /// Bytes of an upload that has not been closed.
    Open(Place),
    /// What [`BlobFiles::add`] left when its process was killed.
    Partial,
    /// Nothing that this crate has written.
    Foreign,
}

impl BlobFiles {
    /// How many parts [`BlobFiles::part`] has.
    pub const PARTS: u32 = SHARDS;

    /// Looks into a directory that is there.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when it is not, or may not be entered.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let dir = directory::open(fs::CWD, path).map_err(failed("opening the blob directory"))?;
        Ok(Self { dir })
    }

    /// The same, and makes it for its owner alone if it is not there.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn make(path: &Path) -> Result<Self, StoreError> {
        let dir = directory::make(path, true)?;
        directory::make_shards(&dir)?;
        Ok(Self { dir })
    }

    /// How long the sealed bytes of a place are; `None` when there are none.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn len_of(&self, place: &Place) -> Result<Option<u64>, StoreError> {
        let Ok(path) = BlobPath::of(place) else {
            return Ok(None);
        };
        match fs::statat(&self.dir, &path.sealed, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(u64::try_from(found.st_size).ok()),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(failed("looking at a blob")(errno)),
        }
    }

    /// The sealed bytes of a place, and how many there are; `None` when there are none.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn read(&self, place: &Place) -> Result<Option<(File, u64)>, StoreError> {
        let Ok(path) = BlobPath::of(place) else {
            return Ok(None);
        };
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match fs::openat(&self.dir, &path.sealed, flags, Mode::empty()) {
            Ok(file) => {
                let len = length(&file)?;
                Ok(Some((File::from(file), len)))
            }
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(failed("opening a blob")(errno)),
        }
    }

    /// Writes a file of its own for a place, readable for its owner alone: everything in `from`, each
    /// piece of which `keep` hears of. The bytes are on the disk before the file has its name, and it
    /// has its name only if `keep` then agrees. Whether the name outlasts a loss of power is up to
    /// [`BlobFiles::sync`].
    ///
    /// The bytes are read and written, whatever cheaper ways the file system has: those would leave
    /// both names with one copy on the disk, to be damaged together.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] for a place that no store of this kind allocates;
    /// [`StoreError::Full`]; [`StoreError::Unavailable`] when something cannot be read or written.
    /// Nothing is left behind then.
    pub fn add(
        &self,
        place: &Place,
        mut from: impl Read,
        keep: &mut dyn Keep,
    ) -> Result<bool, StoreError> {
        let path = BlobPath::of(place)?;
        let partial = format!("{}{PARTIAL_SUFFIX}", path.sealed);
        match fs::unlinkat(&self.dir, &partial, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed("removing a former copy")(errno)),
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(0o600);
        let file = fs::openat(&self.dir, &partial, flags, mode)
            .map_err(failed("making a copy of a blob"))?;
        let written = write(&mut File::from(file), &mut from, keep).and_then(|()| {
            if !keep.whole() {
                return Ok(false);
            }
            fs::renameat(&self.dir, &partial, &self.dir, &path.sealed)
                .map_err(failed("naming a copy of a blob"))?;
            Ok(true)
        });
        if !matches!(written, Ok(true)) {
            let _ = fs::unlinkat(&self.dir, &partial, AtFlags::empty());
        }
        written
    }

    /// The files in one of [`BlobFiles::PARTS`] parts of the directory, in no order. A part has a
    /// 256th of all blobs. What is renamed or removed meanwhile may be missing.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn part(&self, part: u32) -> Result<Vec<FoundFile>, StoreError> {
        let shard = format!("{part:02x}");
        let dir = match directory::open(&self.dir, &shard) {
            Ok(dir) => dir,
            Err(Errno::NOENT) => return Ok(Vec::new()),
            Err(errno) => return Err(failed("opening a blob directory")(errno)),
        };
        let mut found = Vec::new();
        for entry in Dir::read_from(&dir).map_err(failed("listing blobs"))? {
            let entry = entry.map_err(failed("listing blobs"))?;
            let name = entry.file_name();
            if name == c"." || name == c".." {
                continue;
            }
            let at = match fs::statat(&dir, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(at) => at,
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(failed("listing blobs")(errno)),
            };
            let regular = fs::FileType::from_raw_mode(at.st_mode).is_file();
            let name = name.to_string_lossy();
            found.push(FoundFile {
                kind: if regular {
                    kind(&name, &shard)
                } else {
                    FileKind::Foreign
                },
                path: format!("{shard}/{name}"),
                len: u64::try_from(at.st_size).unwrap_or(0),
            });
        }
        Ok(found)
    }

    /// Whether a file that was found is still there.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn is_there(&self, file: &FoundFile) -> Result<bool, StoreError> {
        match fs::statat(&self.dir, &file.path, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(failed("looking at a blob")(errno)),
        }
    }

    /// Removes a file that was found. It may be gone.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, file: &FoundFile) -> Result<(), StoreError> {
        match fs::unlinkat(&self.dir, &file.path, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(failed("removing a blob")(errno)),
        }
    }

    /// Makes what was added and removed outlast a loss of power.
    ///
    /// # Errors
    /// When a directory cannot be synced.
    pub fn sync(&self) -> Result<(), StoreError> {
        let synced = failed("syncing a blob directory");
        for shard in 0..SHARDS {
            match directory::sync(&self.dir, format!("{shard:02x}")) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(synced(errno)),
            }
        }
        directory::sync(&self.dir, ".").map_err(synced)
    }
}

/// Hears of the bytes that are copied, and says at the end whether they are the right ones.
pub trait Keep {
    /// The next bytes, in order.
    fn piece(&mut self, bytes: &[u8]);

    /// All have been heard: whether the copy is to be kept.
    fn whole(&mut self) -> bool;
}

fn write(file: &mut File, from: &mut impl Read, keep: &mut dyn Keep) -> Result<(), StoreError> {
    let mut buffer = vec![0; PIECE];
    loop {
        let filled = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(filled) => filled,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(StoreError::unavailable("reading a blob", error)),
        };
        let piece = &buffer[..filled];
        keep.piece(piece);
        file.write_all(piece).map_err(|error| unwritten(&error))?;
    }
    fs::fdatasync(&*file).map_err(failed("syncing a copy of a blob"))?;
    // Nobody reads a backup soon: the memory is better kept for what is being pulled.
    #[cfg(target_os = "linux")]
    let _ = fs::fadvise(&*file, 0, None, fs::Advice::DontNeed);
    Ok(())
}

fn unwritten(error: &io::Error) -> StoreError {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    failed("writing a copy of a blob")(errno.unwrap_or(Errno::IO))
}

/// What a name in a shard says.
fn kind(name: &str, shard: &str) -> FileKind {
    let place = |text: &str| {
        Place::new(text)
            .ok()
            .filter(|place| BlobPath::of(place).is_ok_and(|path| path.shard() == shard))
    };
    if let Some(place) = place(name) {
        return FileKind::Sealed(place);
    }
    if let Some(place) = name.strip_suffix(OPEN_SUFFIX).and_then(place) {
        return FileKind::Open(place);
    }
    match name.strip_suffix(PARTIAL_SUFFIX).and_then(place) {
        Some(_) => FileKind::Partial,
        None => FileKind::Foreign,
    }
}

#[cfg(test)]
#[path = "files_tests.rs"]
mod tests;
