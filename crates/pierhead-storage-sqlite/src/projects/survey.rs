//! Many things at one moment.

use pierhead_policy::PrincipalId;
use pierhead_projects::change::{EntityRef, OPERATORS, PROJECTS};
use pierhead_projects::listing::AccountQuery;
use pierhead_projects::record::ProjectRecord;
use pierhead_projects::survey::{
    Account, EntityFound, Found, Membership, PrincipalKey, Survey, SurveyQuery, Team,
};
use pierhead_storage::ScopeId;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::gone;
use super::rows::{self, PROJECT};
use crate::codec::{RowExt as _, count, signed};
use crate::error::Fault;

const USER: i64 = 1;

/// What the row of a user or a team is read by, in the order that [`found`] takes it.
const PRINCIPAL: &str =
    "p.id, p.kind, p.name, a.email, a.certified, a.operator, a.disabled, a.registered";

pub(super) fn survey(connection: &Connection, query: &SurveyQuery) -> Result<Survey, Fault> {
    let mut scopes = Vec::new();
    let mut found = Survey::default();
    for key in &query.principals {
        let principal = principal(connection, key)?;
        if let Some(principal) = &principal {
            scopes.push(ScopeId::account(principal.id().get()));
            if let Found::Team(team) = principal {
                scopes.extend(
                    team.people
                        .iter()
                        .map(|person| ScopeId::account(person.account.get())),
                );
            }
        }
        found.principals.push(principal);
    }
    for id in &query.projects {
        scopes.push(EntityRef::Project(*id).scope());
        found.projects.push(entity(connection, id.get())?);
    }
    for name in &query.project_names {
        let projects = projects_named(connection, name)?;
        scopes.extend(
            projects
                .iter()
                .map(|project| EntityRef::Project(project.id).scope()),
        );
        found.project_names.push(projects);
    }
    if !query.project_names.is_empty() {
        scopes.push(PROJECTS);
    }
    if query.operators {
        scopes.push(OPERATORS);
        found.active_operators = connection
            .prepare_cached("SELECT count(*) FROM account WHERE operator = 1 AND disabled = 0")?
            .query_row([], |row| row.unsigned(0))?;
    }
    scopes.sort_unstable();
    scopes.dedup();
    found.versions = rows::versions(connection, scopes)?;
    Ok(found)
}

fn principal(connection: &Connection, key: &PrincipalKey) -> Result<Option<Found>, Fault> {
    let found = |by: &str, value: &dyn rusqlite::ToSql| {
        connection
            .prepare_cached(&format!(
                "SELECT {PRINCIPAL} FROM principal p LEFT JOIN account a ON a.id = p.id
                 WHERE {by} = ?1"
            ))?
            .query_row([value], |row| found(connection, row))
            .optional()
    };
    Ok(match key {
        PrincipalKey::Id(id) => found("p.id", &signed(id.get()))?,
        PrincipalKey::Name(folded) => match found("p.folded", folded)? {
            None => gone::named(connection, folded)?,
            there => there,
        },
        PrincipalKey::Email(folded) => found("a.email_folded", folded)?,
    })
}

fn found(connection: &Connection, row: &Row<'_>) -> rusqlite::Result<Found> {
    if row.get::<_, i64>(1)? == USER {
        return Ok(Found::Account(account(row)?));
    }
    let id = rows::principal(row, 0)?;
    Ok(Found::Team(Team {
        id,
        name: row.get(2)?,
        people: people(connection, id)?,
    }))
}

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    Ok(Account {
        id: rows::principal(row, 0)?,
        name: row.get(2)?,
        email: row.get(3)?,
        certified: row.get(4)?,
        operator: row.get(5)?,
        disabled: row.get(6)?,
        registered: row.get(7)?,
    })
}

/// Accounts in the order of their folded names.
pub(super) fn accounts(
    connection: &Connection,
    query: &AccountQuery,
) -> Result<Vec<Account>, Fault> {
    // Behind every folded name that begins so.
    let end = format!("{}~", query.prefix);
    let sql = format!(
        "SELECT {PRINCIPAL} FROM principal p JOIN account a ON a.id = p.id
         WHERE p.kind = 1 AND p.folded >= ?1 AND p.folded < ?2 AND p.folded > ?3
         ORDER BY p.folded LIMIT ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let after = query.after.as_deref().unwrap_or_default();
    let values = params![query.prefix, end, after, count(query.limit)];
    let found = statement.query_map(values, account)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn people(connection: &Connection, team: PrincipalId) -> rusqlite::Result<Vec<Membership>> {
    let mut statement = connection.prepare_cached(
        "SELECT m.account, m.member, m.manager, NOT a.disabled
         FROM member m JOIN account a ON a.id = m.account WHERE m.team = ?1 ORDER BY m.account",
    )?;
    let people = statement.query_map([signed(team.get())], |row| {
        Ok(Membership {
            account: rows::principal(row, 0)?,
            member: row.get(1)?,
            manager: row.get(2)?,
            active: row.get(3)?,
        })
    })?;
    people.collect()
}

fn entity(connection: &Connection, id: u64) -> Result<EntityFound, Fault> {
    if let Some(project) = rows::project_by_id(connection, id)? {
        return Ok(EntityFound::Project(Box::new(project)));
    }
    let purged: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM purged_project WHERE project = ?1)")?
        .query_row([signed(id)], |row| row.get(0))?;
    if purged {
        return Ok(EntityFound::Purged);
    }
    let other: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM entity WHERE id = ?1)")?
        .query_row([signed(id)], |row| row.get(0))?;
    Ok(if other {
        EntityFound::Other
    } else {
        EntityFound::Nothing
    })
}

fn projects_named(connection: &Connection, name: &str) -> Result<Vec<ProjectRecord>, Fault> {
    let sql = format!(
        "SELECT {PROJECT} FROM entity e
         WHERE e.made_as = ?1 ORDER BY e.id LIMIT 2"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let projects = statement.query_map([name], |row| rows::project(connection, row))?;
    Ok(projects.collect::<rusqlite::Result<_>>()?)
}
