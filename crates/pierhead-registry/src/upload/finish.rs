//! Closing a session: compared, saved, sealed, committed, in this order.
//!
//! Each step can be repeated: a request that is dropped between two of them leaves a session that
//! its client can close again, or a committed blob.

use std::sync::Arc;

use bytes::Bytes;
use futures::{Stream, TryStreamExt};
use pierhead_model::{ContentDigest, ContentRange, Hasher};
use pierhead_storage::{
    BlobCommit, BlobRead, BlobRecord, Place, ReadOptions, StoreError, UploadId,
};

use super::live::Live;
use super::session::missing;
use crate::access::Called;
use crate::reader::is_there;
use crate::writer::Writer;
use crate::{BodyError, Error, Event};

impl Writer {
    /// Adds the last body, if there is one, and closes the session. The blob is durable when this
    /// returns; dropped before, it leaves a session that can be closed again, or the blob.
    ///
    /// # Errors
    /// As [`Writer::append`]; [`Error::DigestMismatch`], after which the session is gone; what
    /// deciding again came to.
    pub async fn finish(
        &self,
        id: UploadId,
        at: Option<ContentRange>,
        mut body: impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
        digest: &ContentDigest,
    ) -> Result<BlobRecord, Error> {
        let mut loan = self.acquire(id, at).await?;
        self.receive(&mut loan, at, &mut body).await?;
        // From here on nobody makes it stop: a newer request waits for its end.
        let live = loan.live.as_mut().ok_or_else(missing)?;
        let done = self.complete(live, digest).await;
        match done {
            Ok(_) => loan.end(),
            Err(Error::DigestMismatch(_)) => {
                // The bytes are not what they were said to be, and nobody can say which are wrong.
                // Should the row outlive this, it expires by itself.
                drop(self.cancel(id).await);
                loan.end();
            }
            Err(_) => {}
        }
        done
    }

    /// Takes a whole blob in one request. It is durable when this returns.
    ///
    /// # Errors
    /// As [`Writer::finish`].
    pub async fn upload(
        &self,
        body: impl Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
        digest: &ContentDigest,
    ) -> Result<BlobRecord, Error> {
        let id = self.open(digest.algorithm()).await?;
        let done = self.finish(id, None, body, digest).await;
        if done.is_err() {
            // Nobody knows this session's id: nobody could go on with it.
            drop(self.cancel(id).await);
        }
        done
    }

    async fn complete(&self, live: &mut Live, digest: &ContentDigest) -> Result<BlobRecord, Error> {
        let inner = &self.access.registry.inner;
        let id = live.generation().upload;
        let hashed = live.hasher().cloned();
        let hashed = hashed.filter(|hasher| hasher.algorithm() == digest.algorithm());
        let on_the_way = hashed.is_some();
        if let Some(hasher) = hashed {
            hasher.finish().verify(*digest)?;
        }
        if let Err(error) = live.save_to_seal(inner).await {
            return Err(self.lost(id, error).await);
        }
        if let Err(error) = live.seal().await {
            return Err(self.lost(id, error).await);
        }
        if !on_the_way {
            let (place, size) = (live.place().clone(), live.offset());
            self.read_back(&place, size, digest)
                .await?
                .verify(*digest)?;
        }
        self.commit(live, digest).await
    }

    async fn commit(&self, live: &mut Live, digest: &ContentDigest) -> Result<BlobRecord, Error> {
        let registry = &self.access.registry;
        let commit = BlobCommit {
            generation: live.generation(),
            digest: *digest,
            size: live.offset(),
            at: registry.clock().now(),
        };
        let rows = &registry.inner.rows;
        live.doubt();
        let call = self
            .access
            .call(|permit| async move { rows.commit_blob(commit, &permit).await });
        match call.await {
            Ok((record, _)) => {
                if record.place != *live.place() {
                    self.mend(&record, live.place()).await?;
                }
                registry.tell(|| Event::BlobAdded {
                    name: self.access.name.clone(),
                    digest: *digest,
                    size: record.size,
                    by: self.access.caller.actor(),
                });
                Ok(record)
            }
            // Refused, and nothing was changed: should it be allowed again, it can be closed again.
            Err(Called::Refused(error)) => {
                live.trust();
                Err(error)
            }
            Err(Called::Store(StoreError::NotFound)) => Err(Error::UploadUnknown),
            // That the digest exists with another length is damage, whoever is asked.
            Err(Called::Store(error @ StoreError::Conflict(_))) => Err(error.into()),
            Err(Called::Store(error)) => Err(self.lost(commit.generation.upload, error).await),
        }
    }

    /// Gives a blob its bytes again, if they are lost, from those of its digest that have just been
    /// sealed. Nothing is acknowledged that is not there. Dropped, it is repeated by the next upload.
    async fn mend(&self, record: &BlobRecord, from: &Place) -> Result<(), Error> {
        let blobs = &self.access.registry.inner.blobs;
        if is_there(&**blobs, record).await? {
            return Ok(());
        }
        let all = 0..record.size;
        let BlobRead::Stream(mut bytes) = blobs.read(from, all, &ReadOptions::default()).await?
        else {
            return Err(redirected());
        };
        // What is there is too short.
        blobs.remove(&record.place, None).await?;
        let mut writer = blobs.writer(&record.place, None).await?;
        while let Some(chunk) = bytes.try_next().await? {
            writer.write(chunk).await?;
        }
        if writer.seal().await? == record.size {
            Ok(())
        } else {
            Err(shortened())
        }
    }

    /// Hashes sealed bytes under an algorithm they were not hashed with as they came.
    async fn read_back(
        &self,
        place: &Place,
        size: u64,
        digest: &ContentDigest,
    ) -> Result<ContentDigest, Error> {
        let blobs = &self.access.registry.inner.blobs;
        let mut hasher = Hasher::new(digest.algorithm());
        let read = blobs.read(place, 0..size, &ReadOptions::default()).await?;
        let BlobRead::Stream(mut bytes) = read else {
            return Err(redirected());
        };
        while let Some(chunk) = bytes.try_next().await? {
            hasher.update(&chunk);
        }
        if hasher.len() != size {
            return Err(shortened());
        }
        Ok(hasher.finish())
    }
}

fn redirected() -> Error {
    let unasked = StoreError::Conflict("a redirect that nobody asked for");
    Error::Corrupt(Arc::new(unasked))
}

fn shortened() -> Error {
    let what = "a blob read back has another length".to_owned();
    Error::Corrupt(Arc::new(StoreError::Corrupt { what }))
}
