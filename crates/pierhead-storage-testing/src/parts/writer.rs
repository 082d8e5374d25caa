//! Writing in parts.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use pierhead_storage::{BlobStore, BlobWriter, Checkpoint, StoreError};

use super::recipe::Recipe;
use super::{Parts, Tail};

/// Collects bytes until a part is full.
pub(super) struct PartsWriter {
    store: Arc<dyn BlobStore>,
    inner: Box<dyn BlobWriter>,
    part: usize,
    kind: Tail,
    max_len: u64,
    /// Bytes in full parts and in the tail.
    len: u64,
    tail: BytesMut,
    recipe: Recipe,
    /// The next seal happens and answers an error.
    doubtful: bool,
    sealed: bool,
    /// A part failed or was broken off on its way: nobody knows what arrived.
    broken: bool,
}

impl PartsWriter {
    pub(super) fn new(
        parts: &Parts,
        inner: Box<dyn BlobWriter>,
        recipe: Recipe,
        tail: &Bytes,
    ) -> Self {
        let shipped = recipe.shipped.as_ref().map_or(0, |shipped| shipped.offset);
        Self {
            store: parts.inner.clone(),
            inner,
            part: parts.part,
            kind: parts.tail,
            max_len: parts.inner.limits().max_len,
            len: shipped + tail.len() as u64,
            tail: BytesMut::from(&tail[..]),
            recipe,
            doubtful: parts.doubtful_seals,
            sealed: false,
            broken: false,
        }
    }

    async fn ship(&mut self, bytes: Bytes) -> Result<(), StoreError> {
        self.usable()?;
        self.broken = true;
        let answer = self.inner.write(bytes).await;
        // Of a writer that was superseded nothing arrives, and every later call says so again.
        self.broken = !matches!(answer, Ok(()) | Err(StoreError::Superseded));
        answer
    }

    fn usable(&self) -> Result<(), StoreError> {
        if self.broken {
            let why = "a part was lost on its way; open the writer again from its checkpoint";
            return Err(StoreError::unavailable("writing in parts", why));
        }
        Ok(())
    }

    /// What is only collected reaches nobody, so a revoked writer would not notice: an empty write
    /// asks the store beneath.
    async fn still_newest(&mut self) -> Result<(), StoreError> {
        self.inner.write(Bytes::new()).await
    }

    async fn put_beside(&mut self) -> Result<(), StoreError> {
        let place = self.store.allocate();
        let mut beside = self.store.writer(&place, None).await?;
        self.recipe.tails.push(place);
        beside.write(self.tail.clone().freeze()).await?;
        self.recipe.beside_len = beside.seal().await?;
        Ok(())
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl BlobWriter for PartsWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        self.still_newest().await?;
        if self.sealed {
            return Err(StoreError::Conflict("the place is sealed"));
        }
        let len = self.len.saturating_add(chunk.len() as u64);
        if len > self.max_len {
            return Err(StoreError::TooLarge);
        }
        self.len = len;
        self.tail.extend_from_slice(&chunk);
        while self.tail.len() >= self.part {
            let full = self.tail.split_to(self.part).freeze();
            self.ship(full).await?;
        }
        Ok(())
    }

    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        self.usable()?;
        if !self.sealed {
            self.recipe.shipped = Some(self.inner.checkpoint().await?);
            self.recipe.beside_len = 0;
            match self.kind {
                Tail::InState => self.recipe.tail = self.tail.clone().freeze(),
                Tail::Beside if self.tail.is_empty() => {}
                Tail::Beside => self.put_beside().await?,
            }
        }
        Ok(Checkpoint {
            offset: self.len,
            state: self.recipe.write(),
        })
    }

    async fn seal(&mut self) -> Result<u64, StoreError> {
        if !self.tail.is_empty() {
            let last = self.tail.split().freeze();
            self.ship(last).await?;
        }
        self.usable()?;
        self.inner.seal().await?;
        self.sealed = true;
        for tail in self.recipe.tails.drain(..) {
            self.store.remove(&tail, None).await?;
        }
        if std::mem::take(&mut self.doubtful) {
            return Err(StoreError::unavailable(
                "sealing",
                "the answer was lost on its way",
            ));
        }
        Ok(self.len)
    }
}

/// A place found sealed with the very length that was to be gone on from.
pub(super) struct Sealed {
    pub(super) len: u64,
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl BlobWriter for Sealed {
    async fn write(&mut self, _chunk: Bytes) -> Result<(), StoreError> {
        Err(StoreError::Conflict("the place is sealed"))
    }

    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        Ok(Checkpoint {
            offset: self.len,
            state: Recipe::default().write(),
        })
    }

    async fn seal(&mut self) -> Result<u64, StoreError> {
        Ok(self.len)
    }
}
