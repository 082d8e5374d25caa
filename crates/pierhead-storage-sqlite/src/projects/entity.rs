//! Changes of projects and repositories.

use pierhead_policy::{AccessList, EntityId};
use pierhead_projects::change::{Batch, Change, EntityRef};
use pierhead_storage::{ParentId, RepositoryId, Retirement, ScopeId, StoreError};
use rusqlite::{Connection, params};

use super::change::{id, one};
use super::external;
use crate::board::Effects;
use crate::codec::{key, signed};
use crate::error::Fault;
use crate::{collect, repository, retention};

/// Applies one change. What is about no entity is none that this store knows.
#[allow(clippy::too_many_lines, reason = "a table of all changes")]
pub(super) fn apply(
    tx: &Connection,
    effects: &mut Effects,
    change: &Change,
    batch: &Batch,
    at: i64,
) -> Result<(), Fault> {
    match change {
        Change::CreateProject {
            id: project,
            name,
            description,
            owner,
            list,
        } => {
            let who = batch.actor.id().unwrap_or(*owner).get().to_string();
            one(
                tx,
                "INSERT INTO entity
                     (id, kind, name, description, owner, who, at, etag, own_list, made_as)
                 SELECT ?1, 1, ?2, ?3, ?4, ?5, ?6, 1, 1, ?7
                 WHERE NOT EXISTS (SELECT 1 FROM purged_project WHERE project = ?1)",
                params![
                    signed(project.get()),
                    name,
                    description,
                    id(*owner),
                    who,
                    at,
                    batch.actor.id().is_none().then_some(name)
                ],
            )?;
            write_list(tx, *project, list)
        }
        Change::CreateReference {
            id: reference,
            project,
            name,
            description,
        } => external::create(tx, (*reference, *project), name, description, batch),
        Change::RecordTag {
            reference,
            tag,
            digest,
        } => external::record_tag(tx, *reference, tag, digest, batch),
        Change::SetProjectName { project, name } => one(
            tx,
            "UPDATE entity
             SET name = ?2, made_as = ?2, modified_at = ?3, modified_by = ?4, etag = etag + 1
             WHERE id = ?1 AND kind = 1",
            params![signed(project.get()), name, at, who(batch)],
        ),
        Change::Describe {
            entity,
            etag,
            name,
            description,
        } => one(
            tx,
            "UPDATE entity SET name = coalesce(?3, name),
                     description = coalesce(?4, description),
                     modified_at = ?5, modified_by = ?6, etag = etag + 1
                 WHERE id = ?1 AND etag = ?2 AND (?3 IS NULL OR kind = 1 OR external = 1)",
            params![
                signed(entity.id().get()),
                signed(*etag),
                name,
                description,
                at,
                who(batch)
            ],
        ),
        Change::SetOwner { project, owner } => one(
            tx,
            "UPDATE entity SET owner = ?2, etag = etag + 1 WHERE id = ?1 AND kind = 1",
            params![signed(project.get()), id(*owner)],
        ),
        Change::SetList { entity, list, etag } => set_list(tx, *entity, list.as_ref(), *etag),
        Change::SetTrash { entity, by } => one(
            tx,
            "UPDATE entity SET trashed_by = ?2, trashed_at = ?3, etag = etag + 1
             WHERE id = ?1 AND (trashed_at IS NULL) = (?2 IS NOT NULL)",
            params![signed(entity.id().get()), by.map(id), by.map(|_| at)],
        ),
        Change::Purge { entity } => purge(tx, effects, *entity),
        Change::Retire {
            repository,
            seen,
            manifests,
            ..
        } => {
            let digests: Vec<_> = manifests.iter().map(|it| it.digest).collect();
            let repository = RepositoryId(repository.get());
            match retention::take(tx, effects, repository, &digests, *seen)? {
                Retirement::Done { gone, .. } if gone.len() == digests.len() => Ok(()),
                _ => Err(StoreError::Stale.into()),
            }
        }
        Change::DeleteTag {
            repository,
            tag,
            digest,
        } => {
            let repository = RepositoryId(repository.get());
            one(
                tx,
                "DELETE FROM tag WHERE repository = ?1 AND name = ?2 AND digest = ?3",
                params![signed(repository.0), tag.as_str(), key(digest)],
            )?;
            Ok(effects.content(tx, ScopeId::repository(repository))?)
        }
        Change::UseRole { .. } => Ok(()),
        // A change that this store does not know must not be half made.
        other => Err(rusqlite::Error::ToSqlConversionFailure(
            format!("the store does not know the change {other:?}").into(),
        )
        .into()),
    }
}

/// Who changes something, as a caller's id is written; nothing for the server itself.
pub(super) fn who(batch: &Batch) -> Option<String> {
    batch.actor.id().map(|who| who.get().to_string())
}

/// Takes what is in the trash away. What a repository held, and most repositories of a large project,
/// are swept up by collections, so that much of it does not hold up the writer.
fn purge(tx: &Connection, effects: &mut Effects, entity: EntityRef) -> Result<(), Fault> {
    let number = signed(entity.id().get());
    let in_trash: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM entity WHERE id = ?1 AND trashed_at IS NOT NULL)",
        )?
        .query_row([number], |row| row.get(0))?;
    if !in_trash {
        return Err(StoreError::Stale.into());
    }
    match entity {
        EntityRef::Repository(id) => {
            if !repository::purge(tx, effects, RepositoryId(id.get()))? {
                return Err(StoreError::Stale.into());
            }
            Ok(())
        }
        EntityRef::External(id) => {
            if !repository::purge_external(tx, effects, RepositoryId(id.get()))? {
                return Err(StoreError::Stale.into());
            }
            Ok(())
        }
        EntityRef::Project(id) => {
            one(
                tx,
                "DELETE FROM entity WHERE id = ?1 AND kind = 1",
                [number],
            )?;
            one(
                tx,
                "INSERT INTO purged_project (project, swept) VALUES (?1, 0)",
                [number],
            )?;
            collect::end_new_names_of(tx, ParentId(id.get()))?;
            // All of a small project's at once, and the rest of a large one's later.
            collect::sweep_project(tx, effects, number)?;
            Ok(())
        }
    }
}

fn set_list(
    tx: &Connection,
    entity: EntityRef,
    list: Option<&AccessList>,
    etag: Option<u64>,
) -> Result<(), Fault> {
    let number = entity.id();
    one(
        tx,
        "UPDATE entity SET own_list = ?2, etag = etag + 1
         WHERE id = ?1 AND (?3 IS NULL OR etag = ?3)",
        params![signed(number.get()), list.is_some(), etag.map(signed)],
    )?;
    tx.prepare_cached("DELETE FROM entry WHERE entity = ?1")?
        .execute([signed(number.get())])?;
    list.map_or(Ok(()), |list| write_list(tx, number, list))
}

fn write_list(tx: &Connection, entity: EntityId, list: &AccessList) -> Result<(), Fault> {
    let sql = "INSERT INTO entry (entity, principal, bits, parent, name, at, external)
               SELECT id, ?2, ?3, parent, name, at, external FROM entity WHERE id = ?1";
    for entry in list.entries() {
        let bits = entry.permissions.bits();
        one(
            tx,
            sql,
            params![signed(entity.get()), id(entry.principal), bits],
        )?;
    }
    Ok(())
}
