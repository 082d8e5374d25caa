//! The repositories of a project, or all projects, by name or by when they were made.
//!
//! As the [catalog](super::catalog): runs of index rows, one for each principal of the caller, and
//! one for what inherits.

use pierhead_policy::{EntityId, PrincipalId};
use pierhead_projects::listing::{ChildOrder, ChildrenQuery};
use pierhead_projects::record::TargetRecord;
use rusqlite::{Connection, params};

use super::listing::way;
use super::merge::{Both, Entry, Key, Merged, Of};
use super::project;
use crate::codec::{micros, signed};
use crate::error::Fault;

pub(super) fn children(
    connection: &Connection,
    query: &ChildrenQuery,
) -> Result<Vec<TargetRecord>, Fault> {
    let order = Order::of(query);
    let parent = query.parent.map(|parent| signed(parent.get()));
    let here = [Of {
        parent,
        ..Of::default()
    }];
    let readers = query.readers.as_deref();
    let own = of_readers(readers.unwrap_or_default(), parent);
    let (all, of) = match (readers, parent) {
        (None, Some(_)) => (order.repositories(), &here[..]),
        (None, None) => (order.projects(), &here[..]),
        (Some(_), Some(parent)) if reads(connection, parent, &own)? => {
            (order.inheriting(), &here[..])
        }
        (Some(_), _) => (order.inheriting(), &[][..]),
    };
    let merged = |sql: &str, of: &[Of]| {
        let read = connection.prepare_cached(sql)?;
        Merged::new(read, of, &order.after, query.descending)
    };
    let (all, own) = (merged(&all, of)?, merged(&order.own(), &own)?);
    let found = Both::new(all, own, query.descending)?.take(query.limit)?;
    let found: Vec<EntityId> = found
        .into_iter()
        .filter_map(|number| EntityId::new(number.cast_unsigned()))
        .collect();
    project::by_ids(connection, &found)
}

/// Runs of each of these principals.
fn of_readers(readers: &[PrincipalId], parent: Option<i64>) -> Vec<Of> {
    let of = |reader: &PrincipalId| Of {
        principal: Some(signed(reader.get())),
        parent,
    };
    readers.iter().map(of).collect()
}

/// Whether one of these may read by a project's list: then it sees what inherits.
fn reads(connection: &Connection, project: i64, readers: &[Of]) -> rusqlite::Result<bool> {
    let mut entry = connection
        .prepare_cached("SELECT 1 FROM entry WHERE entity = ?1 AND principal = ?2 AND bits & 1")?;
    for Of { principal, .. } in readers {
        if entry.exists(params![project, principal])? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A list's order, and the statements of its runs.
struct Order {
    column: &'static str,
    compares: &'static str,
    sorted: &'static str,
    after: Entry,
}

impl Order {
    fn of(query: &ChildrenQuery) -> Self {
        let (compares, sorted) = way(query.descending);
        let (name, number) = if query.descending {
            (Key::BehindText, i64::MAX)
        } else {
            (Key::Text(String::new()), i64::MIN)
        };
        let id = |id: &EntityId| signed(id.get());
        let (column, after) = match &query.order {
            ChildOrder::Name(None) => ("name", (name, number)),
            ChildOrder::Name(Some((name, of))) => ("name", (Key::Text(name.clone()), id(of))),
            // No number is as small as this one.
            ChildOrder::From(name) => ("name", (Key::Text(name.clone()), number)),
            ChildOrder::Created(None) => ("at", (Key::Number(number), number)),
            ChildOrder::Created(Some((at, of))) => ("at", (Key::Number(micros(*at)), id(of))),
        };
        Self {
            column,
            compares,
            sorted,
            after,
        }
    }

    /// All projects.
    fn projects(&self) -> String {
        self.rows(
            "id",
            "entity WHERE ?1 IS NULL AND ?2 IS NULL AND kind = 1 AND trashed_at IS NULL",
        )
    }

    /// All repositories of a project.
    fn repositories(&self) -> String {
        self.rows(
            "id",
            "entity WHERE ?1 IS NULL AND parent = ?2 AND trashed_at IS NULL",
        )
    }

    /// The repositories of a project that inherit.
    fn inheriting(&self) -> String {
        self.rows(
            "id",
            "entity WHERE ?1 IS NULL AND parent = ?2
                 AND kind = 2 AND own_list = 0 AND trashed_at IS NULL",
        )
    }

    /// What a principal reads by an own list: repositories of a project, or projects.
    fn own(&self) -> String {
        self.rows(
            "entity",
            "entry WHERE principal = ?1 AND parent IS ?2 AND bits & 1
                 AND EXISTS (SELECT 1 FROM entity e WHERE e.id = entry.entity
                     AND e.trashed_at IS NULL AND (e.kind = 1) = (?2 IS NULL))",
        )
    }

    fn rows(&self, id: &str, from: &str) -> String {
        let Self {
            column,
            compares,
            sorted,
            ..
        } = self;
        format!(
            "SELECT {column}, {id} FROM {from} AND ({column}, {id}) {compares} (?3, ?4)
             ORDER BY {column} {sorted}, {id} {sorted} LIMIT ?5"
        )
    }
}
