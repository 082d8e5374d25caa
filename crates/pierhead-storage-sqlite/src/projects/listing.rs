//! Lists: what is in the trash can, tags.

use pierhead_policy::{EntityId, Permissions, PrincipalId};
use pierhead_projects::listing::{TagOrder, TagQuery, TagRow, TagRows, TrashQuery};
use pierhead_projects::record::TargetRecord;
use rusqlite::{Connection, ToSql, params};

use super::{project, rows};
use crate::codec::{RowExt as _, count, micros, signed};
use crate::error::Fault;

/// Which way a list goes: how its next row compares, and how it is sorted.
pub(super) fn way(descending: bool) -> (&'static str, &'static str) {
    if descending {
        ("<", "DESC")
    } else {
        (">", "ASC")
    }
}

pub(super) fn trashed(
    connection: &Connection,
    query: &TrashQuery,
) -> Result<Vec<TargetRecord>, Fault> {
    let until = query.until.map_or(i64::MAX, micros);
    // No number is larger than the largest.
    let (at, id) = query.after.map_or((i64::MAX, i64::MAX), |(at, id)| {
        (micros(at), signed(id.get()))
    });
    let of = match query.project {
        Some(_) => "parent = ?4",
        None => "?4 IS NULL",
    };
    let restorer = match &query.restorer {
        Some(_) => format!(
            "(trashed_by = ?6 OR EXISTS (
                 SELECT 1 FROM entry WHERE entry.entity = coalesce(entity.parent, entity.id)
                     AND entry.principal IN (SELECT value FROM json_each(?7))
                     AND entry.bits & {}))",
            Permissions::CHANGE_PERMISSIONS.bits()
        ),
        None => "?6 IS NULL AND ?7 IS NULL".to_owned(),
    };
    // What a purged project has left is nobody's any more.
    let sql = format!(
        "SELECT id FROM entity
         WHERE trashed_at <= ?1 AND (trashed_at, id) < (?2, ?3) AND {of} AND {restorer}
             AND (kind = 1 OR EXISTS (SELECT 1 FROM entity p WHERE p.id = entity.parent))
         ORDER BY trashed_at DESC, id DESC LIMIT ?5"
    );
    let project = query.project.map(|project| signed(project.get()));
    let (who, matched) = match &query.restorer {
        Some((who, matched)) => (Some(signed(who.get())), Some(numbers(matched))),
        None => (None, None),
    };
    entities(
        connection,
        &sql,
        &[
            &until,
            &at,
            &id,
            &project,
            &count(query.limit),
            &who,
            &matched,
        ],
    )
}

/// Numbers of principals as a JSON array.
pub(super) fn numbers(principals: &[PrincipalId]) -> String {
    let numbers: Vec<String> = principals
        .iter()
        .map(|principal| signed(principal.get()).to_string())
        .collect();
    format!("[{}]", numbers.join(","))
}

/// What there is under the numbers that a statement finds.
fn entities(
    connection: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
) -> Result<Vec<TargetRecord>, Fault> {
    let ids = connection
        .prepare_cached(sql)?
        .query_map(values, |row| rows::entity(row, 0))?
        .collect::<rusqlite::Result<Vec<EntityId>>>()?;
    project::by_ids(connection, &ids)
}

pub(super) fn tags(connection: &Connection, query: &TagQuery) -> Result<TagRows, Fault> {
    let repository = signed(query.repository.get());
    let table = if query.external {
        "external_tag"
    } else {
        "tag"
    };
    let total: u64 = connection
        .prepare_cached(&format!(
            "SELECT count(*) FROM {table} WHERE repository = ?1"
        ))?
        .query_row([repository], |row| row.unsigned(0))?;
    let (offset, limit) = (query.offset as u64, query.limit as u64);
    let limit = limit.min(total.saturating_sub(offset));
    // What is left out is walked through in an index, from the nearer end.
    let behind = total.saturating_sub(offset).saturating_sub(limit);
    let backwards = behind < offset;
    let (_, sorted) = way(query.descending != backwards);
    let by = match query.order {
        TagOrder::Created => format!("list.pushed_at {sorted}, list.name {sorted}"),
        TagOrder::Name => format!("list.name {sorted}"),
    };
    // What the tags of the page name is looked up for them alone.
    let sql = format!(
        "WITH page AS MATERIALIZED
             (SELECT name, pushed_at FROM {table} list WHERE repository = ?1
              ORDER BY {by} LIMIT ?2 OFFSET ?3)
         SELECT list.name, tag.digest, list.pushed_at FROM page list
             CROSS JOIN {table} tag ON tag.repository = ?1 AND tag.name = list.name
         ORDER BY {by}"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let left_out = if backwards { behind } else { offset };
    let mut found = statement.query(params![repository, count(limit), count(left_out)])?;
    let mut rows = Vec::new();
    while let Some(row) = found.next()? {
        rows.push(TagRow {
            tag: row.parsed(0)?,
            digest: row.digest(1)?,
            at: row.time(2)?,
        });
    }
    if backwards {
        rows.reverse();
    }
    Ok(TagRows { total, rows })
}
