//! The sessions in memory, and how they are lent.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::channel::oneshot;
use parking_lot::Mutex;
use pierhead_model::Hasher;
use pierhead_storage::{BlobWriter, Generation, Place, Progress, UploadId, UploadOwner};

/// Sessions whose writer and hasher are in memory.
#[derive(Clone)]
pub(crate) struct Sessions {
    table: Arc<Mutex<Table>>,
}

struct Table {
    slots: HashMap<UploadId, Slot>,
    most: usize,
    /// Counts loans and parkings; the smallest is the one longest parked.
    ticks: u64,
}

struct Slot {
    tick: u64,
    state: State,
}

enum State {
    Parked(Box<Live>),
    Lent(Lent),
}

/// A session that a request works on.
struct Lent {
    owner: UploadOwner,
    received: Received,
    /// Tells that request to stop; taken by the first that wants the session.
    stop: Option<oneshot::Sender<()>>,
    /// Dropped when the session comes back.
    waiting: Vec<oneshot::Sender<()>>,
}

/// A session's writer, its hasher, and how far both are.
pub(crate) struct Live {
    pub(crate) generation: Generation,
    pub(crate) owner: UploadOwner,
    pub(crate) place: Place,
    /// Opened with the first byte.
    pub(crate) writer: Option<Box<dyn BlobWriter>>,
    /// Absent when what was saved of it cannot be read any more: the bytes are hashed once sealed.
    pub(crate) hasher: Option<Hasher>,
    /// Bytes received, readable while the session is lent.
    pub(crate) received: Received,
    /// What the row says.
    pub(crate) saved: Option<Progress>,
    /// A call to the writer is under way, and what it has done is not known if it is abandoned.
    pub(crate) in_doubt: bool,
}

/// A count of bytes that others may look at. Only who holds the session changes it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Received(Arc<AtomicU64>);

impl Received {
    pub(crate) fn new(bytes: u64) -> Self {
        Self(Arc::new(AtomicU64::new(bytes)))
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.0.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Live {
    pub(crate) fn offset(&self) -> u64 {
        self.received.get()
    }
}

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Live")
            .field("generation", &self.generation)
            .field("offset", &self.offset())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("count", &self.table.lock().slots.len())
            .finish()
    }
}

/// What [`Sessions::claim`] found.
pub(crate) enum Claim {
    /// Nobody works on it: it is yours.
    Yours(Loan),
    /// Its owner's other request works on it and was told to stop; resolves when it has.
    Wait(oneshot::Receiver<()>),
    /// It is not in memory, or not this owner's.
    Absent,
}

/// A session lent to a request. Dropping it gives the session back.
pub(crate) struct Loan {
    sessions: Sessions,
    tick: u64,
    id: UploadId,
    live: Option<Box<Live>>,
    /// Resolves when a newer request wants the session.
    pub(crate) stop: oneshot::Receiver<()>,
}

impl Sessions {
    pub(crate) fn new(most: usize) -> Self {
        let table = Table {
            slots: HashMap::new(),
            most,
            ticks: 0,
        };
        Self {
            table: Arc::new(Mutex::new(table)),
        }
    }

    /// How far a session in memory is, whether a request works on it or not.
    pub(crate) fn received(&self, id: UploadId, owner: &UploadOwner) -> Option<u64> {
        match &self.table.lock().slots.get(&id)?.state {
            State::Parked(live) => (live.owner == *owner).then(|| live.offset()),
            State::Lent(lent) => (lent.owner == *owner).then(|| lent.received.get()),
        }
    }

    /// Takes a session for a request of its owner.
    pub(crate) fn claim(&self, id: UploadId, owner: &UploadOwner) -> Claim {
        let mut table = self.table.lock();
        let parked = match table.slots.get_mut(&id).map(|slot| &mut slot.state) {
            Some(State::Parked(live)) => live.owner == *owner,
            Some(State::Lent(lent)) if lent.owner == *owner => {
                if let Some(stop) = lent.stop.take() {
                    // Nobody listens when that request is ending already.
                    let _ = stop.send(());
                }
                let (back, returned) = oneshot::channel();
                lent.waiting.push(back);
                return Claim::Wait(returned);
            }
            Some(State::Lent(_)) | None => false,
        };
        if !parked {
            return Claim::Absent;
        }
        match table.slots.remove(&id) {
            Some(Slot {
                state: State::Parked(live),
                ..
            }) => Claim::Yours(self.lend_in(&mut table, live)),
            _ => Claim::Absent,
        }
    }

    /// Lends a session that was just opened or taken over; an earlier loan of it is no longer
    /// given back.
    pub(crate) fn lend(&self, live: Box<Live>) -> Loan {
        self.lend_in(&mut self.table.lock(), live)
    }

    fn lend_in(&self, table: &mut Table, live: Box<Live>) -> Loan {
        table.ticks += 1;
        let (tick, id) = (table.ticks, live.generation.upload);
        let (stop, stopped) = oneshot::channel();
        let owner = live.owner.clone();
        let lent = Lent {
            owner,
            received: live.received.clone(),
            stop: Some(stop),
            waiting: Vec::new(),
        };
        table.slots.insert(
            id,
            Slot {
                tick,
                state: State::Lent(lent),
            },
        );
        Loan {
            sessions: self.clone(),
            tick,
            id,
            live: Some(live),
            stop: stopped,
        }
    }

    /// Takes what no request works on, to save it.
    pub(crate) fn parked(&self) -> Vec<Loan> {
        let mut table = self.table.lock();
        let parked = |slot: &Slot| matches!(slot.state, State::Parked(_));
        let ids: Vec<_> = table
            .slots
            .iter()
            .filter(|(_, slot)| parked(slot))
            .map(|(id, _)| *id)
            .collect();
        let mut loans = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(Slot {
                state: State::Parked(live),
                ..
            }) = table.slots.remove(&id)
            {
                loans.push(self.lend_in(&mut table, live));
            }
        }
        loans
    }

    fn give_back(&self, tick: u64, id: UploadId, live: Option<Box<Live>>) {
        let mut evicted = None;
        let mut table = self.table.lock();
        // A newer request may have taken the session over without waiting any longer.
        if table.slots.get(&id).is_some_and(|slot| slot.tick == tick) {
            table.slots.remove(&id);
            if let Some(live) = live.filter(|live| !live.in_doubt) {
                if table.slots.len() >= table.most {
                    evicted = table.evict();
                }
                table.ticks += 1;
                let tick = table.ticks;
                table.slots.insert(
                    id,
                    Slot {
                        tick,
                        state: State::Parked(live),
                    },
                );
            }
        }
        drop(table);
        // Closing a file may take a moment that the table need not wait for.
        drop(evicted);
    }
}

impl Table {
    /// Lets go of the session longest parked; it goes on from what was saved.
    fn evict(&mut self) -> Option<Slot> {
        let parked = self
            .slots
            .iter()
            .filter(|(_, slot)| matches!(slot.state, State::Parked(_)));
        let oldest = parked
            .min_by_key(|(_, slot)| slot.tick)
            .map(|(id, _)| *id)?;
        self.slots.remove(&oldest)
    }
}

impl Loan {
    /// The session.
    pub(crate) fn live(&mut self) -> Option<&mut Live> {
        self.live.as_deref_mut()
    }

    /// The session has ended: nothing is given back.
    pub(crate) fn end(mut self) {
        self.live = None;
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.sessions
            .give_back(self.tick, self.id, self.live.take());
    }
}
