//! The manners of an object store, over any blob store.

mod recipe;
mod writer;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;
use pierhead_storage::{
    BlobLimits, BlobRead, BlobStore, BlobWriter, Checkpoint, Listed, Place, ReadOptions, Redirect,
    StoreError,
};

use recipe::Recipe;
use writer::PartsWriter;

/// Where the bytes behind the last full part wait between two requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tail {
    /// In [`Checkpoint::state`]: who loses or shortens the state loses bytes.
    InState,
    /// In an object beside, which `remove` must be told of by the checkpoint.
    Beside,
}

/// A blob store that behaves like a bucket: bytes leave in parts of one fixed size, a tail is kept
/// apart, nothing is readable before it is sealed, a seal may have happened although it answered an
/// error, and reads may be answered with a redirect.
///
/// It passes the blob suite over any store that does. What works over it makes no assumption that
/// only a disk would fulfil: that a checkpoint is a mere offset, that an error means nothing
/// happened, that reads give bytes.
#[derive(Debug)]
pub struct Parts {
    inner: Arc<dyn BlobStore>,
    part: usize,
    tail: Tail,
    redirects: bool,
    doubtful_seals: bool,
}

impl Parts {
    /// Parts of so many bytes (1 to 512 KiB; clamped), tails in the checkpoint's state.
    pub fn new(inner: Arc<dyn BlobStore>, part: usize) -> Self {
        Self {
            inner,
            part: part.clamp(1, 512 << 10),
            tail: Tail::InState,
            redirects: false,
            doubtful_seals: false,
        }
    }

    /// Keeps tails elsewhere.
    pub fn with_tail(mut self, tail: Tail) -> Self {
        self.tail = tail;
        self
    }

    /// Answers reads with a redirect whenever the reader can follow one. The URL is
    /// `https://parts.invalid/<place>?bytes=<start>-<end>&seconds=<life>`, `end` exclusive.
    pub fn with_redirects(mut self) -> Self {
        self.redirects = true;
        self
    }

    /// Lets the first seal of each writer happen and answer [`StoreError::Unavailable`].
    pub fn with_doubtful_seals(mut self) -> Self {
        self.doubtful_seals = true;
        self
    }

    /// The length of what is sealed at a place, as far as it is `expected`.
    async fn sealed(&self, at: &Place, expected: u64) -> Result<bool, StoreError> {
        let how = ReadOptions::default();
        match self.inner.read(at, 0..expected, &how).await {
            Err(StoreError::NotFound) => return Ok(false),
            Err(StoreError::Range) => return Err(other_length()),
            answer => answer?,
        };
        match self
            .inner
            .read(at, expected..expected.saturating_add(1), &how)
            .await
        {
            Err(StoreError::Range) => Ok(true),
            answer => answer.and(Err(other_length())),
        }
    }

    async fn fetch_tail(&self, at: &Place, len: u64) -> Result<Bytes, StoreError> {
        match self.inner.read(at, 0..len, &ReadOptions::default()).await? {
            BlobRead::Stream(pieces) => Ok(pieces.try_collect::<Vec<_>>().await?.concat().into()),
            BlobRead::Redirect(_) => Err(StoreError::Corrupt {
                what: "the store beneath redirects who did not ask for it".to_owned(),
            }),
        }
    }
}

fn other_length() -> StoreError {
    StoreError::Conflict("the place is sealed with another length")
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl BlobStore for Parts {
    fn limits(&self) -> BlobLimits {
        let limits = self.inner.limits();
        limits
            .with_checkpoint_every(self.part as u64)
            .with_buffer(limits.buffer.saturating_add(self.part))
            .with_redirects(self.redirects)
    }

    fn allocate(&self) -> Place {
        self.inner.allocate()
    }

    async fn writer(
        &self,
        at: &Place,
        from: Option<Checkpoint>,
    ) -> Result<Box<dyn BlobWriter>, StoreError> {
        let offset = from.as_ref().map_or(0, |checkpoint| checkpoint.offset);
        let recipe = from
            .as_ref()
            .map(|from| Recipe::read(&from.state))
            .transpose()?;
        if self.sealed(at, offset).await? {
            return Ok(Box::new(writer::Sealed { len: offset }));
        }
        let recipe = recipe.unwrap_or_default();
        let tail = match recipe.beside() {
            Some((place, len)) => self.fetch_tail(place, len).await?,
            None => recipe.tail.clone(),
        };
        match self.inner.writer(at, recipe.shipped.clone()).await {
            Ok(inner) => Ok(Box::new(PartsWriter::new(self, inner, recipe, &tail))),
            // A seal that was broken off may have come about only now.
            Err(StoreError::Conflict(_)) if self.sealed(at, offset).await? => {
                Ok(Box::new(writer::Sealed { len: offset }))
            }
            Err(error) => Err(error),
        }
    }

    async fn read(
        &self,
        at: &Place,
        range: Range<u64>,
        how: &ReadOptions,
    ) -> Result<BlobRead, StoreError> {
        let bytes = self
            .inner
            .read(at, range.clone(), &ReadOptions::default())
            .await?;
        match how.redirect_for.filter(|_| self.redirects) {
            Some(life) => Ok(BlobRead::Redirect(redirect(at, &range, life))),
            None => Ok(bytes),
        }
    }

    async fn remove(&self, at: &Place, from: Option<&Checkpoint>) -> Result<(), StoreError> {
        let recipe = from
            .map(|from| Recipe::read(&from.state))
            .transpose()?
            .unwrap_or_default();
        self.inner.remove(at, recipe.shipped.as_ref()).await?;
        for tail in &recipe.tails {
            self.inner.remove(tail, None).await?;
        }
        Ok(())
    }

    async fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.inner.list(after, limit).await
    }
}

fn redirect(at: &Place, range: &Range<u64>, life: Duration) -> Redirect {
    let (start, end, seconds) = (range.start, range.end, life.as_secs());
    Redirect {
        url: format!("https://parts.invalid/{at}?bytes={start}-{end}&seconds={seconds}"),
    }
}
