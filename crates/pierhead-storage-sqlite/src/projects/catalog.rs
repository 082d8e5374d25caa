//! The repositories that somebody may see, in the order of their names.
//!
//! Those that inherit come project by project, those with lists of their own one by one. Of either
//! sort every principal of the caller has a run of index rows in that order. The runs are merged as
//! far as a page needs, so a page costs a seek for each principal, and then what it holds. References
//! to repositories elsewhere are none of it, and stand in none of the indexes that are walked.

use pierhead_model::RepositoryName;
use pierhead_policy::PrincipalId;
use pierhead_projects::listing::CatalogQuery;
use pierhead_projects::record::TargetRecord;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, params};

use super::listing::numbers;
use super::merge::{Both, Entry, Key, Merged, Of, Run, Source};
use super::project;
use crate::error::Fault;

/// Projects whose list lets a principal read, if anything of them is to be seen by it.
const PROJECTS_OF: &str = "SELECT entity || '/', entity FROM entry
    WHERE principal = ?1 AND parent IS NULL AND ?2 IS NULL AND bits & 1
        AND entity || '/' > ?3 AND ?4
        AND EXISTS (SELECT 1 FROM entity p
            WHERE p.id = entry.entity AND p.kind = 1 AND p.trashed_at IS NULL)
        AND EXISTS (SELECT 1 FROM entity r WHERE r.parent = entry.entity
            AND r.kind = 2 AND r.external = 0 AND r.own_list = 0 AND r.trashed_at IS NULL)
    ORDER BY entity || '/' LIMIT ?5";

/// The repositories of a project that inherit.
const INHERITING: &str = "SELECT name, id FROM entity
    WHERE ?1 IS NULL AND parent = ?2 AND kind = 2 AND external = 0 AND own_list = 0
        AND trashed_at IS NULL AND (name, id) > (?3, ?4)
    ORDER BY name, id LIMIT ?5";

/// Repositories whose own list lets a principal read.
const LOCAL_OF: &str = "SELECT name, entity FROM entry
    WHERE principal = ?1 AND parent IS NOT NULL AND external = 0 AND ?2 IS NULL AND bits & 1
        AND (name, entity) > (?3, ?4)
        AND EXISTS (SELECT 1 FROM entity r JOIN entity p ON p.id = r.parent
            WHERE r.id = entry.entity AND r.trashed_at IS NULL
                AND p.kind = 1 AND p.trashed_at IS NULL)
    ORDER BY name, entity LIMIT ?5";

/// Which principals have anything of the one sort.
const SHARING: &str = "SELECT value FROM json_each(?1) WHERE EXISTS (
    SELECT 1 FROM entry
    WHERE principal = value AND parent IS NULL AND bits & 1 AND entity || '/' > ?2)";

/// And of the other.
const LISTED: &str = "SELECT value FROM json_each(?1) WHERE EXISTS (
    SELECT 1 FROM entry
    WHERE principal = value AND parent IS NOT NULL AND external = 0 AND bits & 1 AND name > ?2)";

/// All projects.
const PROJECTS: &str = "SELECT id || '/', id FROM entity
    WHERE ?1 IS NULL AND ?2 IS NULL AND kind = 1 AND trashed_at IS NULL
        AND id || '/' > ?3 AND ?4
    ORDER BY id || '/' LIMIT ?5";

/// All repositories of a project.
const REPOSITORIES: &str = "SELECT name, id FROM entity
    WHERE ?1 IS NULL AND parent = ?2 AND kind = 2 AND external = 0 AND trashed_at IS NULL
        AND (name, id) > (?3, ?4)
    ORDER BY name, id LIMIT ?5";

/// How many repositories are found before they are read: what was looked at then is still in memory.
const TOGETHER: usize = 128;

pub(super) fn catalog(
    connection: &Connection,
    query: &CatalogQuery,
) -> Result<Vec<(RepositoryName, TargetRecord)>, Fault> {
    let name = query.after.as_deref().unwrap_or_default();
    let after = (Key::Text(name.to_owned()), i64::MAX);
    let from = (Key::Text(project_before(connection, name)?), i64::MAX);
    let (projects, held, sharing, listed) = match &query.readers {
        Some(readers) => {
            let sharing = with_any(connection, SHARING, readers, &from)?;
            let listed = with_any(connection, LISTED, readers, &after)?;
            (PROJECTS_OF, INHERITING, sharing, listed)
        }
        None => (PROJECTS, REPOSITORIES, vec![Of::default()], Vec::new()),
    };
    let by_project = ByProject {
        projects: Merged::new(connection.prepare_cached(projects)?, &sharing, &from, false)?,
        held: connection.prepare_cached(held)?,
        run: None,
        after: after.clone(),
    };
    let local = Merged::new(connection.prepare_cached(LOCAL_OF)?, &listed, &after, false)?;
    let mut both = Both::new(by_project, local, false)?;
    let mut found = Vec::new();
    loop {
        let numbers = both.take(TOGETHER.min(query.limit - found.len()))?;
        if numbers.is_empty() {
            return Ok(found);
        }
        found.extend(project::repositories(connection, &numbers)?);
    }
}

/// Runs of those principals that have any entry behind this one: one statement asks it of all, and
/// whoever is in many teams is spared a statement for each.
fn with_any(
    connection: &Connection,
    sql: &str,
    readers: &[PrincipalId],
    (key, _): &Entry,
) -> rusqlite::Result<Vec<Of>> {
    let mut which = connection.prepare_cached(sql)?;
    let found = which.query_map(params![numbers(readers), key], |row| {
        Ok(Of {
            principal: row.get(0)?,
            parent: None,
        })
    })?;
    found.collect()
}

/// What the keys of all projects follow that hold anything behind a name. The project with the last
/// repository up to that name is the first of them: all before it end earlier.
fn project_before(connection: &Connection, name: &str) -> rusqlite::Result<String> {
    let found: Option<i64> = connection
        .prepare_cached(
            "SELECT parent FROM repository WHERE name <= ?1 AND parent IS NOT NULL
             ORDER BY name DESC LIMIT 1",
        )?
        .query_row([name], |row| row.get(0))
        .optional()?;
    // Its own key is that with a `/`, and no other key lies between.
    Ok(found.map_or_else(String::new, |project| project.to_string()))
}

/// The repositories of projects, one project after the other.
struct ByProject<'c> {
    projects: Merged<'c>,
    held: CachedStatement<'c>,
    run: Option<Run>,
    after: Entry,
}

impl Source for ByProject<'_> {
    fn next(&mut self) -> rusqlite::Result<Option<Entry>> {
        loop {
            if let Some(run) = &mut self.run
                && let Some(entry) = run.next(&mut self.held)?
            {
                return Ok(Some(entry));
            }
            let Some((_, project)) = self.projects.next()? else {
                return Ok(None);
            };
            let of = Of {
                parent: Some(project),
                ..Of::default()
            };
            self.run = Some(Run::new(of, &self.after));
        }
    }
}
