//! Inbound callbacks, signed and not: `upstream/kling.md` section 8, `upstream/README.md` traps 11 and 12.

use crate::desk::{DIALECT, Desk, response};
use http::{HeaderMap, HeaderName, HeaderValue};
use providers::{Account, Dialect, Hint};

const SECRET: &str = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=";
const BODY: &str =
    r#"{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}"#;
const SIGNED_MS: i64 = 1_781_080_794_000;

fn signed() -> HeaderMap {
    let pairs = [
        ("webhook-id", "9876543210"),
        ("webhook-timestamp", "1781080794"),
        ("webhook-signature", "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4="),
    ];
    pairs.into_iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
}

fn received(key: &str, headers: &HeaderMap, body: &str, now_ms: i64) -> Option<Hint> {
    let desk = Desk::legacy().keyed(key);
    DIALECT.read_callback(Account { now_ms, ..desk.account() }, headers, body.as_bytes())
}

/// Trap 11: a callback that can be trusted by its signature.
#[test]
fn with_a_secret_only_signed_callbacks_count() {
    let hint = Hint { operation_id: "1234567890".into(), client: None };
    for key in [format!("ak:sk:{SECRET}"), format!("api-key:{SECRET}"), format!("ak|sk|{SECRET}")] {
        assert_eq!(received(&key, &signed(), BODY, SIGNED_MS), Some(hint.clone()), "the public vector");
        assert_eq!(received(&key, &HeaderMap::new(), BODY, SIGNED_MS), None);
        assert_eq!(received(&key, &signed(), &BODY.replace("123", "124"), SIGNED_MS), None);
        assert_eq!(received(&key, &signed(), BODY, SIGNED_MS + 301_000), None);
    }
    assert_eq!(received("ak:sk", &HeaderMap::new(), BODY, 0), Some(hint), "without one it is a hint");
}

/// Trap 12: the older generation's body is flat, unlike its poll's.
#[test]
fn both_generations_name_the_task_and_our_id() {
    let desk = Desk::legacy();
    let client = desk.client;
    let legacy = format!(
        r#"{{"task_id":"8123","task_status":"succeed","task_status_msg":"","task_info":{{"external_task_id":"{client}"}},"task_result":{{"videos":[]}}}}"#
    );
    let new = format!(r#"{{"id":8123,"status":"processing","message":"","external_id":"{client}","outputs":[]}}"#);
    for body in [legacy, new] {
        let hint = received("ak:sk", &HeaderMap::new(), &body, 0);
        assert_eq!(hint, Some(Hint { operation_id: "8123".into(), client: Some(client) }));
    }
    for body in ["", "[]", "{}", r#"{"id":""}"#, r#"{"task_id":{}}"#] {
        assert_eq!(received("ak:sk", &HeaderMap::new(), body, 0), None, "{body}");
    }
}

#[test]
fn a_hint_counts_when_the_polled_task_carries_our_id() {
    let desk = Desk::legacy();
    let mine = format!(r#"{{"code":0,"data":{{"task_id":"1","task_info":{{"external_task_id":"{}"}}}}}}"#, desk.client);
    let listed = format!(r#"{{"code":0,"data":[{{"id":"1","external_id":"{}"}}]}}"#, desk.client);
    for body in [mine, listed] {
        assert!(DIALECT.carries_client(desk.client, &response(200, &body)), "{body}");
    }
    for body in [
        r#"{"code":0,"data":{"task_id":"1"}}"#,
        r#"{"code":0,"data":[]}"#,
        r#"{"code":0,"data":{"task_id":"1","task_info":{"external_task_id":"cl_x"}}}"#,
        "",
    ] {
        assert!(!DIALECT.carries_client(desk.client, &response(200, body)), "{body}");
    }
}
