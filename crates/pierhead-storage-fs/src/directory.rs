//! Directories that outlast a loss of power.

use std::fs::DirBuilder;
use std::io::ErrorKind;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use pierhead_storage::StoreError;
use rustix::fs::{self, CWD, Mode, OFlags};
use rustix::io::{Errno, Result};

use crate::error::failed;
use crate::store::SHARDS;

/// Opens a directory, and makes it and those above it if they are not there, for its owner alone.
///
/// Each is synced into the one above before anything is made inside it. So only the entry of the
/// last can still be unknown to the disk when a process that was killed has made it: that one is
/// synced every time.
pub(crate) fn make(path: &Path, durable: bool) -> std::result::Result<OwnedFd, StoreError> {
    let unmade = |error| StoreError::unavailable("making the blob directory", error);
    // Without `.`, which names no directory that could be made.
    let path: &PathBuf = &path.components().collect();
    let mut made = create(path);
    if let Err(error) = &made
        && error.kind() == ErrorKind::NotFound
        && let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty())
    {
        make(above, durable)?;
        made = create(path);
    }
    let made = made.map_err(unmade)?;
    let dir = open(CWD, path).map_err(failed("opening the blob directory"))?;
    if durable {
        match sync(&dir, "..") {
            // Others made it, where this user may not look.
            Err(Errno::ACCESS) if !made => {}
            synced => synced.map_err(failed("syncing the parent of the blob directory"))?,
        }
    }
    Ok(dir)
}

/// Makes the directories inside, which blobs are spread over.
pub(crate) fn make_shards(dir: &OwnedFd) -> std::result::Result<(), StoreError> {
    for shard in 0..SHARDS {
        match fs::mkdirat(dir, format!("{shard:02x}"), Mode::RWXU) {
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(failed("making a blob directory")(errno)),
        }
    }
    Ok(())
}

/// Makes one directory; says whether it was not there.
fn create(path: &Path) -> std::io::Result<bool> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        made => made.map(|()| true),
    }
}

pub(crate) fn open(at: impl AsFd, path: impl rustix::path::Arg) -> Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    fs::openat(at, path, flags, Mode::empty())
}

/// Makes the entries of a directory durable.
pub(crate) fn sync(at: impl AsFd, path: impl rustix::path::Arg) -> Result<()> {
    fs::fsync(open(at, path)?)
}
