//! A blob store that hands its work to other threads, as one above files does: once with the turn
//! held to the end, and with each flaw that this invites.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use parking_lot::Mutex;
use pierhead_storage::{
    BlobLimits, BlobRead, BlobStore, BlobWriter, Checkpoint, Listed, Place, ReadOptions, StoreError,
};
use pierhead_storage_testing::{BlobGround, Failure, blob_suite, late};

/// What compares its turn, lets go, and only then does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lets {
    Nothing,
    Write,
    Seal,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_holds_its_turn_to_the_end_keeps_the_contract() -> Result<(), Failure> {
    blob_suite::run(&Threads::new(Lets::Nothing)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_without_its_turn_is_found_by_name() {
    let check = "a_write_on_its_way_never_arrives_in_a_newer_writers_time";
    is_found(Lets::Write, check).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seal_without_its_turn_is_found_by_name() {
    let check = "a_seal_on_its_way_never_arrives_in_a_newer_writers_time";
    is_found(Lets::Seal, check).await;
}

async fn is_found(lets: Lets, name: &str) {
    let check = blob_suite::CHECKS.iter().find(|check| check.name == name);
    let answer = check.unwrap().run(&Threads::new(lets)).await;
    assert!(answer.is_err(), "{lets:?} passes {name}");
}

/// Bytes as files hold them: whoever has one open may write anywhere in it.
#[derive(Clone, Debug)]
struct Threads {
    lets: Lets,
    slots: Arc<Mutex<BTreeMap<Place, Arc<Slot>>>>,
}

#[derive(Debug, Default)]
struct Slot {
    turn: Mutex<u64>,
    file: Mutex<File>,
}

#[derive(Debug, Default)]
struct File {
    bytes: Vec<u8>,
    exists: bool,
    sealed: bool,
}

impl Threads {
    fn new(lets: Lets) -> Self {
        Self {
            lets,
            slots: Arc::default(),
        }
    }

    fn slot(&self, at: &Place) -> Arc<Slot> {
        Arc::clone(self.slots.lock().entry(at.clone()).or_default())
    }
}

#[async_trait]
impl BlobGround for Threads {
    async fn fresh(&self) -> Box<dyn BlobGround> {
        Box::new(Self::new(self.lets))
    }

    async fn open(&self) -> Arc<dyn BlobStore> {
        Arc::new(self.clone())
    }
}

#[async_trait]
impl BlobStore for Threads {
    fn limits(&self) -> BlobLimits {
        BlobLimits::default()
    }

    fn allocate(&self) -> Place {
        Place::random()
    }

    async fn writer(
        &self,
        at: &Place,
        from: Option<Checkpoint>,
    ) -> Result<Box<dyn BlobWriter>, StoreError> {
        let offset = usize::try_from(from.map_or(0, |from| from.offset)).unwrap();
        let (slot, lets) = (self.slot(at), self.lets);
        let opening = move || {
            late();
            let number = {
                let mut turn = slot.turn.lock();
                let mut file = slot.file.lock();
                if file.sealed && file.bytes.len() != offset {
                    return Err(StoreError::Conflict("sealed with another length"));
                }
                if file.bytes.len() < offset {
                    return Err(StoreError::NotFound);
                }
                file.bytes.truncate(offset);
                *turn += 1;
                *turn
            };
            let writer = ThreadsWriter {
                lets,
                slot,
                number,
                len: offset,
            };
            Ok(Box::new(writer) as Box<dyn BlobWriter>)
        };
        tokio::task::spawn_blocking(opening).await.unwrap()
    }

    async fn read(
        &self,
        at: &Place,
        range: Range<u64>,
        _: &ReadOptions,
    ) -> Result<BlobRead, StoreError> {
        let slot = self.slot(at);
        let file = slot.file.lock();
        if !file.sealed {
            return Err(StoreError::NotFound);
        }
        let range = usize::try_from(range.start).unwrap()..usize::try_from(range.end).unwrap();
        let bytes = file.bytes.get(range).ok_or(StoreError::Range)?;
        let pieces: Vec<_> = bytes.chunks(1 << 20).map(Bytes::copy_from_slice).collect();
        Ok(BlobRead::Stream(stream::iter(pieces).map(Ok).boxed()))
    }

    async fn remove(&self, at: &Place, _: Option<&Checkpoint>) -> Result<(), StoreError> {
        let slot = self.slot(at);
        *slot.turn.lock() += 1;
        *slot.file.lock() = File::default();
        Ok(())
    }

    async fn list(&self, after: Option<&Place>, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let slots = self.slots.lock();
        let wanted = slots
            .iter()
            .filter(|(place, slot)| slot.file.lock().exists && after.is_none_or(|it| *place > it));
        let listed = wanted.take(limit).map(|(place, slot)| Listed {
            place: place.clone(),
            len: slot.file.lock().bytes.len() as u64,
        });
        Ok(listed.collect())
    }
}

struct ThreadsWriter {
    lets: Lets,
    slot: Arc<Slot>,
    number: u64,
    len: usize,
}

impl ThreadsWriter {
    /// Does something to the file on another thread, while this writer's turn is held or, if it is
    /// `let_go`, only compared.
    async fn work(
        &self,
        let_go: bool,
        job: impl FnOnce(&mut File) -> Result<(), StoreError> + Send + 'static,
    ) -> Result<(), StoreError> {
        let (slot, number) = (Arc::clone(&self.slot), self.number);
        if *slot.turn.lock() != number {
            return Err(StoreError::Superseded);
        }
        let work = move || {
            late();
            let held = slot.turn.lock();
            if !let_go && *held != number {
                return Err(StoreError::Superseded);
            }
            let held = (!let_go).then_some(held);
            let done = job(&mut slot.file.lock());
            drop(held);
            done
        };
        tokio::task::spawn_blocking(work).await.unwrap()
    }
}

#[async_trait]
impl BlobWriter for ThreadsWriter {
    async fn write(&mut self, chunk: Bytes) -> Result<(), StoreError> {
        let (from, to) = (self.len, self.len + chunk.len());
        let writing = move |file: &mut File| {
            if file.sealed {
                return Err(StoreError::Conflict("the place is sealed"));
            }
            let len = file.bytes.len().max(to);
            file.bytes.resize(len, 0);
            file.bytes[from..to].copy_from_slice(&chunk);
            Ok(())
        };
        self.work(self.lets == Lets::Write, writing).await?;
        self.len = to;
        Ok(())
    }

    async fn checkpoint(&mut self) -> Result<Checkpoint, StoreError> {
        let saving = |file: &mut File| {
            file.exists = true;
            Ok(())
        };
        self.work(false, saving).await?;
        Ok(Checkpoint {
            offset: self.len as u64,
            state: Bytes::new(),
        })
    }

    async fn seal(&mut self) -> Result<u64, StoreError> {
        let len = self.len;
        let sealing = move |file: &mut File| {
            file.bytes.resize(len, 0);
            (file.exists, file.sealed) = (true, true);
            Ok(())
        };
        self.work(self.lets == Lets::Seal, sealing).await?;
        Ok(len as u64)
    }
}
