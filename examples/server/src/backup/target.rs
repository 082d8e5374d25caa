//! The directory of a backup: whose it is, and that one at a time writes there.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use pierhead::fs::{BlobFiles, FileKind};
use pierhead::sqlite::{PlaceUse, SqliteReader};

use super::names;
use super::record::Record;
use crate::data_dir::Layout;
use crate::failure::Failure;
use crate::private;

const LOCK: &str = "backup.lock";

/// A directory that is a backup's, or will be. Dropping it gives it up.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) path: PathBuf,
    pub(super) blobs: BlobFiles,
    /// What the backup is so far.
    pub(super) record: Option<Record>,
    _lock: File,
}

impl Target {
    /// Takes a directory to write a backup of this data into, and makes it if it is not there.
    ///
    /// # Errors
    /// When it holds something else, is inside the data or around it, or is being written to.
    pub(super) fn take(path: &Path, data: &Layout) -> Result<Self, Failure> {
        let shown = path.display();
        let unusable = |error: io::Error| {
            let remedy = private::remedy(&error);
            Failure::happened(format!(
                "{shown} cannot be used for a backup ({error}); {remedy}, or name another directory"
            ))
        };
        apart(path, data.path()).map_err(unusable)??;
        private::directory(path).map_err(unusable)?;
        let record = Record::read(path)?;
        if record.is_none()
            && !path.join(LOCK).exists()
            && !private::is_empty(path).map_err(unusable)?
        {
            return Err(Failure::told(format!(
                "{shown} holds something else than a backup; name an empty or a new directory"
            )));
        }
        let lock = private::lock_file(&path.join(LOCK)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(Failure::happened(format!(
                    "{shown} is in use by another backup, restore or check; wait until that is done"
                )));
            }
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
        }
        // Read again: it may have been another's turn until now.
        let record = Record::read(path)?;
        let blobs = BlobFiles::make(&path.join("blobs"))
            .map_err(|error| Failure::because(format!("{shown} cannot be written to"), &error))?;
        Ok(Self {
            path: path.to_owned(),
            blobs,
            record,
            _lock: lock,
        })
    }

    /// Removes copies of the database that are not the backup's: of before, or of a broken-off try.
    pub(super) fn tidy(&self) -> io::Result<()> {
        let kept = self.record.as_ref().map(|record| record.database.as_str());
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            if Some(&*name) != kept && names::is_of_copy(&name) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// Removes the blobs that the backup's rows do not name; says how many and how large they were.
    /// Only for once these rows are the backup's.
    pub(super) fn prune(&self, rows: &SqliteReader) -> Result<(u64, u64), Failure> {
        let failed =
            |error| Failure::because("old blobs cannot be removed from the backup", &error);
        let (mut files, mut bytes) = (0, 0);
        for part in 0..BlobFiles::PARTS {
            for file in self.blobs.part(part).map_err(failed)? {
                let goes = match &file.kind {
                    FileKind::Sealed(place) => {
                        let used = rows.place(place).map_err(failed)?;
                        !matches!(used, Some(PlaceUse::Blob(_)))
                    }
                    FileKind::Partial => true,
                    _ => false,
                };
                if goes {
                    self.blobs.remove(&file).map_err(failed)?;
                    files += 1;
                    bytes += file.len;
                }
            }
        }
        Ok((files, bytes))
    }

    /// Whether it is on the very disk it is to outlive.
    pub(super) fn shares_disk(&self, data: &Layout) -> bool {
        let device = |path: &Path| fs::metadata(path).map(|found| found.dev());
        matches!((device(&self.path), device(data.path())), (Ok(a), Ok(b)) if a == b)
    }
}

/// Opens a backup to read it. Nobody writes there while the value lives.
///
/// # Errors
/// When it is none, is damaged, or is being written to.
pub(super) fn read(
    path: &Path,
) -> Result<(Record, SqliteReader, BlobFiles, Option<File>), Failure> {
    let shown = path.display();
    let Some(record) = Record::read(path)? else {
        return Err(Failure::told(if path.join(LOCK).exists() {
            format!("the backup in {shown} was never finished; make another one: pierhead backup")
        } else {
            format!("{shown} is no backup: there is no {}", super::RECORD)
        }));
    };
    // On a disk that cannot be written nobody else writes either.
    let lock = File::open(path.join(LOCK)).ok();
    if let Some(lock) = &lock
        && matches!(lock.try_lock_shared(), Err(TryLockError::WouldBlock))
    {
        return Err(Failure::happened(format!(
            "a backup into {shown} is under way; wait until that is done"
        )));
    }
    let record = Record::read(path)?.unwrap_or(record);
    record.check(path)?;
    let database = path.join(&record.database);
    let rows = SqliteReader::open(&database).map_err(|error| {
        Failure::because(format!("{} cannot be read", database.display()), &error)
    })?;
    let blobs = super::open_blobs(&path.join("blobs"))?;
    Ok((record, rows, blobs, lock))
}

/// Refuses a backup that would be inside what it is a backup of, and the other way round.
fn apart(to: &Path, data: &Path) -> io::Result<Result<(), Failure>> {
    let to = resolved(to)?;
    let data = fs::canonicalize(data)?;
    if to.starts_with(&data) || data.starts_with(&to) {
        return Ok(Err(Failure::told(format!(
            "{} and the data directory {} are inside one another; name a directory elsewhere, best \
             on another disk",
            to.display(),
            data.display()
        ))));
    }
    Ok(Ok(()))
}

/// A path without symbolic links, whose last parts need not be there.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    let mut missing = Vec::new();
    let mut there = path.as_path();
    loop {
        match fs::canonicalize(there) {
            Ok(mut found) => {
                found.extend(missing.iter().rev());
                return Ok(found);
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let (Some(name), Some(above)) = (there.file_name(), there.parent()) else {
                    return Err(error);
                };
                missing.push(name);
                there = above;
            }
            Err(error) => return Err(error),
        }
    }
}
