//! Answers to submissions, look-ups and cancels, and errors.

use crate::fixture::{grid, id, task, view};
use contracts::midjourney::{BANNED_WORD, Midjourney};
use contracts::{Family, LookupResult, Problem, QueuePosition};
use serde_json::{Value, json};
use task::{Kind, State};

fn accepted(button: Option<&str>, ahead: i64) -> Value {
    let mut task = task(State::Queued);
    if let Some(button) = button {
        task.spec.kind = Kind::FollowUp;
        task.spec.button = Some(button.into());
    }
    let answer = Midjourney.accepted(&task, QueuePosition { ahead });
    assert_eq!(answer.status, 200);
    answer.body.expect("has a body")
}

#[test]
fn an_idle_service_answers_1() {
    let expected = json!({ "code": 1, "description": "Submitted successfully", "result": id(1), "properties": {} });
    assert_eq!(accepted(None, 0), expected);
    assert_eq!(accepted(Some("MJ::JOB::upsample::1::abc123"), 0), expected);
}

#[test]
fn a_busy_one_answers_22_with_the_number_ahead() {
    let answer = accepted(None, 3);
    assert_eq!((&answer["code"], &answer["result"]), (&json!(22), &json!(id(1))));
    assert_eq!(answer["properties"], json!({ "numberOfQueues": 3 }));
}

#[test]
fn a_button_that_asks_first_answers_21() {
    for button in ["MJ::CustomZoom::h", "MJ::Inpaint::1::h::SOLO"] {
        let answer = accepted(Some(button), 3);
        assert_eq!((&answer["code"], &answer["result"]), (&json!(21), &json!(id(1))), "{button}");
        assert_eq!(answer["properties"]["status"], "NOT_START");
    }
}

#[test]
fn a_second_modal_gets_the_first_ones_id() {
    let answer = Midjourney.existing(&task(State::Running)).body.expect("has a body");
    assert_eq!((&answer["code"], &answer["result"]), (&json!(21), &json!(id(1))));
    assert_eq!(answer["properties"]["status"], "IN_PROGRESS");
}

#[test]
fn cancel_and_upload_answer_1() {
    let task = task(State::Cancelled);
    let cancelled = Midjourney.cancelled(&view(&task)).body;
    assert_eq!(cancelled, Some(json!({ "code": 1, "description": "Success", "result": id(1), "properties": {} })));
    let urls = ["https://media.test/a.png".to_owned()];
    let uploaded = Midjourney.uploaded(&urls).body.expect("has a body");
    assert_eq!((&uploaded["code"], &uploaded["result"]), (&json!(1), &json!(urls)));
}

#[test]
fn seeds() {
    let mut task = grid();
    assert_eq!(Midjourney.known(&task), Ok(None));
    task.details.seed = Some("1234567890".into());
    assert_eq!(Midjourney.known(&task), Ok(Some("1234567890".into())));
    let found = Midjourney.looked_up(&task, &LookupResult::Found("1234567890".into())).expect("is found");
    let expected = json!({ "code": 1, "description": "Success", "result": "1234567890", "properties": {} });
    assert_eq!(found.body, Some(expected));

    let none = Midjourney.looked_up(&task, &LookupResult::None).expect_err("is none");
    assert_eq!(Midjourney.error(&none, "r").1["code"], 3);
    let failed = Midjourney.looked_up(&task, &LookupResult::Failed("away".into())).expect_err("failed");
    let (status, body) = Midjourney.error(&failed, "r");
    assert_eq!((status, &body["code"], &body["description"]), (502, &json!(9), &json!("away")));

    task.spec.kind = Kind::Shorten;
    assert_eq!(Midjourney.known(&task).expect_err("is words").status, 404);
    let early = Midjourney.known(&self::task(State::Running)).expect_err("runs");
    assert_eq!((early.status, early.code), (400, "task_status_not_success"));
}

#[test]
fn an_error_has_both_shapes() {
    let problem = Problem::invalid("prompt", "prompt is required");
    insta::assert_json_snapshot!(Midjourney.error(&problem, "req_1").1, @r#"
    {
      "code": 4,
      "description": "prompt is required",
      "error": {
        "code": "invalid_request",
        "message": "prompt is required",
        "param": "prompt",
        "request_id": "req_1",
        "type": "invalid_request_error"
      },
      "properties": {},
      "result": null,
      "type": "upstream_error"
    }
    "#);
}

#[test]
fn a_missing_task_is_told_in_this_familys_words() {
    let (status, body) = Midjourney.error(&Problem::no_task(), "r");
    assert_eq!((status, &body["code"], &body["description"]), (404, &json!(3), &json!("task not found")));
    assert_eq!((&body["result"], &body["error"]["code"]), (&Value::Null, &json!("task_not_exist")));
}

#[test]
fn codes_by_status() {
    for (problem, code) in [
        (Problem::invalid_json("x"), 4),
        (Problem::invalid_api_key(), 4),
        (Problem::insufficient_quota(), 4),
        (Problem::no_route("/mj/x"), 3),
        (Problem::method_not_allowed("GET"), 4),
        (Problem::idempotency_conflict(), 4),
        (Problem::not_cancellable("x"), 4),
        (Problem::too_large(None, "x"), 4),
        (Problem::unsupported_media_type("x"), 4),
        (Problem::rate_limited(1), 23),
        (Problem::internal(), 9),
        (Problem::upstream("x"), 9),
        (Problem::no_channel("mj_imagine"), 9),
        (Problem::refused(BANNED_WORD, "x"), 24),
    ] {
        let (status, body) = Midjourney.error(&problem, "r");
        assert_eq!((status, &body["code"]), (problem.status, &json!(code)), "{problem}");
    }
}

#[test]
fn an_error_after_the_commit_names_the_task() {
    let mut problem = Problem::internal();
    problem.task = Some(id(1));
    assert_eq!(Midjourney.error(&problem, "r").1["error"]["task_id"], json!(id(1)));
}
