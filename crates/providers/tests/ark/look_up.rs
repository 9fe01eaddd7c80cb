//! Finding a lost submission by the echo of our client id (trap 10), and knowing when a list proves nothing.

use crate::desk::{DIALECT, Desk, NOW_MS, path, response};
use providers::{Dialect, LookupOutcome};

const SUBMITTED_MS: i64 = NOW_MS - 600_000;
const SUBMITTED_S: i64 = SUBMITTED_MS / 1_000;

fn looked_up_at(desk: &Desk, submitted_ms: i64, body: &str) -> LookupOutcome {
    DIALECT.read_lookup(desk.account(), &desk.lost(submitted_ms), &response(200, body)).expect("that is a list")
}

fn looked_up(desk: &Desk, body: &str) -> LookupOutcome {
    looked_up_at(desk, SUBMITTED_MS, body)
}

/// A list of others' tasks, each created so many seconds after the submission.
fn listed(created: &[i64], total: usize) -> String {
    let one = |after: &i64| {
        format!(r#"{{"id":"cgt-{after}","safety_identifier":"other","created_at":{}}}"#, SUBMITTED_S + after)
    };
    format!(r#"{{"items":[{}],"total":{total}}}"#, created.iter().map(one).collect::<Vec<_>>().join(","))
}

#[test]
fn the_newest_page_is_asked_for() {
    let desk = Desk::second();
    let request = DIALECT.lookup(desk.account(), &desk.lost(0)).expect("there is a look-up");
    let expected = "/contents/generations/tasks?page_num=1&page_size=500";
    assert_eq!((request.method.as_str(), path(&request).as_str(), request.paid), ("GET", expected, false));
    let caller = Desk::second().with(r#"{"safety_identifier":"caller"}"#);
    assert!(
        DIALECT.lookup(caller.account(), &caller.lost(0)).is_none(),
        "nothing of ours was sent, so nothing can be found"
    );
    assert!(!DIALECT.capabilities(&caller.options).lookup);
}

/// Trap 10: found by the echo of our id.
#[test]
fn ours_is_found_and_of_two_the_one_that_got_furthest() {
    let desk = Desk::second();
    let one = |id, status| format!(r#"{{"id":"{id}","status":"{status}","safety_identifier":"{}"}}"#, desk.client);
    let body = format!(
        r#"{{"items":[{{"id":"x"}},{},{},{}],"total":900}}"#,
        one("1", "failed"),
        one("2", "succeeded"),
        one("3", "running")
    );
    match looked_up(&desk, &body) {
        LookupOutcome::Found(operation) => assert_eq!(operation.id, "2"),
        other => panic!("{other:?}"),
    }
}

/// Trap 15: its times are seconds, ours milliseconds.
#[test]
fn absence_is_proved_by_the_whole_list_or_a_page_that_reaches_back() {
    let desk = Desk::second();
    assert_eq!(looked_up(&desk, &listed(&[], 0)), LookupOutcome::Absent);
    assert_eq!(looked_up(&desk, &listed(&[9, 5], 2)), LookupOutcome::Absent);
    assert_eq!(looked_up(&desk, &listed(&[9, 5, -120], 900)), LookupOutcome::Absent);
}

#[test]
fn anything_else_proves_nothing() {
    let desk = Desk::second();
    let silent = format!(r#"{{"items":[{{"id":"x","created_at":{}}}],"total":1}}"#, SUBMITTED_S + 1);
    for body in [
        listed(&[9, 5], 900),
        listed(&[9, 5, -30], 900),
        listed(&[-120, 5, 9], 900),
        r#"{"items":[]}"#.to_owned(),
        r#"{"items":[{"id":"x"}],"total":1}"#.to_owned(),
        silent,
    ] {
        let found = looked_up(&desk, &body);
        assert!(matches!(found, LookupOutcome::Unsure(_)), "{body}: {found:?}");
    }
    // Trap 9: records are kept for 7 days.
    let old = looked_up_at(&desk, NOW_MS - 7 * 24 * 3_600_000, &listed(&[], 0));
    assert!(matches!(old, LookupOutcome::Unsure(_)), "{old:?}");
    // A task from well before the submission can't be the one, whatever it echoes.
    let older = format!(r#"{{"items":[{{"id":"x","created_at":{}}}],"total":1}}"#, SUBMITTED_S - 600);
    assert_eq!(looked_up(&desk, &older), LookupOutcome::Absent);
}

#[test]
fn what_is_no_list_is_no_answer() {
    let desk = Desk::second();
    for (status, body) in [
        (200, ""),
        (200, "[]"),
        (200, r#"{"id":"1"}"#),
        (404, r#"{"error":{"code":"NotFound"}}"#),
        (401, "{}"),
        (500, r#"{"items":[],"total":0}"#),
    ] {
        let read = DIALECT.read_lookup(desk.account(), &desk.lost(SUBMITTED_MS), &response(status, body));
        assert!(read.is_err(), "HTTP {status} {body}: {read:?}");
    }
}
