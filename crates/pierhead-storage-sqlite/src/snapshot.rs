//! Copies of the database, the epoch that tells a copy from the original, and the identity that
//! tells both from any other.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use pierhead_storage::StoreError;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior};

use crate::board;
use crate::codec::{RowExt as _, signed};
use crate::error::Fault;
use crate::store::{plain, private};

/// Gives a new database its epoch, and another one to a copy that is opened for the first time.
pub(crate) fn ensure_epoch(connection: &mut Connection) -> Result<(), Fault> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let copied = tx.execute("DELETE FROM meta WHERE key = 'snapshot'", [])? > 0;
    let made: bool = tx.query_row(
        "SELECT NOT EXISTS (SELECT 1 FROM meta WHERE key = 'epoch')",
        [],
        |row| row.get(0),
    )?;
    if copied || made {
        board::begin_epoch(&tx)?;
    }
    let random = getrandom::u64()
        .map_err(|error| StoreError::unavailable("make a random identity", error))?;
    tx.execute(
        "INSERT OR IGNORE INTO meta (key, value) VALUES ('identity', ?1)",
        [signed(random)],
    )?;
    tx.commit()?;
    Ok(())
}

/// What a database and all its copies have in common, and no other database has.
pub(crate) fn identity(connection: &Connection) -> rusqlite::Result<Option<u64>> {
    connection
        .query_row("SELECT value FROM meta WHERE key = 'identity'", [], |row| {
            row.unsigned(0)
        })
        .optional()
}

/// Writes a copy under a name that is taken only once the copy is whole.
pub(crate) fn take(connection: &Connection, to: &Path) -> Result<(), Fault> {
    if to.exists() {
        return Err(taken().into());
    }
    let partial = with(to, ".partial");
    match fs::remove_file(&partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            return Err(unwritable(error));
        }
        _ => {}
    }
    let written = write(connection, &partial).and_then(|()| {
        fs::rename(&partial, to).map_err(unwritable)?;
        let directory = match to.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let synced = File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(unwritable)
    });
    if written.is_err() {
        // When the disk is full, half a copy keeps it so.
        for left in [&partial, &with(&partial, "-journal")] {
            let _ = fs::remove_file(left);
        }
    }
    written
}

/// Writes a copy and syncs it.
fn write(connection: &Connection, partial: &Path) -> Result<(), Fault> {
    // SQLite copies into an empty file as it is.
    drop(private(partial)?);
    let name = plain(partial);
    let name = name
        .to_str()
        .ok_or_else(|| unwritable(std::io::Error::other("the path is not UTF-8: name another")))?;
    // A reader's connection may write nothing, not even into another file.
    connection.pragma_update(None, "query_only", false)?;
    let copied = connection.execute("VACUUM INTO ?1", [name]);
    connection.pragma_update(None, "query_only", true)?;
    copied?;
    mark(partial)?;
    let synced = File::open(partial).and_then(|file| file.sync_all());
    synced.map_err(unwritable)
}

/// Says in the copy that it is one.
fn mark(copy: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(plain(copy))?;
    connection.pragma_update(None, "journal_mode", "delete")?;
    connection.execute(
        "INSERT OR REPLACE INTO meta (key, value) VALUES ('snapshot', 1)",
        [],
    )?;
    connection.close().map_err(|(_, error)| error)
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    PathBuf::from(name)
}

fn taken() -> StoreError {
    StoreError::Conflict("there is a file of the snapshot's name: name another")
}

fn unwritable(error: std::io::Error) -> Fault {
    if error.kind() == std::io::ErrorKind::StorageFull {
        return StoreError::Full(std::sync::Arc::new(error)).into();
    }
    StoreError::unavailable("write a snapshot", error).into()
}
