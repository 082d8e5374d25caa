//! Both stores together: bytes are safe, then the row is committed, then somebody is told. Broken
//! off at any step, an upload is gone on with or swept away.

mod bench;
mod collect;
mod push;

use crate::JointGround;
use crate::check::{self, Check, Failure};
use bench::Bench;

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

macro_rules! table {
    ($($module:ident { $($check:ident)* })*) => {
        &[$($(Check {
            name: stringify!($check),
            run: |ground| Box::pin(async move {
                $module::$check(Bench::new(ground).await).await
            }),
        },)*)*]
    };
}

/// Every check, in order.
pub const CHECKS: &[Check<dyn JointGround>] = table! {
    push {
        a_push_survives_a_crash_at_every_step
        a_push_survives_a_crash_after_every_checkpoint
        nothing_is_visible_before_its_row_is_committed
        a_session_taken_over_leaves_only_the_newer_bytes
        a_later_twin_is_swept_and_the_first_stays
    }
    collect {
        what_nothing_reaches_is_swept_away
        an_unfinished_upload_is_swept_away_at_every_step
        a_sweep_survives_a_crash_at_every_step
        a_push_of_what_is_being_swept_survives
    }
};
