//! Every code of the sheet's section 3, and what is no answer at all.

use crate::desk::{Desk, json, object};
use providers::SubmitOutcome;
use task::{Failure, FailureKind, Kind, Retry, Spec, Speed};

fn refused(status: u16, body: &str) -> Failure {
    match Desk::trueai().answered(status, body) {
        SubmitOutcome::Refused(failure) => failure,
        other => panic!("HTTP {status} {body}: {other:?}"),
    }
}

fn accepted(body: &str) -> task::Operation {
    match Desk::trueai().answered(200, body) {
        SubmitOutcome::Accepted { operation, .. } => operation,
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn accepted_queued_and_existing_give_the_id() {
    let one = accepted(r#"{"code":1,"description":"ok","result":"1320098173412546","properties":{}}"#);
    assert_eq!((one.id.as_str(), one.memo.is_null()), ("1320098173412546", true));
    let number = accepted(r#"{"code":"1","result":1320098173412546}"#);
    assert_eq!(number.id, "1320098173412546");
    let queued = accepted(r#"{"code":22,"description":"queued","result":"8","properties":{"numberOfQueues":3}}"#);
    assert_eq!(queued.id, "8");
    let modal =
        accepted(r#"{"code":21,"description":"x","result":"9","properties":{"status":"MODAL","imageUrl":null}}"#);
    assert_eq!((modal.id.as_str(), modal.memo), ("9", json(r#"{"existing":true,"status":"MODAL"}"#)));
}

/// Trap 1: HTTP 200 can be a refusal. Trap 4: too many at the same time is refused here (code 23).
#[test]
fn each_refusal_says_whether_a_retry_may_help() {
    use FailureKind::{InvalidInput, Moderation, Refused, Upstream};
    let cases = [
        (404, r#"{"code":3,"description":"task does not exist"}"#, InvalidInput, Retry::Never),
        (404, r#"{"code":3,"description":"no account instance available"}"#, Refused, Retry::Elsewhere),
        (200, r#"{"code":3,"description":"无可用的账号实例"}"#, Refused, Retry::Elsewhere),
        (200, r#"{"code":4,"description":"prompt must not be empty"}"#, InvalidInput, Retry::Never),
        (200, r#"{"code":9,"description":"system failure"}"#, Upstream, Retry::Later(None)),
        (200, r#"{"code":23,"description":"queue full"}"#, Refused, Retry::Later(None)),
        (200, r#"{"code":24,"description":"banned","properties":{"bannedWord":"gore"}}"#, Moderation, Retry::Never),
        (200, r#"{"code":30,"description":"rate limit"}"#, Refused, Retry::Later(None)),
        (200, r#"{"code":429,"description":"rate limit"}"#, Refused, Retry::Later(None)),
        (429, "slow down", Refused, Retry::Later(None)),
        (401, "{}", Refused, Retry::Elsewhere),
        (403, r#"{"code":1,"result":"5"}"#, Refused, Retry::Elsewhere),
        (404, "<html>not here</html>", Refused, Retry::Elsewhere),
        (302, "", Refused, Retry::Elsewhere),
        (400, "no", InvalidInput, Retry::Never),
        (413, "", InvalidInput, Retry::Never),
    ];
    for (status, body, kind, retry) in cases {
        let failure = refused(status, body);
        assert_eq!((failure.kind, failure.retry), (kind, retry), "HTTP {status} {body}");
        assert!(!failure.public.is_empty() && !failure.private.is_empty());
    }
}

#[test]
fn a_banned_word_is_named_and_an_account_is_not() {
    let banned =
        refused(200, r#"{"code":24,"description":"banned","properties":{"promptEn":"x","bannedWord":"gore"}}"#);
    assert_eq!(banned.public, "banned (banned word: gore)");
    let account = refused(200, r#"{"code":3,"description":"account 998 is gone"}"#);
    assert!(!account.public.contains("998") && account.private.contains("998"));
}

#[test]
fn links_never_reach_a_message() {
    let body = r#"{"code":4,"description":"bad link https://cdn.test/a.png?sig=SECRET given"}"#;
    let failure = refused(200, body);
    assert_eq!(failure.public, "bad link [link] given");
    assert!(!format!("{failure:?}").contains("SECRET"));
}

#[test]
fn what_is_neither_yes_nor_no_is_unclear() {
    let cases = [
        (500, r#"{"code":9}"#),
        (502, "<html>bad gateway</html>"),
        (504, ""),
        (408, ""),
        (200, ""),
        (200, "null"),
        (200, "<html>"),
        (200, r#"{"code":1,"resu"#),
        (200, r#"{"code":1,"result":null}"#),
        (200, r#"{"code":1,"result":""}"#),
        (200, r#"{"code":21}"#),
        (200, r#"{"code":99,"result":"5"}"#),
        (200, r#"{"result":"5"}"#),
        (200, r#"[1]"#),
    ];
    for (status, body) in cases {
        let outcome = Desk::trueai().answered(status, body);
        assert!(matches!(outcome, SubmitOutcome::Unclear(_)), "HTTP {status} {body}: {outcome:?}");
    }
}

#[test]
fn a_retry_after_is_kept() {
    let mut response = crate::desk::response(429, "");
    response.headers.insert("retry-after", http::HeaderValue::from_static("7"));
    let desk = Desk::trueai();
    let failure = desk.polled_with(&response).expect_err("a 429 is no verdict");
    assert_eq!(failure.retry, Retry::Later(Some(7_000)));
}

#[test]
fn what_was_left_out_is_said() {
    let mut spec = Spec { prompt: "cat".into(), speed: Some(Speed::Fast), ..Spec::new(Kind::Image) };
    spec.extras.insert("midjourney_proxy".into(), object(r#"{"botType":"NIJI_JOURNEY","state":"x"}"#));
    let warnings = |desk: Desk| match desk.answered_to(&spec, 200, r#"{"code":1,"result":"5"}"#) {
        SubmitOutcome::Accepted { warnings, .. } => warnings,
        other => panic!("{other:?}"),
    };
    // Fields meant for another dialect are the core's to report, once for all dialects.
    assert!(warnings(Desk::trueai()).is_empty());
    assert_eq!(
        warnings(Desk::novicezk()),
        ["the upstream has no speed modes; speed was left out", "the upstream does not know botType; it was left out",]
    );
}
