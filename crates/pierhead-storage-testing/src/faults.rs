//! Stores that fail when a test says so.

use std::sync::Arc;

use parking_lot::Mutex;
use pierhead_storage::StoreError;

use crate::{Intercept, Intercepted};

/// A store whose calls fail as a [`FaultPlan`] says.
///
/// ```
/// use std::sync::Arc;
/// use pierhead_storage::{BlobStore, MemoryBlobStore, StoreError};
/// use pierhead_storage_testing::{FaultPlan, Faults, When};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let plan = FaultPlan::new();
/// let inner: Arc<dyn BlobStore> = Arc::new(MemoryBlobStore::new());
/// let store = Faults::new(inner, plan.clone());
/// plan.fail("seal", 2, When::After);
///
/// let mut writer = store.writer(&store.allocate(), None).await?;
/// assert_eq!(writer.seal().await?, 0);
/// assert!(matches!(writer.seal().await, Err(StoreError::Unavailable { .. })));
/// assert_eq!(writer.seal().await?, 0);
/// # Ok::<(), StoreError>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type Faults<S> = Intercepted<S, FaultPlan>;

/// On which side of a call it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Nothing happens, and the answer is an error.
    Before,
    /// It happens, and the answer is an error all the same.
    After,
}

/// Which calls fail. A clone is another handle to the same plan.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    pending: Vec<Pending>,
    fired: u64,
}

#[derive(Debug)]
struct Pending {
    /// Which calls count; all of them without a name.
    call: Option<&'static str>,
    /// How many calls are still to come, the failing one included.
    left: u64,
    /// Whether every call after that fails as well.
    lasting: bool,
    when: When,
    error: StoreError,
}

impl FaultPlan {
    /// A plan in which nothing fails.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fails the `nth` call of this name from now on with an outage; 1 is the next. The names are
    /// those of the traits' methods.
    pub fn fail(&self, call: &'static str, nth: u64, when: When) {
        self.fail_with(Some(call), nth, when, outage());
    }

    /// Fails the `nth` call from now on, whatever its name: for walking through an operation and
    /// failing it at every step.
    pub fn fail_any(&self, nth: u64, when: When) {
        self.fail_with(None, nth, when, outage());
    }

    /// Fails with another error.
    pub fn fail_with(&self, call: Option<&'static str>, nth: u64, when: When, error: StoreError) {
        let left = nth.max(1);
        self.0.lock().pending.push(Pending {
            call,
            left,
            lasting: false,
            when,
            error,
        });
    }

    /// Fails every call from now on, as when the machine behind the store is gone.
    pub fn fail_all(&self) {
        let (call, when, error) = (None, When::Before, outage());
        self.0.lock().pending.push(Pending {
            call,
            left: 1,
            lasting: true,
            when,
            error,
        });
    }

    /// Nothing fails any more.
    pub fn clear(&self) {
        self.0.lock().pending.clear();
    }

    /// How many calls have failed by this plan.
    pub fn fired(&self) -> u64 {
        self.0.lock().fired
    }

    /// A call is counted when it begins; one that is to fail afterwards waits at zero for its end.
    fn due(&self, call: &'static str, now: When) -> Result<(), StoreError> {
        let mut plan = self.0.lock();
        let mut due = None;
        for (index, pending) in plan.pending.iter_mut().enumerate() {
            if pending.call.is_some_and(|name| name != call) {
                continue;
            }
            if now == When::Before {
                pending.left = pending.left.saturating_sub(1);
            }
            if pending.left == 0 && pending.when == now {
                due = due.or(Some(index));
            }
        }
        let Some(index) = due else { return Ok(()) };
        plan.fired += 1;
        if plan.pending[index].lasting {
            return Err(plan.pending[index].error.clone());
        }
        Err(plan.pending.remove(index).error)
    }
}

fn outage() -> StoreError {
    StoreError::unavailable("a call that a test lets fail", "an injected fault")
}

impl Intercept for FaultPlan {
    fn before(&self, call: &'static str) -> Result<(), StoreError> {
        self.due(call, When::Before)
    }

    fn after(&self, call: &'static str) -> Result<(), StoreError> {
        self.due(call, When::After)
    }
}
