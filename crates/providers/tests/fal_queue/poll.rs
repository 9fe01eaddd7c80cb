//! Statuses and results.

use crate::desk::{Desk, answer};
use http::HeaderMap;
use providers::fal_queue::FalQueue;
use providers::{CancelOutcome, Dialect, PollOutcome, Target, Turn};
use serde_json::{Value, json};
use task::{FailureKind, Output, Phase, Role, Source};

fn ended(turn: Turn<Vec<PollOutcome>>) -> PollOutcome {
    match turn {
        Turn::End(mut outcomes) => outcomes.remove(0),
        Turn::Next(..) => panic!("it is not over"),
    }
}

#[test]
fn every_status_word_is_read() {
    let desk = Desk::new();
    let read = |status: u16, word: &str| desk.status(&answer(status, &json!({ "status": word, "queue_position": 2 })));
    for (status, word, phase, unknown) in [
        (202, "IN_QUEUE", Phase::Waiting, None),
        (202, "IN_PROGRESS", Phase::Working, None),
        (200, "PONDERING", Phase::Working, Some("PONDERING".to_owned())),
    ] {
        let outcome = ended(read(status, word).expect("traps 3 and 16: a normal answer"));
        let pending = PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word: unknown };
        assert_eq!(outcome, pending, "{word}");
    }
    let Turn::Next(request, _) = read(200, "COMPLETED").expect("is read") else { panic!("the result is asked for") };
    assert_eq!(request.target, Target::Base("/fal-ai/kling-video/requests/r-1".into()));
    assert_eq!(ended(desk.status(&answer(404, &json!({}))).expect("is read")), PollOutcome::Missing);
    for status in [401, 429, 500, 503] {
        assert!(desk.status(&answer(status, &json!({ "detail": "no" }))).is_err(), "{status} is no verdict");
    }
    assert!(desk.status(&answer(200, &json!([]))).is_err());
}

#[test]
fn a_result_gives_film_cover_seed_and_the_vendors_name_of_it() {
    let desk = Desk::new();
    let body = json!({
        "video": { "url": "https://v3.fal.test/a.mp4", "content_type": "video/mp4" },
        "thumbnail": { "url": "https://v3.fal.test/a.jpg" },
        "seed": 42, "actual_prompt": "a fine cat", "video_id": "video_1",
    });
    let PollOutcome::Done { outputs, details } = desk.result(&json!({}), &answer(200, &body)).expect("is read") else {
        panic!("done")
    };
    let url = |name: &str| Source::Url(format!("https://v3.fal.test/{name}"));
    assert_eq!(outputs, [Output::new(Role::Video, url("a.mp4")), Output::new(Role::Cover, url("a.jpg"))]);
    assert_eq!((details.seed.as_deref(), details.prompt_used.as_deref()), (Some("42"), Some("a fine cat")));
    assert_eq!(details.extras["video_id"], "video_1");
    let request = FalQueue.fetch(desk.account(), &outputs[0]).expect("can be asked for");
    assert_eq!(request.target, Target::FromAnswer("https://v3.fal.test/a.mp4".into()));
    assert!(!request.headers.contains_key("authorization"), "the key is not for files");
    let empty = desk.result(&json!({}), &answer(200, &json!({ "seed": 1 }))).expect("is read");
    assert!(matches!(empty, PollOutcome::Failed(_)), "an empty success is a failure");
}

#[test]
fn an_error_in_the_place_of_a_result_is_a_verdict() {
    let desk = Desk::new();
    let models =
        |kind: &str| json!({ "detail": [{ "loc": ["body"], "msg": "no https://a.test/?sig=1", "type": kind }] });
    let queues = |kind: &str| json!({ "detail": "gone", "error_type": kind });
    for (status, body, expected) in [
        (422, models("content_policy_violation"), FailureKind::Moderation),
        (422, models("image_too_small"), FailureKind::InvalidInput),
        (500, models("internal_server_error"), FailureKind::Upstream),
        (422, models("no_media_generated"), FailureKind::Upstream),
        (504, queues("request_timeout"), FailureKind::Upstream),
        (400, queues("bad_request"), FailureKind::InvalidInput),
    ] {
        let outcome = desk.result(&json!({}), &answer(status, &body)).expect("is read");
        let PollOutcome::Failed(failure) = outcome else { panic!("trap 5: {body}: {outcome:?}") };
        assert_eq!(failure.kind, expected, "{body}");
        assert!(!failure.public.contains("sig="), "no link is shown: {}", failure.public);
    }
    let stopped = desk.result(&json!({}), &answer(499, &queues("client_cancelled"))).expect("is read");
    assert_eq!(stopped, PollOutcome::Cancelled);
}

#[test]
fn what_something_in_between_says_is_no_verdict() {
    let desk = Desk::new();
    for status in [401, 403, 429, 500, 502, 503] {
        let read = desk.result(&json!({}), &answer(status, &json!({ "detail": "busy" })));
        assert!(read.is_err(), "{status}: {read:?}");
    }
    let told = json!({ "error": "Runner disconnected", "error_type": "runner_disconnected" });
    let read = desk.result(&told, &answer(503, &Value::Null)).expect("the status named the error");
    assert!(matches!(read, PollOutcome::Failed(failure) if failure.public == "Runner disconnected"));
    assert_eq!(desk.result(&json!({}), &answer(404, &json!({}))), Ok(PollOutcome::Missing));
}

#[test]
fn a_stop_is_asked_for_and_may_come_too_late() {
    let read = |status, word: &str| FalQueue.read_cancel(&answer(status, &json!({ "status": word })));
    assert_eq!(read(202, "CANCELLATION_REQUESTED"), Ok(CancelOutcome::Stopped));
    assert!(matches!(read(400, "ALREADY_COMPLETED"), Ok(CancelOutcome::TooLate(_))));
    assert!(read(503, "").is_err());
}

#[test]
fn a_webhook_only_names_a_request() {
    let desk = Desk::new();
    let letter =
        json!({ "request_id": "r-1", "gateway_request_id": "r-2", "status": "OK", "payload": { "video": {} } });
    let hint = FalQueue.read_callback(desk.account(), &HeaderMap::new(), letter.to_string().as_bytes());
    assert_eq!(hint.map(|hint| hint.operation_id).as_deref(), Some("r-1"), "trap 11: a hint, whatever it says");
    assert!(FalQueue.read_callback(desk.account(), &HeaderMap::new(), b"{\"request_id\":\"\"}").is_none());
}
