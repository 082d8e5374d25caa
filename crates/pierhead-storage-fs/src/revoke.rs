//! How a newer writer shuts out an older one.
//!
//! An open descriptor outlives any note on disk, so the right to write is a number in memory: each
//! place has a slot, each writer remembers the number it was given, and every change to the file
//! happens under the slot's lock after comparing the two. The directory's lock makes sure that no
//! other process has slots of its own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};
use pierhead_storage::{Place, StoreError};

/// The slots of the places that are being written, each with the number of those who hold it.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<HashMap<Place, (Arc<Slot>, usize)>>);

/// One place's present turn.
#[derive(Debug, Default)]
struct Slot(Mutex<u64>);

/// A slot stays in its table as long as somebody holds it, and no longer.
#[derive(Debug)]
struct Holding {
    slots: Arc<Slots>,
    place: Place,
    slot: Arc<Slot>,
}

/// A writer's right to its place, until a newer one takes its turn.
#[derive(Debug)]
pub(crate) struct Turn {
    holding: Holding,
    number: u64,
}

impl Slots {
    /// Takes the next turn at a place and, before anybody else can, does `first` there. Writers of
    /// earlier turns have finished their last change when this returns, and will make no other. When
    /// `first` fails, the turn was not taken.
    pub(crate) fn take<T>(
        self: &Arc<Self>,
        place: &Place,
        first: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<(Turn, T), StoreError> {
        let holding = self.hold(place);
        let (number, done) = {
            let mut turn = holding.slot.0.lock();
            let done = first()?;
            *turn += 1;
            (*turn, done)
        };
        Ok((Turn { holding, number }, done))
    }

    fn hold(self: &Arc<Self>, place: &Place) -> Holding {
        let mut slots = self.0.lock();
        let (slot, holders) = slots.entry(place.clone()).or_default();
        *holders += 1;
        Holding {
            slots: Arc::clone(self),
            place: place.clone(),
            slot: Arc::clone(slot),
        }
    }
}

impl Turn {
    /// Holds the place for one change, unless a newer writer has taken its turn.
    pub(crate) fn hold(&self) -> Result<MutexGuard<'_, u64>, StoreError> {
        let held = self.holding.slot.0.lock();
        if *held == self.number {
            Ok(held)
        } else {
            Err(StoreError::Superseded)
        }
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        let mut slots = self.slots.0.lock();
        if let Entry::Occupied(mut held) = slots.entry(self.place.clone()) {
            held.get_mut().1 -= 1;
            if held.get().1 == 0 {
                held.remove();
            }
        }
    }
}

#[cfg(test)]
#[path = "revoke_tests.rs"]
mod tests;
