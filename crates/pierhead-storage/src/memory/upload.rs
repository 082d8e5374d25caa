//! Upload sessions.

use std::time::SystemTime;

use super::state::{Home, State, UploadRow};
use crate::{
    AdmissionChange, AdmissionFacts, BlobCommit, BlobRecord, CallerId, Generation, NewUpload,
    Permit, Place, Progress, StoreError, Upload, UploadId, UploadOwner,
};

impl State {
    pub(super) fn open_upload(
        &mut self,
        new: NewUpload,
        permit: &Permit,
    ) -> Result<Upload, StoreError> {
        self.permitted(permit)?;
        if let Some(admission) = &new.admission {
            let facts = AdmissionFacts::new(&permit.view, &new.by, AdmissionChange::Upload);
            admission.admit(&facts).map_err(StoreError::Refused)?;
        }
        if self.uploads.contains_key(&new.id) || self.knows(&new.place) {
            return Err(StoreError::Conflict("the upload's id or place is in use"));
        }
        self.end_idle(&new.by, new.most.saturating_sub(1));
        let row = UploadRow {
            home: Home::of(&permit.view),
            by: new.by,
            generation: 0,
            place: new.place,
            algorithm: new.algorithm,
            progress: None,
            alive_at: new.at,
        };
        let upload = row.upload(new.id);
        self.uploads.insert(new.id, row);
        Ok(upload)
    }

    /// Ends a caller's sessions but so many, those that have been idle longest.
    fn end_idle(&mut self, by: &CallerId, most: usize) {
        let theirs = self.uploads.iter().filter(|(_, row)| row.by == *by);
        let mut theirs: Vec<_> = theirs.map(|(id, row)| (row.alive_at, *id)).collect();
        theirs.sort_unstable();
        let over = theirs.len().saturating_sub(most);
        for (_, id) in theirs.into_iter().take(over) {
            if let Some(row) = self.uploads.remove(&id) {
                let checkpoint = row.checkpoint();
                self.condemn_place(row.place, row.alive_at, checkpoint);
            }
        }
    }

    /// Places are never used twice, and what is condemned never comes back.
    fn knows(&self, place: &Place) -> bool {
        self.condemned.contains_key(place)
            || self.uploads.values().any(|row| row.place == *place)
            || self.blobs.values().any(|blob| blob.place == *place)
    }

    pub(super) fn find_upload(&self, id: UploadId, of: &UploadOwner) -> Result<Upload, StoreError> {
        self.open(&of.view)?;
        match self.uploads.get(&id) {
            Some(row) if row.by == of.by && row.home == Home::of(&of.view) => Ok(row.upload(id)),
            _ => Err(StoreError::NotFound),
        }
    }

    pub(super) fn take_upload(
        &mut self,
        id: UploadId,
        of: &UploadOwner,
    ) -> Result<Upload, StoreError> {
        self.find_upload(id, of)?;
        let row = self.uploads.get_mut(&id).ok_or(StoreError::NotFound)?;
        row.generation += 1;
        Ok(row.upload(id))
    }

    pub(super) fn save_upload(
        &mut self,
        by: Generation,
        progress: Progress,
        at: SystemTime,
    ) -> Result<(), StoreError> {
        let row = self
            .uploads
            .get_mut(&by.upload)
            .filter(|row| row.generation == by.number);
        let row = row.ok_or(StoreError::Superseded)?;
        row.progress = Some(progress);
        row.alive_at = row.alive_at.max(at);
        Ok(())
    }

    /// The place counts as condemned since the session was last alive: nothing was ever visible
    /// there that a cache or a redirect might still lead to.
    pub(super) fn cancel_upload(
        &mut self,
        id: UploadId,
        of: &UploadOwner,
    ) -> Result<(), StoreError> {
        self.find_upload(id, of)?;
        let row = self.uploads.remove(&id).ok_or(StoreError::NotFound)?;
        let checkpoint = row.checkpoint();
        self.condemn_place(row.place, row.alive_at, checkpoint);
        Ok(())
    }

    pub(super) fn commit_blob(
        &mut self,
        commit: BlobCommit,
        permit: &Permit,
    ) -> Result<BlobRecord, StoreError> {
        let open = self.permitted(permit)?;
        let id = commit.generation.upload;
        let row = self
            .uploads
            .get(&id)
            .filter(|row| row.generation == commit.generation.number);
        let row = row.ok_or(StoreError::Superseded)?;
        if row.home != Home::of(&permit.view) || open.caller().is_some_and(|by| *by != row.by) {
            return Err(StoreError::NotFound);
        }
        let twin = self.blobs.get(&commit.digest).cloned();
        if twin.as_ref().is_some_and(|twin| twin.size != commit.size) {
            return Err(StoreError::Conflict(
                "the same digest is stored with another length",
            ));
        }
        let Some(row) = self.uploads.remove(&id) else {
            return Err(StoreError::Superseded);
        };
        let record = if let Some(twin) = twin {
            let checkpoint = row.checkpoint();
            self.condemn_place(row.place, commit.at, checkpoint);
            twin
        } else {
            let record = BlobRecord {
                digest: commit.digest,
                place: row.place,
                size: commit.size,
            };
            self.blobs.insert(commit.digest, record.clone());
            record
        };
        self.hold(open, commit.digest, commit.at)?;
        Ok(record)
    }
}

impl UploadRow {
    fn upload(&self, id: UploadId) -> Upload {
        Upload {
            generation: Generation {
                upload: id,
                number: self.generation,
            },
            place: self.place.clone(),
            algorithm: self.algorithm,
            progress: self.progress.clone(),
        }
    }
}
