//! Manifests, with everything that changes together with one.

use bytes::Bytes;
use pierhead_model::{ContentDigest, Reference, ReferenceRole};
use pierhead_storage::{
    AdmissionChange, AdmissionFacts, Deed, Deletion, ManifestPut, Permit, PutOutcome, RepositoryId,
    ScopeId, StoreError, StoredManifest, StoredReference, View,
};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::board::Effects;
use crate::codec::{CHILD, RowExt as _, blob, count, key, micros, role_code, signed};
use crate::error::Fault;
use crate::fence::{Open, open, permitted};
use crate::{audit, history, repository, tag};

pub(crate) fn put(
    tx: &Connection,
    effects: &mut Effects,
    put: &ManifestPut,
    permit: &Permit,
) -> Result<PutOutcome, Fault> {
    let to = permitted(tx, permit)?;
    let existing = match to {
        Open::Repository(id) => Some((id, name_of(tx, id)?)),
        Open::New(_) => None,
    };
    let name = match (&existing, to) {
        (Some((_, name)), _) => name.as_str(),
        (None, Open::New(new)) => new.name.as_str(),
        (None, Open::Repository(_)) => return Err(StoreError::Stale.into()),
    };
    let id = existing.as_ref().map(|(id, _)| *id);
    let missing = missing(tx, put, id, name)?;
    if !missing.is_empty() {
        return Ok(PutOutcome::Missing(missing));
    }
    admit(tx, put, permit, id)?;
    let (repository, created) = match to {
        Open::Repository(id) => (id, false),
        Open::New(new) => (repository::create(tx, new, &put.by, put.at)?, true),
    };
    link_staged(tx, repository, put, name)?;
    write(tx, repository, put)?;
    for tag in &put.tags {
        tag::set(tx, repository, tag, put)?;
        history::add(tx, repository, tag, put)?;
    }
    effects.content(tx, ScopeId::repository(repository))?;
    Ok(PutOutcome::Stored {
        repository,
        created,
    })
}

fn name_of(tx: &Connection, repository: RepositoryId) -> rusqlite::Result<String> {
    tx.prepare_cached("SELECT name FROM repository WHERE id = ?1")?
        .query_row([signed(repository.0)], |row| row.get(0))
}

/// Required references that are not here, each once, in the order of the manifest.
fn missing(
    tx: &Connection,
    put: &ManifestPut,
    repository: Option<RepositoryId>,
    name: &str,
) -> Result<Vec<ContentDigest>, Fault> {
    let mut manifest = tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM manifest WHERE repository = ?1 AND digest = ?2)",
    )?;
    let mut blob = tx.prepare_cached(
        "SELECT EXISTS (SELECT 1 FROM link WHERE repository = ?1 AND digest = ?2)
             OR EXISTS (SELECT 1 FROM staged WHERE caller = ?3 AND name = ?4 AND digest = ?2)",
    )?;
    let id = repository.map(|id| signed(id.0));
    let mut missing = Vec::new();
    for StoredReference { digest, role, .. } in put.references.iter().filter(|it| it.required) {
        let here: bool = if *role == ReferenceRole::Child {
            manifest.query_row(params![id, key(digest)], |row| row.get(0))?
        } else {
            blob.query_row(params![id, key(digest), put.by.as_str(), name], |row| {
                row.get(0)
            })?
        };
        if !here && !missing.contains(digest) {
            missing.push(*digest);
        }
    }
    Ok(missing)
}

fn admit(
    tx: &Connection,
    put: &ManifestPut,
    permit: &Permit,
    repository: Option<RepositoryId>,
) -> Result<(), Fault> {
    let Some(admission) = &put.admission else {
        return Ok(());
    };
    let mut tags = Vec::with_capacity(put.tags.len());
    for tag in &put.tags {
        let now = match repository {
            Some(id) => tag::target(tx, id, tag)?,
            None => None,
        };
        tags.push((tag.clone(), now));
    }
    let change = AdmissionChange::Manifest {
        digest: &put.digest,
        size: put.bytes.len() as u64,
        tags: &tags,
    };
    let facts = AdmissionFacts::new(&permit.view, &put.by, change);
    Ok(admission.admit(&facts).map_err(StoreError::Refused)?)
}

/// What the pusher staged under the name becomes links.
fn link_staged(
    tx: &Connection,
    repository: RepositoryId,
    put: &ManifestPut,
    name: &str,
) -> rusqlite::Result<()> {
    let linked = tx
        .prepare_cached(
            "INSERT INTO link (repository, digest, renewed_at)
             SELECT ?1, digest, renewed_at FROM staged WHERE caller = ?2 AND name = ?3
             ON CONFLICT DO UPDATE SET renewed_at = max(renewed_at, excluded.renewed_at)",
        )?
        .execute(params![signed(repository.0), put.by.as_str(), name])?;
    if linked > 0 {
        tx.prepare_cached("DELETE FROM staged WHERE caller = ?1 AND name = ?2")?
            .execute(params![put.by.as_str(), name])?;
    }
    Ok(())
}

/// The body, the manifest's row and its references. A manifest that is pushed again is described
/// anew: its bytes are the same, what is made of them may not be. Bytes that the disk has damaged are
/// replaced by these, which somebody has just compared with their digest.
fn write(tx: &Connection, repository: RepositoryId, put: &ManifestPut) -> rusqlite::Result<()> {
    let (id, digest) = (signed(repository.0), key(&put.digest));
    tx.prepare_cached(
        "INSERT INTO manifest_body (digest, bytes) VALUES (?1, ?2)
         ON CONFLICT DO UPDATE SET bytes = excluded.bytes WHERE bytes <> excluded.bytes",
    )?
    .execute(params![digest, &put.bytes[..]])?;
    tx.prepare_cached("DELETE FROM reference WHERE repository = ?1 AND holder = ?2")?
        .execute(params![id, digest])?;
    tx.prepare_cached(
        "INSERT INTO manifest (repository, digest, media_type, artifact_type, subject, size,
                               at, who, annotations)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (repository, digest) DO UPDATE SET
             media_type = excluded.media_type, artifact_type = excluded.artifact_type,
             subject = excluded.subject, size = excluded.size, at = excluded.at,
             who = excluded.who, annotations = excluded.annotations",
    )?
    .execute(params![
        id,
        digest,
        put.media_type.as_str(),
        put.artifact_type,
        put.subject.as_ref().map(key),
        count(put.bytes.len()),
        micros(put.at),
        put.by.as_str(),
        put.annotations
    ])?;
    let mut name = tx.prepare_cached(
        "INSERT INTO reference (repository, holder, target, role) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
    )?;
    for named in &put.references {
        name.execute(params![
            id,
            digest,
            key(&named.digest),
            role_code(named.role)
        ])?;
    }
    Ok(())
}

/// One statement when the manifest is there; a second asks why it is not.
pub(crate) fn find(
    connection: &Connection,
    view: &View,
    reference: &Reference,
) -> Result<Option<StoredManifest>, Fault> {
    let read = |row: &rusqlite::Row<'_>| {
        Ok(StoredManifest {
            digest: row.digest(0)?,
            media_type: row.parsed(1)?,
            bytes: Bytes::copy_from_slice(blob(row, 2)?),
        })
    };
    let found = match (view, reference) {
        (View::New(_), _) => None,
        (View::Repository(id), Reference::Digest(digest)) => connection
            .prepare_cached(
                "SELECT manifest.digest, media_type, bytes
                 FROM manifest JOIN manifest_body ON manifest_body.digest = manifest.digest
                 WHERE manifest.repository = ?1 AND manifest.digest = ?2
                   AND EXISTS (SELECT 1 FROM repository WHERE id = ?1)",
            )?
            .query_row(params![signed(id.0), key(digest)], read)
            .optional()?,
        (View::Repository(id), Reference::Tag(tag)) => connection
            .prepare_cached(
                "SELECT manifest.digest, media_type, bytes
                 FROM tag
                 JOIN manifest ON manifest.repository = ?1 AND manifest.digest = tag.digest
                 JOIN manifest_body ON manifest_body.digest = tag.digest
                 WHERE tag.repository = ?1 AND tag.name = ?2
                   AND EXISTS (SELECT 1 FROM repository WHERE id = ?1)",
            )?
            .query_row(params![signed(id.0), tag.as_str()], read)
            .optional()?,
    };
    if found.is_none() {
        open(connection, view)?;
    }
    Ok(found)
}

pub(crate) fn delete(
    tx: &Connection,
    effects: &mut Effects,
    digest: &ContentDigest,
    deed: &Deed,
    permit: &Permit,
) -> Result<Deletion, Fault> {
    let Open::Repository(id) = permitted(tx, permit)? else {
        return Ok(Deletion::Absent);
    };
    let row = params![signed(id.0), key(digest)];
    let here: bool = tx
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM manifest WHERE repository = ?1 AND digest = ?2)",
        )?
        .query_row(row, |row| row.get(0))?;
    if !here {
        return Ok(Deletion::Absent);
    }
    let holder = tx
        .prepare_cached(
            "SELECT min(holder) FROM reference WHERE repository = ?1 AND target = ?2 AND role = ?3
             HAVING count(*) > 0",
        )?
        .query_row(params![signed(id.0), key(digest), CHILD], |row| {
            row.digest(0)
        })
        .optional()?;
    if let Some(by) = holder {
        return Ok(Deletion::Held { by });
    }
    audit::manifest(tx, deed, id, digest)?;
    tx.prepare_cached("DELETE FROM tag WHERE repository = ?1 AND digest = ?2")?
        .execute(row)?;
    remove(tx, signed(id.0), key(digest).as_bytes())?;
    effects.content(tx, ScopeId::repository(id))?;
    Ok(Deletion::Deleted)
}

/// Takes a manifest that no tag names out of a repository, and its bytes with the last one.
pub(crate) fn remove(tx: &Connection, repository: i64, digest: &[u8]) -> rusqlite::Result<()> {
    for sql in [
        "DELETE FROM reference WHERE repository = ?1 AND holder = ?2",
        "DELETE FROM manifest WHERE repository = ?1 AND digest = ?2",
    ] {
        tx.prepare_cached(sql)?
            .execute(params![repository, digest])?;
    }
    tx.prepare_cached(
        "DELETE FROM manifest_body
         WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM manifest WHERE digest = ?1)",
    )?
    .execute([digest])
    .map(drop)
}
