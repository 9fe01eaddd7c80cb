//! Each trap of the index of the vendors' sheets (`upstream/README.md`, "Traps worth a test each") has a test by its
//! number, for every dialect that it concerns. Traps 8 and 10 are told of all dialects at once, here.

use providers::all;
use serde_json::Map;
use std::path::Path;

/// A trap's number, a file of these tests, and the test in it that names the number.
const TESTS: &[(u8, &str, &str)] = &[
    (1, "kling/refusals.rs", "every_code_of_the_table"),
    (1, "midjourney_proxy/refusals.rs", "each_refusal_says_whether_a_retry_may_help"),
    (1, "suno_api/refusals.rs", "trap_1_http_200_can_be_an_error"),
    (1, "sunoapi_org/refusals.rs", "trap_1_http_200_can_be_an_error"),
    (2, "ark/refusals.rs", "each_refusal_says_whether_a_retry_may_help"),
    (2, "kling/refusals.rs", "every_code_of_the_table"),
    (2, "openai_videos/main.rs", "a_submission_is_accepted_refused_or_unclear"),
    (2, "sunoapi_org/refusals.rs", "trap_2_429_is_an_account_without_credits"),
    (3, "fal_queue/poll.rs", "every_status_word_is_read"),
    (4, "ark/poll.rs", "a_waiting_and_a_working_task"),
    (4, "kling/refusals.rs", "every_code_of_the_table"),
    (4, "midjourney_proxy/refusals.rs", "each_refusal_says_whether_a_retry_may_help"),
    (5, "ark/poll.rs", "a_failed_task_says_why"),
    (5, "fal_queue/poll.rs", "an_error_in_the_place_of_a_result_is_a_verdict"),
    (5, "google/main.rs", "a_filtered_film_is_moderation_and_some_are_success"),
    (5, "kling/poll.rs", "a_late_verdict_may_be_moderation"),
    (5, "midjourney_proxy/poll.rs", "failure_texts_are_matched_loosely"),
    (5, "openai_videos/main.rs", "every_status_word_is_read"),
    (5, "suno_api/poll.rs", "trap_5_moderation_may_come_late"),
    (5, "sunoapi_org/poll.rs", "trap_5_moderation_may_come_late"),
    (6, "google/main.rs", "results_are_read_in_every_form"),
    (6, "openai_videos/main.rs", "a_result_without_a_link_is_fetched_with_the_key"),
    (7, "midjourney_proxy/poll.rs", "unfinished_words_and_percentages"),
    (7, "suno_api/poll.rs", "trap_7_a_streaming_sound_is_not_the_file"),
    (7, "sunoapi_org/poll.rs", "trap_7_a_stream_is_not_the_file"),
    (9, "ark/look_up.rs", "anything_else_proves_nothing"),
    (10, "ark/look_up.rs", "ours_is_found_and_of_two_the_one_that_got_furthest"),
    (10, "google/main.rs", "vertex_takes_seed_sound_and_a_folder_of_its_own"),
    (10, "kling/look_up.rs", "a_clear_answer_is_a_proof_either_way"),
    (10, "midjourney_proxy/look_up.rs", "ours_is_found_by_its_state"),
    (10, "openai_videos/main.rs", "a_lost_submission_is_found_by_what_was_asked_for"),
    (10, "suno_api/refusals.rs", "trap_10_a_submission_whose_answer_says_nothing_is_unclear_and_has_no_look_up"),
    (10, "sunoapi_org/refusals.rs", "trap_10_a_submission_whose_answer_says_nothing_is_unclear_and_has_no_look_up"),
    (11, "ark/side_calls.rs", "a_callback_is_only_a_hint"),
    (11, "fal_queue/poll.rs", "a_webhook_only_names_a_request"),
    (11, "kling/callbacks.rs", "with_a_secret_only_signed_callbacks_count"),
    (11, "midjourney_proxy/side_calls.rs", "a_callback_is_only_a_hint"),
    (11, "suno_api/refusals.rs", "trap_11_a_callback_is_only_a_hint"),
    (12, "ark/side_calls.rs", "a_callback_is_only_a_hint"),
    (12, "kling/callbacks.rs", "both_generations_name_the_task_and_our_id"),
    (12, "midjourney_proxy/side_calls.rs", "a_callback_is_only_a_hint"),
    (12, "openai_videos/main.rs", "a_webhook_only_names_a_video"),
    (12, "sunoapi_org/refusals.rs", "trap_12_the_callback_is_in_snake_case_and_only_a_hint"),
    (13, "ark/requests.rs", "files_go_where_their_urls_stood"),
    (13, "google/main.rs", "the_developer_protocol_takes_pictures_as_base64_only"),
    (13, "kling/legacy.rs", "pictures_go_up_as_bare_base64_and_urls_as_they_are"),
    (13, "openai_videos/main.rs", "a_form_holds_the_fields_and_the_file"),
    (14, "ark/requests.rs", "everybody_elses_words_become_items"),
    (14, "fal_queue/requests.rs", "lengths_are_fitted_and_spelled_as_each_model_wants_them"),
    (14, "google/main.rs", "the_developer_protocol_takes_pictures_as_base64_only"),
    (14, "kling/legacy.rs", "a_film_from_words_of_another_family"),
    (14, "kling/new_generation.rs", "a_film_from_words"),
    (14, "openai_videos/main.rs", "a_form_holds_the_fields_and_the_file"),
    (15, "ark/look_up.rs", "absence_is_proved_by_the_whole_list_or_a_page_that_reaches_back"),
    (15, "midjourney_proxy/look_up.rs", "a_short_list_proves_absence_and_a_full_one_only_when_it_reaches_back"),
    (15, "openai_videos/main.rs", "a_lost_submission_is_found_by_what_was_asked_for"),
    (15, "suno_api/poll.rs", "trap_15_times_are_seconds_or_text"),
    (16, "ark/poll.rs", "a_waiting_and_a_working_task"),
    (16, "fal_queue/poll.rs", "every_status_word_is_read"),
    (16, "kling/poll.rs", "every_word"),
    (16, "midjourney_proxy/poll.rs", "unfinished_words_and_percentages"),
    (16, "openai_videos/main.rs", "every_status_word_is_read"),
    (16, "suno_api/poll.rs", "trap_16_an_unknown_word_is_still_running"),
    (16, "sunoapi_org/poll.rs", "trap_16_an_unknown_word_is_still_running"),
    (8, "traps.rs", "trap_8_every_copy_deadline_is_the_vendors"),
    (10, "traps.rs", "trap_10_only_these_find_a_lost_submission_again"),
];

/// The traps of the index.
const NUMBERS: std::ops::RangeInclusive<u8> = 1..=16;

const HOUR_MS: i64 = 3_600_000;

/// A function's text with what stands above it.
fn told<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let at = text.find(&format!("\nfn {name}("))?;
    let begin = text[..at].rfind("\n}\n").unwrap_or(0);
    let end = text[at..].find("\n}\n").map_or(text.len(), |end| at + end);
    text.get(begin..end).filter(|told| told.contains("#[test]"))
}

/// Whether a test names the trap: `Trap 4`, `traps 3 and 16`, `trap_7_…`.
fn names(told: &str, number: u8) -> bool {
    let told = told.to_lowercase();
    told.split("trap").skip(1).any(|rest| {
        let numbers = rest.trim_start_matches(['s', ' ', '_']).split([' ', ':', '_', '.', ',', ')', '"']);
        numbers.take(3).any(|word| word == number.to_string())
    })
}

#[test]
fn every_trap_has_a_test_by_its_number() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for (number, file, test) in TESTS {
        let text = std::fs::read_to_string(folder.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
        let told = told(&text, test).unwrap_or_else(|| panic!("{file} has no test {test}"));
        assert!(names(told, *number), "{file}: {test} does not name trap {number}");
    }
    for number in NUMBERS {
        assert!(TESTS.iter().any(|(known, ..)| *known == number), "trap {number} has no test");
    }
}

/// What is not copied within this time is gone.
#[test]
fn trap_8_every_copy_deadline_is_the_vendors() {
    let sheets = [
        ("ark", 24 * HOUR_MS),
        ("fal_queue", 7 * 24 * HOUR_MS),
        // The vendor says two days, but somebody measured two hours (`upstream/veo.md`, A5).
        ("gemini_lro", 2 * HOUR_MS),
        ("kling", 30 * 24 * HOUR_MS),
        ("midjourney_proxy", 24 * HOUR_MS),
        ("openai_videos", HOUR_MS),
        ("sunoapi_org", 14 * 24 * HOUR_MS),
    ];
    for (name, kept_ms) in sheets {
        let dialect = providers::find(name).expect("is in the registry");
        assert_eq!(dialect.capabilities(&Map::new()).copy_deadline_ms, kept_ms, "{name}");
    }
}

#[test]
fn trap_10_only_these_find_a_lost_submission_again() {
    let finding = all().iter().filter(|dialect| dialect.capabilities(&Map::new()).lookup).map(|dialect| dialect.name());
    assert_eq!(finding.collect::<Vec<_>>(), ["ark", "kling", "midjourney_proxy", "openai_videos"]);
}
