//! Blobs as views see them: links of repositories, and what callers staged under new names.

use std::time::SystemTime;

use pierhead_model::ContentDigest;
use pierhead_storage::{
    BlobMount, BlobRecord, CallerId, Checkpoint, Deed, Deletion, Holder, NewName, Permit, Place,
    RepositoryId, ScopeId, View,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::board::Effects;
use crate::codec::{CHILD, RowExt as _, count, key, micros, signed};
use crate::error::Fault;
use crate::fence::{Open, open, permitted};
use crate::{audit, repository};

/// A blob that a view sees, and when its hold on it was last renewed.
pub(crate) struct Held {
    pub(crate) record: BlobRecord,
    pub(crate) renewed_at: SystemTime,
}

/// One statement when the blob is there; a second asks why it is not.
pub(crate) fn find(
    connection: &Connection,
    view: &View,
    digest: &ContentDigest,
) -> Result<Option<Held>, Fault> {
    let found = match view {
        View::Repository(id) => connection
            .prepare_cached(
                "SELECT blob.place, blob.size, link.renewed_at
                 FROM link JOIN blob ON blob.digest = link.digest
                 WHERE link.repository = ?1 AND link.digest = ?2
                   AND EXISTS (SELECT 1 FROM repository WHERE id = ?1)",
            )?
            .query_row(params![signed(id.0), key(digest)], |row| held(row, digest)),
        View::New(new) => connection
            .prepare_cached(
                "SELECT blob.place, blob.size, staged.renewed_at
                 FROM staged JOIN blob ON blob.digest = staged.digest
                 WHERE staged.caller = ?1 AND staged.name = ?2 AND staged.digest = ?3
                   AND NOT EXISTS (SELECT 1 FROM repository WHERE name = ?2)",
            )?
            .query_row(
                params![new.caller.as_str(), new.name.as_str(), key(digest)],
                |row| held(row, digest),
            ),
    };
    let found = found.optional()?;
    if found.is_none() {
        open(connection, view)?;
    }
    Ok(found)
}

fn held(row: &rusqlite::Row<'_>, digest: &ContentDigest) -> rusqlite::Result<Held> {
    Ok(Held {
        record: BlobRecord {
            digest: *digest,
            place: row.place(0)?,
            size: row.unsigned(1)?,
        },
        renewed_at: row.time(2)?,
    })
}

/// A blob that somebody sees.
pub(crate) fn find_record(
    connection: &Connection,
    digest: &ContentDigest,
) -> rusqlite::Result<Option<BlobRecord>> {
    connection
        .prepare_cached("SELECT place, size FROM blob WHERE digest = ?1")?
        .query_row([key(digest)], |row| {
            Ok(BlobRecord {
                digest: *digest,
                place: row.place(0)?,
                size: row.unsigned(1)?,
            })
        })
        .optional()
}

/// Makes a blob visible in a view, or renews it there.
pub(crate) fn hold(
    tx: &Connection,
    effects: &mut Effects,
    to: Open<'_>,
    digest: &ContentDigest,
    at: SystemTime,
) -> Result<(), Fault> {
    renew(tx, to, digest, at)?;
    if let Open::Repository(id) = to {
        effects.content(tx, ScopeId::repository(id))?;
    }
    Ok(())
}

fn renew(
    tx: &Connection,
    to: Open<'_>,
    digest: &ContentDigest,
    at: SystemTime,
) -> rusqlite::Result<()> {
    match to {
        Open::Repository(id) => tx
            .prepare_cached(
                "INSERT INTO link (repository, digest, renewed_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT DO UPDATE SET renewed_at = max(renewed_at, excluded.renewed_at)",
            )?
            .execute(params![signed(id.0), key(digest), micros(at)]),
        Open::New(new) => tx
            .prepare_cached(
                "INSERT INTO staged (caller, name, digest, parent, renewed_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)
                 ON CONFLICT DO UPDATE SET renewed_at = max(renewed_at, excluded.renewed_at)",
            )?
            .execute(params![
                new.caller.as_str(),
                new.name.as_str(),
                key(digest),
                new.parent.map(|parent| signed(parent.0)),
                micros(at)
            ]),
    }
    .map(drop)
}

/// Renews a hold that a read found. It may have gone meanwhile.
pub(crate) fn touch(
    tx: &Connection,
    view: &View,
    digest: &ContentDigest,
    at: SystemTime,
) -> Result<Option<BlobRecord>, Fault> {
    let held = find(tx, view, digest)?;
    if held.is_some() {
        renew(tx, open(tx, view)?, digest, at)?;
    }
    Ok(held.map(|held| held.record))
}

pub(crate) fn holders(
    connection: &Connection,
    digest: &ContentDigest,
    caller: &CallerId,
    limit: usize,
) -> Result<Vec<Holder>, Fault> {
    let mut linked = connection.prepare_cached(
        "SELECT repository.id, repository.name, parent, creator, created_at
         FROM link JOIN repository ON repository.id = link.repository
         WHERE link.digest = ?1 LIMIT ?2",
    )?;
    let linked = linked.query_map(params![key(digest), count(limit)], |row| {
        repository::from_row(row, 0).map(Holder::Repository)
    })?;
    let mut holders = linked.collect::<Result<Vec<_>, _>>()?;
    // What is left over from before a name was taken answers nobody.
    let mut staged = connection.prepare_cached(
        "SELECT name, parent FROM staged
         WHERE digest = ?1 AND caller = ?2
           AND NOT EXISTS (SELECT 1 FROM repository WHERE repository.name = staged.name)
         LIMIT ?3",
    )?;
    let room = count(limit.saturating_sub(holders.len()));
    let staged = staged.query_map(params![key(digest), caller.as_str(), room], |row| {
        Ok(Holder::Staged(NewName {
            name: row.parsed(0)?,
            parent: row.parent(1)?,
            caller: caller.clone(),
        }))
    })?;
    for holder in staged {
        holders.push(holder?);
    }
    Ok(holders)
}

pub(crate) fn mount(
    tx: &Connection,
    effects: &mut Effects,
    mount: &BlobMount,
    source: &Permit,
    target: &Permit,
) -> Result<Option<BlobRecord>, Fault> {
    permitted(tx, source)?;
    let to = permitted(tx, target)?;
    let held = find(tx, &source.view, &mount.digest)?;
    if held.is_some() {
        hold(tx, effects, to, &mount.digest, mount.at)?;
    }
    Ok(held.map(|held| held.record))
}

pub(crate) fn delete(
    tx: &Connection,
    effects: &mut Effects,
    digest: &ContentDigest,
    deed: &Deed,
    permit: &Permit,
) -> Result<Deletion, Fault> {
    let removed = match permitted(tx, permit)? {
        Open::Repository(id) => {
            if let Some(by) = named_by(tx, id, digest)? {
                // What is named but not here cannot be held.
                let here = find(tx, &permit.view, digest)?.is_some();
                return Ok(if here {
                    Deletion::Held { by }
                } else {
                    Deletion::Absent
                });
            }
            let removed = tx
                .prepare_cached("DELETE FROM link WHERE repository = ?1 AND digest = ?2")?
                .execute(params![signed(id.0), key(digest)])?;
            if removed > 0 {
                audit::blob(tx, deed, id, digest)?;
                effects.content(tx, ScopeId::repository(id))?;
            }
            removed
        }
        Open::New(new) => tx
            .prepare_cached("DELETE FROM staged WHERE caller = ?1 AND name = ?2 AND digest = ?3")?
            .execute(params![new.caller.as_str(), new.name.as_str(), key(digest)])?,
    };
    Ok(if removed > 0 {
        Deletion::Deleted
    } else {
        Deletion::Absent
    })
}

/// A manifest that names this blob.
fn named_by(
    tx: &Connection,
    repository: RepositoryId,
    digest: &ContentDigest,
) -> rusqlite::Result<Option<ContentDigest>> {
    tx.prepare_cached(
        "SELECT min(holder) FROM reference WHERE repository = ?1 AND target = ?2 AND role <> ?3
         HAVING count(*) > 0",
    )?
    .query_row(params![signed(repository.0), key(digest), CHILD], |row| {
        row.digest(0)
    })
    .optional()
}

/// Nothing reaches this place any more, and nothing ever will again.
pub(crate) fn condemn_place(
    tx: &Connection,
    place: &Place,
    since: i64,
    checkpoint: Option<&Checkpoint>,
) -> Result<(), Fault> {
    tx.prepare_cached(
        "UPDATE place SET state = 2, since = ?2, checkpoint_offset = ?3, checkpoint_state = ?4
         WHERE place = ?1",
    )?
    .execute(params![
        place.as_str(),
        since,
        checkpoint.map(|checkpoint| count(checkpoint.offset)),
        checkpoint.map(|checkpoint| &checkpoint.state[..])
    ])?;
    Ok(())
}
