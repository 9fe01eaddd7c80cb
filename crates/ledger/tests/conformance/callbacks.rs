//! Callbacks: order, giving way, the end.

use crate::fixture::{NOW, World, callback, opening};
use ledger::{Callback, CallbackAttempt, CallbackState};
use serde_json::json;
use task::{Fitted, Step, Task, TaskId};

fn attempt(at_ms: i64, class: &str) -> CallbackAttempt {
    let status = (class == "status").then_some(500);
    CallbackAttempt { at_ms, status, class: class.into(), note: json!({ "ms": 3 }) }
}

async fn open_with_callback(world: &World) -> Task {
    let token = world.token(None).await;
    let task = world.task(token.id);
    let mut with = opening(task.clone());
    with.callback = Some(callback("QUEUED", false));
    world.ledger.open_task(with).await.expect("it can be opened");
    task
}

async fn on(world: &World, task: &Task, step: Step, word: &str, now_ms: i64) -> Task {
    let mut change = world.change(task, step, now_ms);
    change.callback = Some(callback(word, change.after.is_over()));
    let after = change.after.clone();
    world.ledger.commit(vec![change]).await.expect("nobody else changes it");
    after
}

fn moved(channel: &str) -> Step {
    Step::Move { channel: channel.into(), upstream_model: "m".into(), fitted: Fitted::default(), warnings: Vec::new() }
}

async fn next(world: &World, id: TaskId) -> Option<Callback> {
    world.ledger.pending_callbacks(id).await.expect("it can be asked").into_iter().next()
}

async fn states(world: &World, id: TaskId) -> Vec<CallbackState> {
    let callbacks = world.ledger.callbacks(id).await.expect("callbacks can be read");
    callbacks.into_iter().map(|callback| callback.state).collect()
}

pub async fn callbacks_go_in_order(world: &World) {
    let task = open_with_callback(world).await;
    let task = on(world, &task, moved("b"), "MOVED", NOW + 10).await;
    on(world, &task, Step::Cancel, "CANCELLED", NOW + 20).await;
    for (word, seq) in [("QUEUED", 1), ("MOVED", 2), ("CANCELLED", 3)] {
        let callback = next(world, task.id).await.expect("one is pending");
        assert_eq!((callback.word.as_str(), callback.seq, callback.attempts), (word, seq, 0));
        assert_eq!(callback.terminal, word == "CANCELLED");
        world.ledger.callback_sent(&callback, &attempt(NOW + 30, "ok")).await.expect("it is pending");
        let sent = world.ledger.callbacks(task.id).await.expect("callbacks can be read");
        let sent = sent.iter().find(|one| one.id == callback.id).expect("it stays");
        assert_eq!((sent.state, sent.attempts, sent.ended_ms), (CallbackState::Delivered, 1, Some(NOW + 30)));
        assert_eq!(sent.body, callback.body);
    }
    assert_eq!(next(world, task.id).await, None);
}

pub async fn a_failed_callback_gives_way(world: &World) {
    let task = open_with_callback(world).await;
    let first = next(world, task.id).await.expect("one is pending");
    // Alone it is tried again, with the same id and the same bytes.
    world.ledger.callback_failed(first.id, attempt(NOW + 1, "status"), Some(NOW + 10_000)).await.expect("pending");
    let again = next(world, task.id).await.expect("it is still pending");
    assert_eq!((again.id, &again.body, again.attempts, again.due_ms), (first.id, &first.body, 1, NOW + 10_000));
    assert_eq!(again.last, Some(json!({ "at_ms": NOW + 1, "status": 500, "class": "status", "note": { "ms": 3 } })));
    // A newer one, written while it waits, goes at once.
    let task = on(world, &task, moved("b"), "B", NOW + 50).await;
    let due = world.ledger.due_callbacks(NOW + 50, None, 10).await;
    assert_eq!(due, Ok(vec![(task.id, "caller.example".into(), NOW + 50)]));
    let second = next(world, task.id).await.expect("one is pending");
    assert_eq!((second.word.as_str(), second.due_ms), ("B", NOW + 50));
    // Two more come while it is in flight; when it fails, only the newest goes on.
    let task = on(world, &task, moved("c"), "C", NOW + 60).await;
    let task = on(world, &task, moved("d"), "D", NOW + 70).await;
    assert_eq!(next(world, task.id).await.map(|one| one.id), Some(second.id), "never tried: it keeps its turn");
    world.ledger.callback_failed(second.id, attempt(NOW + 80, "timeout"), Some(NOW + 90_000)).await.expect("pending");
    use CallbackState::{Pending, Superseded};
    assert_eq!(states(world, task.id).await, [Superseded, Superseded, Superseded, Pending]);
    let newest = next(world, task.id).await.expect("one is pending");
    assert_eq!((newest.word.as_str(), newest.attempts, newest.due_ms), ("D", 0, NOW + 70));
    // What was superseded stays so, whatever its late answer.
    world.ledger.callback_sent(&second, &attempt(NOW + 90, "ok")).await.expect("it does nothing");
    assert_eq!(states(world, task.id).await[1], Superseded);
}

pub async fn the_last_word_is_never_superseded(world: &World) {
    let task = open_with_callback(world).await;
    let task = on(world, &task, Step::Cancel, "CANCELLED", NOW + 10).await;
    let first = next(world, task.id).await.expect("one is pending");
    world.ledger.callback_failed(first.id, attempt(NOW + 20, "refused"), None).await.expect("pending");
    let last = next(world, task.id).await.expect("one is pending");
    assert!(last.terminal);
    world.ledger.callback_failed(last.id, attempt(NOW + 30, "refused"), Some(NOW + 10_030)).await.expect("pending");
    let last = next(world, task.id).await.expect("it is tried again");
    assert_eq!((last.word.as_str(), last.attempts, last.due_ms), ("CANCELLED", 1, NOW + 10_030));
}

pub async fn due_callbacks_are_one_for_each_task(world: &World) {
    let mut ids = Vec::new();
    for n in 0..5 {
        let task = open_with_callback(world).await;
        on(world, &task, moved("b"), "B", NOW + n).await;
        ids.push(task.id);
    }
    ids.sort();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.ledger.due_callbacks(NOW, after, 2).await.expect("it can be asked");
        let Some((id, _, due_ms)) = page.last() else { break };
        assert!(page.len() <= 2);
        after = Some((*due_ms, *id));
        seen.extend(page.into_iter().map(|(id, _, _)| id));
    }
    assert_eq!(seen, ids);
    assert_eq!(world.ledger.due_callbacks(NOW - 1, None, 10).await, Ok(vec![]));
}

pub async fn a_dead_callback_is_seen_and_can_be_revived(world: &World) {
    let task = open_with_callback(world).await;
    let task = on(world, &task, Step::Cancel, "CANCELLED", NOW + 10).await;
    let first = next(world, task.id).await.expect("one is pending");
    world.ledger.callback_sent(&first, &attempt(NOW + 20, "ok")).await.expect("pending");
    let last = next(world, task.id).await.expect("one is pending");
    world.ledger.callback_failed(last.id, attempt(NOW + 30, "timeout"), None).await.expect("pending");
    assert_eq!(next(world, task.id).await, None);
    assert_eq!(states(world, task.id).await, [CallbackState::Delivered, CallbackState::Dead]);
    assert_eq!(world.ledger.due_callbacks(i64::MAX, None, 10).await, Ok(vec![]));
    assert_eq!(world.ledger.revive_callback(last.id, NOW + 40).await, Ok(true));
    assert_eq!(world.ledger.revive_callback(last.id, NOW + 40).await, Ok(false));
    let revived = next(world, task.id).await.expect("it is pending again");
    assert_eq!((revived.id, revived.due_ms, revived.attempts), (last.id, NOW + 40, 1));
}
