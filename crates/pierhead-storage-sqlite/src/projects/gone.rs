//! Users and teams that are deleted, with every entry of theirs.

use pierhead_policy::{EntityId, Permissions, PrincipalId};
use pierhead_projects::audit::GoneEntry;
use pierhead_projects::change::{Batch, Change, EntityRef, Recorded};
use pierhead_projects::survey::Found;
use pierhead_storage::ScopeId;
use rusqlite::{Connection, OptionalExtension as _};

use super::change::{id, one, record};
use super::rows;
use crate::board::Effects;
use crate::collect;
use crate::error::Fault;

/// Whom a change deletes.
pub(super) fn of(change: &Change) -> Option<PrincipalId> {
    match change {
        Change::DeleteAccount { account: who } | Change::DeleteTeam { team: who } => Some(*who),
        _ => None,
    }
}

/// Who had a name, if that is gone.
pub(super) fn named(connection: &Connection, folded: &str) -> rusqlite::Result<Option<Found>> {
    connection
        .prepare_cached("SELECT id, name FROM former_principal WHERE folded = ?1")?
        .query_row([folded], |row| {
            Ok(Found::Gone {
                id: rows::principal(row, 0)?,
                name: row.get(1)?,
            })
        })
        .optional()
}

/// Deletes a user or a team, writes down what of lists went with it, and moves the rights of whatever
/// that was, and of who was in a team with it. Rows of one principal are few statements, however many
/// they are.
pub(super) fn delete(
    tx: &Connection,
    effects: &mut Effects,
    who: PrincipalId,
    recorded: &Recorded,
    batch: &Batch,
) -> Result<(), Fault> {
    let mut moved = neighbours(tx, who)?;
    let entries = entries(tx, who)?;
    moved.extend(entries.iter().map(|(entity, _)| entity.scope()));
    let gone: Vec<GoneEntry> = entries
        .into_iter()
        .map(|(entity, permissions)| GoneEntry {
            entity: entity.id(),
            principal: who,
            permissions,
        })
        .collect();
    record(tx, &recorded.audit_with(&gone), batch)?;
    for entry in &gone {
        record(tx, &entry.audit(), batch)?;
    }
    moved.extend(owned(tx, who)?.into_iter().map(EntityRef::scope));
    for sql in [
        "UPDATE entity SET etag = etag + 1, owner = nullif(owner, ?1)
         WHERE id IN (SELECT entity FROM entry WHERE principal = ?1
                      UNION SELECT id FROM entity WHERE owner = ?1)",
        "DELETE FROM entry WHERE principal = ?1",
        "DELETE FROM member WHERE account = ?1",
        "DELETE FROM member WHERE team = ?1",
        "DELETE FROM credential WHERE account = ?1",
        "DELETE FROM account WHERE id = ?1",
    ] {
        tx.prepare_cached(sql)?.execute([id(who)])?;
    }
    if matches!(recorded.change, Change::DeleteAccount { .. }) {
        collect::end_all_of(tx, &who.get().to_string())?;
    }
    one(
        tx,
        "INSERT INTO former_principal (id, kind, name, folded)
         SELECT id, kind, name, folded FROM principal WHERE id = ?1",
        [id(who)],
    )?;
    one(tx, "DELETE FROM principal WHERE id = ?1", [id(who)])?;
    moved.sort_unstable();
    moved.dedup();
    effects.bump_all(tx, &moved)?;
    Ok(())
}

/// Who is in a team, and which teams an account is in: neither has any of the other kind.
fn neighbours(tx: &Connection, who: PrincipalId) -> rusqlite::Result<Vec<ScopeId>> {
    let mut found = tx.prepare_cached(
        "SELECT account FROM member WHERE team = ?1 UNION SELECT team FROM member WHERE account = ?1",
    )?;
    let scopes = found.query_map([id(who)], |row| {
        rows::principal(row, 0).map(|id| ScopeId::account(id.get()))
    })?;
    scopes.collect()
}

fn entries(tx: &Connection, who: PrincipalId) -> rusqlite::Result<Vec<(EntityRef, Permissions)>> {
    let mut found = tx.prepare_cached(
        "SELECT entity, bits, parent IS NULL FROM entry WHERE principal = ?1 ORDER BY entity",
    )?;
    let entries = found.query_map([id(who)], |row| {
        let number = rows::entity(row, 0)?;
        let is_project: bool = row.get(2)?;
        let entity = if is_project {
            EntityRef::Project(number)
        } else {
            EntityRef::Repository(number)
        };
        Ok((entity, Permissions::from_bits(row.get(1)?)))
    })?;
    entries.collect()
}

fn owned(tx: &Connection, who: PrincipalId) -> rusqlite::Result<Vec<EntityRef>> {
    let mut found = tx.prepare_cached("SELECT id FROM entity WHERE owner = ?1")?;
    let projects = found.query_map([id(who)], |row| {
        rows::entity(row, 0).map(|id: EntityId| EntityRef::Project(id))
    })?;
    projects.collect()
}
