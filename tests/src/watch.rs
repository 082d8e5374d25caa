//! Whether a request changed anything, cheaply enough to ask after each of thousands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags};

use crate::stores::{files, rows};

/// Watches the stores in one data directory.
///
/// Between [`Watch::before`] and [`Watch::changes`] one connection keeps the database as it was,
/// and another counts commits: where there was none, no row was changed. Where there was one, every
/// row of every table is compared. Blob files are compared always.
#[derive(Debug)]
pub struct Watch {
    data: PathBuf,
    kept: Connection,
    live: Connection,
    commits: i64,
    blobs: Names,
}

/// Names of what there is, each with what is compared of it.
type Names = BTreeMap<String, String>;

impl Watch {
    /// Begins to watch a directory with one database.
    pub fn open(data: &Path) -> Self {
        let database = data.join("metadata.db");
        let open = || {
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(&database, flags).expect("a database")
        };
        Self {
            data: data.to_owned(),
            kept: open(),
            live: open(),
            commits: -1,
            blobs: Names::new(),
        }
    }

    /// The database as it is now.
    pub fn now(&self) -> &Connection {
        &self.live
    }

    /// Keeps everything as it is.
    pub fn before(&mut self) {
        let commits = self.commits_so_far();
        // A file belongs to a row that was there before it.
        if commits != self.commits {
            self.blobs = self.blob_files();
        }
        self.commits = commits;
        // The first read is what fixes the moment.
        let begin = "BEGIN; SELECT count(*) FROM meta;";
        self.kept.execute_batch(begin).expect("a read");
    }

    /// What has changed since, a line each; empty when nothing has.
    pub fn changes(&mut self) -> Vec<String> {
        let mut changes = Vec::new();
        if self.commits_so_far() != self.commits {
            let [mut then, mut now] = [Names::new(), Names::new()];
            rows(&self.kept, &mut then);
            self.live.execute_batch("BEGIN").expect("a read");
            rows(&self.live, &mut now);
            self.live.execute_batch("COMMIT").expect("its end");
            changes.extend(difference(&then, &now));
        }
        self.kept
            .execute_batch("COMMIT")
            .expect("the end of a read");
        changes.extend(difference(&self.blobs, &self.blob_files()));
        changes
    }

    fn commits_so_far(&self) -> i64 {
        let query = "PRAGMA data_version";
        let version = self.live.query_row(query, [], |row| row.get(0));
        version.expect("the number of commits")
    }

    fn blob_files(&self) -> Names {
        let blobs = files(&self.data.join("blobs")).into_iter();
        let named = blobs.map(|path| {
            let length = std::fs::metadata(&path).map_or(0, |found| found.len());
            (path.display().to_string(), format!("{length} bytes"))
        });
        named.collect()
    }
}

/// What is in one and not in the other.
fn difference(then: &Names, now: &Names) -> Vec<String> {
    let less = |one: &Names, other: &Names, sign: char| -> Vec<String> {
        let gone = one
            .iter()
            .filter(|(name, what)| other.get(*name) != Some(what));
        gone.map(|(name, what)| format!("{sign} {name} {what}"))
            .collect()
    };
    let mut changes = less(then, now, '-');
    changes.extend(less(now, then, '+'));
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_a_row_or_a_file_is_seen_and_what_only_passes_is_not() {
        let folder = tempfile::TempDir::new().expect("a scratch directory");
        let writer = Connection::open(folder.path().join("metadata.db")).expect("a database");
        let tables = "PRAGMA journal_mode = wal; CREATE TABLE meta (value INTEGER);
            CREATE TABLE credential (id INTEGER, last_used INTEGER); INSERT INTO credential VALUES (1, 0);";
        writer.execute_batch(tables).expect("tables");
        std::fs::create_dir(folder.path().join("blobs")).expect("a scratch directory");
        let mut watch = Watch::open(folder.path());
        let mut seen = |change: &dyn Fn()| {
            watch.before();
            change();
            watch.changes()
        };
        let write = |text: &str| writer.execute_batch(text).expect("a change");
        let blob = folder.path().join("blobs/a");

        assert_eq!(seen(&|| {}), [""; 0]);
        assert_eq!(seen(&|| write("INSERT INTO meta VALUES (7)")).len(), 1);
        assert_eq!(seen(&|| write("UPDATE meta SET value = 8")).len(), 2);
        assert_eq!(
            seen(&|| write("UPDATE credential SET last_used = 1")),
            [""; 0]
        );
        assert_eq!(seen(&|| write("DELETE FROM meta")).len(), 1);
        assert_eq!(
            seen(&|| std::fs::write(&blob, "a").expect("a file")).len(),
            1
        );
    }
}
