//! Users and teams, listed.

use async_trait::async_trait;
use pierhead_projects::PrincipalStore;
use pierhead_projects::principals::{
    MemberQuery, MemberRow, PrincipalKind, PrincipalQuery, PrincipalRow, TeamsQuery,
};
use pierhead_projects::survey::PrincipalKey;
use pierhead_storage::StoreError;
use rusqlite::{Connection, OptionalExtension as _, Row, ToSql, params};

use super::rows;
use crate::SqliteStore;
use crate::codec::{count, signed};
use crate::error::Fault;

const USER: i64 = 1;
const TEAM: i64 = 2;

/// Behind every name that begins so: no name has a letter after this one.
const LAST: char = '~';

#[async_trait]
impl PrincipalStore for SqliteStore {
    async fn principals(
        &self,
        keys: &[PrincipalKey],
    ) -> Result<Vec<Option<PrincipalRow>>, StoreError> {
        let keys = keys.to_vec();
        self.read("find users and teams", move |connection| {
            keys.iter().map(|key| by_key(connection, key)).collect()
        })
        .await
    }

    async fn find_principals(
        &self,
        query: &PrincipalQuery,
    ) -> Result<Vec<PrincipalRow>, StoreError> {
        let query = query.clone();
        self.scan("list users and teams", move |connection| {
            by_prefix(connection, &query)
        })
        .await
    }

    async fn teams_of(&self, query: &TeamsQuery) -> Result<Vec<PrincipalRow>, StoreError> {
        let query = *query;
        self.scan("list the teams of an account", move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT p.id, p.name, p.kind FROM member m CROSS JOIN principal p ON p.id = m.team
                 WHERE m.account = ?1 AND m.member = 1 ORDER BY m.team LIMIT ?2 OFFSET ?3",
            )?;
            let (limit, offset) = (count(query.limit), count(query.offset));
            let found = statement.query_map(
                params![signed(query.account.get()), limit, offset],
                principal,
            )?;
            Ok(found.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn members(&self, query: &MemberQuery) -> Result<Vec<MemberRow>, StoreError> {
        let query = *query;
        self.scan("list who is in a team", move |connection| {
            members(connection, &query)
        })
        .await
    }
}

fn by_key(connection: &Connection, key: &PrincipalKey) -> Result<Option<PrincipalRow>, Fault> {
    let found = |by: &str, value: &dyn ToSql| {
        connection
            .prepare_cached(&format!(
                "SELECT p.id, p.name, p.kind FROM principal p WHERE {by}"
            ))?
            .query_row([value], principal)
            .optional()
    };
    Ok(match key {
        PrincipalKey::Id(id) => found("p.id = ?1", &signed(id.get()))?,
        PrincipalKey::Name(folded) => found("p.folded = ?1", folded)?,
        PrincipalKey::Email(folded) => found(
            "p.id = (SELECT id FROM account WHERE email_folded = ?1)",
            folded,
        )?,
    })
}

pub(super) fn by_prefix(
    connection: &Connection,
    query: &PrincipalQuery,
) -> Result<Vec<PrincipalRow>, Fault> {
    let kind = match query.kind {
        None => "?5 IS NULL",
        Some(_) => "kind = ?5",
    };
    let sql = format!(
        "SELECT id, name, kind FROM principal WHERE {kind} AND folded >= ?1 AND folded < ?2
         ORDER BY folded LIMIT ?3 OFFSET ?4"
    );
    let end = format!("{}{LAST}", query.prefix);
    let kind = query.kind.map(|kind| match kind {
        PrincipalKind::User => USER,
        PrincipalKind::Team => TEAM,
    });
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(
        params![
            query.prefix,
            end,
            count(query.limit),
            count(query.offset),
            kind
        ],
        principal,
    )?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn members(
    connection: &Connection,
    query: &MemberQuery,
) -> Result<Vec<MemberRow>, Fault> {
    let only = if query.managers {
        ""
    } else {
        "AND m.member = 1"
    };
    let sql = format!(
        "SELECT m.account, p.name, m.member, m.manager
         FROM member m CROSS JOIN principal p ON p.id = m.account
         WHERE m.team = ?1 AND m.account > ?2 {only} ORDER BY m.account LIMIT ?3 OFFSET ?4"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let after = query.after.map_or(0, |after| signed(after.get()));
    let found = statement.query_map(
        params![
            signed(query.team.get()),
            after,
            count(query.limit),
            count(query.offset)
        ],
        |row| {
            Ok(MemberRow {
                account: rows::principal(row, 0)?,
                name: row.get(1)?,
                member: row.get(2)?,
                manager: row.get(3)?,
            })
        },
    )?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn principal(row: &Row<'_>) -> rusqlite::Result<PrincipalRow> {
    Ok(PrincipalRow {
        id: rows::principal(row, 0)?,
        name: row.get(1)?,
        kind: match row.get(2)? {
            USER => PrincipalKind::User,
            TEAM => PrincipalKind::Team,
            _ => return Err(rows::invalid(2)),
        },
    })
}
