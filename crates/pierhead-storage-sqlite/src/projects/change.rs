//! Changes: one transaction for a whole batch.

use async_trait::async_trait;
use pierhead_policy::{EntityId, PrincipalId};
use pierhead_projects::ChangeStore;
use pierhead_projects::audit::AuditEntry;
use pierhead_projects::change::{Batch, Change, MAX_REFRESH_TOKENS, NewAccount, NewCredential};
use pierhead_projects::pending::InvitationId;
use pierhead_projects::record::{CredentialId, CredentialKind, Parent};
use pierhead_storage::{Fence, ScopeId, StoreError};
use rusqlite::ffi::{SQLITE_CONSTRAINT_PRIMARYKEY, SQLITE_CONSTRAINT_UNIQUE};
use rusqlite::{Connection, Params, params};

use super::rows::scope_bits;
use super::{entity, gone, pending};
use crate::SqliteStore;
use crate::board::{Effects, stored_versions};
use crate::codec::{count, micros, signed};
use crate::error::Fault;

const USER: i64 = 1;
const TEAM: i64 = 2;

#[async_trait]
impl ChangeStore for SqliteStore {
    async fn allocate_principals(&self, count: usize) -> Result<Vec<PrincipalId>, StoreError> {
        let numbers = self.allocate("principal", count).await?;
        Ok(numbers.map(PrincipalId::new).collect())
    }

    async fn allocate_entities(&self, count: usize) -> Result<Vec<EntityId>, StoreError> {
        let numbers = self.allocate("entity", count).await?;
        Ok(numbers.filter_map(EntityId::new).collect())
    }

    async fn allocate_credential(&self) -> Result<CredentialId, StoreError> {
        let mut numbers = self.allocate("credential", 1).await?;
        let exhausted = || StoreError::Corrupt {
            what: "the sequence of credentials".to_owned(),
        };
        numbers.next().map(CredentialId).ok_or_else(exhausted)
    }

    async fn allocate_invitation(&self) -> Result<InvitationId, StoreError> {
        let mut numbers = self.allocate("invitation", 1).await?;
        let exhausted = || StoreError::Corrupt {
            what: "the sequence of invitations".to_owned(),
        };
        numbers.next().map(InvitationId).ok_or_else(exhausted)
    }

    async fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        self.write("change accounts and projects", move |tx, effects| {
            compare(tx, &batch.expect)?;
            let at = micros(batch.at);
            let mut moved: Vec<ScopeId> = Vec::new();
            for recorded in &batch.changes {
                if let Some(who) = gone::of(&recorded.change) {
                    gone::delete(tx, effects, who, recorded, &batch)?;
                } else {
                    apply(tx, effects, &recorded.change, &batch, at)?;
                    record(tx, &recorded.audit(), &batch)?;
                }
                moved.extend(recorded.change.scopes());
            }
            moved.sort_unstable();
            moved.dedup();
            effects.bump_all(tx, &moved)?;
            Ok(())
        })
        .await
    }
}

impl SqliteStore {
    async fn allocate(
        &self,
        name: &'static str,
        wanted: usize,
    ) -> Result<impl Iterator<Item = u64> + use<>, StoreError> {
        let wanted = count(wanted);
        let last = self
            .write("give out numbers", move |tx, _: &mut Effects| {
                let mut next = tx.prepare_cached(
                    "UPDATE sequence SET last = last + ?2 WHERE name = ?1 RETURNING last",
                )?;
                Ok(next.query_row(params![name, wanted], |row| row.get::<_, i64>(0))?)
            })
            .await?;
        Ok((last - wanted + 1..=last).map(i64::cast_unsigned))
    }
}

fn compare(tx: &Connection, fence: &Fence) -> Result<(), Fault> {
    let scopes: Vec<ScopeId> = fence.0.iter().map(|(scope, _)| *scope).collect();
    let now = stored_versions(tx, &scopes)?;
    let stands = now
        .iter()
        .zip(&fence.0)
        .all(|(now, (_, then))| now.rights == *then);
    if stands {
        Ok(())
    } else {
        Err(StoreError::Stale.into())
    }
}

/// Runs a statement that must change exactly one row: what it is about was there when it was decided.
pub(super) fn one(tx: &Connection, sql: &str, values: impl Params) -> Result<(), Fault> {
    match tx.prepare_cached(sql)?.execute(values) {
        Ok(1) => Ok(()),
        Ok(_) => Err(StoreError::Stale.into()),
        Err(rusqlite::Error::SqliteFailure(failure, _)) if is_taken(failure) => {
            Err(StoreError::Stale.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// A name, an address or a number was free when it was decided, and is not any more.
fn is_taken(failure: rusqlite::ffi::Error) -> bool {
    matches!(
        failure.extended_code,
        SQLITE_CONSTRAINT_UNIQUE | SQLITE_CONSTRAINT_PRIMARYKEY
    )
}

pub(super) fn id(principal: PrincipalId) -> i64 {
    signed(principal.get())
}

fn apply(
    tx: &Connection,
    effects: &mut Effects,
    change: &Change,
    batch: &Batch,
    at: i64,
) -> Result<(), Fault> {
    match change {
        Change::CreateAccount(new) => create_account(tx, new),
        Change::SetEmail { account, email } => {
            pending::forget_proofs(tx, *account)?;
            one(
                tx,
                "UPDATE account SET email = ?2, email_folded = ?3, confirmed = 1 WHERE id = ?1",
                params![id(*account), email.as_str(), email.folded()],
            )
        }
        Change::SetCertified { account, certified } => one(
            tx,
            "UPDATE account SET certified = ?2 WHERE id = ?1",
            params![id(*account), certified],
        ),
        Change::SetOperator { account, operator } => one(
            tx,
            "UPDATE account SET operator = ?2 WHERE id = ?1",
            params![id(*account), operator],
        ),
        Change::SetDisabled { account, disabled } => {
            if *disabled {
                sign_out(tx, *account)?;
                pending::forget_proofs(tx, *account)?;
            }
            one(
                tx,
                "UPDATE account SET disabled = ?2, generation = generation + ?2 WHERE id = ?1",
                params![id(*account), disabled],
            )
        }
        Change::SetPassword { account, hash } => {
            sign_out(tx, *account)?;
            pending::forget_proofs(tx, *account)?;
            one(
                tx,
                "UPDATE account SET password = ?2, generation = generation + 1 WHERE id = ?1",
                params![id(*account), hash.0],
            )
        }
        Change::CreateInvitation(_)
        | Change::RevokeInvitation { .. }
        | Change::UseInvitation { .. }
        | Change::AskProof(_)
        | Change::UseProof { .. } => pending::apply(tx, change, at),
        Change::CreateTeam { id: team, name } => {
            create_principal(tx, *team, TEAM, name.as_str(), &name.folded())
        }
        Change::SetMember {
            team,
            account,
            member,
            manager,
        } => set_member(tx, *team, *account, *member, *manager),
        Change::CreateCredential(new) => create_credential(tx, new, at),
        Change::RevokeCredential {
            account,
            credential,
        } => revoke(tx, *account, *credential),
        other => entity::apply(tx, effects, other, batch, at),
    }
}

/// Whoever signs in again gets another session, and another refresh token.
fn sign_out(tx: &Connection, account: PrincipalId) -> Result<(), Fault> {
    tx.prepare_cached("UPDATE credential SET revoked = 1 WHERE account = ?1 AND kind = ?2")?
        .execute(params![id(account), CredentialKind::Session.code()])?;
    tx.prepare_cached(
        "DELETE FROM credential WHERE account = ?1 AND kind = ?2 AND parent IS NULL",
    )?
    .execute(params![id(account), CredentialKind::Refresh.code()])?;
    Ok(())
}

/// Refresh tokens are many and nobody looks for those of before, so they leave no row.
fn revoke(tx: &Connection, account: PrincipalId, credential: CredentialId) -> Result<(), Fault> {
    let number = signed(credential.0);
    one(
        tx,
        "UPDATE credential SET revoked = 1 WHERE id = ?1 AND account = ?2",
        params![number, id(account)],
    )?;
    tx.prepare_cached("DELETE FROM credential WHERE (id = ?1 AND kind = ?2) OR parent = ?1")?
        .execute(params![number, CredentialKind::Refresh.code()])?;
    Ok(())
}

fn create_principal(
    tx: &Connection,
    number: PrincipalId,
    kind: i64,
    name: &str,
    folded: &str,
) -> Result<(), Fault> {
    one(
        tx,
        "INSERT INTO principal (id, kind, name, folded) SELECT ?1, ?2, ?3, ?4
         WHERE NOT EXISTS (SELECT 1 FROM former_principal WHERE folded = ?4 OR id = ?1)",
        params![id(number), kind, name, folded],
    )
}

fn create_account(tx: &Connection, new: &NewAccount) -> Result<(), Fault> {
    create_principal(tx, new.id, USER, new.name.as_str(), &new.name.folded())?;
    let email = new.email.as_ref();
    one(
        tx,
        "INSERT INTO account (id, email, email_folded, confirmed, password, certified, operator,
                              disabled, generation, registered)
         VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, 0, 1, ?7)",
        params![
            id(new.id),
            email.map(pierhead_projects::Email::as_str),
            email.map(pierhead_projects::Email::folded),
            new.password,
            new.certified,
            new.operator,
            new.registered,
        ],
    )
}

fn create_credential(tx: &Connection, new: &NewCredential, at: i64) -> Result<(), Fault> {
    if new.kind == CredentialKind::Refresh {
        let has: i64 = tx
            .prepare_cached("SELECT count(*) FROM credential WHERE account = ?1 AND kind = ?2")?
            .query_row(params![id(new.account), new.kind.code()], |row| row.get(0))?;
        if has >= count(MAX_REFRESH_TOKENS) {
            return Err(StoreError::Stale.into());
        }
    }
    let (parent, generation) = match new.parent {
        None => (None, None),
        Some(Parent::Token(token)) => (Some(signed(token.0)), None),
        Some(Parent::Password { generation }) => (None, Some(signed(generation))),
    };
    one(
        tx,
        "INSERT INTO credential (id, account, kind, name, secret_hash, scopes, created_at, expires,
                                 revoked, parent, generation)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10)",
        params![
            signed(new.id.0),
            id(new.account),
            new.kind.code(),
            new.name,
            &new.hash.as_bytes()[..],
            scope_bits(new.scopes),
            at,
            new.expires.map(micros),
            parent,
            generation,
        ],
    )
}

fn set_member(
    tx: &Connection,
    team: PrincipalId,
    account: PrincipalId,
    member: bool,
    manager: bool,
) -> Result<(), Fault> {
    if member || manager {
        return one(
            tx,
            "INSERT INTO member (account, team, member, manager) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (account, team) DO UPDATE SET member = ?3, manager = ?4",
            params![id(account), id(team), member, manager],
        );
    }
    one(
        tx,
        "DELETE FROM member WHERE account = ?1 AND team = ?2",
        params![id(account), id(team)],
    )
}

/// Writes a row of the audit record.
pub(super) fn record(tx: &Connection, row: &AuditEntry, batch: &Batch) -> Result<(), Fault> {
    one(
        tx,
        "INSERT INTO audit (at, who, \"from\", what, entity, principal, before, after)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![
            micros(batch.at),
            batch.actor.id().map(id),
            batch.actor.from(),
            row.what,
            row.entity.map(|entity| signed(entity.get())),
            row.principal.map(id),
            row.before,
            row.after,
        ],
    )
}
