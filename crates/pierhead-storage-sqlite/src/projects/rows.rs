//! Rows that several reads share.

use pierhead_policy::{AccessList, EntityId, Permissions, PrincipalId, Scopes, TrashMark};
use pierhead_projects::record::{
    CredentialId, CredentialKind, CredentialRecord, ProjectRecord, Versions,
};
use pierhead_storage::ScopeId;
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::board::stored_versions;
use crate::codec::{RowExt as _, damaged, signed, time};

/// What a project's row is read by, in the order that [`project`] takes it.
pub(super) const PROJECT: &str = "id, name, owner, etag, trashed_by";

pub(super) fn principal(row: &Row<'_>, column: usize) -> rusqlite::Result<PrincipalId> {
    row.unsigned(column).map(PrincipalId::new)
}

pub(super) fn entity(row: &Row<'_>, column: usize) -> rusqlite::Result<EntityId> {
    let id = row.unsigned(column)?;
    EntityId::new(id).ok_or_else(|| invalid(column))
}

pub(super) fn mark(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<TrashMark>> {
    let by: Option<i64> = row.get(column)?;
    Ok(by.map(|by| TrashMark {
        by: PrincipalId::new(by.cast_unsigned()),
    }))
}

pub(super) fn invalid(column: usize) -> rusqlite::Error {
    damaged(column, Type::Integer, FromSqlError::InvalidType)
}

/// A project from its row, with its list.
pub(super) fn project(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<ProjectRecord> {
    let id = entity(row, 0)?;
    Ok(ProjectRecord {
        id,
        name: row.get(1)?,
        owner: principal(row, 2)?,
        list: list(connection, id)?,
        trashed: mark(row, 4)?,
        etag: row.unsigned(3)?,
    })
}

pub(super) fn project_by_id(
    connection: &Connection,
    id: u64,
) -> rusqlite::Result<Option<ProjectRecord>> {
    connection
        .prepare_cached(&format!(
            "SELECT {PROJECT} FROM entity WHERE id = ?1 AND kind = 1"
        ))?
        .query_row([signed(id)], |row| project(connection, row))
        .optional()
}

/// The own list of an entity.
pub(super) fn list(connection: &Connection, of: EntityId) -> rusqlite::Result<AccessList> {
    let mut statement =
        connection.prepare_cached("SELECT principal, bits FROM entry WHERE entity = ?1")?;
    let entries = statement
        .query_map([signed(of.get())], |row| {
            Ok((principal(row, 0)?, Permissions::from_bits(row.get(1)?)))
        })?
        .collect::<rusqlite::Result<Vec<_>>>()?;
    AccessList::from_stored(entries).map_err(|error| damaged(0, Type::Integer, error))
}

/// What a credential's row is read by, in the order that [`credential`] takes it.
pub(super) const CREDENTIAL: &str = "id, account, kind, scopes, expires, revoked, last_used";

pub(super) fn credential(row: &Row<'_>) -> rusqlite::Result<CredentialRecord> {
    let moment = |column| {
        row.get::<_, Option<i64>>(column)
            .map(|micros| micros.map(time))
    };
    Ok(CredentialRecord {
        id: CredentialId(row.unsigned(0)?),
        account: principal(row, 1)?,
        kind: CredentialKind::from_code(row.get(2)?).ok_or_else(|| invalid(2))?,
        scopes: scopes(row.get(3)?),
        expires: moment(4)?,
        revoked: row.get(5)?,
        last_used: moment(6)?,
    })
}

const VIEW: i64 = 1;
const DOWNLOAD: i64 = 2;
const MODIFY: i64 = 4;

fn scopes(bits: i64) -> Scopes {
    Scopes {
        view: bits & VIEW != 0,
        download: bits & DOWNLOAD != 0,
        modify: bits & MODIFY != 0,
    }
}

pub(super) fn scope_bits(scopes: Scopes) -> i64 {
    let bit = |has, bit| if has { bit } else { 0 };
    bit(scopes.view, VIEW) | bit(scopes.download, DOWNLOAD) | bit(scopes.modify, MODIFY)
}

/// The rights of these scopes as this transaction sees them.
pub(super) fn versions(
    connection: &Connection,
    scopes: Vec<ScopeId>,
) -> rusqlite::Result<Versions> {
    let found = stored_versions(connection, &scopes)?;
    Ok(scopes
        .into_iter()
        .zip(found.iter().map(|version| version.rights))
        .collect())
}
