//! Bytes in: hashed and written as they come, and saved every few mebibytes.

use bytes::Bytes;
use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use pierhead_model::{ContentRange, HashState, Hasher};
use pierhead_storage::{Progress, StoreError, UploadId};

use super::live::{Live, Loan};
use crate::writer::{UploadStatus, Writer};
use crate::{BodyError, Error, Registry};

impl Writer {
    /// Adds a body to a session. What arrived before a body broke off is kept.
    ///
    /// Dropped at any point, the session goes on where a `status` tells; it may be behind what was
    /// sent, never ahead.
    pub async fn append(
        &self,
        id: UploadId,
        at: Option<ContentRange>,
        body: impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    ) -> Result<UploadStatus, Error> {
        let mut loan = self.take(id).await?;
        check_range(&mut loan, at)?;
        self.receive(&mut loan, at, body).await?;
        self.access.registry.save(&mut loan).await?;
        Ok(UploadStatus {
            id,
            offset: session(&mut loan)?.offset(),
        })
    }

    /// Reads a body into a session to its end.
    pub(super) async fn receive(
        &self,
        loan: &mut Loan,
        at: Option<ContentRange>,
        mut body: impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    ) -> Result<(), Error> {
        let registry = &self.access.registry;
        let limits = registry.inner.blobs.limits();
        let max = registry.limits().max_blob.min(limits.max_len);
        let end = at.map(|range| range.end().saturating_add(1));
        loop {
            let next = match select(body.next(), &mut loan.stop).await {
                Either::Left((next, _)) => next,
                Either::Right(_) => {
                    return Err(Error::UploadTaken {
                        offset: session(loan)?.offset(),
                    });
                }
            };
            let chunk = match next {
                Some(Ok(chunk)) => chunk,
                Some(Err(source)) => {
                    // What arrived is worth keeping; if it cannot be, what was saved before is.
                    let _ = registry.save(loan).await;
                    return Err(Error::BodyBroken {
                        offset: session(loan)?.offset(),
                        source,
                    });
                }
                None => break,
            };
            let offset = session(loan)?.offset();
            let reached = offset.saturating_add(chunk.len() as u64);
            if reached > max {
                return Err(Error::BlobTooLarge { max });
            }
            if end.is_some_and(|end| reached > end) {
                return Err(Error::RangeMismatch { offset });
            }
            registry.write(loan, chunk).await?;
            let live = session(loan)?;
            let saved = live
                .saved
                .as_ref()
                .map_or(0, |progress| progress.checkpoint.offset);
            if live.offset() - saved >= limits.checkpoint_every {
                registry.save(loan).await?;
            }
        }
        // A body that is not as long as its range said is not the chunk it was said to be.
        match session(loan)?.offset() {
            offset if end.is_some_and(|end| offset != end) => Err(Error::RangeMismatch { offset }),
            _ => Ok(()),
        }
    }
}

/// A chunk must begin where the session stands.
pub(super) fn check_range(loan: &mut Loan, at: Option<ContentRange>) -> Result<(), Error> {
    let offset = session(loan)?.offset();
    match at {
        Some(range) if range.start() != offset => Err(Error::RangeMismatch { offset }),
        _ => Ok(()),
    }
}

/// The session of a loan, which is there until the loan ends.
pub(super) fn session(loan: &mut Loan) -> Result<&mut Live, Error> {
    loan.live().ok_or(Error::UploadUnknown)
}

impl Registry {
    async fn write(&self, loan: &mut Loan, chunk: Bytes) -> Result<(), Error> {
        self.open_writer(loan).await?;
        let live = session(loan)?;
        let len = chunk.len() as u64;
        live.in_doubt = true;
        if let Some(hasher) = &mut live.hasher {
            hasher.update(&chunk);
        }
        let Some(writer) = &mut live.writer else {
            return Err(Error::UploadUnknown);
        };
        let written = writer.write(chunk).await;
        let live = session(loan)?;
        match written {
            Ok(()) => {
                live.received.add(len);
                live.in_doubt = false;
                Ok(())
            }
            Err(error) => Err(taken(error, live.offset())),
        }
    }

    async fn open_writer(&self, loan: &mut Loan) -> Result<(), Error> {
        let live = session(loan)?;
        if live.writer.is_some() {
            return Ok(());
        }
        let from = live
            .saved
            .as_ref()
            .map(|progress| progress.checkpoint.clone());
        let opened = self.inner.blobs.writer(&live.place, from).await;
        let live = session(loan)?;
        live.writer = Some(opened.map_err(|error| taken(error, live.offset()))?);
        Ok(())
    }

    /// Makes what was received durable and writes down how far it is, unless that is done already.
    pub(crate) async fn save(&self, loan: &mut Loan) -> Result<(), Error> {
        let live = session(loan)?;
        if live
            .saved
            .as_ref()
            .is_some_and(|saved| saved.checkpoint.offset == live.offset())
        {
            return Ok(());
        }
        if live.offset() == 0 && live.writer.is_none() {
            return Ok(());
        }
        self.save_always(loan).await
    }

    /// The same, also for a session that has received nothing: what is sealed must be saved first.
    pub(super) async fn save_always(&self, loan: &mut Loan) -> Result<(), Error> {
        self.open_writer(loan).await?;
        let live = session(loan)?;
        let offset = live.offset();
        let Some(writer) = &mut live.writer else {
            return Err(Error::UploadUnknown);
        };
        live.in_doubt = true;
        let checkpoint = writer
            .checkpoint()
            .await
            .map_err(|error| taken(error, offset))?;
        let live = session(loan)?;
        live.in_doubt = false;
        // The hash goes with exactly these bytes. Where it is not known (a store that keeps a tail to
        // itself, a state of another version), nothing is written in its place, and a session that
        // goes on from here hashes its bytes once they are sealed.
        let known = live.hasher.as_ref().filter(|_| checkpoint.offset == offset);
        let hash = known.map_or_else(|| HashState::from_bytes(Bytes::new()), Hasher::save);
        let progress = Progress { checkpoint, hash };
        let (generation, at) = (live.generation, self.inner.clock.now());
        let saved = self
            .inner
            .rows
            .save_upload(generation, progress.clone(), at)
            .await;
        let live = session(loan)?;
        match saved {
            Ok(()) => {
                live.saved = Some(progress);
                Ok(())
            }
            Err(error) => {
                live.in_doubt = matches!(error, StoreError::Superseded);
                Err(taken(error, offset))
            }
        }
    }
}

/// What a store says to a request whose session a newer one has.
pub(super) fn taken(error: StoreError, offset: u64) -> Error {
    match error {
        StoreError::Superseded => Error::UploadTaken { offset },
        StoreError::TooLarge => Error::BlobTooLarge { max: offset },
        error => error.into(),
    }
}
