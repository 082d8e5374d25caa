//! Lists: children, what is in the trash can, tags.

use pierhead_policy::{EntityId, Permissions, PrincipalId};
use pierhead_projects::listing::{
    ChildOrder, ChildrenQuery, TagOrder, TagQuery, TagRow, TagRows, TrashQuery,
};
use pierhead_projects::record::TargetRecord;
use rusqlite::types::Value;
use rusqlite::{Connection, ToSql, params};

use super::{project, rows};
use crate::codec::{RowExt as _, count, micros, signed};
use crate::error::Fault;

/// Which way a list goes: how its next row compares, and how it is sorted.
fn way(descending: bool) -> (&'static str, &'static str) {
    if descending {
        ("<", "DESC")
    } else {
        (">", "ASC")
    }
}

pub(super) fn children(
    connection: &Connection,
    query: &ChildrenQuery,
) -> Result<Vec<TargetRecord>, Fault> {
    // Which index: (parent, name, id), (parent, at, id), or those of projects alone.
    let (column, after) = match &query.order {
        ChildOrder::Name(after) => (
            "name",
            after
                .as_ref()
                .map(|(name, id)| (Value::Text(name.clone()), *id)),
        ),
        ChildOrder::Created(after) => {
            ("at", after.map(|(at, id)| (Value::Integer(micros(at)), id)))
        }
    };
    let (compares, sorted) = way(query.descending);
    let of = match query.parent {
        Some(_) => "parent = ?1",
        None => "kind = 1 AND ?1 IS NULL",
    };
    let from = match after {
        Some(_) => format!("AND ({column}, id) {compares} (?3, ?4)"),
        None => "AND ?3 IS NULL AND ?4 IS NULL".to_owned(),
    };
    let listed = match &query.listed {
        Some(_) => {
            "AND EXISTS (SELECT 1 FROM entry WHERE entry.entity = entity.id
                 AND entry.principal IN (SELECT value FROM json_each(?5)))"
        }
        None => "AND ?5 IS NULL",
    };
    let sql = format!(
        "SELECT id FROM entity WHERE {of} {from} {listed}
         ORDER BY {column} {sorted}, id {sorted} LIMIT ?2"
    );
    let (key, id) = match after {
        Some((key, id)) => (key, Some(signed(id.get()))),
        None => (Value::Null, None),
    };
    let parent = query.parent.map(|parent| signed(parent.get()));
    let listed = query.listed.as_deref().map(numbers);
    entities(
        connection,
        &sql,
        &[&parent, &count(query.limit), &key, &id, &listed],
    )
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
fn numbers(principals: &[PrincipalId]) -> String {
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
    let total = connection
        .prepare_cached("SELECT count(*) FROM tag WHERE repository = ?1")?
        .query_row([repository], |row| row.unsigned(0))?;
    let (_, sorted) = way(query.descending);
    let by = match query.order {
        TagOrder::Created => format!("at {sorted}, t.name {sorted}"),
        TagOrder::Name => format!("t.name {sorted}"),
    };
    // Every tag was pushed once at least.
    let sql = format!(
        "SELECT t.name, t.digest, coalesce(
             (SELECT h.at FROM history h WHERE h.repository = t.repository AND h.tag = t.name
              ORDER BY h.id DESC LIMIT 1), 0) AS at
         FROM tag t WHERE t.repository = ?1 ORDER BY {by} LIMIT ?2 OFFSET ?3"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut found =
        statement.query(params![repository, count(query.limit), count(query.offset)])?;
    let mut tags = Vec::new();
    while let Some(row) = found.next()? {
        tags.push(TagRow {
            tag: row.parsed(0)?,
            digest: row.digest(1)?,
            at: row.time(2)?,
        });
    }
    Ok(TagRows { total, rows: tags })
}
