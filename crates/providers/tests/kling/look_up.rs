//! Finding a lost submission by our `external_task_id`: `upstream/README.md` traps 9 and 10.

use crate::desk::{DIALECT, Desk, film, path, response, stored};
use providers::{Dialect, LookupOutcome};
use serde_json::Value;
use task::Failure;

fn read(desk: &Desk, status: u16, body: &str) -> Result<LookupOutcome, Failure> {
    DIALECT.read_lookup(desk.account(), &desk.lost(1), &response(status, body))
}

#[test]
fn it_is_asked_for_by_the_path_that_it_took() {
    let desk = Desk::legacy();
    let spec = film("a", vec![stored("first_frame")]);
    let request = DIALECT.lookup(desk.account(), &desk.lost_like(&spec)).expect("there is a look-up");
    assert_eq!((path(&request), request.paid), (format!("/v1/videos/image2video/{}", desk.client), false));
    let desk = Desk::new_generation();
    let request = DIALECT.lookup(desk.account(), &desk.lost_like(&spec)).expect("there is a look-up");
    assert_eq!(path(&request), format!("/tasks?external_task_ids={}", desk.client));
}

/// Trap 10: found for sure, and known for sure not to be there.
#[test]
fn a_clear_answer_is_a_proof_either_way() {
    let desk = Desk::legacy();
    let legacy = format!(
        r#"{{"code":0,"data":{{"task_id":"8123","task_status":"submitted","task_info":{{"external_task_id":"{}"}}}}}}"#,
        desk.client
    );
    let new = format!(
        r#"{{"code":0,"data":[{{"id":"1","external_id":"x"}},{{"id":"8123","external_id":"{}"}}]}}"#,
        desk.client
    );
    for body in [legacy, new] {
        match read(&desk, 200, &body) {
            Ok(LookupOutcome::Found(operation)) => {
                assert_eq!((operation.id.as_str(), operation.memo), ("8123", Value::Null))
            }
            other => panic!("{other:?}"),
        }
    }
    for (status, body) in [
        (404, r#"{"code":1203,"message":"no such resource"}"#),
        (400, r#"{"code":1201,"message":"task not found"}"#),
        (200, r#"{"code":0,"data":[]}"#),
    ] {
        assert_eq!(read(&desk, status, body), Ok(LookupOutcome::Absent), "{body}");
    }
}

#[test]
fn anything_else_proves_nothing() {
    let desk = Desk::legacy();
    let other = r#"{"code":0,"data":{"task_id":"1","task_info":{"external_task_id":"other"}}}"#;
    assert!(matches!(read(&desk, 200, other), Ok(LookupOutcome::Unsure(_))));
    for (status, body) in
        [(500, r#"{"code":1203}"#), (404, ""), (401, r#"{"code":1004}"#), (200, "null"), (429, r#"{"code":1302}"#)]
    {
        assert!(read(&desk, status, body).is_err(), "{status} {body}");
    }
}
