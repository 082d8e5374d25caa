//! Upload sessions.

use pierhead_model::{Algorithm, HashState};
use pierhead_storage::{
    AdmissionChange, AdmissionFacts, BlobCommit, BlobRecord, Checkpoint, Generation, NewUpload,
    Permit, Place, Progress, RepositoryId, StoreError, Upload, UploadId, UploadOwner, View,
};
use rusqlite::types::{FromSqlError, Type};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use std::time::SystemTime;

use crate::board::Effects;
use crate::codec::{
    self, RowExt as _, algorithm_code, count, damaged, key, micros, signed, upload_key,
};
use crate::error::Fault;
use crate::fence::{open, permitted};
use crate::{blob, collect};

/// A session as it is stored.
struct UploadRow {
    repository: Option<RepositoryId>,
    name: Option<String>,
    caller: String,
    place: Place,
    algorithm: Algorithm,
    generation: u64,
    alive_at: i64,
    progress: Option<Progress>,
}

impl UploadRow {
    fn find(connection: &Connection, id: UploadId) -> Result<Option<Self>, Fault> {
        let mut find = connection.prepare_cached(
            r#"SELECT repository, name, caller, place, algorithm, generation, alive_at,
                      hash, "offset", state
               FROM upload WHERE id = ?1"#,
        )?;
        Ok(find
            .query_row([upload_key(id)], Self::from_row)
            .optional()?)
    }

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        let repository: Option<i64> = row.get(0)?;
        let algorithm = codec::algorithm(row.get(4)?)
            .ok_or_else(|| damaged(4, Type::Integer, FromSqlError::InvalidType))?;
        let progress = match row.checkpoint(8, 9)? {
            Some(checkpoint) => Some(Progress {
                checkpoint,
                hash: HashState::from_bytes(row.get::<_, Vec<u8>>(7)?),
            }),
            None => None,
        };
        Ok(Self {
            repository: repository.map(|id| RepositoryId(id.cast_unsigned())),
            name: row.get(1)?,
            caller: row.get(2)?,
            place: row.place(3)?,
            algorithm,
            generation: row.unsigned(5)?,
            alive_at: row.get(6)?,
            progress,
        })
    }

    /// Whether the session was begun in what this view opens.
    fn is_in(&self, view: &View) -> bool {
        match view {
            View::Repository(id) => self.repository == Some(*id),
            View::New(new) => self.name.as_deref() == Some(new.name.as_str()),
        }
    }

    fn checkpoint(&self) -> Option<&Checkpoint> {
        self.progress.as_ref().map(|progress| &progress.checkpoint)
    }

    fn into_upload(self, id: UploadId) -> Upload {
        Upload {
            generation: Generation {
                upload: id,
                number: self.generation,
            },
            place: self.place,
            algorithm: self.algorithm,
            progress: self.progress,
        }
    }
}

pub(crate) fn open_upload(
    tx: &Connection,
    new: NewUpload,
    permit: &Permit,
) -> Result<Upload, Fault> {
    permitted(tx, permit)?;
    if let Some(admission) = &new.admission {
        let facts = AdmissionFacts::new(&permit.view, &new.by, AdmissionChange::Upload);
        admission.admit(&facts).map_err(StoreError::Refused)?;
    }
    let alive_at = micros(new.at);
    let placed = tx
        .prepare_cached("INSERT OR IGNORE INTO place (place, state, since) VALUES (?1, 0, ?2)")?
        .execute(params![new.place.as_str(), alive_at])?;
    let (repository, name, parent) = match &permit.view {
        View::Repository(id) => (Some(signed(id.0)), None, None),
        View::New(new) => {
            let parent = new.parent.map(|parent| signed(parent.0));
            (None, Some(new.name.as_str()), parent)
        }
    };
    collect::end_idle_uploads(tx, &new.by, new.most.saturating_sub(1))?;
    let opened = tx
        .prepare_cached(
            "INSERT INTO upload
                 (id, repository, name, parent, caller, place, algorithm, generation, alive_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 0, ?8)
             ON CONFLICT DO NOTHING",
        )?
        .execute(params![
            upload_key(new.id),
            repository,
            name,
            parent,
            new.by.as_str(),
            new.place.as_str(),
            algorithm_code(new.algorithm),
            alive_at
        ])?;
    if placed == 0 || opened == 0 {
        return Err(StoreError::Conflict("the upload's id or place is in use").into());
    }
    Ok(Upload {
        generation: Generation {
            upload: new.id,
            number: 0,
        },
        place: new.place,
        algorithm: new.algorithm,
        progress: None,
    })
}

/// The session of this owner. One that is not there may be so because the view is stale.
fn owned(connection: &Connection, id: UploadId, of: &UploadOwner) -> Result<UploadRow, Fault> {
    let row = UploadRow::find(connection, id)?;
    open(connection, &of.view)?;
    row.filter(|row| row.caller == of.by.as_str() && row.is_in(&of.view))
        .ok_or_else(|| StoreError::NotFound.into())
}

pub(crate) fn find_upload(
    connection: &Connection,
    id: UploadId,
    of: &UploadOwner,
) -> Result<Upload, Fault> {
    owned(connection, id, of).map(|row| row.into_upload(id))
}

pub(crate) fn take_upload(
    tx: &Connection,
    id: UploadId,
    of: &UploadOwner,
) -> Result<Upload, Fault> {
    let mut row = owned(tx, id, of)?;
    row.generation += 1;
    tx.prepare_cached("UPDATE upload SET generation = ?2 WHERE id = ?1")?
        .execute(params![upload_key(id), signed(row.generation)])?;
    Ok(row.into_upload(id))
}

pub(crate) fn save_upload(
    tx: &Connection,
    by: Generation,
    progress: &Progress,
    at: SystemTime,
) -> Result<(), Fault> {
    let saved = tx
        .prepare_cached(
            r#"UPDATE upload
               SET hash = ?3, "offset" = ?4, state = ?5, alive_at = max(alive_at, ?6)
               WHERE id = ?1 AND generation = ?2"#,
        )?
        .execute(params![
            upload_key(by.upload),
            signed(by.number),
            progress.hash.as_bytes(),
            count(progress.checkpoint.offset),
            &progress.checkpoint.state[..],
            micros(at)
        ])?;
    if saved == 0 {
        return Err(StoreError::Superseded.into());
    }
    Ok(())
}

/// The place counts as condemned since the session was last alive: nothing was ever visible there
/// that a cache or a redirect might still lead to.
pub(crate) fn cancel_upload(tx: &Connection, id: UploadId, of: &UploadOwner) -> Result<(), Fault> {
    let row = owned(tx, id, of)?;
    end(tx, id)?;
    blob::condemn_place(tx, &row.place, row.alive_at, row.checkpoint())
}

fn end(tx: &Connection, id: UploadId) -> rusqlite::Result<()> {
    tx.prepare_cached("DELETE FROM upload WHERE id = ?1")?
        .execute([upload_key(id)])
        .map(drop)
}

pub(crate) fn commit_blob(
    tx: &Connection,
    effects: &mut Effects,
    commit: &BlobCommit,
    permit: &Permit,
) -> Result<BlobRecord, Fault> {
    let to = permitted(tx, permit)?;
    let id = commit.generation.upload;
    let row = UploadRow::find(tx, id)?
        .filter(|row| row.generation == commit.generation.number)
        .ok_or(StoreError::Superseded)?;
    if !row.is_in(&permit.view) || to.caller().is_some_and(|by| by.as_str() != row.caller) {
        return Err(StoreError::NotFound.into());
    }
    end(tx, id)?;
    let record = if let Some(twin) = blob::find_record(tx, &commit.digest)? {
        if twin.size != commit.size {
            let conflict = "the same digest is stored with another length";
            return Err(StoreError::Conflict(conflict).into());
        }
        blob::condemn_place(tx, &row.place, micros(commit.at), row.checkpoint())?;
        twin
    } else {
        tx.prepare_cached("UPDATE place SET state = 1, since = ?2 WHERE place = ?1")?
            .execute(params![row.place.as_str(), micros(commit.at)])?;
        tx.prepare_cached("INSERT INTO blob (digest, place, size) VALUES (?1, ?2, ?3)")?
            .execute(params![
                key(&commit.digest),
                row.place.as_str(),
                count(commit.size)
            ])?;
        BlobRecord {
            digest: commit.digest,
            place: row.place,
            size: commit.size,
        }
    };
    blob::hold(tx, effects, to, &commit.digest, commit.at)?;
    Ok(record)
}
