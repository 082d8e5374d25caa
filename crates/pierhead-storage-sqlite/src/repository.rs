//! Repositories: found, listed, made, purged.

use pierhead_model::RepositoryName;
use pierhead_storage::{CallerId, NewName, Repository, RepositoryId, ScopeId};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::time::SystemTime;

use crate::board::Effects;
use crate::codec::{RowExt as _, count, micros, signed};
use crate::collect;
use crate::error::Fault;

/// Five columns from `first` on: id, name, parent, creator, `created_at`.
pub(crate) fn from_row(row: &Row<'_>, first: usize) -> rusqlite::Result<Repository> {
    Ok(Repository {
        id: RepositoryId(row.unsigned(first)?),
        name: row.parsed(first + 1)?,
        parent: row.parent(first + 2)?,
        creator: row.caller(first + 3)?,
        created_at: row.time(first + 4)?,
    })
}

pub(crate) fn find(
    connection: &Connection,
    name: &RepositoryName,
) -> Result<Option<Repository>, Fault> {
    let mut find = connection.prepare_cached(
        "SELECT id, name, parent, creator, created_at FROM repository WHERE name = ?1",
    )?;
    Ok(find
        .query_row([name.as_str()], |row| from_row(row, 0))
        .optional()?)
}

pub(crate) fn list(
    connection: &Connection,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<Repository>, Fault> {
    let mut list = connection.prepare_cached(
        "SELECT id, name, parent, creator, created_at FROM repository
         WHERE name > ?1 ORDER BY name LIMIT ?2",
    )?;
    // No name is empty.
    let rows = list.query_map(params![after.unwrap_or(""), count(limit)], |row| {
        from_row(row, 0)
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The next id of the one sequence that projects and repositories share. Ids below 1,000,000 are
/// left to whoever provisions them.
pub(crate) fn next_entity_id(tx: &Connection) -> rusqlite::Result<u64> {
    tx.prepare_cached("UPDATE sequence SET last = last + 1 WHERE name = 'entity' RETURNING last")?
        .query_row([], |row| row.unsigned(0))
}

/// Makes the repository; every session begun under its name becomes its own. With it an entity comes
/// into being, by a trigger of the schema.
pub(crate) fn create(
    tx: &Connection,
    new: &NewName,
    creator: &CallerId,
    at: SystemTime,
) -> Result<RepositoryId, Fault> {
    let number = next_entity_id(tx)?;
    let id = signed(number);
    let name = new.name.as_str();
    tx.prepare_cached(
        "INSERT INTO repository (id, name, parent, creator, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        id,
        name,
        new.parent.map(|parent| signed(parent.0)),
        creator.as_str(),
        micros(at)
    ])?;
    tx.prepare_cached("UPDATE upload SET repository = ?1, name = NULL WHERE name = ?2")?
        .execute(params![id, name])?;
    Ok(RepositoryId(number))
}

/// Takes a reference to another registry's repository away. What was recorded of its tags is left to
/// collections.
pub(crate) fn purge_external(
    tx: &Connection,
    effects: &mut Effects,
    reference: RepositoryId,
) -> Result<bool, Fault> {
    let id = signed(reference.0);
    let gone = tx
        .prepare_cached("DELETE FROM entity WHERE id = ?1 AND external = 1")?
        .execute([id])?;
    if gone == 0 {
        return Ok(false);
    }
    tx.prepare_cached("INSERT INTO purged (repository) VALUES (?1)")?
        .execute([id])?;
    effects.bump(tx, ScopeId::repository(reference))?;
    Ok(true)
}

/// Takes a repository away: its name is free and nothing of it can be seen. Its many rows are left
/// to collections, so that a large repository does not hold up the writer.
pub(crate) fn purge(
    tx: &Connection,
    effects: &mut Effects,
    repository: RepositoryId,
) -> Result<bool, Fault> {
    let id = signed(repository.0);
    let name: Option<String> = tx
        .prepare_cached("DELETE FROM repository WHERE id = ?1 RETURNING name")?
        .query_row([id], |row| row.get(0))
        .optional()?;
    let Some(name) = name else {
        return Ok(false);
    };
    tx.prepare_cached("INSERT INTO purged (repository) VALUES (?1)")?
        .execute([id])?;
    tx.prepare_cached("DELETE FROM staged WHERE name = ?1")?
        .execute([name])?;
    collect::end_uploads_of(tx, repository)?;
    let scope = ScopeId::repository(repository);
    effects.bump(tx, scope)?;
    effects.content(tx, scope)?;
    Ok(true)
}
