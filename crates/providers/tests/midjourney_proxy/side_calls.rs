//! Cancel, seed, callbacks, options.

use crate::desk::{DIALECT, Desk, object, operation, path, response};
use http::HeaderMap;
use providers::{CancelOutcome, Dialect};
use task::Kind;

#[test]
fn only_one_flavour_can_cancel() {
    let desk = Desk::trueai();
    let request = DIALECT.cancel(desk.account(), &operation("42")).expect("trueai can");
    assert_eq!((request.method.as_str(), path(&request).as_str()), ("POST", "/mj/task/42/cancel"));
    assert_eq!(request.headers["mj-api-secret"], "hush-77");
    assert!(DIALECT.cancel(Desk::novicezk().account(), &operation("42")).is_none());
}

#[test]
fn a_cancel_stops_or_comes_too_late_or_fails() {
    for (status, body) in [(200, r#"{"code":1}"#), (200, ""), (204, ""), (200, "true"), (200, r#"{"success":true}"#)] {
        assert_eq!(DIALECT.read_cancel(&response(status, body)), Ok(CancelOutcome::Stopped), "HTTP {status} {body}");
    }
    for (status, body) in [(200, r#"{"code":4,"description":"finished"}"#), (404, r#"{"code":3}"#)] {
        let read = DIALECT.read_cancel(&response(status, body));
        assert!(matches!(read, Ok(CancelOutcome::TooLate(_))), "HTTP {status} {body}: {read:?}");
    }
    for (status, body) in [(200, "<html>"), (200, r#"{"code":9}"#), (401, ""), (500, r#"{"code":1}"#), (200, "false")] {
        let read = DIALECT.read_cancel(&response(status, body));
        assert!(read.is_err(), "HTTP {status} {body}: {read:?}");
    }
}

#[test]
fn a_seed_is_text_or_none() {
    let desk = Desk::novicezk();
    let request = DIALECT.seed(desk.account(), &operation("42")).expect("both flavours have seeds");
    assert_eq!((request.method.as_str(), path(&request).as_str()), ("GET", "/mj/task/42/image-seed"));
    let read = |status, body| DIALECT.read_seed(&response(status, body));
    assert_eq!(read(200, r#"{"code":1,"result":"1234567890"}"#), Ok(Some("1234567890".into())));
    assert_eq!(read(200, r#"{"code":1,"result":1234567890}"#), Ok(Some("1234567890".into())));
    assert_eq!(read(200, r#"{"code":1,"result":null}"#), Ok(None));
    assert_eq!(read(404, r#"{"code":3,"description":"no"}"#), Ok(None));
    assert!(read(200, r#"{"code":9}"#).is_err());
    assert!(read(502, "").is_err());
    assert!(read(200, "").is_err());
}

/// Trap 11: it is not signed. Trap 12: the callback's body is the poll's.
#[test]
fn a_callback_is_only_a_hint() {
    let desk = Desk::trueai();
    let read = |body: &str| DIALECT.read_callback(desk.account(), &HeaderMap::new(), body.as_bytes());
    let body = format!(r#"{{"id":1320098173412546,"status":"SUCCESS","state":"{}"}}"#, desk.client);
    let hint = read(&body).expect("it names a task");
    assert_eq!((hint.operation_id.as_str(), hint.client), ("1320098173412546", Some(desk.client)));
    let foreign = read(r#"{"id":"5","state":"theirs"}"#).expect("it names a task");
    assert_eq!((foreign.operation_id.as_str(), foreign.client), ("5", None));
    for nonsense in ["", "null", "[]", "{}", r#"{"id":""}"#, r#"{"id":1.5}"#] {
        assert_eq!(read(nonsense), None, "{nonsense}");
    }
}

#[test]
fn a_hint_counts_only_when_the_fetched_task_is_ours() {
    let desk = Desk::trueai();
    let carries = |body: &str| DIALECT.carries_client(desk.client, &response(200, body));
    assert!(carries(&format!(r#"{{"id":"5","state":"{}"}}"#, desk.client)));
    assert!(!carries(r#"{"id":"5","state":"theirs"}"#));
    assert!(!carries("null"));
    assert!(!DIALECT.carries_client(desk.client, &response(500, "")));
}

#[test]
fn options_are_checked() {
    let check = |options: &str| DIALECT.check_options(&object(options));
    assert_eq!(check("{}"), Ok(()));
    assert_eq!(check(r#"{"flavour":"novicezk","speed_prefixes":false,"poll_period_ms":500}"#), Ok(()));
    for wrong in
        [r#"{"flavour":"other"}"#, r#"{"speed_prefixes":"no"}"#, r#"{"poll_period_ms":1}"#, r#"{"flavor":"trueai"}"#]
    {
        assert!(check(wrong).is_err(), "{wrong}");
    }
    let kinds = |options: &str| DIALECT.capabilities(&object(options)).kinds;
    assert!(kinds("{}").contains(&Kind::Modal));
    assert!(!kinds(r#"{"flavour":"novicezk"}"#).contains(&Kind::Modal));
}
