//! Tags.

use pierhead_model::{ContentDigest, Tag};
use pierhead_storage::{
    Deed, Deletion, ManifestPut, Permit, RepositoryId, ScopeId, TagRecord, View,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::audit;
use crate::board::Effects;
use crate::codec::{RowExt as _, count, key, micros, signed};
use crate::error::Fault;
use crate::fence::{Open, open, permitted};

/// Makes a tag name a manifest that is there.
pub(crate) fn set(
    tx: &Connection,
    repository: RepositoryId,
    tag: &Tag,
    put: &ManifestPut,
) -> rusqlite::Result<()> {
    tx.prepare_cached(
        "INSERT INTO tag (repository, name, digest, pushed_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (repository, name)
             DO UPDATE SET digest = excluded.digest, pushed_at = excluded.pushed_at",
    )?
    .execute(params![
        signed(repository.0),
        tag.as_str(),
        key(&put.digest),
        micros(put.at)
    ])
    .map(drop)
}

/// What a tag names now.
pub(crate) fn target(
    connection: &Connection,
    repository: RepositoryId,
    tag: &Tag,
) -> rusqlite::Result<Option<ContentDigest>> {
    connection
        .prepare_cached("SELECT digest FROM tag WHERE repository = ?1 AND name = ?2")?
        .query_row(params![signed(repository.0), tag.as_str()], |row| {
            row.digest(0)
        })
        .optional()
}

pub(crate) fn list(
    connection: &Connection,
    view: &View,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<TagRecord>, Fault> {
    let mut tags = Vec::new();
    if let View::Repository(id) = view {
        let mut list = connection.prepare_cached(
            "SELECT name, digest FROM tag
             WHERE repository = ?1 AND name > ?2 ORDER BY name LIMIT ?3",
        )?;
        // No tag is empty.
        let after = after.unwrap_or("");
        let mut rows = list.query(params![signed(id.0), after, count(limit)])?;
        while let Some(row) = rows.next()? {
            tags.push(TagRecord {
                name: row.parsed(0)?,
                digest: row.digest(1)?,
            });
        }
    }
    open(connection, view)?;
    Ok(tags)
}

pub(crate) fn delete(
    tx: &Connection,
    effects: &mut Effects,
    tag: &Tag,
    deed: &Deed,
    permit: &Permit,
) -> Result<Deletion, Fault> {
    let Open::Repository(id) = permitted(tx, permit)? else {
        return Ok(Deletion::Absent);
    };
    let named = tx
        .prepare_cached("DELETE FROM tag WHERE repository = ?1 AND name = ?2 RETURNING digest")?
        .query_row(params![signed(id.0), tag.as_str()], |row| row.digest(0))
        .optional()?;
    let Some(named) = named else {
        return Ok(Deletion::Absent);
    };
    audit::tag(tx, deed, id, tag, &named)?;
    effects.content(tx, ScopeId::repository(id))?;
    Ok(Deletion::Deleted)
}
