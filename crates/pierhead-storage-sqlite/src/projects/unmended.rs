//! Projects whose list nobody can change any more.

use pierhead_policy::{EntityId, Permissions};
use pierhead_projects::listing::UnmendedRows;
use rusqlite::{Connection, params};

use super::{project, rows};
use crate::codec::{count, signed};
use crate::error::Fault;

/// How many projects are looked at in one call, at most.
const LOOKED_AT: usize = 2_000;

/// Walks projects by their numbers. Whose accounts are active may change for very many projects at
/// once, so that is not kept with them but asked of each, a few steps of an index for an entry.
pub(super) fn unmended(
    connection: &Connection,
    after: Option<EntityId>,
    limit: usize,
) -> Result<UnmendedRows, Fault> {
    let sql = format!(
        "SELECT id, EXISTS (
             SELECT 1 FROM entry WHERE entry.entity = entity.id AND entry.bits & {bit} AND (
                 EXISTS (SELECT 1 FROM account WHERE id = entry.principal AND disabled = 0)
                 OR EXISTS (SELECT 1 FROM member m JOIN account a ON a.id = m.account
                     WHERE m.team = entry.principal AND m.member = 1 AND a.disabled = 0)))
         FROM entity WHERE kind = 1 AND id > ?1 ORDER BY id LIMIT ?2",
        bit = Permissions::CHANGE_PERMISSIONS.bits()
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let after = after.map_or(0, |after| signed(after.get()));
    let mut walk = statement.query(params![after, count(LOOKED_AT)])?;
    let (mut found, mut looked, mut last) = (Vec::new(), 0, None);
    while found.len() < limit
        && let Some(row) = walk.next()?
    {
        let id = rows::entity(row, 0)?;
        (looked, last) = (looked + 1, Some(id));
        if !row.get::<_, bool>(1)? {
            found.push(id);
        }
    }
    let ended = found.len() < limit && looked < LOOKED_AT;
    Ok(UnmendedRows {
        found: project::by_ids(connection, &found)?,
        last: last.filter(|_| !ended),
    })
}
