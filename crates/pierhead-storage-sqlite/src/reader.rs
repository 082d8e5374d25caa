//! Rows, read beside whoever owns the database: for backups and checks.

use std::path::{Path, PathBuf};
use std::time::Duration;

use pierhead_model::{ContentDigest, RepositoryName, Tag};
use pierhead_storage::{BlobRecord, Place, StoreError};
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, Params, Row, params};

use crate::codec::{RowExt as _, blob, count, key};
use crate::error::from_sql;
use crate::store::plain;
use crate::{migrate, snapshot};

const OPEN: &str = "read the database";

/// How long to wait for a lock, which its owner never holds for more than a moment.
const BUSY: Duration = Duration::from_secs(30);

/// How many bodies of manifests are read in one statement.
const BODIES: usize = 64;

/// A database, only to be read: one that a [`SqliteStore`](crate::SqliteStore) of another process
/// may have open, or a copy of it. It claims nothing, writes nothing into it, and keeps nobody from
/// writing.
///
/// Each call sees what was committed before it began, so two calls on a database in use may see two
/// states. For one state of everything, take a [`snapshot`](Self::snapshot) and read that.
///
/// Every call blocks. If the store is in the same process, open the store first: its opening would
/// end the locks of a reader that is there before it.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Connection,
    path: PathBuf,
}

/// How much there is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Totals {
    /// Repositories, those in the trash can included.
    pub repositories: u64,
    /// Tags.
    pub tags: u64,
    /// Manifests, each once for every repository that has it.
    pub manifests: u64,
    /// Blobs that are kept as files.
    pub blobs: u64,
    /// The bytes of those.
    pub bytes: u64,
}

/// What the database says of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlaceUse {
    /// The bytes of a blob.
    Blob(BlobRecord),
    /// Those of an upload that has not been closed.
    Upload,
    /// Nothing reaches it any more; it waits to be removed.
    Condemned,
}

/// Who would miss a blob or a manifest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct NamedBy {
    /// The repository.
    pub repository: RepositoryName,
    /// A tag of a manifest that names it, directly or through an index. `None` when it is in the
    /// repository, or was uploaded for it, and no tag leads there.
    pub tag: Option<Tag>,
}

impl SqliteReader {
    /// Opens a database that is there.
    ///
    /// A database in use, or one whose owner was killed, needs its directory writable by this user,
    /// because SQLite keeps the state of its readers there. A copy does not.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] with the reason as its source when it cannot be read, is no
    /// database of this kind, or was written by a newer program; [`StoreError::Corrupt`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = || {
            let connection = Connection::open_with_flags(plain(path), flags)?;
            connection.busy_timeout(BUSY)?;
            connection.pragma_update(None, "query_only", true)?;
            connection.pragma_update(None, "trusted_schema", false)?;
            connection.pragma_update(None, "temp_store", "memory")?;
            Ok(connection)
        };
        let connection = opened().map_err(|error| from_sql(OPEN, error))?;
        migrate::check(&connection)?;
        Ok(Self {
            connection,
            path: path.to_owned(),
        })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes a consistent copy, as [`SqliteStore::snapshot`](crate::SqliteStore::snapshot) does.
    /// What was committed before the call is in it.
    ///
    /// # Errors
    /// The same.
    pub fn snapshot(&self, to: impl AsRef<Path>) -> Result<(), StoreError> {
        snapshot::take(&self.connection, to.as_ref())
            .map_err(|fault| fault.into_store("take a snapshot"))
    }

    /// A number that this database has in common with all its copies and with no other. `None` when
    /// no program that gives one has opened it yet.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn identity(&self) -> Result<Option<u64>, StoreError> {
        snapshot::identity(&self.connection).map_err(|error| from_sql(OPEN, error))
    }

    /// How much there is. Walks whole tables.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn totals(&self) -> Result<Totals, StoreError> {
        self.one(
            "SELECT (SELECT count(*) FROM repository), (SELECT count(*) FROM tag),
                    (SELECT count(*) FROM manifest), count(*), ifnull(sum(size), 0) FROM blob",
            [],
            |row| {
                Ok(Totals {
                    repositories: row.unsigned(0)?,
                    tags: row.unsigned(1)?,
                    manifests: row.unsigned(2)?,
                    blobs: row.unsigned(3)?,
                    bytes: row.unsigned(4)?,
                })
            },
        )
    }

    /// Blobs, sorted by digest: the first `limit` behind `after`.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn blobs(
        &self,
        after: Option<&ContentDigest>,
        limit: usize,
    ) -> Result<Vec<BlobRecord>, StoreError> {
        let after = after.map(key);
        let after = after.as_ref().map_or(&[][..], |after| after.as_bytes());
        self.all(
            "SELECT digest, place, size FROM blob WHERE digest > ?1 ORDER BY digest LIMIT ?2",
            params![after, count(limit)],
            record,
        )
    }

    /// A blob as it is now.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn blob(&self, digest: &ContentDigest) -> Result<Option<BlobRecord>, StoreError> {
        let sql = "SELECT digest, place, size FROM blob WHERE digest = ?1";
        self.maybe(sql, params![key(digest)], record)
    }

    /// What a place is for; `None` when no row names it.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn place(&self, place: &Place) -> Result<Option<PlaceUse>, StoreError> {
        self.maybe(
            "SELECT blob.digest, place.place, blob.size, place.state
             FROM place LEFT JOIN blob ON blob.place = place.place WHERE place.place = ?1",
            params![place.as_str()],
            |row| {
                let named: bool = row.get_ref(0)?.as_blob().is_ok();
                Ok(match row.get(3)? {
                    2_i64 => PlaceUse::Condemned,
                    _ if named => PlaceUse::Blob(record(row)?),
                    _ => PlaceUse::Upload,
                })
            },
        )
    }

    /// Shows every manifest's digest and bytes, each once, sorted by digest. A few at a time are
    /// read, so that a database in use is not held at one state for long.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn manifests(&self, mut show: impl FnMut(ContentDigest, &[u8])) -> Result<(), StoreError> {
        let mut after = Vec::new();
        loop {
            let digests = self.all(
                "SELECT digest, bytes FROM manifest_body WHERE digest > ?1
                 ORDER BY digest LIMIT ?2",
                params![after, count(BODIES)],
                |row| {
                    let digest = row.digest(0)?;
                    show(digest, blob(row, 1)?);
                    Ok(digest)
                },
            )?;
            match digests.last() {
                Some(last) => after = key(last).as_bytes().to_vec(),
                None => return Ok(()),
            }
        }
    }

    /// Who would miss this blob, or the manifest of this digest: repositories, and the tags by which
    /// it is found there. At most `limit`, sorted.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn named_by(
        &self,
        digest: &ContentDigest,
        limit: usize,
    ) -> Result<Vec<NamedBy>, StoreError> {
        self.all(
            "WITH RECURSIVE
             holder (repository) AS (
                 SELECT repository FROM link WHERE digest = ?1
                 UNION SELECT repository FROM manifest WHERE digest = ?1),
             up (repository, digest) AS (
                 SELECT repository, ?1 FROM holder
                 UNION SELECT up.repository, reference.holder
                 FROM up JOIN reference
                 ON reference.repository = up.repository AND reference.target = up.digest)
             SELECT repository.name, found.name FROM (
                 SELECT holder.repository AS repository, tag.name AS name
                 FROM holder LEFT JOIN (
                     up JOIN tag ON tag.repository = up.repository AND tag.digest = up.digest
                 ) ON up.repository = holder.repository) AS found
             JOIN repository ON repository.id = found.repository
             UNION SELECT name, NULL FROM staged WHERE digest = ?1
             ORDER BY 1, 2 LIMIT ?2",
            params![key(digest), count(limit)],
            |row| {
                let tag: Option<String> = row.get(1)?;
                Ok(NamedBy {
                    repository: row.parsed(0)?,
                    tag: tag.and_then(|tag| tag.parse().ok()),
                })
            },
        )
    }

    pub(crate) fn all<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        let rows = || {
            let mut statement = self.connection.prepare_cached(sql)?;
            statement
                .query_map(values, read)?
                .collect::<Result<Vec<_>, _>>()
        };
        rows().map_err(|error| from_sql(OPEN, error))
    }

    pub(crate) fn one<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let row = || self.connection.prepare_cached(sql)?.query_row(values, read);
        row().map_err(|error| from_sql(OPEN, error))
    }

    pub(crate) fn maybe<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let row = || self.connection.prepare_cached(sql)?.query_row(values, read);
        row().optional().map_err(|error| from_sql(OPEN, error))
    }
}

fn record(row: &Row<'_>) -> rusqlite::Result<BlobRecord> {
    Ok(BlobRecord {
        digest: row.digest(0)?,
        place: row.place(1)?,
        size: row.unsigned(2)?,
    })
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
