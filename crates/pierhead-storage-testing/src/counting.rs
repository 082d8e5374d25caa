//! Stores that remember what they were asked.

use std::sync::Arc;

use parking_lot::Mutex;
use pierhead_storage::StoreError;

use crate::{Intercept, Intercepted};

/// A store that writes down the name of every call into a [`CallLog`].
pub type Counting<S> = Intercepted<S, CallLog>;

/// The names of the calls that were begun, in order. A clone is another handle to the same log;
/// one log may serve both stores.
#[derive(Clone, Debug, Default)]
pub struct CallLog(Arc<Mutex<Vec<&'static str>>>);

impl CallLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every call so far.
    pub fn calls(&self) -> Vec<&'static str> {
        self.0.lock().clone()
    }

    /// Every call so far, and forgets them.
    pub fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.0.lock())
    }

    /// How many calls of this name there were.
    pub fn count(&self, call: &str) -> usize {
        self.0.lock().iter().filter(|name| **name == call).count()
    }
}

impl Intercept for CallLog {
    fn before(&self, call: &'static str) -> Result<(), StoreError> {
        self.0.lock().push(call);
        Ok(())
    }

    fn after(&self, _call: &'static str) -> Result<(), StoreError> {
        Ok(())
    }
}
