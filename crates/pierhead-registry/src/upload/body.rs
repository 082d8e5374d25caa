//! Bytes in: hashed and written as they come, and saved every few mebibytes.

use std::time::Duration;

use bytes::Bytes;
use futures::future::{Either, select};
use futures::{Stream, StreamExt};
use pierhead_model::ContentRange;
use pierhead_storage::{StoreError, UploadId};

use super::session::missing;
use super::sessions::{Loan, Stopped};
use crate::writer::{UploadStatus, Writer};
use crate::{BodyError, Error};

/// How long a body may go on without a look at whether its sender still may, however slowly it
/// comes.
const ASK_EVERY: Duration = Duration::from_secs(15);

/// A body behind a pointer, so that receiving is compiled once.
type Body<'a> = &'a mut (dyn Stream<Item = Result<Bytes, BodyError>> + Send + Unpin);

impl Writer {
    /// Adds a body to a session, which must begin where the session stands and be as long as its
    /// range says, if it has one. What arrived before a body broke off is kept.
    ///
    /// Dropped at any point, the session goes on where a `status` tells; it may be behind what was
    /// sent, never ahead.
    ///
    /// # Errors
    /// [`Error::UploadUnknown`]; [`Error::RangeMismatch`]; [`Error::UploadTaken`] by a newer
    /// request; [`Error::BodyBroken`]; [`Error::BlobTooLarge`]; [`Error::Full`];
    /// [`Error::Unavailable`].
    pub async fn append(
        &self,
        id: UploadId,
        at: Option<ContentRange>,
        mut body: impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    ) -> Result<UploadStatus, Error> {
        let mut loan = self.acquire(id, at).await?;
        self.receive(&mut loan, at, &mut body).await?;
        // What closes a session is fenced when it commits; what only adds to it is asked about here.
        if let Err(error) = self.access.decide_again().await {
            loan.live = None;
            return Err(error);
        }
        let live = loan.live.as_mut().ok_or_else(missing)?;
        match live.save(&self.access.registry.inner).await {
            Ok(()) => Ok(UploadStatus {
                id,
                offset: loan.offset(),
            }),
            Err(error) => Err(self.lost(id, error).await),
        }
    }

    /// Reads a body into a session to its end. Whatever ends it early, what arrived is saved if it
    /// can be; if not, what was saved before is. Once its sender may not push any more, nothing is.
    pub(super) async fn receive(
        &self,
        loan: &mut Loan,
        at: Option<ContentRange>,
        body: Body<'_>,
    ) -> Result<(), Error> {
        let inner = &self.access.registry.inner;
        let halt = match self.read(loan, at, body).await {
            Ok(()) => return Ok(()),
            Err(halt) => halt,
        };
        let offset = loan.offset();
        let error = match halt {
            Halt::Stopped(Stopped::Taken) => return Err(Error::UploadTaken { offset }),
            Halt::Stopped(Stopped::Ended) => return Err(Error::UploadUnknown),
            Halt::Store(error) => return Err(self.lost(loan.id(), error).await),
            Halt::Refused(error) => {
                // Whoever comes next begins where it was saved.
                loan.live = None;
                return Err(error);
            }
            Halt::Broken(source) => Error::BodyBroken { offset, source },
            Halt::OtherLength => Error::RangeMismatch { offset },
            Halt::TooLarge { max } => Error::BlobTooLarge { max },
        };
        if let Some(live) = loan.live.as_mut() {
            drop(live.save(inner).await);
        }
        Err(error)
    }

    async fn read(
        &self,
        loan: &mut Loan,
        at: Option<ContentRange>,
        body: Body<'_>,
    ) -> Result<(), Halt> {
        let inner = &self.access.registry.inner;
        let max = inner.limits.max_blob.min(inner.blobs.limits().max_len);
        let end = at.map(|range| range.end().saturating_add(1));
        let mut asked = inner.clock.now();
        while let Some(chunk) = next(loan, body).await? {
            let chunk = chunk.map_err(Halt::Broken)?;
            if chunk.is_empty() {
                continue;
            }
            let reached = loan.offset().saturating_add(chunk.len() as u64);
            if reached > max {
                return Err(Halt::TooLarge { max });
            }
            if end.is_some_and(|end| reached > end) {
                return Err(Halt::OtherLength);
            }
            let live = loan.live.as_mut().ok_or(StoreError::Superseded)?;
            live.write(chunk).await?;
            let due = live.is_due(inner);
            let now = inner.clock.now();
            if due
                || now
                    .duration_since(asked)
                    .is_ok_and(|since| since > ASK_EVERY)
            {
                self.access.decide_again().await.map_err(Halt::Refused)?;
                asked = now;
            }
            if due {
                live.save_anew(inner).await?;
            }
            loan.note();
        }
        // A body that is not as long as its range said is not the chunk it was said to be.
        match end {
            Some(end) if end != loan.offset() => Err(Halt::OtherLength),
            _ => Ok(()),
        }
    }
}

/// Why a body did not arrive whole.
enum Halt {
    /// Its sender may not push here any more.
    Refused(Error),
    Stopped(Stopped),
    Broken(BodyError),
    OtherLength,
    TooLarge {
        max: u64,
    },
    Store(StoreError),
}

impl From<StoreError> for Halt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The next frame. To stop comes first: a client that never pauses is stopped as well, and one that
/// is waited for is not waited for any longer.
async fn next(loan: &mut Loan, body: Body<'_>) -> Result<Option<Result<Bytes, BodyError>>, Halt> {
    let stopped = std::pin::pin!(loan.stopped());
    match select(stopped, body.next()).await {
        Either::Left((why, _)) => Err(Halt::Stopped(why)),
        Either::Right((chunk, _)) => Ok(chunk),
    }
}
