//! Rows that several reads share.

use std::time::SystemTime;

use pierhead_policy::{AccessList, EntityId, Permissions, PrincipalId, Scopes, TrashMark};
use pierhead_projects::record::{
    About, CredentialId, CredentialKind, CredentialRecord, Parent, ProjectRecord, Stamp, Versions,
};
use pierhead_storage::ScopeId;
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, OptionalExtension as _, Row};

use crate::board::stored_versions;
use crate::codec::{RowExt as _, damaged, signed, time};

/// What a project's row is read by, in the order that [`project`] takes it.
pub(super) const PROJECT: &str = "e.id, e.name, e.owner, e.etag, e.trashed_by, e.description,
    e.at, e.who, e.modified_at, e.modified_by, e.trashed_at";

pub(super) fn principal(row: &Row<'_>, column: usize) -> rusqlite::Result<PrincipalId> {
    row.unsigned(column).map(PrincipalId::new)
}

/// The principal of a number as it is stored.
pub(super) fn number(id: i64) -> PrincipalId {
    PrincipalId::new(id.cast_unsigned())
}

pub(super) fn entity(row: &Row<'_>, column: usize) -> rusqlite::Result<EntityId> {
    let id = row.unsigned(column)?;
    EntityId::new(id).ok_or_else(|| invalid(column))
}

pub(super) fn mark(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<TrashMark>> {
    let by: Option<i64> = row.get(column)?;
    Ok(by.map(|by| TrashMark { by: number(by) }))
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
        owner: row.get::<_, Option<i64>>(2)?.map(number),
        list: list(connection, id)?,
        trashed: mark(row, 4)?,
        etag: row.unsigned(3)?,
        about: about(row, 5)?,
    })
}

/// What people read of an entity: six columns from `first` on.
pub(super) fn about(row: &Row<'_>, first: usize) -> rusqlite::Result<About> {
    let created = Stamp {
        at: row.time(first + 1)?,
        by: who(row, first + 2)?,
    };
    let modified = moment(row, first + 3)?;
    Ok(About {
        description: row.get(first)?,
        created,
        modified: match modified {
            Some(at) => Stamp {
                at,
                by: who(row, first + 4)?,
            },
            None => created,
        },
        trashed_at: moment(row, first + 5)?,
    })
}

/// The account of a caller's id, which other callers' are not.
fn who(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<PrincipalId>> {
    let text: Option<String> = row.get(column)?;
    Ok(text
        .and_then(|text| text.parse().ok())
        .map(PrincipalId::new))
}

fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<SystemTime>> {
    row.get::<_, Option<i64>>(column)
        .map(|micros| micros.map(time))
}

pub(super) fn project_by_id(
    connection: &Connection,
    id: u64,
) -> rusqlite::Result<Option<ProjectRecord>> {
    connection
        .prepare_cached(&format!(
            "SELECT {PROJECT} FROM entity e WHERE e.id = ?1 AND e.kind = 1"
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
pub(super) const CREDENTIAL: &str =
    "id, account, kind, scopes, expires, revoked, last_used, name, created_at, parent, generation";

pub(super) fn credential(row: &Row<'_>) -> rusqlite::Result<CredentialRecord> {
    Ok(CredentialRecord {
        id: CredentialId(row.unsigned(0)?),
        account: principal(row, 1)?,
        kind: CredentialKind::from_code(row.get(2)?).ok_or_else(|| invalid(2))?,
        scopes: scopes(row.get(3)?),
        name: row.get(7)?,
        created: row.time(8)?,
        expires: moment(row, 4)?,
        revoked: row.get(5)?,
        last_used: moment(row, 6)?,
        parent: parent(row, 9)?,
    })
}

/// What a credential dies with: two columns from `first` on.
fn parent(row: &Row<'_>, first: usize) -> rusqlite::Result<Option<Parent>> {
    let (token, generation): (Option<i64>, Option<i64>) = (row.get(first)?, row.get(first + 1)?);
    let token = token.map(|id| Parent::Token(CredentialId(id.cast_unsigned())));
    let password = generation.map(|generation| Parent::Password {
        generation: generation.cast_unsigned(),
    });
    Ok(token.or(password))
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
