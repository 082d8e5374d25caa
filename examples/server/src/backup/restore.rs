//! `pierhead restore`: a backup becomes a data directory again.
//!
//! The directory is marked as unfinished before anything else is in it, and gets the file that makes
//! it a registry's last: whatever breaks off in between, no server starts on half of it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Instant;

use clap::Args;
use pierhead::fs::BlobFiles;
use pierhead::sqlite::SqliteReader;

use super::blobs::{self, Copied, locked};
use super::progress::Progress;
use super::record::Record;
use super::report::{self, Finding};
use super::{Whose, failed, rewind, target};
use crate::data_dir::{Layout, not_as_root};
use crate::failure::Failure;
use crate::private;
use crate::table::{count, lasted, size};
use crate::terminal::{print, say};

const REMEDY: &str = "make room, or name a directory on a larger disk";

/// What is brought back, and to where.
#[derive(Args, Clone, Debug)]
pub(crate) struct RestoreArgs {
    /// The directory of the backup
    #[arg(value_name = "FROM", required_unless_present = "snapshot")]
    from: Option<PathBuf>,
    /// Instead of a backup, put this snapshot in the place of a lost or damaged database, whose
    /// blobs are still in the data directory
    #[arg(long, value_name = "FILE", conflicts_with_all = ["from", "incomplete", "fast"])]
    snapshot: Option<PathBuf>,
    #[command(flatten)]
    whose: Whose,
    /// Restore although blobs of the backup are lost or damaged; they are left out
    #[arg(long)]
    incomplete: bool,
    /// Do not compare what is copied with its digest
    #[arg(long)]
    fast: bool,
}

/// Brings back a backup into a new directory, or a snapshot into the one it is of.
///
/// # Errors
/// When either cannot be used, or not everything is there.
pub(crate) fn restore(args: &RestoreArgs) -> Result<(), Failure> {
    let (_, data) = args.whose.read()?;
    match (&args.from, &args.snapshot) {
        (Some(from), _) => from_backup(from, &data, args),
        (None, Some(snapshot)) => rewind::rewind(snapshot, &data),
        (None, None) => Err(Failure::told(
            "name a backup, or a snapshot with --snapshot",
        )),
    }
}

fn from_backup(from: &Path, data: &Layout, args: &RestoreArgs) -> Result<(), Failure> {
    let begun = Instant::now();
    let (record, mut rows, source, _held) = target::read(from)?;
    let _alone = begin(data)?;
    let copied = everything(&record, &mut rows, &source, data, args)?;
    finish(&from.join(&record.database), data)?;
    let shown = data.path().display();
    print(&format!(
        "{shown}: {} with {}, {} in {}, as of {}; took {}\n",
        report::repositories(record.repositories),
        count(record.tags, "tag"),
        size(copied),
        count(record.blobs, "blob"),
        record.begun_at,
        lasted(begun.elapsed())
    ))?;
    print(&format!(
        "start the server with --data {shown} and the configuration it had; what was revoked after the \
         backup has to be revoked again\n"
    ))?;
    if let Some(hint) = left_to_root(from, data.path()) {
        print(&hint)?;
    }
    Ok(())
}

/// What root types so that the user whose backup it is can use what root restored.
fn left_to_root(from: &Path, path: &Path) -> Option<String> {
    let owner = |path: &Path| Some(fs::metadata(path).ok()?.uid());
    let apart = owner(path) == Some(0) && owner(from) != Some(0);
    apart.then(|| {
        let (from, path) = (from.display(), path.display());
        format!(
            "it is root's, and the backup another user's; for a server that runs as that one, type: \
             chown -R --reference={from} {path}\n"
        )
    })
}

/// Marks an empty or a new directory as one that is being restored into, by nobody else while the
/// mark is held.
fn begin(data: &Layout) -> Result<File, Failure> {
    let path = data.path();
    not_as_root(path)?;
    let shown = path.display();
    let unusable = |error: io::Error| {
        Failure::happened(format!(
            "{shown} cannot be restored into ({error}); name another directory"
        ))
    };
    private::directory(path).map_err(unusable)?;
    let taken = || {
        Failure::told(if data.unfinished().exists() {
            format!("{shown} holds an unfinished restore; remove it, or name a new directory")
        } else {
            format!("{shown} is not empty; name an empty or a new directory with --data")
        })
    };
    if !private::is_empty(path).map_err(unusable)? {
        return Err(taken());
    }
    let mark = private::mark(&data.unfinished()).map_err(unusable)?;
    // Another restore, or a server, may have found it empty, too.
    if matches!(mark.try_lock(), Err(TryLockError::WouldBlock)) {
        return Err(taken());
    }
    if fs::read_dir(path).map_err(unusable)?.count() > 1 {
        fs::remove_file(data.unfinished()).map_err(unusable)?;
        return Err(taken());
    }
    Ok(mark)
}

/// Copies every blob; says how many bytes that were.
fn everything(
    record: &Record,
    rows: &mut SqliteReader,
    source: &BlobFiles,
    data: &Layout,
    args: &RestoreArgs,
) -> Result<u64, Failure> {
    let path = data.path();
    let to = BlobFiles::make(&data.blobs())
        .map_err(|error| failed("no blobs were restored", path, REMEDY, &error))?;
    let progress = Progress::new("restoring", record.blobs, record.bytes);
    let damaged = Mutex::new(Vec::new());
    let bytes = Mutex::new(0);
    progress.shown(|| {
        blobs::each(rows, |record| {
            let fate = blobs::copy(record, source, &to, args.fast, &progress);
            let fate = fate.map_err(|error| {
                failed(
                    format!("{} was not restored", record.digest),
                    path,
                    REMEDY,
                    &error,
                )
            })?;
            progress.file();
            match fate {
                Copied::Now | Copied::Before => *locked(&bytes) += record.size,
                Copied::No(damage) => locked(&damaged).push(Finding::blob(record, damage)),
            }
            Ok(())
        })
    })?;
    to.sync()
        .map_err(|error| failed("the blobs were not restored", path, REMEDY, &error))?;
    // What was wrong with the rows when the backup was made was told then, and is told again.
    let mut wrong = record.wrong(rows)?;
    let left_out = damaged.into_inner().unwrap_or_default();
    let lost = count((wrong.len() + left_out.len()) as u64, "thing");
    wrong.extend(left_out);
    if !wrong.is_empty() {
        report::tell(&mut wrong, rows);
        if !args.incomplete {
            return Err(Failure::happened(format!(
                "{lost} lost or damaged in the backup, so {} was left unfinished; restore another \
                 backup, or remove that directory and type the same with --incomplete to do without \
                 what is named above",
                path.display()
            )));
        }
        say(&format!("{lost} lost; push what is named above again"));
    }
    Ok(bytes.into_inner().unwrap_or_default())
}

/// Puts the database in its place, and makes the directory a registry's.
fn finish(database: &Path, data: &Layout) -> Result<(), Failure> {
    let placed = private::copy(database, &data.database())
        .and_then(|()| fs::remove_file(data.unfinished()))
        .and_then(|()| private::sync_folder_of(&data.unfinished()))
        .and_then(|()| private::mark(&data.lock()).map(drop));
    placed.map_err(|error| {
        Failure::because(
            format!(
                "the database was not put into {}; {REMEDY}",
                data.path().display()
            ),
            &error,
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_told_how_to_give_away_what_it_restored() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let [backup, data] = ["backup", "data"].map(|name| scratch.path().join(name));
        for path in [&backup, &data] {
            fs::create_dir(path).expect("a scratch directory");
        }
        assert_eq!(left_to_root(&backup, &data), None);
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(&backup, Some(12_345), None).expect("root may");
            let hint = left_to_root(&backup, &data).expect("it is another's");
            assert!(hint.contains("chown -R --reference="), "{hint}");
        }
    }
}
