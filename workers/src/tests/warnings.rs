//! What is told of things that were fitted or left out.

use super::*;
use crate::record::with_dropped_extras;

async fn warnings(bags: Value, known: &[&str], told: &[&str]) -> Vec<String> {
    let world = World::new(|_| (200, Bytes::new())).await;
    let mut task = world.queued(Kind::Image).await;
    task.spec.extras = serde_json::from_value(bags).expect("bags");
    let text = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    task.warnings = text(known);
    with_dropped_extras(&task, Some(line(json!({}))), text(told))
}

#[tokio::test]
async fn fields_that_nobody_read_are_named_once() {
    let named = "ignored, because the provider that made this does not know them: cfg_scale, mode";
    let bags = json!({ "first": { "mode": "pro", "cfg_scale": 1 }, "second": { "mode": "pro", "size": 1 },
        "desk": { "size": 1 }, "third": {} });
    assert_eq!(warnings(bags.clone(), &[], &[]).await, [named]);
    assert_eq!(warnings(bags, &[named], &[]).await, Vec::<String>::new());
    assert_eq!(warnings(json!({ "desk": { "a": 1 } }), &[], &[]).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_field_that_the_common_ones_carry_is_not_called_ignored() {
    let world = World::new(|_| (200, Bytes::new())).await;
    let mut task = world.queued(Kind::Image).await;
    task.spec.extras = serde_json::from_value(json!({ "other": { "n": 2, "mode": "pro" } })).expect("bags");
    task.spec.carried.insert("n".to_owned());
    let said = with_dropped_extras(&task, Some(line(json!({}))), Vec::new());
    assert_eq!(said, ["ignored, because the provider that made this does not know them: mode"]);
}

#[tokio::test]
async fn what_was_told_at_the_beginning_is_not_told_again() {
    let said = warnings(json!({}), &["5 s instead of 4 s"], &["5 s instead of 4 s", "no sound", "no sound"]).await;
    assert_eq!(said, ["no sound"]);
}

#[tokio::test]
async fn a_warning_has_an_end() {
    let many: Map<String, Value> = (0..30).map(|n| (format!("{n:0100}"), json!(1))).collect();
    let said = warnings(json!({ "other": many }), &[], &[]).await;
    assert!(said[0].ends_with(" and 10 more"), "{said:?}");
    assert!(said[0].len() < 1_600, "{}", said[0].len());
}

#[tokio::test]
async fn an_accepted_task_is_told_once_what_was_fitted() {
    let world = World::new(|_| (200, Bytes::new())).await;
    let mut task = world.queued(Kind::Image).await;
    task.id = TaskId::new(BEGIN_MS, &SeededEntropy::new(50));
    task.warnings = vec!["5 s instead of 4 s".to_owned()];
    let task = world.open(task).await;
    world.core.submit_on(&world.claim(&task), &task, &line(json!({})), None).await.expect("the ledger is there");
    assert_eq!(world.row(task.id).await.warnings, ["5 s instead of 4 s"]);
}
