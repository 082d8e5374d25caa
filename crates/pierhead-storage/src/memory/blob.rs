//! Blobs in memory.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use parking_lot::Mutex;

use crate::{
    BlobLimits, BlobRead, BlobStore, BlobWriter, Checkpoint, Listed, Place, ReadOptions, StoreError,
};

/// The largest piece of a read, in bytes.
const PIECE: usize = 1 << 20;

/// A [`BlobStore`] in memory. A clone is another handle to the same bytes.
#[derive(Clone, Default)]
pub struct MemoryBlobStore {
    limits: BlobLimits,
    state: Arc<Mutex<State>>,
}

impl MemoryBlobStore {
    /// An empty store that keeps as much as fits into memory.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same bytes under other limits; redirects are never offered, whatever they say.
    pub fn with_limits(mut self, limits: BlobLimits) -> Self {
        self.limits = limits.with_redirects(false);
        self
    }

    /// Keeps at most so many bytes in total, unsaved ones included; more answers
    /// [`StoreError::Full`].
    pub fn with_capacity(self, bytes: u64) -> Self {
        self.state.lock().capacity = Some(bytes);
        self
    }

    /// How many bytes are kept now, unsaved ones included.
    pub fn used(&self) -> u64 {
        self.state.lock().used
    }
}

impl fmt::Debug for MemoryBlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.lock();
        f.debug_struct("MemoryBlobStore")
            .field("places", &state.slots.len())
            .field("used", &state.used)
            .field("capacity", &state.capacity)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct State {
    slots: BTreeMap<Place, Slot>,
    /// Writers opened so far: the newest one's number is unlike any other's.
    writers: u64,
    used: u64,
    capacity: Option<u64>,
}

#[derive(Default)]
struct Slot {
    /// The only writer whose calls count.
    writer: u64,
    /// What is safe.
    bytes: Bytes,
    /// Whether anything was ever checkpointed or sealed here.
    exists: bool,
    sealed: bool,
}

impl State {
    /// The slot as long as this writer is its newest.
    fn held(&mut self, at: &Place, writer: u64) -> Result<&mut Slot, StoreError> {
        match self.slots.get_mut(at) {
            Some(slot) if slot.writer == writer => Ok(slot),
            _ => Err(StoreError::Superseded),
        }
    }

    fn reserve(&mut self, bytes: u64) -> Result<(), StoreError> {
        let after = self.used.saturating_add(bytes);
        if let Some(capacity) = self.capacity.filter(|capacity| after > *capacity) {
            return Err(StoreError::Full(Arc::new(OverCapacity { capacity })));
        }
        self.used = after;
        Ok(())
    }

    fn release(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes as u64);
    }
}

#[derive(Debug, thiserror::Error)]
#[error("the memory store keeps at most {capacity} bytes")]
struct OverCapacity {
    capacity: u64,
}

#[async_trait]
impl BlobStore for MemoryBlobStore {
    fn limits(&self) -> BlobLimits {
        self.limits
    }

    fn allocate(&self) -> Place {
        Place::random()
    }

    async fn writer(
        &self,
        at: &Place,
        from: Option<Checkpoint>,
    ) -> Result<Box<dyn BlobWriter>, StoreError> {
        let offset = from.map_or(0, |checkpoint| checkpoint.offset);
        let mut state = self.state.lock();
        let found = state
            .slots
            .get(at)
            .map_or((0, false), |slot| (slot.bytes.len(), slot.sealed));
        let keep = match found {
            (len, true) if len as u64 != offset => {
                return Err(StoreError::Conflict(
                    "the place is sealed with another length",
                ));
            }
            (len, _) => usize::try_from(offset).ok().filter(|keep| *keep <= len),
        };
        let keep = keep.ok_or(StoreError::NotFound)?;
        state.release(found.0 - keep);
        state.writers += 1;
        let number = state.writers;
        let slot = state.slots.entry(at.clone()).or_default();
        slot.writer = number;
        slot.bytes.truncate(keep);
        Ok(Box::new(MemoryWriter {
            store: self.clone(),
            at: at.clone(),
            number,
            safe: offset,
            unsaved: BytesMut::new(),
        }))
    }

    async fn read(
        &self,
        at: &Place,
        range: Range<u64>,
        _how: &ReadOptions,
    ) -> Result<BlobRead, StoreError> {
        let bytes = match self.state.lock().slots.get(at) {
            Some(slot) if slot.sealed => slot.bytes.clone(),
            _ => return Err(StoreError::NotFound),
        };
        let bounds = usize::try_from(range.start)
            .ok()
            .zip(usize::try_from(range.end).ok());
        let (start, end) = bounds
            .filter(|(start, end)| start <= end && *end <= bytes.len())
            .ok_or(StoreError::Range)?;
        let pieces = (start..end)
            .step_by(PIECE)
            .map(move |from| Ok(bytes.slice(from..end.min(from + PIECE))));
        Ok(BlobRead::Stream(futures::stream::iter(pieces).boxed()))
    }

    async fn remove(&self, at: &Place, _from: Option<&Checkpoint>) -> Result<(), StoreError> {
        let mut state = self.state.lock();
        if let Some(slot) = state.slots.remove(at) {
            state.release(slot.bytes.len());
        }
        Ok(())
    }

    async fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let state = self.state.lock();
        let held = state
            .slots
            .range((from, Bound::Unbounded))
            .filter(|(_, slot)| slot.exists);
        Ok(held
            .take(limit)
            .map(|(place, slot)| Listed {
                place: place.clone(),
                len: slot.bytes.len() as u64,
            })
            .collect())
    }
}

/// Keeps what is not checkpointed to itself, so that dropping it loses exactly that.
struct MemoryWriter {
    store: MemoryBlobStore,
    at: Place,
    number: u64,
    /// How much the slot held when this writer last looked.
    safe: u64,
    unsaved: BytesMut,
}

impl MemoryWriter {
    /// Moves everything into the slot. The bytes already there are copied, which makes many
    /// checkpoints of one long blob slow: a store that people rely on would keep pieces.
    fn save(&mut self, seal: bool) -> Result<u64, StoreError> {
        let mut state = self.store.state.lock();
        let slot = state.held(&self.at, self.number)?;
        if !self.unsaved.is_empty() {
            let mut bytes = BytesMut::from(std::mem::take(&mut slot.bytes));
            bytes.unsplit(self.unsaved.split());
            slot.bytes = bytes.freeze();
        }
        slot.exists = true;
        slot.sealed |= seal;
        self.safe = slot.bytes.len() as u64;
        Ok(self.safe)
    }
}

#[async_trait]
impl BlobWriter for MemoryWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        let mut state = self.store.state.lock();
        if state.held(&self.at, self.number)?.sealed {
            return Err(StoreError::Conflict("the place is sealed"));
        }
        let len = self.safe + self.unsaved.len() as u64 + chunk.len() as u64;
        if len > self.store.limits.max_len {
            return Err(StoreError::TooLarge);
        }
        state.reserve(chunk.len() as u64)?;
        self.unsaved.extend_from_slice(&chunk);
        Ok(())
    }

    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        Ok(Checkpoint {
            offset: self.save(false)?,
            state: Bytes::new(),
        })
    }

    async fn seal(&mut self) -> Result<u64, StoreError> {
        self.save(true)
    }
}

impl Drop for MemoryWriter {
    fn drop(&mut self) {
        self.store.state.lock().release(self.unsaved.len());
    }
}
