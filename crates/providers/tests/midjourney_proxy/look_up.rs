//! Finding a lost submission by our `state`, and knowing when the list proves nothing.

use crate::desk::{DIALECT, Desk, path, response};
use providers::{Dialect, LookupOutcome};

const SUBMITTED_MS: i64 = 1_790_000_000_000;

fn looked_up(desk: &Desk, body: &str) -> LookupOutcome {
    let request = DIALECT.lookup(desk.account(), &desk.lost(0)).expect("there is a look-up");
    assert_eq!((request.method.as_str(), path(&request).as_str(), request.paid), ("GET", "/mj/task/list", false));
    DIALECT.read_lookup(desk.account(), &desk.lost(SUBMITTED_MS), &response(200, body)).expect("that is a list")
}

fn listed(count: usize, submitted_ms: i64) -> String {
    let one =
        |n: usize| format!(r#"{{"id":"{n}","state":"other-{n}","status":"SUCCESS","submitTime":{submitted_ms}}}"#);
    format!("[{}]", (0..count).map(one).collect::<Vec<_>>().join(","))
}

/// Trap 10: found by the echo of our id in a list.
#[test]
fn ours_is_found_by_its_state() {
    let desk = Desk::trueai();
    let body = format!(
        r#"[{{"id":"1","state":"x"}},{{"id":2,"state":"{}","status":"NOT_START"}},{{"id":3,"state":null}}]"#,
        desk.client
    );
    match looked_up(&desk, &body) {
        LookupOutcome::Found(operation) => assert_eq!(operation.id, "2"),
        other => panic!("{other:?}"),
    }
}

#[test]
fn of_two_with_our_state_the_one_that_got_furthest_is_ours() {
    let desk = Desk::trueai();
    let one = |id, status| format!(r#"{{"id":"{id}","state":"{}","status":"{status}"}}"#, desk.client);
    let body = format!("[{},{},{}]", one("1", "FAILURE"), one("2", "SUCCESS"), one("3", "IN_PROGRESS"));
    match looked_up(&desk, &body) {
        LookupOutcome::Found(operation) => assert_eq!(operation.id, "2"),
        other => panic!("{other:?}"),
    }
}

/// Trap 15: its times are milliseconds.
#[test]
fn a_short_list_proves_absence_and_a_full_one_only_when_it_reaches_back() {
    let desk = Desk::trueai();
    assert_eq!(looked_up(&desk, "[]"), LookupOutcome::Absent);
    assert_eq!(looked_up(&desk, &listed(99, SUBMITTED_MS + 5)), LookupOutcome::Absent);
    assert!(matches!(looked_up(&desk, &listed(100, SUBMITTED_MS + 5)), LookupOutcome::Unsure(_)));
    assert_eq!(looked_up(&desk, &listed(100, SUBMITTED_MS - 5)), LookupOutcome::Absent);
}

#[test]
fn a_list_in_memory_proves_absence_only_with_an_older_task() {
    let desk = Desk::novicezk();
    assert!(matches!(looked_up(&desk, "[]"), LookupOutcome::Unsure(_)));
    assert!(matches!(looked_up(&desk, &listed(3, SUBMITTED_MS + 5)), LookupOutcome::Unsure(_)));
    assert_eq!(looked_up(&desk, &listed(3, SUBMITTED_MS - 5)), LookupOutcome::Absent);
}

#[test]
fn what_is_no_list_proves_nothing() {
    let desk = Desk::trueai();
    for (status, body) in
        [(200, ""), (200, "null"), (200, r#"{"id":"1"}"#), (204, ""), (500, "[]"), (401, "[]"), (404, r#"{"code":3}"#)]
    {
        let read = DIALECT.read_lookup(desk.account(), &desk.lost(SUBMITTED_MS), &response(status, body));
        assert!(read.is_err(), "HTTP {status} {body}: {read:?}");
    }
}
