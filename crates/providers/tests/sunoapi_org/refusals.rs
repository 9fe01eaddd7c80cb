//! Every code of the sheet's section 2.5, what is no answer at all, and inbound callbacks.

use crate::desk::{DIALECT, Desk, response};
use http::HeaderMap;
use providers::{Dialect, SubmitOutcome};
use task::{Failure, FailureKind, Retry};

fn refused(status: u16, body: &str) -> Failure {
    match Desk::new().answered(status, body) {
        SubmitOutcome::Refused(failure) => failure,
        other => panic!("HTTP {status} {body}: {other:?}"),
    }
}

fn code(code: u16) -> String {
    format!(r#"{{"code":{code},"msg":"some words","data":null}}"#)
}

#[test]
fn an_accepted_submission_gives_its_id() {
    let body = r#"{"code":200,"msg":"success","data":{"taskId":"5c79be8e"}}"#;
    let SubmitOutcome::Accepted { operation, warnings, .. } = Desk::new().answered(200, body) else {
        panic!("it is a yes");
    };
    assert_eq!((operation.id.as_str(), operation.memo.is_null(), warnings.len()), ("5c79be8e", true, 0));
}

#[test]
fn trap_1_http_200_can_be_an_error() {
    use FailureKind::{InvalidInput, Refused};
    for (number, kind, retry) in [
        (400, InvalidInput, Retry::Never),
        (401, Refused, Retry::Elsewhere),
        (404, Refused, Retry::Elsewhere),
        (405, Refused, Retry::Later(None)),
        (413, InvalidInput, Retry::Never),
        (422, InvalidInput, Retry::Never),
        (430, Refused, Retry::Later(None)),
        (455, Refused, Retry::Later(Some(60_000))),
    ] {
        for status in [200, number] {
            let failure = refused(status, &code(number));
            assert_eq!((failure.kind, failure.retry), (kind, retry), "HTTP {status} code {number}");
            assert!(!failure.public.is_empty() && failure.private.contains(&number.to_string()));
        }
    }
    assert!(Desk::new().polled(task::Kind::Music, 200, &code(401)).is_err(), "an error is no record");
}

#[test]
fn trap_2_429_is_an_account_without_credits() {
    for (status, body) in [(200, code(429)), (429, code(429)), (429, String::new())] {
        let failure = refused(status, &body);
        assert_eq!((failure.kind, failure.retry), (FailureKind::Refused, Retry::Elsewhere), "HTTP {status}");
        assert_eq!(failure.public, "the upstream account is not available");
    }
}

#[test]
fn refused_content_is_told_apart_from_broken_requests() {
    let body = r#"{"code":400,"msg":"Your lyrics contain copyrighted material","data":null}"#;
    let failure = refused(200, body);
    assert_eq!((failure.kind, failure.retry), (FailureKind::Moderation, Retry::Never));
    assert_eq!(failure.public, "Your lyrics contain copyrighted material");
}

#[test]
fn trap_10_a_submission_whose_answer_says_nothing_is_unclear_and_has_no_look_up() {
    let cases = [
        (500, code(500)),
        (200, code(500)),
        (200, code(531)),
        (200, code(408)),
        (408, String::new()),
        (502, "<html>".to_owned()),
        (200, String::new()),
        (200, "null".to_owned()),
        (200, r#"{"code":200,"data":{"taskId":""}}"#.to_owned()),
        (200, r#"{"code":200,"data":null}"#.to_owned()),
        (200, r#"{"code":200,"data":{"taskI"#.to_owned()),
        (200, r#"{"data":{"taskId":"5"}}"#.to_owned()),
        (200, code(300)),
    ];
    for (status, body) in cases {
        let outcome = Desk::new().answered(status, &body);
        assert!(matches!(outcome, SubmitOutcome::Unclear(_)), "HTTP {status} {body}: {outcome:?}");
    }
    assert!(!DIALECT.capabilities(&Desk::new().options).lookup);
}

#[test]
fn links_never_reach_a_message() {
    let failure = refused(200, r#"{"code":400,"msg":"bad link https://cdn.test/a?sig=SECRET given"}"#);
    assert_eq!(failure.public, "bad link [link] given");
    assert!(!format!("{failure:?}").contains("SECRET"));
}

#[test]
fn a_retry_after_is_kept() {
    let mut busy = response(200, &code(430));
    busy.headers.insert("retry-after", http::HeaderValue::from_static("7"));
    let operation = crate::desk::operation("7");
    let items = [providers::PollItem { operation: &operation, kind: task::Kind::Music }];
    let desk = Desk::new();
    let failure = DIALECT.read_poll(desk.account(), &items, &serde_json::Value::Null, &busy).expect_err("no verdict");
    assert_eq!(failure.retry, Retry::Later(Some(7_000)));
}

#[test]
fn trap_12_the_callback_is_in_snake_case_and_only_a_hint() {
    let desk = Desk::new();
    let read = |body: &str| DIALECT.read_callback(desk.account(), &HeaderMap::new(), body.as_bytes());
    let body = r#"{"code":200,"msg":"All generated successfully.","data":{"callbackType":"complete","task_id":"up-1",
        "data":[{"id":"c1","audio_url":"https://cdn.test/c1.mp3"}]}}"#;
    let hint = read(body).expect("it names a task");
    assert_eq!((hint.operation_id.as_str(), hint.client), ("up-1", None));
    assert_eq!(read(r#"{"data":{"taskId":"up-2"}}"#).expect("it names a task").operation_id, "up-2");
    for nonsense in ["", "null", "[]", "{}", r#"{"data":null}"#, r#"{"data":{"task_id":""}}"#, r#"{"task_id":"x"}"#] {
        assert_eq!(read(nonsense), None, "{nonsense}");
    }
}
