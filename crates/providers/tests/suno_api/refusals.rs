//! What a submission may be answered with, and inbound callbacks.

use crate::desk::{DIALECT, Desk, response};
use http::HeaderMap;
use providers::{Dialect, SubmitOutcome};
use task::{Failure, FailureKind, Retry};

fn refused(status: u16, body: &str) -> Failure {
    match Desk::extended().answered(status, body) {
        SubmitOutcome::Refused(failure) => failure,
        other => panic!("HTTP {status} {body}: {other:?}"),
    }
}

#[test]
fn an_id_is_taken_from_wherever_it_stands() {
    for (body, id) in [
        (r#"{"code":"success","message":"","data":"736a6f88"}"#, "736a6f88"),
        (r#"{"code":"success","data":{"task_id":"736a6f88"}}"#, "736a6f88"),
        (r#"{"code":200,"data":12}"#, "12"),
    ] {
        let SubmitOutcome::Accepted { operation, warnings, .. } = Desk::extended().answered(200, body) else {
            panic!("{body} is a yes");
        };
        assert_eq!((operation.id.as_str(), warnings.len()), (id, 0));
    }
}

#[test]
fn each_refusal_says_whether_a_retry_may_help() {
    use FailureKind::{InvalidInput, Moderation, Refused};
    let told = |message: &str| format!(r#"{{"code":"invalid_request","message":"{message}","data":null}}"#);
    let cases = [
        (400, told("task_id is empty"), InvalidInput, Retry::Never),
        (422, told("prompt too long"), InvalidInput, Retry::Never),
        (400, told("invalid action"), Refused, Retry::Elsewhere),
        (400, told("Insufficient credits."), Refused, Retry::Elsewhere),
        (400, told("moderation_failure: lyrics contained a banned word"), Moderation, Retry::Never),
        (401, told("401 Unauthorized"), Refused, Retry::Elsewhere),
        (402, told("402 Payment Required"), Refused, Retry::Elsewhere),
        (403, "{}".to_owned(), Refused, Retry::Elsewhere),
        (404, "<html>".to_owned(), Refused, Retry::Elsewhere),
        (429, told("429 Too Many Requests"), Refused, Retry::Later(None)),
        (429, String::new(), Refused, Retry::Later(None)),
        (413, String::new(), InvalidInput, Retry::Never),
    ];
    for (status, body, kind, retry) in cases {
        let failure = refused(status, &body);
        assert_eq!((failure.kind, failure.retry), (kind, retry), "HTTP {status} {body}");
        assert!(!failure.public.is_empty() && !failure.private.is_empty());
    }
}

#[test]
fn trap_1_http_200_can_be_an_error() {
    let failure = refused(200, r#"{"code":"invalid_request","message":"prompt is empty","data":null}"#);
    assert_eq!((failure.kind, failure.public.as_str()), (FailureKind::InvalidInput, "prompt is empty"));
    assert_eq!(refused(200, r#"{"code":"quota_not_enough","message":"no"}"#).retry, Retry::Elsewhere);
    assert_eq!(refused(200, r#"{"code":"rate_limit","message":"no"}"#).retry, Retry::Later(None));
    let polled = Desk::extended().polled(task::Kind::Music, &["7"], 200, r#"{"code":"invalid_request","message":"x"}"#);
    assert!(polled.is_err(), "an error is no list");
}

#[test]
fn trap_10_a_submission_whose_answer_says_nothing_is_unclear_and_has_no_look_up() {
    let cases = [
        (500, r#"{"code":"internal_error","message":"x","data":null}"#),
        (502, "<html>"),
        (504, ""),
        (408, ""),
        (200, ""),
        (200, "null"),
        (200, "[1]"),
        (200, r#"{"code":"success","dat"#),
        (200, r#"{"code":"success","data":null}"#),
        (200, r#"{"code":"success","data":""}"#),
        (200, r#"{"code":"internal_error","message":"x"}"#),
        (200, r#"{"code":"something","data":"5"}"#),
        (200, r#"{"data":"5"}"#),
    ];
    for (status, body) in cases {
        let outcome = Desk::extended().answered(status, body);
        assert!(matches!(outcome, SubmitOutcome::Unclear(_)), "HTTP {status} {body}: {outcome:?}");
    }
    assert!(!DIALECT.capabilities(&Desk::extended().options).lookup);
}

#[test]
fn links_never_reach_a_message_and_an_account_is_not_told() {
    let failure =
        refused(400, r#"{"code":"invalid_request","message":"bad link https://cdn.test/a?sig=SECRET given"}"#);
    assert_eq!(failure.public, "bad link [link] given");
    let account = refused(400, r#"{"code":"invalid_request","message":"account 998 has no credits"}"#);
    assert!(!account.public.contains("998") && account.private.contains("998"));
}

#[test]
fn a_retry_after_is_kept() {
    let mut busy = response(429, "");
    busy.headers.insert("retry-after", http::HeaderValue::from_static("7"));
    let operation = crate::desk::operation("7");
    let items = [providers::PollItem { operation: &operation, kind: task::Kind::Music }];
    let desk = Desk::extended();
    let failure = DIALECT.read_poll(desk.account(), &items, &serde_json::Value::Null, &busy).expect_err("no verdict");
    assert_eq!(failure.retry, Retry::Later(Some(7_000)));
}

#[test]
fn trap_11_a_callback_is_only_a_hint() {
    let desk = Desk::extended();
    let read = |body: &str| DIALECT.read_callback(desk.account(), &HeaderMap::new(), body.as_bytes());
    for body in [
        r#"{"task_id":"up-1","status":"SUCCESS","data":[]}"#,
        r#"{"code":"success","data":{"task_id":"up-1","status":"SUCCESS"}}"#,
        r#"{"code":"success","data":"up-1"}"#,
        r#"{"id":"up-1"}"#,
    ] {
        let hint = read(body).expect("it names a task");
        assert_eq!((hint.operation_id.as_str(), hint.client), ("up-1", None), "{body}");
    }
    for nonsense in ["", "null", "[]", "{}", r#"{"id":""}"#, r#"{"id":1.5}"#, r#"{"data":[]}"#] {
        assert_eq!(read(nonsense), None, "{nonsense}");
    }
}
