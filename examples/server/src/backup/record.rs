//! What a backup says of itself, in a file beside it. The backup is what this file names: it is
//! replaced at once and last.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::time::SystemTime;

use pierhead::model::{Algorithm, ContentDigest, Hasher, rfc3339};
use pierhead::sqlite::{SqliteReader, Totals};
use serde::{Deserialize, Serialize};

use super::report::Finding;
use super::rows;
use crate::failure::Failure;
use crate::private;

/// The file.
pub(crate) const FILE: &str = "backup.json";

/// The form of a backup. A change that an older program would misread raises it.
const FORMAT: u32 = 1;

/// The part of a record that every program understands.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// One state of a registry, and where its rows are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    format: u32,
    /// When the copy of the database was begun: what was acknowledged before is in it.
    pub(super) begun_at: String,
    /// The program that made it.
    server: String,
    /// The copy of the database, in the same directory.
    pub(super) database: String,
    database_digest: String,
    /// Of the registry: the same in all its backups. In hexadecimal digits.
    pub(super) registry: Option<String>,
    pub(super) repositories: u64,
    pub(super) tags: u64,
    pub(super) manifests: u64,
    pub(super) blobs: u64,
    pub(super) bytes: u64,
    /// What was lost or damaged in the data directory already, and is not in the backup.
    pub(super) damaged: u64,
    /// Whether the database was: its copy may lack rows, and look whole.
    #[serde(default)]
    pub(super) database_damaged: bool,
}

impl Record {
    /// Of a copy of the database in this directory.
    pub(super) fn of(
        directory: &Path,
        database: &str,
        begun: SystemTime,
        registry: Option<u64>,
        totals: Totals,
    ) -> Result<Self, Failure> {
        Ok(Self {
            format: FORMAT,
            begun_at: rfc3339(begun),
            server: env!("CARGO_PKG_VERSION").to_owned(),
            database: database.to_owned(),
            database_digest: digest(&directory.join(database))?.to_string(),
            registry: registry.map(self::registry),
            repositories: totals.repositories,
            tags: totals.tags,
            manifests: totals.manifests,
            blobs: totals.blobs,
            bytes: totals.bytes,
            damaged: 0,
            database_damaged: false,
        })
    }

    /// What is wrong with its rows, as far as was known when it was made.
    pub(super) fn wrong(&self, rows: &SqliteReader) -> Result<Vec<Finding>, Failure> {
        if self.damaged == 0 {
            return Ok(Vec::new());
        }
        let mut wrong = rows::wrong(rows)
            .map_err(|error| Failure::because("the backup's database cannot be checked", &error))?;
        wrong.extend(self.database_was_damaged());
        Ok(wrong)
    }

    /// What no look at the copy tells.
    pub(super) fn database_was_damaged(&self) -> Option<Finding> {
        let what = "database: it was damaged when it was backed up, and rows may be missing";
        self.database_damaged
            .then(|| Finding::database(what.to_owned()))
    }

    /// Reads that of a backup; `None` when there is none.
    pub(super) fn read(directory: &Path) -> Result<Option<Self>, Failure> {
        let path = directory.join(FILE);
        let unreadable = |error: &dyn std::error::Error| {
            Failure::because(format!("{} cannot be read", path.display()), error)
        };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&error)),
        };
        let Format { format } =
            serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
        if format > FORMAT {
            return Err(Failure::told(format!(
                "{} was made by a newer program; use that one",
                directory.display()
            )));
        }
        let record: Self = serde_json::from_slice(&text).map_err(|error| unreadable(&error))?;
        // It is put behind a directory's path.
        if super::names::time(&record.database).is_none() {
            return Err(Failure::happened(format!(
                "{} is damaged: `database` is no name of a copy",
                path.display()
            )));
        }
        Ok(Some(record))
    }

    /// Makes it the backup's, at once: from then on the backup is what it names.
    pub(super) fn write(&self, directory: &Path) -> Result<(), Failure> {
        let path = directory.join(FILE);
        let unwritten = |error: &dyn std::error::Error| {
            Failure::because(
                format!(
                    "{} cannot be written; what it named before is still whole",
                    path.display()
                ),
                error,
            )
        };
        let mut text = serde_json::to_string_pretty(self).map_err(|error| unwritten(&error))?;
        text.push('\n');
        private::write(&path, &text).map_err(|error| unwritten(&error))
    }

    /// Whether the copy of the database is the one that was made.
    pub(super) fn check(&self, directory: &Path) -> Result<(), Failure> {
        let path = directory.join(&self.database);
        if digest(&path)?.to_string() == self.database_digest {
            return Ok(());
        }
        Err(Failure::happened(format!(
            "{} is damaged: it has not the digest that {FILE} says; take another backup",
            path.display()
        )))
    }
}

/// The number of a registry as a record has it.
pub(super) fn registry(number: u64) -> String {
    format!("{number:016x}")
}

fn digest(path: &Path) -> Result<ContentDigest, Failure> {
    let read = || {
        let mut file = fs::File::open(path)?;
        let mut hasher = Hasher::new(Algorithm::Sha256);
        let mut buffer = vec![0; 1 << 20];
        loop {
            match file.read(&mut buffer)? {
                0 => return Ok(hasher.finish()),
                filled => hasher.update(&buffer[..filled]),
            }
        }
    };
    read().map_err(|error: std::io::Error| {
        Failure::because(format!("{} cannot be read", path.display()), &error)
    })
}
