//! Every code of the sheet's section 9 in answer to a submission, and what says neither yes nor no.

use crate::desk::{DIALECT, Desk, operation, prompted, response};
use http::HeaderValue;
use providers::{Dialect, PollItem, SubmitOutcome};
use serde_json::Value;
use task::{Failure, FailureKind, Kind, Retry};

fn refused(status: u16, body: &str) -> Failure {
    match Desk::second().answered(status, body) {
        SubmitOutcome::Refused(failure) => failure,
        other => panic!("HTTP {status} {body}: {other:?}"),
    }
}

fn error(code: &str) -> String {
    format!(r#"{{"error":{{"code":"{code}","message":"words of account 2100","param":"","type":"x"}}}}"#)
}

#[test]
fn an_acceptance_gives_the_id() {
    match Desk::second().answered(200, r#"{"id":"cgt-20261122-abc","safety_identifier":"x"}"#) {
        SubmitOutcome::Accepted { operation, warnings, .. } => {
            assert_eq!((operation.id.as_str(), operation.memo, warnings.len()), ("cgt-20261122-abc", Value::Null, 0));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_refusal_says_whether_a_retry_may_help() {
    use FailureKind::{InvalidInput, Moderation, Refused};
    let cases = [
        (400, "MissingParameter", InvalidInput, Retry::Never),
        (400, "InvalidParameter", InvalidInput, Retry::Never),
        (400, "InvalidParameter.UnsupportedImageFormat", InvalidInput, Retry::Never),
        (400, "InputTextSensitiveContentDetected", Moderation, Retry::Never),
        (400, "InputTextSensitiveContentDetected.PolicyViolation", Moderation, Retry::Never),
        (400, "InputImageSensitiveContentDetected", Moderation, Retry::Never),
        (400, "InputImageSensitiveContentDetected.PrivacyInformation", Moderation, Retry::Never),
        (400, "InputVideoSensitiveContentDetected", Moderation, Retry::Never),
        (400, "InputAudioSensitiveContentDetected", Moderation, Retry::Never),
        (401, "AuthenticationError", Refused, Retry::Elsewhere),
        (403, "AccountOverdueError", Refused, Retry::Elsewhere),
        (403, "AccessDenied", Refused, Retry::Elsewhere),
        (404, "InvalidEndpointOrModel.NotFound", Refused, Retry::Elsewhere),
        (404, "ModelNotOpen", Refused, Retry::Elsewhere),
        (429, "RateLimitExceeded.EndpointRPMExceeded", Refused, Retry::Later(None)),
        (429, "ModelAccountRpmRateLimitExceeded", Refused, Retry::Later(None)),
        (429, "APIAccountRpmRateLimitExceeded", Refused, Retry::Later(None)),
        (429, "AccountRateLimitExceeded", Refused, Retry::Later(None)),
        (429, "RequestBurstTooFast", Refused, Retry::Later(None)),
        (429, "ServerOverloaded", Refused, Retry::Later(None)),
        (429, "ModelLoadingError", Refused, Retry::Later(None)),
        (429, "InflightBatchsizeExceeded", Refused, Retry::Later(None)),
        // Trap 2: these do not pass by waiting.
        (429, "QuotaExceeded", Refused, Retry::Elsewhere),
        (429, "SetLimitExceeded", Refused, Retry::Elsewhere),
        (429, "SomethingNew", Refused, Retry::Later(None)),
        (400, "SomethingNew", InvalidInput, Retry::Never),
        (402, "SomethingNew", Refused, Retry::Elsewhere),
    ];
    for (status, code, kind, retry) in cases {
        let failure = refused(status, &error(code));
        assert_eq!((failure.kind, failure.retry), (kind, retry), "HTTP {status} {code}");
        assert!(failure.private.contains(code), "{}", failure.private);
        // The account is the operator's business; what is wrong with the request is the caller's.
        let public = matches!(kind, InvalidInput | Moderation);
        assert_eq!(failure.public.contains("2100"), public, "{code}: {}", failure.public);
    }
}

#[test]
fn a_status_without_a_code_counts_by_itself() {
    for (status, body, retry) in [
        (400, "no", Retry::Never),
        (413, "", Retry::Never),
        (401, "", Retry::Elsewhere),
        (403, "{}", Retry::Elsewhere),
        (404, "<html>", Retry::Elsewhere),
        (302, "", Retry::Elsewhere),
        (429, "slow down", Retry::Later(None)),
    ] {
        assert_eq!(refused(status, body).retry, retry, "HTTP {status} {body}");
    }
}

#[test]
fn links_never_reach_a_message() {
    let failure =
        refused(400, r#"{"error":{"code":"InvalidParameter","message":"bad https://a.test/?sig=SECRET given"}}"#);
    assert_eq!(failure.public, "bad [link] given");
    assert!(!format!("{failure:?}").contains("SECRET"));
}

#[test]
fn what_is_neither_yes_nor_no_is_unclear() {
    let trouble = error("InternalServiceError");
    for (status, body) in [
        (500, trouble.as_str()),
        (502, "<html>"),
        (503, r#"{"id":"cgt-7"}"#),
        (504, ""),
        (408, ""),
        (200, ""),
        (200, "null"),
        (200, r#"{"id":""}"#),
        (200, r#"{"id":7}"#),
        (200, r#"{"id":"cgt-7"#),
        (200, r#"["cgt-7"]"#),
    ] {
        let outcome = Desk::second().answered(status, body);
        assert!(matches!(outcome, SubmitOutcome::Unclear(_)), "HTTP {status} {body}: {outcome:?}");
    }
}

#[test]
fn a_retry_after_is_kept() {
    let mut busy = response(429, &error("ServerOverloaded"));
    busy.headers.insert("retry-after", HeaderValue::from_static("7"));
    let (desk, operation) = (Desk::second(), operation("cgt-7"));
    let items = [PollItem { operation: &operation, kind: Kind::Video }];
    let failure = DIALECT.read_poll(desk.account(), &items, &Value::Null, &busy).expect_err("a 429 is no verdict");
    assert_eq!(failure.retry, Retry::Later(Some(7_000)));
    assert!(desk.submit(&prompted("x")).is_ok());
}
