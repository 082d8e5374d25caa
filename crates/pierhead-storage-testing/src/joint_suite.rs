//! Both stores together, as named checks.

use crate::JointGround;
use crate::check::{self, Check, Failure};

/// Every check, in order.
pub const CHECKS: &[Check<dyn JointGround>] = &[];

/// Runs every check up to the first that fails.
///
/// # Errors
/// The first [`Failure`].
pub async fn run(ground: &(dyn JointGround + 'static)) -> Result<(), Failure> {
    check::run(CHECKS, ground).await
}

/// Runs every check and gathers what failed.
pub async fn run_all(ground: &(dyn JointGround + 'static)) -> Vec<Failure> {
    check::run_all(CHECKS, ground).await
}
