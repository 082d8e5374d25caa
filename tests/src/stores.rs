//! What the stores of a server hold, seen from outside.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

/// Columns that move when nothing was changed: when a credential was used, when a session was last
/// spoken to and by which of its writers.
const RESTLESS: &[(&str, &str)] = &[
    ("credential", "last_used"),
    ("upload", "generation"),
    ("upload", "alive_at"),
];

/// That an operator relied on the role is written down, refused or not; it changes nothing else.
const ROLE_USED: &str = "what=\"use-role\" ";

/// Everything in the database, row by row, and every blob file with its length, under a name that
/// is the same as long as the thing is. Two fingerprints are equal when nothing was changed.
pub fn fingerprint(data: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut databases = 0;
    for path in files(data) {
        let name = path
            .strip_prefix(data)
            .expect("below it")
            .display()
            .to_string();
        let is = |end: &str| name.ends_with(end);
        // The server copies its database whenever it is time to.
        let copy = name.starts_with("snapshots/");
        if copy || is("-wal") || is("-shm") || is("lock") || is(".log") {
            continue;
        }
        if std::fs::read(&path)
            .unwrap_or_default()
            .starts_with(b"SQLite format 3\0")
        {
            databases += 1;
            let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            let database = Connection::open_with_flags(&path, flags).expect("a database");
            rows(&database, &mut found);
        } else {
            let length = std::fs::metadata(&path).map_or(0, |found| found.len());
            found.insert(format!("file {name}"), format!("{length} bytes"));
        }
    }
    assert!(databases > 0, "there is no database in {}", data.display());
    found
}

/// Requires that nothing was changed, and says what was.
#[track_caller]
pub fn assert_unchanged(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    what: &str,
) {
    let mut changes = String::new();
    for (name, text) in before {
        match after.get(name) {
            Some(now) if now == text => {}
            now => {
                let _ = writeln!(changes, "- {name}: {text}\n+ {name}: {now:?}");
            }
        }
    }
    for (name, text) in after.iter().filter(|(name, _)| !before.contains_key(*name)) {
        let _ = writeln!(changes, "+ {name}: {text}");
    }
    assert!(changes.is_empty(), "{what} changed the stores:\n{changes}");
}

/// Every file below a folder.
pub(crate) fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every row, less what moves when nothing was changed.
pub(crate) fn rows(database: &Connection, found: &mut BTreeMap<String, String>) {
    let mut tables = database
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
        .expect("a list of tables");
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .and_then(Iterator::collect)
        .expect("names of tables");
    for table in tables.iter().filter(|name| *name != "sqlite_sequence") {
        let mut statement = database
            .prepare(&format!("SELECT * FROM \"{table}\""))
            .expect("rows");
        let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
        let mut rows = statement.query([]).expect("rows");
        let mut texts = Vec::new();
        while let Some(row) = rows.next().expect("a row") {
            let mut text = String::new();
            for (index, column) in columns.iter().enumerate() {
                if !RESTLESS.contains(&(table, column)) {
                    let value = shown(row.get_ref(index).expect("a value"));
                    let _ = write!(text, "{column}={value} ");
                }
            }
            if table != "audit" || !text.contains(ROLE_USED) {
                texts.push(text);
            }
        }
        texts.sort();
        for text in texts {
            // Equal rows of a table without a key would fall together; none of ours is without.
            found.insert(format!("row {table} {text}"), String::new());
        }
    }
}

fn shown(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Null => "null".into(),
        ValueRef::Integer(number) => number.to_string(),
        ValueRef::Real(number) => number.to_string(),
        ValueRef::Text(text) => format!("{:?}", String::from_utf8_lossy(text)),
        ValueRef::Blob(bytes) => pierhead_model::ContentDigest::sha256(bytes).to_string(),
    }
}
