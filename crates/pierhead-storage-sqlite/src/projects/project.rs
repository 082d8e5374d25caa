//! Projects and repositories, read; the audit record.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use async_trait::async_trait;
use pierhead_model::RepositoryName;
use pierhead_policy::EntityId;
use pierhead_projects::ProjectStore;
use pierhead_projects::audit::{AuditQuery, AuditRow};
use pierhead_projects::listing::{
    CatalogQuery, ChildrenQuery, RecordedQuery, TagQuery, TagRows, TrashQuery, UnmendedRows,
};
use pierhead_projects::record::{ProjectRecord, RepositoryRecord, TargetLookup, TargetRecord};
use pierhead_projects::survey::{Survey, SurveyQuery};
use pierhead_storage::{HistoryEntry, ParentId, RepositoryId, ScopeId, StoreError};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::{catalog, children, listing, rows, survey, unmended};
use crate::codec::{RowExt as _, count, signed};
use crate::error::Fault;
use crate::{SqliteStore, history};

/// What a repository's row is read by, in the order that [`repository`] takes it.
const REPOSITORY: &str = "e.id, e.name, e.own_list, e.trashed_by, e.etag, e.parent,
    e.description, e.at, e.who, e.modified_at, e.modified_by, e.trashed_at, e.external";

#[async_trait]
impl ProjectStore for SqliteStore {
    async fn target(&self, lookup: &TargetLookup) -> Result<TargetRecord, StoreError> {
        let lookup = lookup.clone();
        self.read_consistent(
            "read what permissions rest on",
            move |connection| match lookup {
                TargetLookup::Name { project, name } => by_name(connection, project, &name),
                TargetLookup::Entity(id) => by_id(connection, id),
            },
        )
        .await
    }

    async fn catalog(
        &self,
        query: &CatalogQuery,
    ) -> Result<Vec<(RepositoryName, TargetRecord)>, StoreError> {
        let query = query.clone();
        self.scan("list repositories with their projects", move |connection| {
            crate::readers::consistent(connection, |connection| {
                catalog::catalog(connection, &query)
            })
        })
        .await
    }

    async fn children(&self, query: &ChildrenQuery) -> Result<Vec<TargetRecord>, StoreError> {
        let query = query.clone();
        self.scan("list projects or repositories", move |connection| {
            crate::readers::consistent(connection, |connection| {
                children::children(connection, &query)
            })
        })
        .await
    }

    async fn trashed(&self, query: &TrashQuery) -> Result<Vec<TargetRecord>, StoreError> {
        let query = query.clone();
        self.scan("list what is in the trash can", move |connection| {
            crate::readers::consistent(connection, |connection| {
                listing::trashed(connection, &query)
            })
        })
        .await
    }

    async fn tags(&self, query: &TagQuery) -> Result<TagRows, StoreError> {
        let query = *query;
        self.scan("list tags with what they name", move |connection| {
            crate::readers::consistent(connection, |connection| listing::tags(connection, &query))
        })
        .await
    }

    async fn recorded(&self, query: &RecordedQuery) -> Result<Vec<HistoryEntry>, StoreError> {
        let query = query.clone();
        self.scan("list what was recorded of tags", move |connection| {
            let repository = RepositoryId(query.reference.get());
            let (tag, before) = (query.tag.as_ref(), query.before);
            history::of(connection, repository, tag, before, query.limit)
        })
        .await
    }

    async fn unmended(
        &self,
        after: Option<EntityId>,
        limit: usize,
    ) -> Result<UnmendedRows, StoreError> {
        self.scan(
            "look for projects that nobody can mend",
            move |connection| {
                crate::readers::consistent(connection, |connection| {
                    unmended::unmended(connection, after, limit)
                })
            },
        )
        .await
    }

    async fn survey(&self, query: &SurveyQuery) -> Result<Survey, StoreError> {
        let query = query.clone();
        self.read_consistent("look at accounts and projects", move |connection| {
            survey::survey(connection, &query)
        })
        .await
    }

    async fn audit(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let query = *query;
        self.scan("read the audit record", move |connection| {
            audit(connection, &query)
        })
        .await
    }
}

fn by_name(
    connection: &Connection,
    project: Option<EntityId>,
    name: &RepositoryName,
) -> Result<TargetRecord, Fault> {
    // Number 0 is nobody's: a name without a project takes the same reads.
    let number = project.map_or(0, EntityId::get);
    let found = rows::project_by_id(connection, number)?;
    let sql = format!(
        "SELECT {REPOSITORY} FROM repository r JOIN entity e ON e.id = r.id WHERE r.name = ?1"
    );
    let repository = connection
        .prepare_cached(&sql)?
        .query_row([name.as_str()], |row| repository(connection, row))
        .optional()?;
    target(
        connection,
        number,
        found,
        repository.map(|(found, _)| found),
    )
}

fn by_id(connection: &Connection, id: EntityId) -> Result<TargetRecord, Fault> {
    by_ids(connection, &[id]).map(|mut found| found.pop().unwrap_or_default())
}

/// What there is under some numbers, in their order. Neighbours are mostly of one project.
pub(super) fn by_ids(
    connection: &Connection,
    ids: &[EntityId],
) -> Result<Vec<TargetRecord>, Fault> {
    let mut projects = Projects::default();
    let mut one = |id| entity_by_id(connection, &mut projects, id);
    ids.iter().map(|id| one(*id)).collect()
}

/// Projects that were read already.
type Projects = HashMap<u64, Option<ProjectRecord>>;

fn project_once(
    connection: &Connection,
    known: &mut Projects,
    number: u64,
) -> rusqlite::Result<Option<ProjectRecord>> {
    match known.entry(number) {
        Entry::Occupied(known) => Ok(known.get().clone()),
        Entry::Vacant(unknown) => {
            let found = rows::project_by_id(connection, number)?;
            Ok(unknown.insert(found).clone())
        }
    }
}

fn entity_by_id(
    connection: &Connection,
    projects: &mut Projects,
    id: EntityId,
) -> Result<TargetRecord, Fault> {
    let sql = format!("SELECT {REPOSITORY} FROM entity e WHERE e.id = ?1 AND e.kind = 2");
    let repository = connection
        .prepare_cached(&sql)?
        .query_row([signed(id.get())], |row| repository(connection, row))
        .optional()?;
    let (number, repository) = match repository {
        Some((found, parent)) => (parent, Some(found)),
        None => (id.get(), None),
    };
    let found = project_once(connection, projects, number)?;
    target(connection, number, found, repository)
}

fn target(
    connection: &Connection,
    number: u64,
    project: Option<ProjectRecord>,
    repository: Option<RepositoryRecord>,
) -> Result<TargetRecord, Fault> {
    let mut scopes = vec![ScopeId::parent(ParentId(number))];
    if let Some(found) = &repository {
        scopes.push(ScopeId::repository(RepositoryId(found.id.get())));
    }
    let versions = rows::versions(connection, scopes)?;
    Ok(TargetRecord {
        project,
        repository,
        versions,
    })
}

/// A repository with its own list, and its project's number.
fn repository(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<(RepositoryRecord, u64)> {
    let id = rows::entity(row, 0)?;
    let own: bool = row.get(2)?;
    let parent: Option<i64> = row.get(5)?;
    let found = RepositoryRecord {
        id,
        external: row.get(12)?,
        name: row.get(1)?,
        own_list: if own {
            Some(rows::list(connection, id)?)
        } else {
            None
        },
        trashed: rows::mark(row, 3)?,
        etag: row.unsigned(4)?,
        about: rows::about(row, 6)?,
    };
    Ok((found, parent.unwrap_or(0).cast_unsigned()))
}

/// Repositories by their numbers, in their order, without versions.
pub(super) fn repositories(
    connection: &Connection,
    numbers: &[i64],
) -> Result<Vec<(RepositoryName, TargetRecord)>, Fault> {
    let sql = format!("SELECT {REPOSITORY} FROM entity e WHERE e.id = ?1 AND e.kind = 2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut projects = Projects::default();
    let mut found = Vec::with_capacity(numbers.len());
    for number in numbers {
        let (name, (repository, parent)) = statement.query_row([number], |row| {
            Ok((row.parsed(1)?, repository(connection, row)?))
        })?;
        let target = TargetRecord {
            project: project_once(connection, &mut projects, parent)?,
            repository: Some(repository),
            versions: Vec::new(),
        };
        found.push((name, target));
    }
    Ok(found)
}

fn audit(connection: &Connection, query: &AuditQuery) -> Result<Vec<AuditRow>, Fault> {
    // One statement for each combination, so that each walks an index in the order it answers in.
    let of = match (query.entity, query.principal) {
        (None, None) => "?1 IS NULL AND ?2 IS NULL",
        (Some(_), None) => "entity = ?1 AND ?2 IS NULL",
        (None, Some(_)) => "?1 IS NULL AND principal = ?2",
        (Some(_), Some(_)) => "entity = ?1 AND principal = ?2",
    };
    let sorted = if query.after.is_some() { "ASC" } else { "DESC" };
    let sql = format!(
        "SELECT id, at, who, \"from\", what, entity, principal, before, after FROM audit
         WHERE {of} AND id < ?3 AND id > ?4 ORDER BY id {sorted} LIMIT ?5"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(
        params![
            query.entity.map(|id| signed(id.get())),
            query.principal.map(|id| signed(id.get())),
            query.before.map_or(i64::MAX, count),
            query.after.map_or(i64::MIN, count),
            count(query.limit),
        ],
        |row| {
            let number = |column| row.get::<_, Option<i64>>(column);
            let principal = |id: i64| pierhead_policy::PrincipalId::new(id.cast_unsigned());
            Ok(AuditRow {
                id: row.unsigned(0)?,
                at: row.time(1)?,
                who: number(2)?.map(principal),
                from: row.get(3)?,
                what: row.get(4)?,
                entity: number(5)?.and_then(|id| EntityId::new(id.cast_unsigned())),
                principal: number(6)?.map(principal),
                before: row.get(7)?,
                after: row.get(8)?,
            })
        },
    )?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}
