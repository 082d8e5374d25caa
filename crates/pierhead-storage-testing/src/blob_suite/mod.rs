//! The blob store's contract, as named checks.
//!
//! Whatever concerns an upload runs twice: on one opening of the store, and again with every
//! handle dropped and the store reopened at each pause (`…_after_reopening`).
//!
//! It writes blobs of up to 5 MiB and a little: `max_len` must be at least 6 MiB.

pub(crate) mod bench;
mod handover;
mod place;
mod read;
mod upload;
mod writers;

use bench::Bench;
pub(crate) use bench::pattern;

use crate::BlobGround;
use crate::check::{self, Check, Failure};

/// Runs every check up to the first that fails.
///
/// # Errors
/// The first [`Failure`].
pub async fn run(ground: &(dyn BlobGround + 'static)) -> Result<(), Failure> {
    check::run(CHECKS, ground).await
}

/// Runs every check and gathers what failed.
pub async fn run_all(ground: &(dyn BlobGround + 'static)) -> Vec<Failure> {
    check::run_all(CHECKS, ground).await
}

/// `once` runs on one opening; `reopened` runs a second time with reopening at each pause.
macro_rules! table {
    ($($module:ident { once: $($once:ident)*; reopened: $($both:ident)*; })*) => {
        &[$(
            $(Check {
                name: stringify!($once),
                run: |ground| Box::pin(async move {
                    $module::$once(Bench::new(ground, false).await).await
                }),
            },)*
            $(Check {
                name: stringify!($both),
                run: |ground| Box::pin(async move {
                    $module::$both(Bench::new(ground, false).await).await
                }),
            },
            Check {
                name: concat!(stringify!($both), "_after_reopening"),
                run: |ground| Box::pin(async move {
                    $module::$both(Bench::new(ground, true).await).await
                }),
            },)*
        )*]
    };
}

/// Every check, in order.
pub const CHECKS: &[Check<dyn BlobGround>] = table! {
    upload {
        once:
            a_blob_past_the_longest_is_refused;
        reopened:
            sealed_bytes_are_read_back
            bytes_are_readable_only_once_sealed
            an_upload_goes_on_from_its_checkpoint
            the_tail_before_a_checkpoint_is_kept
            a_checkpoint_is_never_ahead_of_its_bytes
            a_dropped_writer_loses_only_what_follows_its_checkpoint
            a_checkpoint_may_be_used_again
            a_writer_without_a_checkpoint_begins_anew
            a_checkpoint_past_the_bytes_is_refused
            a_seal_is_idempotent
            a_seal_broken_off_can_be_repeated
            a_call_broken_off_loses_only_what_follows_the_checkpoint
            a_sealed_place_never_changes
            a_long_blob_streams;
    }
    writers {
        once:
            a_newer_writer_revokes_the_older
            a_writer_that_begins_anew_revokes_the_older
            a_revoked_writer_does_no_harm_when_dropped
            of_many_writers_one_counts
            no_byte_of_a_revoked_writer_arrives_while_both_write
            an_opening_that_is_refused_revokes_nobody
            removing_revokes_a_writer;
        reopened:;
    }
    handover {
        once:
            a_write_on_its_way_never_arrives_in_a_newer_writers_time
            a_seal_on_its_way_never_arrives_in_a_newer_writers_time;
        reopened:;
    }
    read {
        once:
            a_range_is_exact
            a_range_past_the_last_byte_is_refused
            an_absent_place_is_not_found
            a_redirect_is_offered_only_to_who_asks
            a_read_goes_on_after_its_place_was_removed_or_fails;
        reopened:;
    }
    place {
        once:
            places_are_fresh
            a_place_of_another_store_is_an_absent_one;
        reopened:
            an_empty_place_may_be_begun_anew_when_it_is_sealed
            removing_is_idempotent
            removing_takes_an_unfinished_upload
            removing_never_touches_another_place
            places_are_listed_in_order;
    }
};
