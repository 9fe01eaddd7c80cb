//! What every ledger does, on both engines. Postgres is asked when `BACKLOT_TEST_POSTGRES` names a server
//! on which databases may be created; with `BACKLOT_TEST_REQUIRE_ALL=1` it has to be there.

mod callbacks;
mod channels;
mod due;
mod fixture;
mod group;
mod life;
mod listing;
mod money;
mod newer;
mod oneness;
mod progress;
mod proxy;
mod side;
mod trouble;
mod unreadable;

use fixture::World;

macro_rules! on_both_engines {
    ($($module:ident: $($case:ident),+ $(,)?;)+) => {
        mod sqlite {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let world = crate::World::sqlite().await;
                    crate::$module::$case(&world).await;
                    world.end().await;
                }
            )+)+
        }
        mod postgres {
            $($(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $case() {
                    let Some(world) = crate::World::postgres().await else { return };
                    crate::$module::$case(&world).await;
                    world.end().await;
                }
            )+)+
        }
    };
}

on_both_engines! {
    life: every_field_reads_back, every_change_reads_back, a_stale_change_writes_nothing, a_unit_is_atomic,
        nonsense_is_refused, the_ledger_outlives_its_process, lists_and_searches, text_with_nul_is_taken;
    listing: lists_go_either_way_in_pages, a_count_is_of_all_that_match,
        a_task_that_was_handed_over_is_listed_as_its_child, a_clip_leads_to_its_newest_task,
        a_caller_s_own_text_leads_to_their_newest_task, ids_that_no_task_has_are_told;
    group: concurrent_callers_share_commits, a_failing_unit_harms_nobody_else, a_caller_that_hangs_up_cancels_nothing,
        a_closed_ledger_finishes_what_it_took, two_ledgers_compare_and_set_against_each_other,
        units_that_cross_never_block_each_other, changes_of_one_task_keep_their_order,
        a_unit_that_hangs_holds_up_none_but_its_own;
    oneness: a_repeated_request_is_replayed, what_is_remembered_can_be_asked_for, concurrent_repeats_open_one_task,
        a_retried_opening_is_new, a_parent_has_one_child, a_child_is_found_until_it_ends, concurrent_children_are_one;
    money: quota_is_reserved_settled_and_given_back, quota_adds_up_under_concurrency, tokens_are_found_and_stopped;
    callbacks: callbacks_go_in_order, a_failed_callback_gives_way, the_last_word_is_never_superseded,
        due_callbacks_are_one_for_each_task, a_dead_callback_is_seen_and_can_be_revived;
    due: due_tasks_come_in_pages, deadlines_come_in_pages, counts_are_of_unfinished_tasks, slots_have_holders,
        retention_takes_what_is_old,
        artifacts_expire, a_task_stays_until_its_bytes_are_gone;
    progress: progress_never_falls_and_is_no_change, progress_is_written_sparingly, a_missing_mark_is_kept_and_cleared,
        many_are_noted_at_once, a_pulse_tells_what_has_moved;
    side: orphans_are_noted_once, errands_are_asked_and_answered, a_lease_has_one_holder, hidden_and_seed_make_no_version,
        the_newest_hint_counts, waiting_errands_are_found, spilled_outputs_are_noted_until_the_end;
    unreadable: a_bad_row_harms_no_other, a_bad_artifact_hides_only_its_task, the_sweep_s_pages_go_on_behind_a_bad_row,
        a_bad_errand_or_orphan_stops_no_other;
    newer: tables_of_a_newer_version_are_worked_on, words_of_a_newer_version_harm_nobody;
    channels: secrets_are_sealed, channels_change_and_are_cached;
    trouble: migrations_run_once, lost_connections_are_replaced, two_migrations_at_once, a_cut_commit_is_unknown,
        a_caller_who_hangs_up_halfway_harms_nobody;
}
