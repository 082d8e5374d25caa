//! How a newer writer shuts out an older one.
//!
//! An open descriptor outlives any note on disk, so the right to write is a number in memory: each
//! place has a slot, each writer remembers the number it was given, and every change to the file
//! happens under the slot's lock after comparing the two. The directory's lock makes sure that no
//! other process has slots of its own.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, MutexGuard};
use pierhead_storage::{Place, StoreError};

/// The slots of the places that are being written.
#[derive(Debug, Default)]
pub(crate) struct Slots(Mutex<HashMap<Place, Weak<Slot>>>);

/// One place's present turn.
#[derive(Debug)]
pub(crate) struct Slot {
    turn: Mutex<u64>,
}

/// A writer's right to its place, until a newer one takes its turn.
#[derive(Debug)]
pub(crate) struct Turn {
    slots: Arc<Slots>,
    place: Place,
    slot: Arc<Slot>,
    number: u64,
}

impl Slots {
    /// Takes the next turn at a place and, before anybody else can, does `first` there. Writers of
    /// earlier turns have finished their last change when this returns, and will make no other.
    pub(crate) fn take<T>(
        self: &Arc<Self>,
        place: &Place,
        first: impl FnOnce() -> Result<T, StoreError>,
    ) -> Result<(Turn, T), StoreError> {
        let slot = {
            let mut slots = self.0.lock();
            slots.get(place).and_then(Weak::upgrade).unwrap_or_else(|| {
                let slot = Arc::new(Slot {
                    turn: Mutex::new(0),
                });
                slots.insert(place.clone(), Arc::downgrade(&slot));
                slot
            })
        };
        let (number, done) = {
            let mut turn = slot.turn.lock();
            *turn += 1;
            (*turn, first()?)
        };
        Ok((
            Turn {
                slots: Arc::clone(self),
                place: place.clone(),
                slot,
                number,
            },
            done,
        ))
    }
}

impl Turn {
    /// Holds the place for one change, unless a newer writer has taken its turn.
    pub(crate) fn hold(&self) -> Result<MutexGuard<'_, u64>, StoreError> {
        let held = self.slot.turn.lock();
        if *held == self.number {
            Ok(held)
        } else {
            Err(StoreError::Superseded)
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut slots = self.slots.0.lock();
        // The table holds only a weak reference, so one strong reference is this turn alone. Under
        // the table's lock nobody can upgrade it in between.
        if Arc::strong_count(&self.slot) == 1 {
            slots.remove(&self.place);
        }
    }
}
