//! What is deleted over the registry's protocol, in the audit record. What is pushed is in the history.

use pierhead_model::{ContentDigest, Tag};
use pierhead_storage::{Deed, RepositoryId};
use rusqlite::{Connection, params};

use crate::codec::{key, micros, signed};

/// The most tags that a row names of a manifest.
const MAX_NAMED: i64 = 1_000;

pub(crate) fn tag(
    tx: &Connection,
    deed: &Deed,
    repository: RepositoryId,
    tag: &Tag,
    named: &ContentDigest,
) -> rusqlite::Result<()> {
    // Neither a tag nor a digest holds anything that JSON would escape.
    let before = format!(r#"{{"tag":"{tag}","digest":"{named}"}}"#);
    record(tx, deed, repository, "delete-tag", &before)
}

/// With the tags that go with it, which are there still.
pub(crate) fn manifest(
    tx: &Connection,
    deed: &Deed,
    repository: RepositoryId,
    digest: &ContentDigest,
) -> rusqlite::Result<()> {
    let before: String = tx
        .prepare_cached(
            "SELECT json_object('digest', ?3, 'tags', json_group_array(name))
             FROM (SELECT name FROM tag WHERE repository = ?1 AND digest = ?2 ORDER BY name LIMIT ?4)",
        )?
        .query_row(
            params![signed(repository.0), key(digest), digest.to_string(), MAX_NAMED],
            |row| row.get(0),
        )?;
    record(tx, deed, repository, "delete-manifest", &before)
}

pub(crate) fn blob(
    tx: &Connection,
    deed: &Deed,
    repository: RepositoryId,
    digest: &ContentDigest,
) -> rusqlite::Result<()> {
    let before = format!(r#"{{"digest":"{digest}"}}"#);
    record(tx, deed, repository, "delete-blob", &before)
}

fn record(
    tx: &Connection,
    deed: &Deed,
    repository: RepositoryId,
    what: &str,
    before: &str,
) -> rusqlite::Result<()> {
    // The record is one of accounts; callers that are none of them have nobody who reads it.
    let Ok(who) = deed.by.as_str().parse::<i64>() else {
        return Ok(());
    };
    tx.prepare_cached(
        "INSERT INTO audit (at, who, \"from\", what, entity, before)
         VALUES (?1, ?2, 'registry', ?3, ?4, ?5)",
    )?
    .execute(params![
        micros(deed.at),
        who,
        what,
        signed(repository.0),
        before
    ])
    .map(drop)
}
