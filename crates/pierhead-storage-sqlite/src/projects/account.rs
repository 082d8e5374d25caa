//! Accounts and credentials, read.

use std::time::SystemTime;

use async_trait::async_trait;
use pierhead_auth::token::TokenHash;
use pierhead_policy::PrincipalId;
use pierhead_projects::listing::AccountQuery;
use pierhead_projects::pending::{InvitationId, InvitationKey, InvitationRecord, ProofRecord};
use pierhead_projects::record::{
    CallerRecord, CredentialId, CredentialKind, CredentialRecord, Parent, SignIn,
};
use pierhead_projects::survey::Account;
use pierhead_projects::{AccountStore, Login};
use pierhead_storage::{ScopeId, StoreError};
use rusqlite::{Connection, OptionalExtension as _, params};

use super::rows::{self, CREDENTIAL};
use super::{pending, survey};
use crate::codec::{RowExt as _, count, micros, signed};
use crate::error::Fault;
use crate::{SqliteStore, board};

#[async_trait]
impl AccountStore for SqliteStore {
    async fn caller(
        &self,
        account: PrincipalId,
        credential: Option<CredentialId>,
    ) -> Result<Option<CallerRecord>, StoreError> {
        self.read_consistent("read an account", move |connection| {
            caller(connection, account, credential)
        })
        .await
    }

    async fn sign_in(&self, login: &Login) -> Result<Option<SignIn>, StoreError> {
        let login = login.clone();
        self.read_consistent("find an account to sign in", move |connection| {
            let (by, text) = match &login {
                Login::Name(folded) => ("p.folded = ?1", folded),
                Login::Email(folded) => ("a.email_folded = ?1 AND a.confirmed = 1", folded),
            };
            let sql = format!(
                "SELECT a.id, a.password, a.disabled, a.generation
                 FROM account a JOIN principal p ON p.id = a.id WHERE {by}"
            );
            let epoch = board::epoch(connection)?;
            let found = connection.prepare_cached(&sql)?.query_row([text], |row| {
                Ok(SignIn {
                    account: rows::principal(row, 0)?,
                    password: row.get(1)?,
                    disabled: row.get(2)?,
                    generation: row.unsigned(3)?,
                    epoch,
                })
            });
            Ok(found.optional()?)
        })
        .await
    }

    async fn credential(&self, hash: &TokenHash) -> Result<Option<CredentialRecord>, StoreError> {
        let hash = *hash;
        self.read("find a credential", move |connection| {
            let sql = format!("SELECT {CREDENTIAL} FROM credential WHERE secret_hash = ?1");
            let mut statement = connection.prepare_cached(&sql)?;
            Ok(statement
                .query_row([&hash.as_bytes()[..]], rows::credential)
                .optional()?)
        })
        .await
    }

    async fn credentials(
        &self,
        account: PrincipalId,
        kind: CredentialKind,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<CredentialRecord>, StoreError> {
        self.read("list credentials", move |connection| {
            let sql = format!(
                "SELECT {CREDENTIAL} FROM credential
                 WHERE account = ?1 AND kind = ?2 AND id > ?3 AND revoked = 0
                 ORDER BY id LIMIT ?4"
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let after = after.map_or(0, |after| after.0);
            let found = statement.query_map(
                params![
                    signed(account.get()),
                    kind.code(),
                    signed(after),
                    count(limit)
                ],
                rows::credential,
            )?;
            Ok(found.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }

    async fn remove_sessions(&self, expired: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.write("remove sessions and refresh tokens that have ended", move |tx, _| {
            // By the index of what expires; one that was revoked waits until it would have.
            let removed = tx
                .prepare_cached(
                    "DELETE FROM credential WHERE id IN
                         (SELECT id FROM credential WHERE kind IN (2, 3) AND expires <= ?1 LIMIT ?2)",
                )?
                .execute(params![micros(expired), count(limit)])?;
            Ok(removed as u64)
        })
        .await
    }

    async fn accounts(&self, query: &AccountQuery) -> Result<Vec<Account>, StoreError> {
        let query = query.clone();
        self.read("list accounts", move |connection| {
            survey::accounts(connection, &query)
        })
        .await
    }

    async fn invitation(
        &self,
        which: &InvitationKey,
    ) -> Result<Option<InvitationRecord>, StoreError> {
        let which = *which;
        self.read("find an invitation", move |connection| {
            pending::invitation(connection, &which)
        })
        .await
    }

    async fn invitations(
        &self,
        after: Option<InvitationId>,
        limit: usize,
    ) -> Result<Vec<InvitationRecord>, StoreError> {
        self.read("list invitations", move |connection| {
            pending::invitations(connection, after, limit)
        })
        .await
    }

    async fn proof(&self, hash: &TokenHash) -> Result<Option<ProofRecord>, StoreError> {
        let hash = *hash;
        self.read("find what was sent by mail", move |connection| {
            pending::proof(connection, &hash)
        })
        .await
    }

    async fn remove_ended(&self, expired: SystemTime, limit: usize) -> Result<u64, StoreError> {
        self.write("remove what nobody used in time", move |tx, _| {
            pending::remove_ended(tx, expired, limit)
        })
        .await
    }

    async fn used(&self, credential: CredentialId, at: SystemTime) -> Result<(), StoreError> {
        self.write("remember that a credential was used", move |tx, _| {
            tx.prepare_cached(
                "UPDATE credential SET last_used = ?2
                 WHERE id IN (?1, (SELECT parent FROM credential WHERE id = ?1))
                     AND (last_used IS NULL OR last_used < ?2)",
            )?
            .execute(params![signed(credential.0), micros(at)])?;
            Ok(())
        })
        .await
    }
}

fn caller(
    connection: &Connection,
    account: PrincipalId,
    credential: Option<CredentialId>,
) -> Result<Option<CallerRecord>, Fault> {
    let id = signed(account.get());
    let found = connection
        .prepare_cached(
            "SELECT p.name, a.certified, a.operator, a.disabled, a.generation
             FROM account a JOIN principal p ON p.id = a.id WHERE a.id = ?1",
        )?
        .query_row([id], |row| {
            Ok(CallerRecord {
                id: account,
                name: row.get::<_, String>(0)?.into(),
                certified: row.get(1)?,
                operator: row.get(2)?,
                disabled: row.get(3)?,
                generation: row.unsigned(4)?,
                teams: Vec::new(),
                credential: None,
                parent: None,
                versions: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut found) = found else {
        return Ok(None);
    };
    found.teams = connection
        .prepare_cached("SELECT team FROM member WHERE account = ?1 AND member = 1")?
        .query_map([id], |row| rows::principal(row, 0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut scopes = vec![ScopeId::account(account.get())];
    let sql = format!("SELECT {CREDENTIAL} FROM credential WHERE id = ?1 AND account = ?2");
    let mut read = |credential: CredentialId| {
        scopes.push(ScopeId::credential(credential.0));
        connection
            .prepare_cached(&sql)?
            .query_row(params![signed(credential.0), id], rows::credential)
            .optional()
    };
    if let Some(credential) = credential {
        found.credential = read(credential)?;
    }
    if let Some(Parent::Token(token)) = found.credential.as_ref().and_then(|it| it.parent) {
        found.parent = read(token)?;
    }
    found.versions = rows::versions(connection, scopes)?;
    Ok(Some(found))
}
