//! Cancel, callbacks, options.

use crate::desk::{DIALECT, Desk, object, operation, path, response};
use http::HeaderMap;
use providers::{CancelOutcome, Dialect};

#[test]
fn a_cancel_is_a_delete() {
    let desk = Desk::second();
    let request = DIALECT.cancel(desk.account(), &operation("cgt-7")).expect("it can be asked for");
    assert_eq!((request.method.as_str(), path(&request).as_str()), ("DELETE", "/contents/generations/tasks/cgt-7"));
    assert!(!request.paid && request.headers["authorization"] == "Bearer hush-77");
    let can = DIALECT.capabilities(&object("{}"));
    assert!(can.cancel && can.stops_waiting_only, "a film that has just ended would be deleted");
}

#[test]
fn a_cancel_stops_or_comes_too_late_or_fails() {
    for (status, body) in [(200, "{}"), (200, ""), (204, "")] {
        assert_eq!(DIALECT.read_cancel(&response(status, body)), Ok(CancelOutcome::Stopped), "HTTP {status} {body}");
    }
    let running = r#"{"error":{"code":"InvalidAction.RunningTaskDeletion","message":"running"}}"#;
    for (status, body) in [(400, running), (404, "{}"), (409, running), (422, "")] {
        let read = DIALECT.read_cancel(&response(status, body));
        assert!(matches!(read, Ok(CancelOutcome::TooLate(_))), "HTTP {status} {body}: {read:?}");
    }
    for status in [301, 401, 403, 429, 500, 503] {
        assert!(DIALECT.read_cancel(&response(status, "{}")).is_err(), "HTTP {status}");
    }
}

/// Trap 12: the callback's body is the poll's. Trap 11: it is not signed.
#[test]
fn a_callback_is_only_a_hint() {
    let desk = Desk::second();
    let read = |body: &str| DIALECT.read_callback(desk.account(), &HeaderMap::new(), body.as_bytes());
    for status in ["queued", "running", "succeeded", "failed", "expired"] {
        let body = format!(r#"{{"id":"cgt-7","status":"{status}","safety_identifier":"{}"}}"#, desk.client);
        let hint = read(&body).expect("it names a task");
        assert_eq!((hint.operation_id.as_str(), hint.client), ("cgt-7", Some(desk.client)), "{status}");
    }
    let foreign = read(r#"{"id":"cgt-5","safety_identifier":"theirs"}"#).expect("it names a task");
    assert_eq!((foreign.operation_id.as_str(), foreign.client), ("cgt-5", None));
    for nonsense in ["", "null", "[]", "{}", r#"{"id":""}"#, r#"{"id":7}"#] {
        assert_eq!(read(nonsense), None, "{nonsense}");
    }
}

#[test]
fn a_hint_counts_only_when_the_fetched_task_is_ours() {
    let desk = Desk::second();
    let carries = |body: &str| DIALECT.carries_client(desk.client, &response(200, body));
    assert!(carries(&format!(r#"{{"id":"cgt-7","safety_identifier":"{}"}}"#, desk.client)));
    assert!(!carries(r#"{"id":"cgt-7","safety_identifier":"theirs"}"#));
    assert!(!carries(r#"{"id":"cgt-7"}"#) && !carries("null"));
}

#[test]
fn options_are_checked() {
    let check = |options: &str| DIALECT.check_options(&object(options));
    assert_eq!(check("{}"), Ok(()));
    assert_eq!(check(r#"{"safety_identifier":"caller","poll_period_ms":500}"#), Ok(()));
    for wrong in [r#"{"safety_identifier":"other"}"#, r#"{"poll_period_ms":1}"#, r#"{"flavour":"x"}"#] {
        assert!(check(wrong).is_err(), "{wrong}");
    }
    assert_eq!(DIALECT.capabilities(&object(r#"{"poll_period_ms":500}"#)).poll_period_ms, 500);
}
