//! Beginning, asking, taking over and ending a session.

use std::sync::Arc;

use futures::future::{Either, select};
use pierhead_model::{Algorithm, Hasher};
use pierhead_storage::{NewUpload, Permit, StoreError, Upload, UploadId, UploadOwner};

use super::live::{Claim, Live, Loan, Received};
use crate::access::Called;
use crate::writer::{StartUpload, UploadStatus, Writer};
use crate::{Error, Registry};

impl Writer {
    /// Begins a session.
    pub async fn start(&self, start: StartUpload) -> Result<UploadStatus, Error> {
        let (loan, id) = self.open(start.algorithm).await?;
        drop(loan);
        Ok(UploadStatus { id, offset: 0 })
    }

    /// Where a session stands: what a request that works on it has received, or what is safe.
    pub async fn status(&self, id: UploadId) -> Result<UploadStatus, Error> {
        let (upload, permit) = self.find(id).await?;
        let sessions = &self.access.registry.inner.sessions;
        let received = sessions.received(id, &self.owner_of(&permit));
        Ok(UploadStatus {
            id,
            offset: received.unwrap_or(upload.offset()),
        })
    }

    /// Ends a session; what it received is given up.
    pub async fn cancel(&self, id: UploadId) -> Result<(), Error> {
        let rows = &self.access.registry.inner.rows;
        let by = self.access.caller.id.clone();
        let call = self.access.call(|permit| {
            let (rows, of) = (
                Arc::clone(rows),
                UploadOwner {
                    view: permit.view,
                    by: by.clone(),
                },
            );
            Box::pin(async move { rows.cancel_upload(id, &of).await })
        });
        let ((), permit) = call.await.map_err(unknown)?;
        // A request that works on it will find out when it saves.
        if let Claim::Yours(loan) = self
            .access
            .registry
            .inner
            .sessions
            .claim(id, &self.owner_of(&permit))
        {
            loan.end();
        }
        Ok(())
    }

    /// Opens a session that this request works on from the beginning.
    pub(super) async fn open(&self, algorithm: Algorithm) -> Result<(Loan, UploadId), Error> {
        let inner = &self.access.registry.inner;
        let id = new_id()?;
        let place = inner.blobs.allocate();
        let new = NewUpload {
            id,
            by: self.access.caller.id.clone(),
            place,
            algorithm,
            at: inner.clock.now(),
            admission: inner.admission.clone(),
        };
        let rows = &inner.rows;
        let call = self.access.call(|permit| {
            let (rows, new) = (Arc::clone(rows), new.clone());
            Box::pin(async move { rows.open_upload(new, &permit).await })
        });
        let (upload, permit) = call.await?;
        Ok((
            inner
                .sessions
                .lend(Box::new(live(upload, self.owner_of(&permit)))),
            id,
        ))
    }

    /// Takes a session for this request: from memory when it is there, else from its row. An older
    /// request that works on it is told to stop first.
    pub(super) async fn take(&self, id: UploadId) -> Result<Loan, Error> {
        let inner = &self.access.registry.inner;
        let owner = UploadOwner {
            view: self.access.permit().view.clone(),
            by: self.access.caller.id.clone(),
        };
        match inner.sessions.claim(id, &owner) {
            Claim::Yours(loan) => return Ok(loan),
            Claim::Wait(returned) => {
                self.wait(returned).await;
                if let Claim::Yours(loan) = inner.sessions.claim(id, &owner) {
                    return Ok(loan);
                }
            }
            Claim::Absent => {}
        }
        let rows = &inner.rows;
        let by = self.access.caller.id.clone();
        let call = self.access.call(|permit| {
            let (rows, of) = (
                Arc::clone(rows),
                UploadOwner {
                    view: permit.view,
                    by: by.clone(),
                },
            );
            Box::pin(async move { rows.take_upload(id, &of).await })
        });
        let (upload, permit) = call.await.map_err(unknown)?;
        Ok(inner
            .sessions
            .lend(Box::new(live(upload, self.owner_of(&permit)))))
    }

    async fn find(&self, id: UploadId) -> Result<(Upload, Permit), Error> {
        let rows = &self.access.registry.inner.rows;
        let by = self.access.caller.id.clone();
        let call = self.access.call(|permit| {
            let (rows, of) = (
                Arc::clone(rows),
                UploadOwner {
                    view: permit.view,
                    by: by.clone(),
                },
            );
            Box::pin(async move { rows.find_upload(id, &of).await })
        });
        call.await.map_err(unknown)
    }

    fn owner_of(&self, permit: &Permit) -> UploadOwner {
        UploadOwner {
            view: permit.view.clone(),
            by: self.access.caller.id.clone(),
        }
    }

    /// Waits for an older request to let go, but not for ever: it may hang in the store.
    async fn wait(&self, returned: futures::channel::oneshot::Receiver<()>) {
        let inner = &self.access.registry.inner;
        let late = inner.clock.sleep(inner.limits.takeover);
        match select(returned, late).await {
            Either::Left(_) | Either::Right(_) => {}
        }
    }
}

/// A session as its row says it is.
fn live(upload: Upload, owner: UploadOwner) -> Live {
    let hasher = match &upload.progress {
        None => Some(Hasher::new(upload.algorithm)),
        Some(progress) => Hasher::resume(&progress.hash).ok(),
    };
    let received = Received::new(upload.offset());
    Live {
        generation: upload.generation,
        owner,
        place: upload.place,
        writer: None,
        hasher,
        received,
        saved: upload.progress,
        in_doubt: false,
    }
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
    /// Call it when the last request has ended.
    pub async fn close(&self) {
        for mut loan in self.inner.sessions.parked() {
            // What cannot be saved goes on from what was saved before.
            let _ = self.save(&mut loan).await;
            loan.end();
        }
    }
}
