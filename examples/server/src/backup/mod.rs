//! Losing the machine and coming back: backups, restoring them, checking what is there.
//!
//! All of it works on files, and asks no server anything.
//!
//! # The map
//! - `take`: `pierhead backup`; `record`: what a backup says of itself; `target`: its directory.
//! - `restore`: `pierhead restore`, from a backup; `rewind`: from a snapshot of the database alone.
//! - `verify`: `pierhead verify`; `report`: what it says.
//! - `nightly`: snapshots that the server takes by itself; `names`: what they are called.
//! - `rows`: whether rows are what they should be; `blobs`: every blob that rows name, several at a time; `progress`: how far it is.

mod blobs;
mod names;
mod nightly;
mod progress;
mod record;
mod report;
mod restore;
mod rewind;
mod rows;
mod take;
mod target;
mod verify;

pub(crate) use nightly::{Taken, snapshots};
pub(crate) use record::FILE as RECORD;
pub(crate) use restore::{RestoreArgs, restore};
pub(crate) use take::{BackupArgs, backup};
pub(crate) use verify::{VerifyArgs, verify};

use std::path::{Path, PathBuf};

use clap::Args;
use pierhead::fs::BlobFiles;
use pierhead::sqlite::SqliteReader;
use pierhead::storage::StoreError;

use crate::config::Config;
use crate::data_dir::{Layout, not_as_root};
use crate::failure::{Failure, chain};
use crate::settings;

/// Which registry.
#[derive(Args, Clone, Debug)]
pub(crate) struct Whose {
    /// The server's configuration file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Its data directory [default: ./pierhead-data]
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
}

impl Whose {
    /// Reads the configuration file, if one is named, and starts to log as it says.
    fn read(&self) -> Result<(Config, Layout), Failure> {
        let mut config = match &self.config {
            Some(path) => Config::read(path)?,
            None => Config::default(),
        };
        crate::log::start(config.log);
        let data = self.data.clone().or_else(|| config.data.take());
        let data = data.unwrap_or_else(|| settings::DATA.into());
        Ok((config, Layout::of(data)))
    }
}

/// The rows and the blobs of a data directory, which a server may be using.
fn look(data: &Layout) -> Result<(SqliteReader, BlobFiles), Failure> {
    not_as_root(data.path())?;
    if !data.lock().exists() {
        return Err(Failure::told(format!(
            "there is no registry in {}; name its directory with --data, or its configuration with \
             --config",
            data.path().display()
        )));
    }
    if data.unfinished().exists() {
        return Err(Failure::happened(format!(
            "a restore into {} was not finished; do that first",
            data.path().display()
        )));
    }
    let rows = SqliteReader::open(data.database()).map_err(|error| {
        let lost = matches!(error, StoreError::Corrupt { .. }) || !data.database().exists();
        let hint = way_back(data).filter(|_| lost);
        Failure::happened(format!(
            "the database {} cannot be read: {}{}",
            data.database().display(),
            chain(&error),
            hint.map(|hint| format!("; {hint}")).unwrap_or_default()
        ))
    })?;
    Ok((rows, open_blobs(&data.blobs())?))
}

fn open_blobs(path: &Path) -> Result<BlobFiles, Failure> {
    BlobFiles::open(path).map_err(|error| {
        Failure::because(
            format!("the blobs in {} cannot be read", path.display()),
            &error,
        )
    })
}

/// What to type when the database is lost and there is a snapshot of it.
pub(crate) fn way_back(data: &Layout) -> Option<String> {
    let newest = names::newest(&data.snapshots())?;
    Some(format!(
        "to go back to the last snapshot of it, with the server stopped, type: pierhead restore \
         --snapshot {} --data {}",
        newest.display(),
        data.path().display()
    ))
}

/// Whether there is any file among the blobs.
///
/// # Errors
/// When that cannot be read.
pub(crate) fn has_blobs(blobs: &Path) -> Result<bool, Failure> {
    if !blobs.exists() {
        return Ok(false);
    }
    let files = open_blobs(blobs)?;
    for part in 0..BlobFiles::PARTS {
        let found = files.part(part);
        let found =
            found.map_err(|error| Failure::because("the blobs cannot be listed", &error))?;
        if !found.is_empty() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What is said when something cannot be read or written; a full disk has words of its own.
fn failed(what: impl std::fmt::Display, full: &Path, remedy: &str, error: &StoreError) -> Failure {
    match error {
        StoreError::Full(_) => Failure::happened(format!(
            "{what}: no room is left where {} is; {remedy}",
            full.display()
        )),
        error => Failure::because(what, error),
    }
}
