//! Eight blob stores that are wrong on purpose. Each must fail the suite in the check whose name
//! says what is wrong with it; a suite that lets one of them through tests nothing.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use parking_lot::Mutex;
use pierhead_storage::{
    BlobLimits, BlobRead, BlobStore, BlobWriter, Checkpoint, Listed, MemoryBlobStore, Place,
    ReadOptions, StoreError,
};
use pierhead_storage_testing::{BlobGround, Failure, blob_suite};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    SealNotIdempotent,
    GapAccepted,
    TailLost,
    WriterNotRevoked,
    ReadableBeforeSeal,
    RangeOffByOne,
    RemovesAForeignPlace,
    CheckpointAheadOfItsBytes,
}

/// The flaw, and the check that must name it.
const FLAWS: &[(Flaw, &str)] = &[
    (Flaw::SealNotIdempotent, "a_seal_is_idempotent"),
    (Flaw::GapAccepted, "a_checkpoint_past_the_bytes_is_refused"),
    (Flaw::TailLost, "the_tail_before_a_checkpoint_is_kept"),
    (Flaw::WriterNotRevoked, "a_newer_writer_revokes_the_older"),
    (
        Flaw::ReadableBeforeSeal,
        "bytes_are_readable_only_once_sealed",
    ),
    (Flaw::RangeOffByOne, "a_range_is_exact"),
    (
        Flaw::RemovesAForeignPlace,
        "removing_never_touches_another_place",
    ),
    (
        Flaw::CheckpointAheadOfItsBytes,
        "a_checkpoint_is_never_ahead_of_its_bytes",
    ),
];

#[tokio::test]
async fn every_seeded_flaw_is_found_by_name() {
    for (flaw, check) in FLAWS {
        let ground = Wrong::new(*flaw);
        let failures = blob_suite::run_all(&ground).await;
        let names: Vec<&str> = failures.iter().map(|failure| failure.check).collect();
        assert!(
            names.contains(check),
            "{flaw:?} must fail {check}; it failed {names:?}"
        );
        let first: Result<(), Failure> = blob_suite::run(&ground).await;
        assert_eq!(first.err().as_ref(), failures.first(), "{flaw:?}");
    }
}

/// A memory store behind one flaw.
#[derive(Clone, Debug)]
struct Wrong {
    flaw: Flaw,
    inner: MemoryBlobStore,
    /// Bytes that should not be readable yet.
    unsealed: Arc<Mutex<BTreeMap<Place, Vec<u8>>>>,
}

impl Wrong {
    fn new(flaw: Flaw) -> Self {
        Self {
            flaw,
            inner: MemoryBlobStore::new(),
            unsealed: Arc::default(),
        }
    }
}

#[async_trait]
impl BlobGround for Wrong {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(Self::new(self.flaw))
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        Arc::new(self.clone())
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl BlobStore for Wrong {
    fn limits(&self) -> BlobLimits {
        self.inner.limits()
    }

    fn allocate(&self) -> Place {
        self.inner.allocate()
    }

    async fn writer(
        &self,
        at: &Place,
        from: Option<Checkpoint>,
    ) -> Result<Box<dyn BlobWriter>, StoreError> {
        let mut from = from;
        if self.flaw == Flaw::TailLost {
            // Whole parts are found again, what followed them is not: later bytes move up.
            if let Some(checkpoint) = &mut from {
                checkpoint.offset -= checkpoint.offset % 4_096;
            }
        }
        let inner = match self.inner.writer(at, from.clone()).await {
            Err(StoreError::NotFound) if self.flaw == Flaw::GapAccepted => {
                let mut filled = self.inner.writer(at, None).await?;
                let gap = from.as_ref().map_or(0, |checkpoint| checkpoint.offset);
                filled
                    .write(vec![0; usize::try_from(gap).unwrap_or(0)].into())
                    .await?;
                filled.checkpoint().await?;
                filled
            }
            answer => answer?,
        };
        Ok(Box::new(WrongWriter {
            store: self.clone(),
            at: at.clone(),
            inner,
            last: from,
            held_back: Bytes::new(),
            sealed: false,
        }))
    }

    async fn read(
        &self,
        at: &Place,
        range: Range<u64>,
        how: &ReadOptions,
    ) -> Result<BlobRead, StoreError> {
        let mut range = range;
        if self.flaw == Flaw::RangeOffByOne && range.start > 0 {
            range.start -= 1;
        }
        match self.inner.read(at, range, how).await {
            Err(StoreError::NotFound) if self.unsealed.lock().contains_key(at) => {
                Ok(BlobRead::Stream(Box::pin(futures::stream::empty())))
            }
            answer => answer,
        }
    }

    async fn remove(&self, at: &Place, from: Option<&Checkpoint>) -> Result<(), StoreError> {
        if self.flaw == Flaw::RemovesAForeignPlace {
            for next in self.inner.list(Some(at), 1).await? {
                self.inner.remove(&next.place, None).await?;
            }
        }
        self.inner.remove(at, from).await
    }

    async fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        self.inner.list(after, limit).await
    }
}

struct WrongWriter {
    store: Wrong,
    at: Place,
    inner: Box<dyn BlobWriter>,
    last: Option<Checkpoint>,
    /// Counted in checkpoints though it is nowhere but here.
    held_back: Bytes,
    sealed: bool,
}

impl WrongWriter {
    /// Takes the place back from whoever revoked this writer.
    async fn usurp(&mut self, answer: Result<(), StoreError>) -> Result<bool, StoreError> {
        match answer {
            Err(StoreError::Superseded) if self.store.flaw == Flaw::WriterNotRevoked => {
                self.inner = self.store.inner.writer(&self.at, self.last.clone()).await?;
                Ok(true)
            }
            answer => answer.map(|()| false),
        }
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl BlobWriter for WrongWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        if self.store.flaw == Flaw::ReadableBeforeSeal {
            self.store
                .unsealed
                .lock()
                .entry(self.at.clone())
                .or_default()
                .extend(&chunk);
        }
        let chunk = if self.store.flaw == Flaw::CheckpointAheadOfItsBytes {
            std::mem::replace(&mut self.held_back, chunk)
        } else {
            chunk
        };
        let answer = self.inner.write(chunk.clone()).await;
        if self.usurp(answer).await? {
            self.inner.write(chunk).await?;
        }
        Ok(())
    }

    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        let mut checkpoint = self.inner.checkpoint().await?;
        self.last = Some(checkpoint.clone());
        checkpoint.offset += self.held_back.len() as u64;
        Ok(checkpoint)
    }

    async fn seal(&mut self) -> Result<u64, StoreError> {
        if self.sealed && self.store.flaw == Flaw::SealNotIdempotent {
            return Err(StoreError::Conflict("sealed already"));
        }
        self.inner
            .write(std::mem::take(&mut self.held_back))
            .await?;
        self.sealed = true;
        self.inner.seal().await
    }
}
