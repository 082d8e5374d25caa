//! One upload: bytes are collected, and become parts.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::lock::OwnedMutexGuard;
use pierhead::prelude::async_trait;
use pierhead::storage::{BlobWriter, Checkpoint, Place, StoreError};

use crate::Bucket;
use crate::recipe::{Recipe, failed, part_key, sealed_key};
use crate::store::{PART, Turn};

/// Writes to a place until a newer one takes its turn.
pub(crate) struct BucketWriter {
    bucket: Arc<dyn Bucket>,
    at: Place,
    turn: Turn,
    number: u64,
    recipe: Recipe,
    sealed: bool,
    collected: BytesMut,
    /// A part failed or was broken off on its way: nobody knows what arrived.
    broken: bool,
}

impl BucketWriter {
    pub(crate) fn new(
        bucket: Arc<dyn Bucket>,
        at: Place,
        turn: Turn,
        number: u64,
        recipe: Recipe,
        sealed: bool,
    ) -> Self {
        Self {
            bucket,
            at,
            turn,
            number,
            recipe,
            sealed,
            collected: BytesMut::new(),
            broken: false,
        }
    }

    /// The turn, if it is still this writer's.
    async fn newest(&self) -> Result<OwnedMutexGuard<u64>, StoreError> {
        let newest = Arc::clone(&self.turn).lock_owned().await;
        if *newest != self.number {
            return Err(StoreError::Superseded);
        }
        if self.broken {
            let why = "a part was lost on its way; open the writer again from its checkpoint";
            return Err(StoreError::unavailable("writing", why));
        }
        Ok(newest)
    }

    /// Puts an object. The turn goes with it to its end, even if the caller is gone by then: what is
    /// on its way to a bucket cannot be called back, and must not arrive in a newer writer's time.
    async fn put(
        &self,
        turn: OwnedMutexGuard<u64>,
        key: String,
        bytes: Bytes,
    ) -> Result<(), StoreError> {
        let bucket = Arc::clone(&self.bucket);
        let putting = tokio::spawn(async move {
            let done = bucket.put(&key, bytes).await;
            drop(turn);
            done
        });
        let done = putting.await;
        let done = done.map_err(|error| StoreError::unavailable("writing a part", error))?;
        done.map_err(failed("writing a part"))
    }

    /// Makes a part of the first bytes that were collected.
    async fn ship(&mut self, len: usize) -> Result<(), StoreError> {
        let turn = self.newest().await?;
        // A name that no other writer's part has, nor will have.
        let part = Place::random().to_string();
        let bytes = self.collected.split_to(len).freeze();
        self.broken = true;
        self.put(turn, part_key(&self.at, &part), bytes).await?;
        self.broken = false;
        self.recipe.parts.push((part, len as u64));
        Ok(())
    }
}

#[async_trait]
impl BlobWriter for BucketWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        drop(self.newest().await?);
        if self.sealed {
            return Err(StoreError::Conflict("the place is sealed"));
        }
        self.collected.extend_from_slice(&chunk);
        while self.collected.len() >= PART {
            self.ship(PART).await?;
        }
        Ok(())
    }

    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        drop(self.newest().await?);
        if !self.collected.is_empty() {
            self.ship(self.collected.len()).await?;
        }
        Ok(Checkpoint {
            offset: self.recipe.len(),
            state: self.recipe.write()?,
        })
    }

    async fn seal(&mut self) -> Result<u64, StoreError> {
        let last = self.checkpoint().await?;
        if !self.sealed {
            let turn = self.newest().await?;
            self.put(turn, sealed_key(&self.at), last.state).await?;
            self.sealed = true;
        }
        Ok(last.offset)
    }
}
