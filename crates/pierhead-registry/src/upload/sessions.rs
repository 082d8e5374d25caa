//! The sessions that this process holds open, and who they are lent to.
//!
//! A session is *parked* between requests and *lent* to one at a time as a [`Loan`]. Whatever ends
//! the request, the end of its future included, drops the loan, and the loan gives the session
//! back: to the next request if one has asked meanwhile, else to the table.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::channel::oneshot;
use parking_lot::Mutex;
use pierhead_storage::UploadId;

use super::live::Live;

/// Who gets the session when its holder gives it back.
type Heir = oneshot::Sender<Option<Box<Live>>>;

/// Resolves with what the older holder gave back, if it could.
pub(super) type Inheritance = oneshot::Receiver<Option<Box<Live>>>;

/// The sessions of one process. A clone is another handle to the same ones.
#[derive(Clone)]
pub(crate) struct Sessions {
    table: Arc<Mutex<Table>>,
    /// How many may be parked.
    most: usize,
}

#[derive(Default)]
struct Table {
    slots: HashMap<UploadId, Slot>,
    parked: usize,
    /// Counts loans and parkings; a larger number is a later one.
    ticks: u64,
}

enum Slot {
    Parked {
        tick: u64,
        live: Box<Live>,
    },
    Lent {
        /// Which loan is the newest of this session.
        tick: u64,
        received: Arc<AtomicU64>,
        /// Tells the holder to stop, and whom to give the session to. Dropped: to nobody.
        stop: oneshot::Sender<Heir>,
    },
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.table.lock();
        f.debug_struct("Sessions")
            .field("open", &table.slots.len())
            .field("parked", &table.parked)
            .finish_non_exhaustive()
    }
}

impl Table {
    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }

    fn take(&mut self, id: UploadId) -> Option<Slot> {
        let slot = self.slots.remove(&id);
        self.parked -= usize::from(matches!(slot, Some(Slot::Parked { .. })));
        slot
    }

    fn park(&mut self, id: UploadId, live: Box<Live>) {
        let tick = self.tick();
        self.slots.insert(id, Slot::Parked { tick, live });
        self.parked += 1;
    }

    /// Lets go of the session longest parked, once there are too many; it goes on from what was
    /// saved of it.
    fn evict(&mut self, most: usize) -> Option<Slot> {
        if self.parked <= most {
            return None;
        }
        let parked = self.slots.iter().filter_map(|(id, slot)| match slot {
            Slot::Parked { tick, .. } => Some((*tick, *id)),
            Slot::Lent { .. } => None,
        });
        let (_, oldest) = parked.min()?;
        self.take(oldest)
    }
}

impl Sessions {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            table: Arc::default(),
            most,
        }
    }

    /// Lends a session to the newest request. It comes with the loan when it was parked here; when
    /// it is lent to an older request, that one is told to stop and the inheritance is what it
    /// gives back; else there is nothing, and the store must be asked.
    pub(super) fn claim(&self, id: UploadId) -> (Loan, Option<Inheritance>) {
        let received = Arc::new(AtomicU64::new(0));
        let (stop, stopped) = oneshot::channel();
        let mut table = self.table.lock();
        let tick = table.tick();
        let (live, inheritance) = match table.take(id) {
            Some(Slot::Parked { live, .. }) => (Some(live), None),
            Some(Slot::Lent {
                stop,
                received: so_far,
                ..
            }) => {
                received.store(so_far.load(Ordering::Relaxed), Ordering::Relaxed);
                let (heir, inheritance) = oneshot::channel();
                // The holder looks here before it gives anything back, after taking the lock.
                (None, stop.send(heir).is_ok().then_some(inheritance))
            }
            None => (None, None),
        };
        let lent = Slot::Lent {
            tick,
            received: Arc::clone(&received),
            stop,
        };
        table.slots.insert(id, lent);
        drop(table);
        let loan = Loan {
            sessions: self.clone(),
            id,
            tick,
            received,
            stopped,
            heir: None,
            live,
        };
        loan.note();
        (loan, inheritance)
    }

    /// Parks a session that was just opened.
    pub(super) fn park(&self, id: UploadId, live: Box<Live>) {
        let mut table = self.table.lock();
        table.park(id, live);
        let evicted = table.evict(self.most);
        drop(table);
        // Closing a file may take a moment that the table need not wait for.
        drop(evicted);
    }

    /// Forgets a session: a holder is told to stop, and nobody inherits.
    pub(super) fn end(&self, id: UploadId) {
        let ended = self.table.lock().take(id);
        drop(ended);
    }

    /// Bytes that arrived for a session open here, saved or not.
    pub(super) fn received(&self, id: UploadId) -> Option<u64> {
        match self.table.lock().slots.get(&id)? {
            Slot::Parked { live, .. } => Some(live.offset()),
            Slot::Lent { received, .. } => Some(received.load(Ordering::Relaxed)),
        }
    }

    /// The sessions that no request works on.
    pub(super) fn parked(&self) -> Vec<UploadId> {
        let table = self.table.lock();
        let parked = table.slots.iter();
        parked
            .filter(|(_, slot)| matches!(slot, Slot::Parked { .. }))
            .map(|(id, _)| *id)
            .collect()
    }
}

/// A session lent to one request. Dropping it gives the session back.
pub(super) struct Loan {
    sessions: Sessions,
    id: UploadId,
    tick: u64,
    received: Arc<AtomicU64>,
    stopped: oneshot::Receiver<Heir>,
    heir: Option<Heir>,
    /// The session itself, from when it was got.
    pub(super) live: Option<Box<Live>>,
}

/// Why a request must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stopped {
    /// A newer request has the session now.
    Taken,
    /// The session was cancelled.
    Ended,
}

impl Loan {
    /// Which session.
    pub(super) fn id(&self) -> UploadId {
        self.id
    }

    /// Bytes that arrived so far.
    pub(super) fn offset(&self) -> u64 {
        match &self.live {
            Some(live) => live.offset(),
            None => self.received.load(Ordering::Relaxed),
        }
    }

    /// Lets others see how far the session is.
    pub(super) fn note(&self) {
        if let Some(live) = &self.live {
            self.received.store(live.offset(), Ordering::Relaxed);
        }
    }

    /// Resolves once the holder must stop. Cancel-safe.
    pub(super) async fn stopped(&mut self) -> Stopped {
        if self.heir.is_some() {
            return Stopped::Taken;
        }
        match (&mut self.stopped).await {
            Ok(heir) => {
                self.heir = Some(heir);
                Stopped::Taken
            }
            Err(oneshot::Canceled) => Stopped::Ended,
        }
    }

    /// The session has ended: nothing is given back.
    pub(super) fn end(mut self) {
        self.live = None;
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        // A call that was dropped half-way leaves a writer of which nobody knows how far it came.
        let live = self.live.take().filter(|live| !live.in_doubt());
        let mut table = self.sessions.table.lock();
        let newest = matches!(
            table.slots.get(&self.id),
            Some(Slot::Lent { tick, .. }) if *tick == self.tick
        );
        if newest {
            let slot = table.take(self.id);
            if let Some(live) = live {
                table.park(self.id, live);
            }
            let evicted = table.evict(self.sessions.most);
            drop(table);
            drop((slot, evicted));
            return;
        }
        drop(table);
        let heir = self.heir.take();
        let heir = heir.or_else(|| self.stopped.try_recv().ok().flatten());
        // An heir that is gone meanwhile leaves the session to whoever asks the store next.
        if let Some(heir) = heir {
            drop(heir.send(live));
        }
    }
}
