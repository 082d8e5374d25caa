//! The repository store's contract, as named checks.

pub(crate) mod bench;
mod collect;
mod commit;
mod fence;
mod listing;
mod manifest;
mod put;
mod retention;
mod scene;
mod upload;

use crate::RepositoryGround;
use crate::check::{self, Check, Failure};
use bench::Bench;

/// Runs every check up to the first that fails.
///
/// # Errors
/// The first [`Failure`].
pub async fn run(ground: &(dyn RepositoryGround + 'static)) -> Result<(), Failure> {
    check::run(CHECKS, ground).await
}

/// Runs every check and gathers what failed.
pub async fn run_all(ground: &(dyn RepositoryGround + 'static)) -> Vec<Failure> {
    check::run_all(CHECKS, ground).await
}

/// `once` is given one fresh ground; `often` makes as many as it needs.
macro_rules! table {
    ($($module:ident { once: $($once:ident)*; often: $($often:ident)*; })*) => {
        &[$(
            $(Check {
                name: stringify!($once),
                run: |ground| Box::pin(async move {
                    $module::$once(Bench::new(ground).await).await
                }),
            },)*
            $(Check {
                name: stringify!($often),
                run: |ground| Box::pin($module::$often(ground)),
            },)*
        )*]
    };
}

/// Every check, in order.
pub const CHECKS: &[Check<dyn RepositoryGround>] = table! {
    upload {
        once:
            a_session_answers_its_owner_alone
            a_session_is_kept_exactly
            of_too_many_sessions_the_one_longest_idle_ends
            taking_a_session_supersedes_every_earlier_holder
            a_cancelled_session_is_over_and_its_place_condemned
            a_session_of_a_new_name_becomes_the_repositorys
            a_session_the_embedder_refuses_is_not_opened;
        often:;
    }
    commit {
        once:
            a_committed_blob_is_seen_through_its_view_alone
            a_commit_ends_its_session
            a_twins_own_place_is_condemned
            a_session_commits_only_where_it_was_begun
            a_mount_makes_a_blob_visible_without_its_bytes
            a_mount_needs_its_source_to_hold_the_blob
            holders_are_links_and_the_callers_own_staged
            deleting_a_blob_takes_it_out_of_one_view
            a_blob_that_a_manifest_names_is_held;
        often:;
    }
    manifest {
        once:
            the_first_manifest_creates_the_repository
            of_two_first_manifests_one_creates_and_one_is_stale
            a_manifest_is_found_exactly_as_received
            a_large_manifest_is_kept
            a_new_name_is_empty
            what_its_pusher_staged_becomes_links
            deleting_a_manifest_takes_its_tags;
        often:;
    }
    put {
        once:
            a_manifest_is_refused_when_required_references_are_missing
            admission_is_told_what_tags_name_now
            a_put_broken_off_happens_wholly_or_not_at_all;
        often:;
    }
    listing {
        once:
            repositories_are_listed_in_byte_order
            tags_are_listed_in_byte_order
            a_tag_names_what_was_pushed_last
            referrers_are_listed_in_digest_order
            history_keeps_every_push_newest_first;
        often:;
    }
    retention {
        once:
            an_inventory_shows_manifests_and_the_newest_pushes
            what_a_tag_or_a_staying_index_names_is_never_retired
            what_was_decided_of_another_state_retires_nothing;
        often:;
    }
    fence {
        once:
            a_scope_never_bumped_stands_at_zero
            bumping_moves_the_rights_of_these_scopes_alone
            every_scope_of_a_fence_is_compared
            rights_of_another_epoch_are_stale
            a_view_of_no_repository_is_stale
            eight_writers_of_one_repository_are_never_stale
            a_new_name_is_each_callers_own;
        often:
            a_moved_counter_refuses_every_call
            two_stores_have_two_epochs
            a_new_name_that_is_taken_is_stale
            a_change_moves_content_and_no_rights;
    }
    collect {
        once:
            an_unreferenced_blob_lives_for_its_grace
            what_a_manifest_names_is_never_taken
            what_another_view_holds_keeps_its_place
            looking_a_mount_and_a_repeated_upload_renew_the_grace
            an_idle_session_ends_and_its_place_is_condemned
            what_is_condemned_never_returns
            places_are_removable_after_their_time_and_until_forgotten
            forgetting_takes_nothing_that_is_not_condemned
            condemning_in_small_steps_comes_to_the_same
            a_commit_and_a_collection_at_once_lose_nothing;
        often:;
    }
};
