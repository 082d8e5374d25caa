//! Beginning, asking, taking over and ending a session.

use std::sync::Arc;

use futures::future::{Either, select};
use pierhead_model::{Algorithm, ContentRange};
use pierhead_storage::{NewUpload, Permit, StoreError, Upload, UploadId, UploadOwner};

use super::live::Live;
use super::sessions::{Inheritance, Loan, Stopped};
use crate::access::Called;
use crate::writer::{StartUpload, UploadStatus, Writer};
use crate::{Error, Registry};

impl Writer {
    /// Begins a session.
    ///
    /// # Errors
    /// [`Error::Refused`] by the embedder; [`Error::Unavailable`]; what deciding again came to.
    pub async fn start(&self, start: StartUpload) -> Result<UploadStatus, Error> {
        let id = self.open(start.algorithm).await?;
        Ok(UploadStatus { id, offset: 0 })
    }

    /// Where a session stands: what has arrived, saved or not. Changes nothing; a request that is
    /// writing to the session goes on.
    ///
    /// # Errors
    /// [`Error::UploadUnknown`]; [`Error::Unavailable`]; what deciding again came to.
    pub async fn status(&self, id: UploadId) -> Result<UploadStatus, Error> {
        let found = self.find(id).await?;
        let received = self.access.registry.inner.sessions.received(id);
        let offset = found.offset().max(received.unwrap_or(0));
        Ok(UploadStatus { id, offset })
    }

    /// Ends a session; what it received is given up. A request that is writing to it answers
    /// [`Error::UploadUnknown`].
    ///
    /// # Errors
    /// [`Error::UploadUnknown`]; [`Error::Unavailable`]; what deciding again came to.
    pub async fn cancel(&self, id: UploadId) -> Result<(), Error> {
        let inner = &self.access.registry.inner;
        let ended = self
            .access
            .call(|permit| async move { inner.rows.cancel_upload(id, &self.owner(&permit)).await });
        ended.await.map_err(unknown)?;
        inner.sessions.end(id);
        Ok(())
    }

    /// Opens a session and parks it here.
    pub(super) async fn open(&self, algorithm: Algorithm) -> Result<UploadId, Error> {
        let inner = &self.access.registry.inner;
        let id = new_id()?;
        let new = &NewUpload {
            id,
            by: self.access.caller.id.clone(),
            place: inner.blobs.allocate(),
            algorithm,
            at: inner.clock.now(),
            most: inner.limits.uploads_per_caller,
            admission: inner.admission.clone(),
        };
        let call = self
            .access
            .call(|permit| async move { inner.rows.open_upload(new.clone(), &permit).await });
        let (upload, _) = call.await?;
        let live = Live::new(upload, new.at);
        inner.sessions.park(id, Box::new(live));
        Ok(id)
    }

    /// Gets a session for this request: from memory when it is here and nobody has taken it since,
    /// from an older request that works on it, or from its row.
    ///
    /// Whose it is and what has become of it is asked of the store each time; that reads, while
    /// taking it would write.
    pub(super) async fn acquire(
        &self,
        id: UploadId,
        at: Option<ContentRange>,
    ) -> Result<Loan, Error> {
        let found = self.find(id).await?;
        let (mut loan, older) = self.access.registry.inner.sessions.claim(id);
        if let Some(older) = older {
            self.inherit(&mut loan, older).await?;
        }
        let here = loan.live.take();
        loan.live = here.filter(|live| live.generation() == found.generation);
        if loan.live.is_none() {
            loan.live = Some(self.take(id).await?);
        }
        loan.note();
        let offset = loan.offset();
        if at.is_some_and(|range| range.start() != offset) {
            return Err(Error::RangeMismatch { offset });
        }
        self.open_writer(&mut loan).await?;
        Ok(loan)
    }

    /// Opens the writer of a session that has none, then looks whether the session still is this
    /// request's.
    ///
    /// In this order: a request that was slow to open would otherwise push a newer one aside and
    /// write other bytes where the newer one's hash was saved. Who takes the session after this
    /// look opens after it as well, and stops this one.
    async fn open_writer(&self, loan: &mut Loan) -> Result<(), Error> {
        let inner = &self.access.registry.inner;
        let (id, offset) = (loan.id(), loan.offset());
        let Some(live) = loan.live.as_mut().filter(|live| !live.is_open()) else {
            return Ok(());
        };
        live.doubt();
        match live.open(inner).await {
            Ok(()) => {}
            // What was saved has been cut back by a slow opener: the client has to begin anew.
            Err(StoreError::NotFound) => {
                self.cancel(id).await?;
                return Err(Error::UploadUnknown);
            }
            Err(StoreError::Conflict(_)) => return Err(Error::RangeMismatch { offset }),
            Err(error) => return Err(error.into()),
        }
        let found = self.find(id).await?;
        if found.generation != live.generation() {
            return Err(Error::UploadTaken {
                offset: found.offset(),
            });
        }
        live.trust();
        Ok(())
    }

    /// Waits for what the older request gives back, but not for ever: it may hang in a store.
    async fn inherit(&self, loan: &mut Loan, older: Inheritance) -> Result<(), Error> {
        let inner = &self.access.registry.inner;
        let late = inner.clock.sleep(inner.limits.takeover);
        let stopped = {
            let stopped = std::pin::pin!(loan.stopped());
            match select(select(older, late), stopped).await {
                Either::Left((Either::Left((given, _)), _)) => Ok(given.ok().flatten()),
                Either::Left((Either::Right(_), _)) => Ok(None),
                // A still newer request has come.
                Either::Right((why, _)) => Err(why),
            }
        };
        match stopped {
            Ok(given) => {
                loan.live = given;
                Ok(())
            }
            Err(Stopped::Taken) => Err(Error::UploadTaken {
                offset: loan.offset(),
            }),
            Err(Stopped::Ended) => Err(Error::UploadUnknown),
        }
    }

    /// Takes the session from its row, away from whoever holds it.
    async fn take(&self, id: UploadId) -> Result<Box<Live>, Error> {
        let inner = &self.access.registry.inner;
        let taken = self
            .access
            .call(|permit| async move { inner.rows.take_upload(id, &self.owner(&permit)).await });
        let (upload, _) = taken.await.map_err(unknown)?;
        Ok(Box::new(Live::new(upload, inner.clock.now())))
    }

    async fn find(&self, id: UploadId) -> Result<Upload, Error> {
        let rows = &self.access.registry.inner.rows;
        let found = self
            .access
            .call(|permit| async move { rows.find_upload(id, &self.owner(&permit)).await });
        Ok(found.await.map_err(unknown)?.0)
    }

    fn owner(&self, permit: &Permit) -> UploadOwner {
        UploadOwner {
            view: permit.view.clone(),
            by: self.access.caller.id.clone(),
        }
    }

    /// What a store's failure means to a request that was writing to a session.
    pub(super) async fn lost(&self, id: UploadId, error: StoreError) -> Error {
        match error {
            // Taken over elsewhere, or gone: its row says where it stands now.
            StoreError::Superseded => match self.find(id).await {
                Ok(found) => Error::UploadTaken {
                    offset: found.offset(),
                },
                Err(error) => error,
            },
            // All of it is here and sealed; only the closing request is missing.
            StoreError::Conflict(_) => match self.find(id).await {
                Ok(found) => Error::RangeMismatch {
                    offset: found.offset(),
                },
                Err(error) => error,
            },
            StoreError::TooLarge => Error::BlobTooLarge {
                max: self.access.registry.inner.blobs.limits().max_len,
            },
            error => error.into(),
        }
    }
}

/// A loan whose session is not there: it came with the loan, so this is never seen.
pub(super) fn missing() -> Error {
    Error::UploadUnknown
}

/// A session that is not this caller's, or not this repository's, is as absent as one that never
/// was.
pub(super) fn unknown(called: Called) -> Error {
    match called {
        Called::Store(StoreError::NotFound | StoreError::Superseded) => Error::UploadUnknown,
        other => other.into(),
    }
}

fn new_id() -> Result<UploadId, Error> {
    let mut bits = [0; 16];
    getrandom::fill(&mut bits).map_err(|error| Error::Unavailable(Arc::new(error)))?;
    Ok(UploadId(u128::from_be_bytes(bits)))
}

impl Registry {
    /// Saves every session in memory that no request works on, so that a restart loses nothing.
    /// Call it when the last request has ended. What cannot be saved goes on from what was saved
    /// before.
    pub async fn close(&self) {
        let sessions = &self.inner.sessions;
        for id in sessions.parked() {
            let (mut loan, _) = sessions.claim(id);
            if let Some(live) = loan.live.as_mut() {
                drop(live.save(&self.inner).await);
            }
            loan.end();
        }
    }
}
