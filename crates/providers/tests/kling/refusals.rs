//! Answers to submissions that are no yes: `upstream/kling.md` section 10, `upstream/README.md` traps 1, 2 and 4.

use crate::desk::{DIALECT, Desk, accepted, path, refused, response};
use http::HeaderValue;
use providers::{Dialect, SubmitOutcome, Turn};
use serde_json::{Map, Value, json};
use task::{FailureKind, Retry};

fn refusal(status: u16, code: i64) -> (FailureKind, Retry) {
    let failure = refused(
        Desk::legacy()
            .answered(status, &format!(r#"{{"code":{code},"message":"words of the vendor","request_id":"r"}}"#)),
    );
    assert!(!failure.public.is_empty() && failure.private.contains(&code.to_string()));
    (failure.kind, failure.retry)
}

#[test]
fn every_code_of_the_table() {
    use FailureKind::{InvalidInput, Moderation, Refused};
    use Retry::{Elsewhere, Later, Never};
    for (status, code, kind, retry) in [
        (401, 1000, Refused, Elsewhere),
        (401, 1001, Refused, Elsewhere),
        (401, 1002, Refused, Elsewhere),
        (401, 1003, Refused, Later(Some(1_000))),
        (401, 1004, Refused, Later(Some(1_000))),
        // Trap 2: 429, and yet final for this account.
        (429, 1100, Refused, Elsewhere),
        (429, 1101, Refused, Elsewhere),
        (429, 1102, Refused, Elsewhere),
        (403, 1103, Refused, Elsewhere),
        (400, 1200, InvalidInput, Never),
        (400, 1201, InvalidInput, Never),
        (404, 1202, Refused, Elsewhere),
        (404, 1203, Refused, Elsewhere),
        (400, 1300, Moderation, Never),
        (400, 1301, Moderation, Never),
        (429, 1302, Refused, Later(Some(1_000))),
        // Trap 4: too many at the same time is refused here.
        (429, 1303, Refused, Later(None)),
        (429, 1304, Refused, Elsewhere),
    ] {
        assert_eq!(refusal(status, code), (kind, retry), "{code}");
        // Trap 1: the code counts with HTTP 200 as well.
        assert_eq!(refusal(200, code), (kind, retry), "HTTP 200 with {code}");
    }
}

#[test]
fn the_account_is_not_the_callers_business() {
    let body = r#"{"code":1102,"message":"resource pack 77 of Example Ltd used up"}"#;
    let failure = refused(Desk::legacy().answered(429, body));
    assert!(!failure.public.contains("Example"), "{}", failure.public);
    assert!(failure.private.contains("pack 77"));
    let moderated =
        refused(Desk::legacy().answered(400, r#"{"code":1301,"message":"the prompt holds a sensitive word"}"#));
    assert_eq!(moderated.public, "the prompt holds a sensitive word");
}

#[test]
fn a_pause_that_is_asked_for_is_kept() {
    for (code, seconds, after_ms) in [(1302, "7", 7_000), (1302, "0", 1_000), (1303, "30", 30_000)] {
        let mut response = response(429, &format!(r#"{{"code":{code},"message":""}}"#));
        response.headers.insert(http::header::RETRY_AFTER, HeaderValue::from_str(seconds).expect("is text"));
        assert_eq!(refused(Desk::legacy().answered_with(&Value::Null, &response)).retry, Retry::Later(Some(after_ms)));
    }
}

#[test]
fn what_may_have_begun_is_no_refusal() {
    for (status, body) in [
        (500, r#"{"code":5000,"message":"internal"}"#),
        (503, r#"{"code":5001,"message":"maintenance"}"#),
        (504, r#"{"code":5002,"message":"time-out"}"#),
        (500, r#"{"code":1201,"message":"x"}"#),
        (200, r#"{"code":5002,"message":"time-out"}"#),
        (200, ""),
        (200, r#"{"code":0,"data":{}}"#),
        (200, r#"{"code":0,"data":{"task_id":""}}"#),
        (408, ""),
    ] {
        let turn = Desk::legacy().answered(status, body);
        assert!(matches!(turn, Turn::End(SubmitOutcome::Unclear(_))), "{status} {body}: {turn:?}");
    }
    for (status, retry) in [
        (400, Retry::Never),
        (401, Retry::Elsewhere),
        (404, Retry::Elsewhere),
        (429, Retry::Later(None)),
        (301, Retry::Elsewhere),
    ] {
        assert_eq!(refused(Desk::legacy().answered(status, "<html>")).retry, retry, "{status}");
    }
}

#[test]
fn our_own_id_seen_before_is_the_earlier_attempt() {
    let desk = Desk::legacy();
    let duplicate = r#"{"code":1201,"message":"external_task_id already exists"}"#;
    let Turn::Next(request, memo) = desk.answered(400, duplicate) else { panic!("it is asked for") };
    assert_eq!((path(&request), request.paid), (format!("/v1/videos/text2video/{}", desk.client), false));
    let found = format!(
        r#"{{"code":0,"data":{{"task_id":"8123","task_status":"processing","task_info":{{"external_task_id":"{}"}}}}}}"#,
        desk.client
    );
    let operation = accepted(desk.answered_with(&memo, &response(200, &found)));
    assert_eq!((operation.id.as_str(), &operation.memo["query"]), ("8123", &json!("/v1/videos/text2video")));
    let absent = refused(desk.answered_with(&memo, &response(404, r#"{"code":1203,"message":"x"}"#)));
    assert_eq!((absent.kind, absent.retry), (FailureKind::InvalidInput, Retry::Never));
    for (status, body) in
        [(500, ""), (200, r#"{"code":0,"data":{"task_id":"9","task_info":{"external_task_id":"other"}}}"#)]
    {
        let turn = desk.answered_with(&memo, &response(status, body));
        assert!(matches!(turn, Turn::End(SubmitOutcome::Unclear(_))), "{turn:?}");
    }
}

#[test]
fn options_are_checked() {
    let check = |options: Value| DIALECT.check_options(options.as_object().unwrap_or(&Map::new()));
    for good in [json!({}), json!({ "generation": "legacy" }), json!({ "generation": "new", "poll_period_ms": 250 })] {
        assert_eq!(check(good.clone()), Ok(()), "{good}");
    }
    for bad in [json!({ "generation": "old" }), json!({ "poll_period_ms": 5 }), json!({ "webhook_secret": "whsec_x" })]
    {
        assert!(check(bad.clone()).is_err(), "{bad}");
    }
    assert!(check(json!({ "webhook_secret": "x" })).expect_err("is unknown").contains("whsec_"));
}
