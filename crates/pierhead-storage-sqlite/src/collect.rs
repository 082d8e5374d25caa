//! Collection: what has outlived its grace, and what nothing reaches any more.
//!
//! Looking for it means walking whole tables, which a reader does in its own time. The writer gets
//! short lists of rows, and asks of each again whether it may go.

use std::time::SystemTime;

#[cfg(feature = "projects")]
use pierhead_storage::ParentId;
use pierhead_storage::{
    CallerId, Checkpoint, CollectRule, Condemned, Place, RepositoryId, ScopeId, StoreError,
};
use rusqlite::{Connection, OptionalExtension as _, Params, Row, params};

use crate::SqliteStore;
use crate::blob::condemn_place;
use crate::board::Effects;
use crate::codec::{CHILD, RowExt as _, count, micros, micros_before, signed};
use crate::error::Fault;
use crate::{manifest, repository};

/// How many rows one transaction takes; others wait for it.
const STEP: usize = 256;

/// A row that may go, as a reader saw it.
enum Candidate {
    Upload([u8; 16]),
    Link {
        repository: i64,
        digest: Vec<u8>,
    },
    Staged {
        caller: String,
        name: String,
        digest: Vec<u8>,
    },
    Blob(Vec<u8>),
    /// Some rows of a repository that is gone.
    Purged(i64),
    /// Some repositories of a project that is gone.
    PurgedProject(i64),
}

/// [`CollectRule`] as columns are compared with it.
#[derive(Clone, Copy)]
struct Cutoffs {
    at: i64,
    link: i64,
    staged: i64,
    upload: i64,
}

impl From<CollectRule> for Cutoffs {
    fn from(rule: CollectRule) -> Self {
        Self {
            at: micros(rule.at),
            link: micros_before(rule.at, rule.link_grace),
            staged: micros_before(rule.at, rule.staged_grace),
            upload: micros_before(rule.at, rule.upload_idle),
        }
    }
}

/// Looks, then takes; again while everything that was found had been renewed meanwhile.
pub(crate) async fn condemn(
    store: &SqliteStore,
    rule: &CollectRule,
    limit: usize,
) -> Result<u64, StoreError> {
    let cutoffs = Cutoffs::from(*rule);
    loop {
        let found = store
            .scan("look for what may go", move |connection| {
                candidates(connection, cutoffs, limit)
            })
            .await?;
        if found.is_empty() {
            return Ok(0);
        }
        let mut taken = 0;
        let mut found = found.into_iter().peekable();
        while found.peek().is_some() {
            let step: Vec<_> = found.by_ref().take(STEP).collect();
            taken += store
                .write("condemn what nothing reaches", move |tx, effects| {
                    take(tx, effects, cutoffs, &step)
                })
                .await?;
        }
        if taken > 0 {
            return Ok(taken);
        }
    }
}

/// Rows that may go, at most `limit`: what holds something first, what is held by it in a later
/// call.
fn candidates(
    connection: &Connection,
    cutoffs: Cutoffs,
    limit: usize,
) -> Result<Vec<Candidate>, Fault> {
    let mut found = Vec::new();
    let mut look = |sql: &str, cutoff: Option<i64>, read: fn(&Row<'_>) -> rusqlite::Result<_>| {
        let room = count(limit.saturating_sub(found.len()));
        if room > 0 {
            let mut statement = connection.prepare(sql)?;
            let rows = statement.query_map(params![room, cutoff, CHILD], read)?;
            for candidate in rows {
                found.push(candidate?);
            }
        }
        Ok::<_, rusqlite::Error>(())
    };
    look(
        "SELECT repository FROM purged WHERE ?2 IS NULL AND ?3 IS NOT NULL LIMIT ?1",
        None,
        |row| row.get(0).map(Candidate::Purged),
    )?;
    look(
        "SELECT project FROM purged_project
         WHERE swept = 0 AND ?2 IS NULL AND ?3 IS NOT NULL LIMIT ?1",
        None,
        |row| row.get(0).map(Candidate::PurgedProject),
    )?;
    look(
        "SELECT id FROM upload WHERE alive_at <= ?2 AND ?3 IS NOT NULL LIMIT ?1",
        Some(cutoffs.upload),
        |row| row.get(0).map(Candidate::Upload),
    )?;
    look(
        "SELECT repository, digest FROM link
         WHERE renewed_at <= ?2 AND NOT EXISTS (
             SELECT 1 FROM reference
             WHERE reference.repository = link.repository AND target = link.digest AND role <> ?3)
         LIMIT ?1",
        Some(cutoffs.link),
        |row| {
            Ok(Candidate::Link {
                repository: row.get(0)?,
                digest: row.get(1)?,
            })
        },
    )?;
    look(
        "SELECT caller, name, digest FROM staged
         WHERE renewed_at <= ?2 AND ?3 IS NOT NULL LIMIT ?1",
        Some(cutoffs.staged),
        |row| {
            Ok(Candidate::Staged {
                caller: row.get(0)?,
                name: row.get(1)?,
                digest: row.get(2)?,
            })
        },
    )?;
    look(
        "SELECT digest FROM blob
         WHERE ?2 IS NULL AND ?3 IS NOT NULL
           AND NOT EXISTS (SELECT 1 FROM link WHERE link.digest = blob.digest)
           AND NOT EXISTS (SELECT 1 FROM staged WHERE staged.digest = blob.digest)
         LIMIT ?1",
        None,
        |row| row.get(0).map(Candidate::Blob),
    )?;
    Ok(found)
}

/// Takes those that still may go; says how many rows that was.
fn take(
    tx: &Connection,
    effects: &mut Effects,
    cutoffs: Cutoffs,
    step: &[Candidate],
) -> Result<u64, Fault> {
    let mut taken = 0;
    let mut changed: Vec<i64> = Vec::new();
    for candidate in step {
        taken += match candidate {
            Candidate::Upload(id) => end_upload(tx, id, cutoffs)?,
            Candidate::Link { repository, digest } => {
                let dropped = drop_link(tx, *repository, digest, cutoffs)?;
                if dropped > 0 && !changed.contains(repository) {
                    changed.push(*repository);
                }
                dropped
            }
            Candidate::Staged {
                caller,
                name,
                digest,
            } => tx
                .prepare_cached(
                    "DELETE FROM staged WHERE caller = ?1 AND name = ?2 AND digest = ?3
                         AND renewed_at <= ?4",
                )?
                .execute(params![caller, name, digest, cutoffs.staged])?,
            Candidate::Blob(digest) => condemn_blob(tx, digest, cutoffs)?,
            Candidate::Purged(repository) => sweep(tx, *repository)?,
            Candidate::PurgedProject(project) => sweep_project(tx, effects, *project)?,
        } as u64;
    }
    for repository in changed {
        let id = RepositoryId(repository.cast_unsigned());
        effects.content(tx, ScopeId::repository(id))?;
    }
    Ok(taken)
}

fn end_upload(tx: &Connection, id: &[u8; 16], cutoffs: Cutoffs) -> Result<usize, Fault> {
    let ended = tx
        .prepare_cached(
            r#"DELETE FROM upload WHERE id = ?1 AND alive_at <= ?2
               RETURNING place, "offset", state"#,
        )?
        .query_row(params![id, cutoffs.upload], |row| {
            Ok((row.place(0)?, row.checkpoint(1, 2)?))
        })
        .optional()?;
    let Some((place, checkpoint)) = ended else {
        return Ok(0);
    };
    condemn_place(tx, &place, cutoffs.at, checkpoint.as_ref())?;
    Ok(1)
}

/// Ends every session of a repository that is being purged. As with a cancelled one, nothing was
/// ever visible at their places.
pub(crate) fn end_uploads_of(tx: &Connection, repository: RepositoryId) -> Result<(), Fault> {
    end_uploads(tx, "repository = ?1", [signed(repository.0)])
}

/// Ends a caller's sessions but so many, those that have been idle longest.
pub(crate) fn end_idle_uploads(tx: &Connection, by: &CallerId, most: usize) -> Result<(), Fault> {
    let idle = "id IN (SELECT id FROM upload WHERE caller = ?1
                       ORDER BY alive_at DESC, id DESC LIMIT -1 OFFSET ?2)";
    end_uploads(tx, idle, params![by.as_str(), count(most)])
}

/// Ends every session, and removes everything staged, of a caller that is gone.
#[cfg(feature = "projects")]
pub(crate) fn end_all_of(tx: &Connection, caller: &str) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM staged WHERE caller = ?1")?
        .execute([caller])?;
    end_uploads(tx, "caller = ?1", [caller])
}

/// Ends every session begun, and everything staged, under names that no repository has, of a
/// project that is being purged.
#[cfg(feature = "projects")]
pub(crate) fn end_new_names_of(tx: &Connection, parent: ParentId) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM staged WHERE parent = ?1")?
        .execute([signed(parent.0)])?;
    let of = "name IS NOT NULL AND parent = ?1";
    end_uploads(tx, of, [signed(parent.0)])
}

fn end_uploads(tx: &Connection, of: &str, values: impl Params) -> Result<(), Fault> {
    let sql =
        format!(r#"DELETE FROM upload WHERE {of} RETURNING place, alive_at, "offset", state"#);
    let ended: Vec<(Place, i64, Option<Checkpoint>)> = tx
        .prepare_cached(&sql)?
        .query_map(values, |row| {
            Ok((row.place(0)?, row.get(1)?, row.checkpoint(2, 3)?))
        })?
        .collect::<Result<_, _>>()?;
    for (place, alive_at, checkpoint) in ended {
        condemn_place(tx, &place, alive_at, checkpoint.as_ref())?;
    }
    Ok(())
}

fn drop_link(
    tx: &Connection,
    repository: i64,
    digest: &[u8],
    cutoffs: Cutoffs,
) -> rusqlite::Result<usize> {
    tx.prepare_cached(
        "DELETE FROM link WHERE repository = ?1 AND digest = ?2 AND renewed_at <= ?3
             AND NOT EXISTS (
                 SELECT 1 FROM reference WHERE repository = ?1 AND target = ?2 AND role <> ?4)",
    )?
    .execute(params![repository, digest, cutoffs.link, CHILD])
}

fn condemn_blob(tx: &Connection, digest: &[u8], cutoffs: Cutoffs) -> Result<usize, Fault> {
    let place = tx
        .prepare_cached(
            "DELETE FROM blob WHERE digest = ?1
                 AND NOT EXISTS (SELECT 1 FROM link WHERE digest = ?1)
                 AND NOT EXISTS (SELECT 1 FROM staged WHERE digest = ?1)
             RETURNING place",
        )?
        .query_row([digest], |row| row.place(0))
        .optional()?;
    let Some(place) = place else {
        return Ok(0);
    };
    condemn_place(tx, &place, cutoffs.at, None)?;
    Ok(1)
}

/// Takes some repositories of a project that is gone; it is swept when there are none.
pub(crate) fn sweep_project(
    tx: &Connection,
    effects: &mut Effects,
    project: i64,
) -> Result<usize, Fault> {
    let left: Vec<i64> = tx
        .prepare_cached("SELECT id FROM entity WHERE parent = ?1 LIMIT ?2")?
        .query_map(params![project, count(STEP)], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for repository in &left {
        let id = RepositoryId(repository.cast_unsigned());
        if !repository::purge(tx, effects, id)? {
            repository::purge_external(tx, effects, id)?;
        }
    }
    if left.is_empty() {
        tx.prepare_cached("UPDATE purged_project SET swept = 1 WHERE project = ?1")?
            .execute([project])?;
    }
    Ok(left.len().max(1))
}

/// Takes some rows of a repository that is gone; its mark goes with the last of them.
fn sweep(tx: &Connection, repository: i64) -> Result<usize, Fault> {
    let step = count(STEP);
    // In the order in which they refer to one another.
    for sql in [
        "DELETE FROM tag WHERE repository = ?1 AND name IN
             (SELECT name FROM tag WHERE repository = ?1 LIMIT ?2)",
        "DELETE FROM external_tag WHERE repository = ?1 AND name IN
             (SELECT name FROM external_tag WHERE repository = ?1 LIMIT ?2)",
        "DELETE FROM link WHERE repository = ?1 AND digest IN
             (SELECT digest FROM link WHERE repository = ?1 LIMIT ?2)",
        "DELETE FROM history WHERE id IN
             (SELECT id FROM history WHERE repository = ?1 LIMIT ?2)",
    ] {
        let swept = tx.prepare_cached(sql)?.execute(params![repository, step])?;
        if swept > 0 {
            return Ok(swept);
        }
    }
    let manifests: Vec<Vec<u8>> = tx
        .prepare_cached("SELECT digest FROM manifest WHERE repository = ?1 LIMIT ?2")?
        .query_map(params![repository, step], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for digest in &manifests {
        manifest::remove(tx, repository, digest)?;
    }
    if !manifests.is_empty() {
        return Ok(manifests.len());
    }
    Ok(tx
        .prepare_cached("DELETE FROM purged WHERE repository = ?1")?
        .execute([repository])?)
}

pub(crate) fn removable(
    connection: &Connection,
    condemned_before: SystemTime,
    limit: usize,
) -> Result<Vec<Condemned>, Fault> {
    let mut list = connection.prepare_cached(
        "SELECT place, checkpoint_offset, checkpoint_state FROM place
         WHERE state = 2 AND since < ?1 ORDER BY since LIMIT ?2",
    )?;
    let rows = list.query_map(params![micros(condemned_before), count(limit)], |row| {
        Ok(Condemned {
            place: row.place(0)?,
            checkpoint: row.checkpoint(1, 2)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Only what is condemned is forgotten, whatever is asked.
pub(crate) fn forget(tx: &Connection, gone: &[Place]) -> Result<(), Fault> {
    let mut forget = tx.prepare_cached("DELETE FROM place WHERE place = ?1 AND state = 2")?;
    for place in gone {
        forget.execute([place.as_str()])?;
    }
    Ok(())
}
