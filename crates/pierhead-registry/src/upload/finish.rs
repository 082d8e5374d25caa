//! Closing a session: compared, saved, sealed, committed, in this order.
//!
//! Each step can be repeated: a request that is dropped between two of them leaves a session that
//! its client can close again, or a committed blob.

use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use pierhead_model::{ContentDigest, ContentRange, DigestMismatch, Hasher};
use pierhead_storage::{
    BlobCommit, BlobRead, BlobRecord, ReadOptions, StoreError, UploadId, UploadOwner,
};

use super::body::{check_range, session, taken};
use super::live::Loan;
use crate::access::Called;
use crate::writer::Writer;
use crate::{BodyError, Error, Event};

impl Writer {
    /// Adds the last body, if there is one, and closes the session. A digest that the bytes do not
    /// have ends it.
    pub async fn finish(
        &self,
        id: UploadId,
        at: Option<ContentRange>,
        body: impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
        digest: &ContentDigest,
    ) -> Result<BlobRecord, Error> {
        let mut loan = self.take(id).await?;
        check_range(&mut loan, at)?;
        self.receive(&mut loan, at, body).await?;
        self.close(loan, digest).await
    }

    /// Takes a whole blob in one request.
    pub async fn upload(
        &self,
        body: impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
        digest: &ContentDigest,
    ) -> Result<BlobRecord, Error> {
        let (mut loan, _) = self.open(digest.algorithm()).await?;
        self.receive(&mut loan, None, body).await?;
        self.close(loan, digest).await
    }

    async fn close(&self, mut loan: Loan, digest: &ContentDigest) -> Result<BlobRecord, Error> {
        let registry = &self.access.registry;
        let hashed = session(&mut loan)?.hasher.clone();
        let hashed = hashed.filter(|hasher| hasher.algorithm() == digest.algorithm());
        if let Some(found) = hashed.as_ref().map(|hasher| hasher.clone().finish())
            && let Err(mismatch) = found.verify(*digest)
        {
            return Err(self.give_up(loan, mismatch).await);
        }
        let live = session(&mut loan)?;
        let offset = live.offset();
        if live
            .saved
            .as_ref()
            .is_none_or(|saved| saved.checkpoint.offset != offset)
            || live.writer.is_none()
        {
            registry.save_always(&mut loan).await?;
        }
        let live = session(&mut loan)?;
        let Some(writer) = &mut live.writer else {
            return Err(Error::UploadUnknown);
        };
        live.in_doubt = true;
        let size = writer.seal().await.map_err(|error| taken(error, offset))?;
        session(&mut loan)?.in_doubt = false;
        if hashed.is_none() {
            let found = self.read_back(&mut loan, size, digest).await?;
            if let Err(mismatch) = found.verify(*digest) {
                return Err(self.give_up(loan, mismatch).await);
            }
        }
        self.commit(loan, digest, size).await
    }

    async fn commit(
        &self,
        mut loan: Loan,
        digest: &ContentDigest,
        size: u64,
    ) -> Result<BlobRecord, Error> {
        let registry = &self.access.registry;
        let commit = BlobCommit {
            generation: session(&mut loan)?.generation,
            digest: *digest,
            size,
            at: registry.clock().now(),
        };
        let rows = &registry.inner.rows;
        let call = self.access.call(|permit| {
            let rows = Arc::clone(rows);
            Box::pin(async move { rows.commit_blob(commit, &permit).await })
        });
        match call.await {
            Ok((record, _)) => {
                loan.end();
                let Self { access } = self;
                registry.tell(|| Event::BlobAdded {
                    name: access.name.clone(),
                    digest: *digest,
                    size: record.size,
                    by: access.caller.id.clone(),
                });
                Ok(record)
            }
            Err(Called::Store(StoreError::Superseded)) => {
                loan.end();
                Err(Error::UploadTaken { offset: size })
            }
            Err(called) => Err(called.into()),
        }
    }

    /// Hashes sealed bytes under an algorithm they were not hashed with as they came.
    async fn read_back(
        &self,
        loan: &mut Loan,
        size: u64,
        digest: &ContentDigest,
    ) -> Result<ContentDigest, Error> {
        let place = session(loan)?.place.clone();
        let blobs = &self.access.registry.inner.blobs;
        let mut hasher = Hasher::new(digest.algorithm());
        if size > 0 {
            let read = blobs.read(&place, 0..size, &ReadOptions::default()).await?;
            let BlobRead::Stream(bytes) = read else {
                let unasked = StoreError::Conflict("a redirect that nobody asked for");
                return Err(Error::Corrupt(Arc::new(unasked)));
            };
            let mut bytes = bytes.fuse();
            while let Some(chunk) = bytes.try_next().await? {
                hasher.update(&chunk);
            }
        }
        Ok(hasher.finish())
    }

    /// The bytes are not what they were said to be, and nobody can say which of them are wrong.
    async fn give_up(&self, mut loan: Loan, mismatch: DigestMismatch) -> Error {
        if let Ok(live) = session(&mut loan) {
            let (id, by) = (live.generation.upload, self.access.caller.id.clone());
            let of = UploadOwner {
                view: live.owner.view.clone(),
                by,
            };
            // Should the row outlive this, it expires by itself.
            let _ = self.access.registry.inner.rows.cancel_upload(id, &of).await;
        }
        loan.end();
        mismatch.into()
    }
}
