//! Every push of a tag.

use pierhead_model::Tag;
use pierhead_storage::{HistoryEntry, ManifestPut, RepositoryId, View};
use rusqlite::{Connection, params};

use crate::codec::{RowExt as _, count, key, micros, signed};
use crate::error::Fault;
use crate::fence::open;

pub(crate) fn add(
    tx: &Connection,
    repository: RepositoryId,
    tag: &Tag,
    put: &ManifestPut,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO history (repository, tag, digest, at, who) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        signed(repository.0),
        tag.as_str(),
        key(&put.digest),
        micros(put.at),
        put.by.as_str()
    ])
    .map(drop)
}

pub(crate) fn list(
    connection: &Connection,
    view: &View,
    tag: Option<&Tag>,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<HistoryEntry>, Fault> {
    let entries = match view {
        View::Repository(id) => of(connection, *id, tag, before, limit)?,
        View::New(_) => Vec::new(),
    };
    open(connection, view)?;
    Ok(entries)
}

/// Every push there was to a repository, whatever has become of it.
pub(crate) fn of(
    connection: &Connection,
    repository: RepositoryId,
    tag: Option<&Tag>,
    before: Option<u64>,
    limit: usize,
) -> Result<Vec<HistoryEntry>, Fault> {
    // Two statements, so that each walks an index in the order it answers in.
    let sql = match tag {
        None => {
            "SELECT id, tag, digest, at, who FROM history
             WHERE repository = ?1 AND ?2 IS NULL AND id < ?3 ORDER BY id DESC LIMIT ?4"
        }
        Some(_) => {
            "SELECT id, tag, digest, at, who FROM history
             WHERE repository = ?1 AND tag = ?2 AND id < ?3 ORDER BY id DESC LIMIT ?4"
        }
    };
    let mut list = connection.prepare_cached(sql)?;
    let rows = list.query_map(
        params![
            signed(repository.0),
            tag.map(Tag::as_str),
            before.map_or(i64::MAX, count),
            count(limit)
        ],
        |row| {
            Ok(HistoryEntry {
                id: row.unsigned(0)?,
                tag: row.parsed(1)?,
                digest: row.digest(2)?,
                at: row.time(3)?,
                by: row.caller(4)?,
            })
        },
    )?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
