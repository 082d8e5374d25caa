//! Named checks, and how they fail.

use std::fmt;
use std::panic::Location;

use futures::future::BoxFuture;
use pierhead_storage::StoreError;

/// One sentence of a contract, as something to run. `G` is a ground, for example
/// `dyn BlobGround`.
pub struct Check<G: ?Sized + 'static> {
    /// What holds if it passes.
    pub name: &'static str,
    pub(crate) run: for<'a> fn(&'a G) -> BoxFuture<'a, Outcome>,
}

impl<G: ?Sized + 'static> Check<G> {
    /// Runs it on a fresh ground of this kind.
    ///
    /// # Errors
    /// The [`Failure`], under this check's name.
    pub async fn run(&self, ground: &G) -> Result<(), Failure> {
        (self.run)(ground).await.map_err(|fault| Failure {
            check: self.name,
            detail: fault.0,
        })
    }
}

impl<G: ?Sized + 'static> fmt::Debug for Check<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Check").field(&self.name).finish()
    }
}

/// A check that did not hold.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{check}: {detail}")]
pub struct Failure {
    /// The name of the check.
    pub check: &'static str,
    /// What was seen instead, and where in the suite.
    pub detail: String,
}

/// Printed as a sentence, because this is what a failing `#[test] -> Result` shows.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a check's body answers.
pub(crate) type Outcome<T = ()> = Result<T, Fault>;

/// Why a check's body gave up.
#[derive(Debug)]
pub(crate) struct Fault(String);

impl Fault {
    #[track_caller]
    pub(crate) fn new(detail: impl fmt::Display) -> Self {
        let at = Location::caller();
        Self(format!("{detail} ({}:{})", at.file(), at.line()))
    }
}

/// A call that had to succeed.
impl From<StoreError> for Fault {
    #[track_caller]
    fn from(error: StoreError) -> Self {
        Self::new(format_args!("a call failed that had to succeed: {error:?}"))
    }
}

/// Requires a condition.
#[track_caller]
pub(crate) fn ensure(holds: bool, otherwise: impl fmt::Display) -> Outcome {
    if holds {
        Ok(())
    } else {
        Err(Fault::new(otherwise))
    }
}

/// Requires two values to be the same.
#[allow(
    clippy::needless_pass_by_value,
    reason = "both are mostly made in the call itself"
)]
#[track_caller]
pub(crate) fn same<T: PartialEq + fmt::Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected {
        Ok(())
    } else {
        Err(Fault::new(format_args!(
            "{what}: found {found:?}, expected {expected:?}"
        )))
    }
}

/// Requires an error of one kind.
macro_rules! refused {
    ($what:expr, $result:expr, $kind:pat) => {
        match $result {
            Err($kind) => Ok(()),
            Err(other) => Err($crate::check::Fault::new(format_args!(
                "{}: expected {}, found the error {other:?}",
                $what,
                stringify!($kind)
            ))),
            Ok(_) => Err($crate::check::Fault::new(format_args!(
                "{}: expected {}, found success",
                $what,
                stringify!($kind)
            ))),
        }
    };
}
pub(crate) use refused;

/// Runs a table up to its first failure.
pub(crate) async fn run<G: ?Sized>(table: &[Check<G>], ground: &G) -> Result<(), Failure> {
    for check in table {
        check.run(ground).await?;
    }
    Ok(())
}

/// Runs a whole table.
pub(crate) async fn run_all<G: ?Sized>(table: &[Check<G>], ground: &G) -> Vec<Failure> {
    let mut failures = Vec::new();
    for check in table {
        failures.extend(check.run(ground).await.err());
    }
    failures
}
