//! `pierhead restore --snapshot`: a snapshot takes the place of a lost or damaged database whose
//! blobs are still there.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use pierhead::sqlite::{SqliteReader, Totals};

use super::{names, report};
use crate::data_dir::{self, Layout};
use crate::failure::Failure;
use crate::private;
use crate::table::count;
use crate::terminal::print;

/// The files of a database. The log comes last when they are put aside, and is never left beside
/// another database, into which it would be folded.
const PARTS: [&str; 3] = ["", "-shm", "-wal"];

/// Puts the present database aside and a snapshot in its place. It can be broken off and repeated.
pub(super) fn rewind(snapshot: &Path, data: &Layout) -> Result<(), Failure> {
    data_dir::not_as_root(data.path())?;
    let shown = data.path().display();
    if !data.lock().exists() {
        return Err(Failure::told(format!(
            "there is no registry in {shown}; name its directory with --data"
        )));
    }
    let unusable =
        |error: io::Error| Failure::because(format!("{shown} cannot be restored into"), &error);
    let lock = File::options().write(true).mode(0o600).open(data.lock());
    let _lock = data_dir::hold(lock.map_err(unusable)?, data.path())?;
    if let (Ok(same), Ok(present)) = (snapshot.canonicalize(), data.database().canonicalize())
        && same == present
    {
        return Err(Failure::told(
            "that is the present database; name a snapshot of it",
        ));
    }
    let (rows, at, totals) = look(snapshot)?;
    same_registry(&rows, data)?;
    private::mark(&data.unfinished()).map_err(unusable)?;
    // The same in every try, so that the files of a database stay together.
    let begun = fs::metadata(data.unfinished()).and_then(|it| it.modified());
    let aside = begun
        .and_then(|begun| put_aside(&data.database(), begun))
        .map_err(unusable)?;
    let unplaced =
        format!("the snapshot was not put in place; make room in {shown} and type the same again");
    // Not its file alone: what was put aside may have a log.
    rows.snapshot(data.database())
        .map_err(|error| Failure::because(&unplaced, &error))?;
    fs::remove_file(data.unfinished())
        .and_then(|()| private::sync_folder_of(&data.unfinished()))
        .map_err(|error| Failure::because(&unplaced, &error))?;
    print(&format!(
        "{shown}: the database is that of {at}, {} with {}\n",
        report::repositories(totals.repositories),
        count(totals.tags, "tag")
    ))?;
    if let Some(aside) = aside {
        print(&format!("the former database is {}\n", aside.display()))?;
    }
    print(&format!(
        "what was pushed or changed since is not in it; to see what it names and is gone, type: \
         pierhead verify --data {shown}\n"
    ))
}

/// Makes sure that a snapshot is one, whole; says from when, and how much is in it.
fn look(snapshot: &Path) -> Result<(SqliteReader, String, Totals), Failure> {
    let shown = snapshot.display();
    let unusable = |error| Failure::because(format!("{shown} cannot be used"), &error);
    let rows = SqliteReader::open(snapshot).map_err(unusable)?;
    let wrong = rows.integrity(1).map_err(unusable)?;
    if let Some(wrong) = wrong.first() {
        return Err(Failure::happened(format!(
            "{shown} is damaged ({wrong}); use another snapshot, or a backup"
        )));
    }
    let totals = rows.totals().map_err(unusable)?;
    let name = snapshot.file_name().unwrap_or_default().to_string_lossy();
    let at = names::time(&name).map_or_else(|| shown.to_string(), pierhead::model::rfc3339);
    Ok((rows, at, totals))
}

/// Refuses the snapshot of one registry beside the blobs of another, as far as the present database
/// can still say whose they are.
fn same_registry(snapshot: &SqliteReader, data: &Layout) -> Result<(), Failure> {
    let identity = |rows: &SqliteReader| rows.identity().ok().flatten();
    let present = SqliteReader::open(data.database()).ok();
    let present = present.as_ref().and_then(identity);
    match (present, identity(snapshot)) {
        (Some(present), Some(other)) if present != other => Err(Failure::told(format!(
            "{} is of another registry than the database in {}; name a snapshot of that one",
            snapshot.path().display(),
            data.path().display()
        ))),
        _ => Ok(()),
    }
}

/// Renames the files of a database, if there are any; says what it is called now.
fn put_aside(database: &Path, at: SystemTime) -> io::Result<Option<PathBuf>> {
    let beside = |part: &str| PathBuf::from(format!("{}{part}", database.display()));
    let time = names::name(at);
    let time = time.trim_start_matches("metadata-").trim_end_matches(".db");
    let mut aside = None;
    for part in PARTS {
        let from = beside(part);
        let to = beside(&format!(".before-{time}{part}"));
        // Put aside by an earlier try: what is in its place now is that one's copy of the snapshot.
        let moved = if to.exists() {
            fs::remove_file(&from)
        } else {
            fs::rename(&from, &to)
        };
        match moved {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        if part.is_empty() && to.exists() {
            aside = Some(to);
        }
    }
    private::sync_folder_of(database)?;
    Ok(aside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_puts_no_database_into_a_directory_of_somebody_else() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let data = Layout::of(scratch.path());
        fs::write(data.lock(), "").expect("a scratch file");
        let snapshot = scratch.path().join("snapshot.db");
        let root = rustix::process::geteuid().is_root();
        if root {
            std::os::unix::fs::chown(scratch.path(), Some(12_345), None).expect("root may");
        }
        let error = rewind(&snapshot, &data).expect_err("there is no snapshot");
        assert_eq!(error.to_string().contains("runuser -u"), root, "{error}");
    }

    #[test]
    fn what_was_put_aside_is_what_was_there_before_the_first_try() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let database = scratch.path().join("metadata.db");
        let log = scratch.path().join("metadata.db-wal");
        let at = SystemTime::now();
        let read = |path: &Path| fs::read_to_string(path).expect("a file");
        for (file, text) in [(&database, "former"), (&log, "its log")] {
            fs::write(file, text).expect("a scratch file");
        }
        let aside = put_aside(&database, at).expect("a directory");
        let aside = aside.expect("there was one");
        assert!(!database.exists() && !log.exists());
        // Broken off, and typed again.
        fs::write(&database, "the snapshot").expect("a scratch file");
        let again = put_aside(&database, at).expect("a directory");
        assert_eq!(again.as_ref(), Some(&aside));
        assert!(!database.exists());
        assert_eq!(read(&aside), "former");
        let beside = PathBuf::from(format!("{}-wal", aside.display()));
        assert_eq!(read(&beside), "its log");
        // There may be nothing.
        let other = scratch.path().join("other.db");
        assert_eq!(put_aside(&other, at).expect("a directory"), None);
    }
}
