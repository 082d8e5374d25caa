//! A session as this process holds it: the open writer, the running hash, and how far both are.

use std::fmt;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use pierhead_model::{HashState, Hasher};
use pierhead_storage::{BlobWriter, Generation, Place, Progress, StoreError, Upload};

use crate::registry::Inner;

/// How old what is written down of a session grows at most while bytes come.
const ALIVE: Duration = Duration::from_secs(60);

pub(crate) struct Live {
    generation: Generation,
    place: Place,
    /// Opened by the first request that brings bytes.
    writer: Option<Box<dyn BlobWriter>>,
    /// Absent when what was saved of it cannot be gone on from: the bytes are hashed once sealed.
    hasher: Option<Hasher>,
    /// Bytes received.
    offset: u64,
    /// What the row says.
    saved: Option<Progress>,
    saved_at: SystemTime,
    /// A store call is under way, or has ended in a way that leaves the writer unknown.
    in_doubt: bool,
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("generation", &self.generation)
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}

impl Live {
    /// A session as its row says it is.
    pub(super) fn new(upload: Upload, now: SystemTime) -> Self {
        let offset = upload.offset();
        let hasher = match &upload.progress {
            None => Some(Hasher::new(upload.algorithm)),
            Some(progress) => Hasher::resume(&progress.hash).ok(),
        };
        Self {
            generation: upload.generation,
            place: upload.place,
            writer: None,
            hasher: hasher.filter(|hasher| hasher.len() == offset),
            offset,
            saved: upload.progress,
            saved_at: now,
            in_doubt: false,
        }
    }

    pub(super) fn generation(&self) -> Generation {
        self.generation
    }

    pub(super) fn place(&self) -> &Place {
        &self.place
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// The hash of everything received, where it is known.
    pub(super) fn hasher(&self) -> Option<&Hasher> {
        self.hasher.as_ref()
    }

    pub(super) fn in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Until [`Live::trust`] the row may be gone, and who comes next must ask the store.
    pub(super) fn doubt(&mut self) {
        self.in_doubt = true;
    }

    /// The store has said that nothing was changed.
    pub(super) fn trust(&mut self) {
        self.in_doubt = false;
    }

    pub(super) fn is_open(&self) -> bool {
        self.writer.is_some()
    }

    /// Opens the place where the row says, which revokes every writer opened before.
    pub(super) async fn open(&mut self, inner: &Inner) -> Result<(), StoreError> {
        let from = self.saved.as_ref().map(|saved| saved.checkpoint.clone());
        self.writer = Some(inner.blobs.writer(&self.place, from).await?);
        Ok(())
    }

    fn writer(&mut self) -> Result<&mut Box<dyn BlobWriter>, StoreError> {
        self.writer.as_mut().ok_or(StoreError::Superseded)
    }

    /// Writes and hashes the next bytes.
    pub(super) async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.in_doubt = true;
        self.writer()?.write(chunk.clone()).await?;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&chunk);
        }
        self.offset += chunk.len() as u64;
        self.in_doubt = false;
        Ok(())
    }

    /// Whether so much has come, or so much time has gone by, that it is worth saving. On a slow
    /// line a session would otherwise seem to be idle, and end.
    pub(super) fn is_due(&self, inner: &Inner) -> bool {
        let saved = self
            .saved
            .as_ref()
            .map_or(0, |saved| saved.checkpoint.offset);
        let age = inner.clock.now().duration_since(self.saved_at);
        self.offset.saturating_sub(saved) >= inner.blobs.limits().checkpoint_every
            || age.is_ok_and(|age| age > ALIVE.min(inner.limits.upload_idle / 4))
    }

    /// Makes what was received durable and writes down how far it is, unless that is done already
    /// or there is nothing.
    pub(super) async fn save(&mut self, inner: &Inner) -> Result<(), StoreError> {
        if self.offset == 0 && self.saved.is_none() {
            return Ok(());
        }
        self.save_to_seal(inner).await
    }

    /// The same, also for a session that has received nothing: what is sealed must be saved first.
    pub(super) async fn save_to_seal(&mut self, inner: &Inner) -> Result<(), StoreError> {
        match &self.saved {
            Some(saved) if saved.checkpoint.offset == self.offset => Ok(()),
            _ => self.save_anew(inner).await,
        }
    }

    /// The same, even if nothing came since: the row says that the session is alive.
    pub(super) async fn save_anew(&mut self, inner: &Inner) -> Result<(), StoreError> {
        self.in_doubt = true;
        let checkpoint = self.writer()?.checkpoint().await?;
        let (offset, at) = (self.offset, inner.clock.now());
        // The hash goes with exactly these bytes. Where it is not known (a store that keeps a tail
        // to itself, a state of another version), nothing is written in its place, and a session
        // that goes on from here hashes its bytes once they are sealed.
        let known = self.hasher.as_ref().filter(|_| checkpoint.offset == offset);
        let hash = known.map_or_else(|| HashState::from_bytes(Bytes::new()), Hasher::save);
        let progress = Progress { checkpoint, hash };
        let saved = inner
            .rows
            .save_upload(self.generation, progress.clone(), at)
            .await;
        match saved {
            Ok(()) => {
                self.saved = Some(progress);
                self.saved_at = at;
            }
            Err(StoreError::Superseded) => return Err(StoreError::Superseded),
            // The row says something older, which is true as well, and the writer is as it was.
            Err(error) => {
                self.in_doubt = false;
                return Err(error);
            }
        }
        self.in_doubt = false;
        Ok(())
    }

    /// Makes everything readable. What was received must have been saved.
    pub(super) async fn seal(&mut self) -> Result<(), StoreError> {
        self.in_doubt = true;
        let sealed = self.writer()?.seal().await?;
        if sealed != self.offset {
            return Err(StoreError::Corrupt {
                what: "a place was sealed with another length than was written".to_owned(),
            });
        }
        self.in_doubt = false;
        Ok(())
    }
}
