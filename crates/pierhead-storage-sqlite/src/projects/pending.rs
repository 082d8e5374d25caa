//! Invitations, and what was sent by mail.

use std::time::SystemTime;

use pierhead_auth::token::TokenHash;
use pierhead_policy::PrincipalId;
use pierhead_projects::Email;
use pierhead_projects::change::Change;
use pierhead_projects::pending::{
    InvitationId, InvitationKey, InvitationRecord, NewInvitation, NewProof, ProofRecord, Purpose,
};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::change::{id, one};
use super::rows;
use crate::codec::{RowExt as _, count, micros, signed};
use crate::error::Fault;

/// What an invitation's row is read by, in the order that [`read`] takes it.
const INVITATION: &str = "SELECT id, account, email, created_at, expires FROM invitation";

pub(super) fn invitation(
    connection: &Connection,
    which: &InvitationKey,
) -> Result<Option<InvitationRecord>, Fault> {
    let found = |by: &str, value: &dyn rusqlite::ToSql| {
        connection
            .prepare_cached(&format!("{INVITATION} WHERE {by} = ?1"))?
            .query_row([value], read)
            .optional()
    };
    Ok(match which {
        InvitationKey::Id(id) => found("id", &signed(id.0))?,
        InvitationKey::Secret(hash) => found("secret_hash", &&hash.as_bytes()[..])?,
    })
}

pub(super) fn invitations(
    connection: &Connection,
    after: Option<InvitationId>,
    limit: usize,
) -> Result<Vec<InvitationRecord>, Fault> {
    let sql = format!("{INVITATION} WHERE id > ?1 ORDER BY id LIMIT ?2");
    let after = after.map_or(0, |after| after.0);
    let mut statement = connection.prepare_cached(&sql)?;
    let found = statement.query_map(params![signed(after), count(limit)], read)?;
    Ok(found.collect::<rusqlite::Result<_>>()?)
}

fn read(row: &Row<'_>) -> rusqlite::Result<InvitationRecord> {
    let by: Option<i64> = row.get(1)?;
    let email: Option<String> = row.get(2)?;
    Ok(InvitationRecord {
        id: InvitationId(row.unsigned(0)?),
        by: by.map(|by| PrincipalId::new(by.cast_unsigned())),
        email: email.map(|_| row.parsed(2)).transpose()?,
        created: row.time(3)?,
        expires: row.time(4)?,
    })
}

pub(super) fn proof(
    connection: &Connection,
    hash: &TokenHash,
) -> Result<Option<ProofRecord>, Fault> {
    let found = connection
        .prepare_cached(
            "SELECT account, purpose, email, expires FROM proof WHERE secret_hash = ?1",
        )?
        .query_row([&hash.as_bytes()[..]], |row| {
            Ok(ProofRecord {
                account: rows::principal(row, 0)?,
                purpose: Purpose::from_code(row.get(1)?).ok_or_else(|| rows::invalid(1))?,
                email: row.parsed(2)?,
                expires: row.time(3)?,
            })
        });
    Ok(found.optional()?)
}

/// Removes what had expired, at most `limit` of each.
pub(super) fn remove_ended(
    tx: &Connection,
    expired: SystemTime,
    limit: usize,
) -> Result<u64, Fault> {
    let values = params![micros(expired), count(limit)];
    let invitations = tx
        .prepare_cached(
            "DELETE FROM invitation WHERE id IN
                 (SELECT id FROM invitation WHERE expires <= ?1 LIMIT ?2)",
        )?
        .execute(values)?;
    let proofs = tx
        .prepare_cached(
            "DELETE FROM proof WHERE (account, purpose) IN
                 (SELECT account, purpose FROM proof WHERE expires <= ?1 LIMIT ?2)",
        )?
        .execute(values)?;
    Ok((invitations + proofs) as u64)
}

/// The changes of invitations and proofs; nothing else comes here.
pub(super) fn apply(tx: &Connection, change: &Change, at: i64) -> Result<(), Fault> {
    match change {
        Change::CreateInvitation(new) => create_invitation(tx, new, at),
        Change::RevokeInvitation { invitation } => one(
            tx,
            "DELETE FROM invitation WHERE id = ?1",
            [signed(invitation.0)],
        ),
        Change::UseInvitation { invitation, .. } => one(
            tx,
            "DELETE FROM invitation WHERE id = ?1 AND expires > ?2",
            params![signed(invitation.0), at],
        ),
        Change::AskProof(new) => ask(tx, new),
        Change::UseProof {
            account,
            purpose,
            hash,
        } => one(
            tx,
            "DELETE FROM proof
             WHERE account = ?1 AND purpose = ?2 AND secret_hash = ?3 AND expires > ?4",
            params![id(*account), purpose.code(), &hash.as_bytes()[..], at],
        ),
        _ => Ok(()),
    }
}

fn create_invitation(tx: &Connection, new: &NewInvitation, at: i64) -> Result<(), Fault> {
    one(
        tx,
        "INSERT INTO invitation (id, account, email, secret_hash, created_at, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            signed(new.id.0),
            new.by.map(id),
            new.email.as_ref().map(Email::as_str),
            &new.hash.as_bytes()[..],
            at,
            micros(new.expires),
        ],
    )
}

fn ask(tx: &Connection, new: &NewProof) -> Result<(), Fault> {
    one(
        tx,
        "INSERT INTO proof (account, purpose, email, secret_hash, expires)
         VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (account, purpose) DO UPDATE SET email = ?3, secret_hash = ?4, expires = ?5",
        params![
            id(new.account),
            new.purpose.code(),
            new.email.as_str(),
            &new.hash.as_bytes()[..],
            micros(new.expires),
        ],
    )
}

/// What was sent for an account before its password or its address changed.
pub(super) fn forget_proofs(tx: &Connection, account: PrincipalId) -> Result<(), Fault> {
    tx.prepare_cached("DELETE FROM proof WHERE account = ?1")?
        .execute([id(account)])?;
    Ok(())
}
