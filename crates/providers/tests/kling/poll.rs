//! Polls of the legacy generation: `upstream/kling.md` section 3, `upstream/README.md` traps 1, 5, 15 and 16.

use crate::desk::{DIALECT, Desk, HOOK, at, items, known, path, response};
use providers::{Dialect, PollOutcome, Request, Target, Turn};
use serde_json::{Value, json};
use task::{Failure, FailureKind, Operation, Output, Phase, Retry, Role, Source};

fn answer(data: &str) -> String {
    format!(r#"{{"code":0,"message":"SUCCEED","request_id":"r","data":{data}}}"#)
}

fn in_state(word: &str) -> PollOutcome {
    Desk::legacy().fetched(&answer(&format!(r#"{{"task_id":"7","task_status":{word},"task_status_msg":""}}"#)))
}

fn pending(phase: Phase, word: Option<&str>) -> PollOutcome {
    PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word: word.map(str::to_owned) }
}

#[test]
fn every_word() {
    assert_eq!(in_state(r#""submitted""#), pending(Phase::Waiting, None));
    assert_eq!(in_state(r#""processing""#), pending(Phase::Working, None));
    assert_eq!(in_state("null"), pending(Phase::Waiting, None));
    // Trap 16: a word that no sheet knows is still running.
    assert_eq!(in_state(r#""dreaming""#), pending(Phase::Working, Some("dreaming")));
    assert!(matches!(in_state(r#""failed""#), PollOutcome::Failed(_)));
    assert!(
        matches!(in_state(r#""succeed""#), PollOutcome::Failed(failure) if failure.public.contains("without a result"))
    );
}

#[test]
fn a_film_that_is_done() {
    let body = answer(
        r#"{"task_id":"7","task_status":"succeed","task_status_msg":"","task_info":{"external_task_id":"job-42"},
            "created_at":1790000000000,"updated_at":1790000090000,
            "task_result":{"videos":[{"id":"v","url":"https://cdn.test/x.mp4","watermark_url":"","duration":"5"}]},
            "final_unit_deduction":"1","final_balance_deduction":null}"#,
    );
    let PollOutcome::Done { outputs, details } = Desk::legacy().fetched(&body) else { panic!("it is done") };
    assert_eq!(outputs, [Output::new(Role::Video, Source::Url("https://cdn.test/x.mp4".into()))]);
    assert_eq!(Value::Object(details.extras), json!({ "final_unit_deduction": "1" }));
}

#[test]
fn pictures_come_in_the_order_of_their_index() {
    let body = answer(
        r#"{"task_id":7,"task_status":"succeed","task_result":{"images":[
            {"index":1,"url":"https://cdn.test/1.png"},{"index":0,"url":"https://cdn.test/0.png"},
            {"index":2,"url":"","watermark_url":"https://cdn.test/2.png"},{"index":3,"url":"javascript:x"}]}}"#,
    );
    let PollOutcome::Done { outputs, .. } = Desk::legacy().fetched(&body) else { panic!("it is done") };
    let urls: Vec<&Source> = outputs.iter().map(|output| &output.source).collect();
    let expected = [0, 1, 2].map(|n| Source::Url(format!("https://cdn.test/{n}.png")));
    assert_eq!(urls, expected.iter().collect::<Vec<_>>());
    assert!(outputs.iter().all(|output| output.role == Role::Image));
}

#[test]
fn a_late_verdict_may_be_moderation() {
    // Trap 5.
    let failed = |text: &str| match Desk::legacy()
        .fetched(&answer(&format!(r#"{{"task_id":"7","task_status":"failed","task_status_msg":"{text}"}}"#)))
    {
        PollOutcome::Failed(failure) => failure,
        other => panic!("{other:?}"),
    };
    for text in ["Failure to pass the risk control system", "content safety", "内容违规"] {
        assert_eq!(failed(text).kind, FailureKind::Moderation, "{text}");
        assert_eq!(failed(text).public, text);
    }
    assert_eq!(failed("Image pixel is invalid").kind, FailureKind::InvalidInput);
    assert_eq!((failed("oops").kind, failed("oops").retry), (FailureKind::Upstream, Retry::Never));
    assert_eq!(failed("see https://x.test/?sig=1").public, "see [link]");
    assert_eq!(failed("").public, "the upstream failed without giving a reason");
}

fn polled(status: u16, body: &str) -> Result<Vec<PollOutcome>, Failure> {
    match Desk::legacy().polled(&[known("7")], &Value::Null, &response(status, body))? {
        Turn::End(outcomes) => Ok(outcomes),
        Turn::Next(..) => panic!("its path is known"),
    }
}

#[test]
fn only_the_vendors_own_word_makes_a_task_missing() {
    for (status, body) in [
        (404, r#"{"code":1203,"message":"The requested resource does not exist"}"#),
        (200, r#"{"code":1203,"message":"x"}"#),
        (400, r#"{"code":1201,"message":"Task not found"}"#),
        (200, r#"{"code":0,"data":null}"#),
    ] {
        assert_eq!(polled(status, body), Ok(vec![PollOutcome::Missing]), "{status} {body}");
    }
    // Trap 1, and whatever stands in between.
    for (status, body) in [
        (200, r#"{"code":1302,"message":"slow down"}"#),
        (200, r#"{"code":5000,"message":"oops"}"#),
        (400, r#"{"code":1201,"message":"bad parameter"}"#),
        (500, r#"{"code":1203,"message":"x"}"#),
        (404, "<html>not found</html>"),
        (502, ""),
        (200, ""),
        (200, r#"{"data":{"task_id":"7","task_status":"succeed"}}"#),
        (200, r#"{"code":0,"data":{"task_status":"succeed"}}"#),
        (200, r#"{"code":0,"data":{"task_id":"8","task_status":"failed"}}"#),
        (401, r#"{"code":1004,"message":"expired"}"#),
    ] {
        assert!(polled(status, body).is_err(), "{status} {body}");
    }
}

#[test]
fn a_film_of_unknown_path_is_looked_for_behind_each() {
    let desk = Desk::legacy();
    let operations = [Operation { id: "7".into(), memo: Value::Null }];
    let mut request: Request = DIALECT.poll(desk.account(), &items(&operations));
    let mut memo = Value::Null;
    let mut tried = Vec::new();
    let missing = response(404, r#"{"code":1203,"message":"x"}"#);
    let outcomes = loop {
        tried.push(path(&request));
        match desk.polled(&operations, &memo, &missing).expect("can be read") {
            Turn::Next(next, noted) => (request, memo) = (next, noted),
            Turn::End(outcomes) => break outcomes,
        }
    };
    let paths = ["text2video", "image2video", "multi-image2video", "omni-video"];
    assert_eq!(tried, paths.map(|path| format!("/v1/videos/{path}/7")));
    assert!(tried.len() <= providers::dialect::MAX_TURNS);
    assert_eq!(outcomes, [PollOutcome::Missing]);
}

#[test]
fn legacy_tasks_are_asked_for_one_by_one() {
    let desk = Desk::legacy();
    let can = DIALECT.capabilities(&desk.options);
    assert_eq!((can.poll_batch, can.callback, can.cancel, can.lookup, can.percent), (1, true, false, true, false));
    // Trap 8.
    assert_eq!(can.copy_deadline_ms, 30 * 86_400_000);
    assert_eq!(desk.asked(&[at("a/..?b", "/v1/images/generations")]), "/v1/images/generations/a%2F..%3Fb");
}

#[test]
fn a_file_is_fetched_without_the_key() {
    let desk = Desk::legacy();
    let output = Output::new(Role::Video, Source::Url(HOOK.into()));
    let request = DIALECT.fetch(desk.account(), &output).expect("is a link");
    assert_eq!((request.target, request.headers.len(), request.paid), (Target::FromAnswer(HOOK.into()), 0, false));
}
