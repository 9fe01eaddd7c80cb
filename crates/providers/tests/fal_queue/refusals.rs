//! Answers to submissions that are no yes.

use crate::desk::{Desk, KLING, answer, film};
use providers::SubmitOutcome;
use serde_json::{Value, json};
use task::{FailureKind, Retry};

fn refused(status: u16, body: &Value) -> (FailureKind, Retry) {
    match Desk::new().accepted(&film(), KLING, &answer(status, body)) {
        SubmitOutcome::Refused(failure) => (failure.kind, failure.retry),
        other => panic!("{status}: {other:?}"),
    }
}

#[test]
fn refusals_say_whether_a_retry_helps() {
    let text = json!({ "detail": "User is locked. Reason: Exhausted balance." });
    for status in [401, 402, 403, 404] {
        assert_eq!(refused(status, &text), (FailureKind::Refused, Retry::Elsewhere), "{status}");
    }
    assert_eq!(refused(429, &text), (FailureKind::Refused, Retry::Later(None)));
    let field = |kind: &str| json!({ "detail": [{ "msg": "no", "type": kind }] });
    assert_eq!(refused(422, &field("value_error")), (FailureKind::InvalidInput, Retry::Never));
    assert_eq!(refused(422, &field("content_policy_violation")), (FailureKind::Moderation, Retry::Never));
}

#[test]
fn what_is_neither_yes_nor_no_is_unclear() {
    let desk = Desk::new();
    for (status, body) in [
        (500, json!({ "detail": "x" })),
        (503, json!({})),
        (408, json!({})),
        (200, json!({ "status": "IN_QUEUE" })),
        (200, json!({ "request_id": "" })),
    ] {
        let outcome = desk.accepted(&film(), KLING, &answer(status, &body));
        assert!(matches!(outcome, SubmitOutcome::Unclear(_)), "{status} {body}: {outcome:?}");
    }
}
