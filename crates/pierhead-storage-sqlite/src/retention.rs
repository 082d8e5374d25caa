//! What a repository holds, and taking of it what may go.

use std::collections::HashMap;

use pierhead_model::ContentDigest;
use pierhead_storage::{
    Inventory, InventoryManifest, LastPush, Permit, RepositoryId, Retirement, ScopeId, View,
};
use rusqlite::{Connection, params};

use crate::board::{Effects, stored_versions};
use crate::codec::{CHILD, RowExt as _, key, signed};
use crate::error::Fault;
use crate::fence::{Open, open, permitted};
use crate::manifest;

/// Everything a view holds; inside a transaction, so that it is of one moment.
pub(crate) fn inventory(connection: &Connection, view: &View) -> Result<Inventory, Fault> {
    let Open::Repository(id) = open(connection, view)? else {
        return Ok(Inventory::default());
    };
    Ok(Inventory {
        content: content(connection, id)?,
        manifests: manifests(connection, id)?,
        pushes: pushes(connection, id)?,
    })
}

fn content(connection: &Connection, id: RepositoryId) -> rusqlite::Result<u64> {
    let versions = stored_versions(connection, &[ScopeId::repository(id)])?;
    Ok(versions.first().map_or(0, |version| version.content))
}

fn manifests(
    connection: &Connection,
    id: RepositoryId,
) -> rusqlite::Result<Vec<InventoryManifest>> {
    let mut children: HashMap<ContentDigest, Vec<ContentDigest>> = HashMap::new();
    let mut list = connection.prepare_cached(
        "SELECT holder, target FROM reference WHERE repository = ?1 AND role = ?2
         ORDER BY holder, target",
    )?;
    let mut rows = list.query(params![signed(id.0), CHILD])?;
    while let Some(row) = rows.next()? {
        let holder = children.entry(row.digest(0)?).or_default();
        holder.push(row.digest(1)?);
    }
    let mut list = connection.prepare_cached(
        "SELECT digest, size, at, subject, EXISTS (
             SELECT 1 FROM tag WHERE tag.repository = ?1 AND tag.digest = manifest.digest)
         FROM manifest WHERE repository = ?1 ORDER BY digest",
    )?;
    let mut rows = list.query([signed(id.0)])?;
    let mut manifests = Vec::new();
    while let Some(row) = rows.next()? {
        let digest = row.digest(0)?;
        manifests.push(InventoryManifest {
            digest,
            size: row.unsigned(1)?,
            at: row.time(2)?,
            subject: match row.get_ref(3)? {
                rusqlite::types::ValueRef::Null => None,
                _ => Some(row.digest(3)?),
            },
            children: children.remove(&digest).unwrap_or_default(),
            tagged: row.get(4)?,
        });
    }
    Ok(manifests)
}

fn pushes(connection: &Connection, id: RepositoryId) -> rusqlite::Result<Vec<LastPush>> {
    // Beside max(id), the other columns are those of its row.
    let mut list = connection.prepare_cached(
        "SELECT tag, digest, at, max(id) AS newest FROM history WHERE repository = ?1
         GROUP BY tag, digest ORDER BY newest DESC",
    )?;
    let mut rows = list.query([signed(id.0)])?;
    let mut pushes = Vec::new();
    while let Some(row) = rows.next()? {
        pushes.push(LastPush {
            tag: row.parsed(0)?,
            digest: row.digest(1)?,
            at: row.time(2)?,
        });
    }
    Ok(pushes)
}

pub(crate) fn retire(
    tx: &Connection,
    effects: &mut Effects,
    digests: &[ContentDigest],
    seen: u64,
    permit: &Permit,
) -> Result<Retirement, Fault> {
    let Open::Repository(id) = permitted(tx, permit)? else {
        return Ok(Retirement::Moved);
    };
    take(tx, effects, id, digests, seen)
}

/// The same of a repository that may be changed.
pub(crate) fn take(
    tx: &Connection,
    effects: &mut Effects,
    id: RepositoryId,
    digests: &[ContentDigest],
    seen: u64,
) -> Result<Retirement, Fault> {
    if content(tx, id)? != seen {
        return Ok(Retirement::Moved);
    }
    let mut may_go = tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM manifest WHERE repository = ?1 AND digest = ?2)
            AND NOT EXISTS (SELECT 1 FROM tag WHERE repository = ?1 AND digest = ?2)
            AND NOT EXISTS (SELECT 1 FROM reference
                            WHERE repository = ?1 AND target = ?2 AND role = ?3)",
    )?;
    let mut gone = Vec::new();
    for digest in digests {
        let row = params![signed(id.0), key(digest), CHILD];
        if may_go.query_row(row, |row| row.get(0))? {
            manifest::remove(tx, signed(id.0), key(digest).as_bytes())?;
            gone.push(*digest);
        }
    }
    if !gone.is_empty() {
        effects.content(tx, ScopeId::repository(id))?;
    }
    let content = content(tx, id)?;
    Ok(Retirement::Done { gone, content })
}
