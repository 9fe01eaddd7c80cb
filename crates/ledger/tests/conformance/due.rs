//! Pages of what is due, and what is old enough to go.

use crate::fixture::{NOW, World, artifact, callback, opening};
use ledger::{CallbackAttempt, Idempotency, Retention};
use serde_json::Value;
use task::{State, Step, Task, TaskId};

async fn queued(world: &World, due_ms: Option<i64>) -> TaskId {
    let token = world.token(None).await;
    let mut task = world.task(token.id);
    task.due_ms = due_ms;
    world.ledger.open_task(opening(task.clone())).await.expect("it can be opened");
    task.id
}

pub async fn due_tasks_come_in_pages(world: &World) {
    let late = queued(world, Some(NOW + 500)).await;
    let mut same = Vec::new();
    for _ in 0..4 {
        same.push(queued(world, Some(NOW + 5)).await);
    }
    same.sort();
    let undated = queued(world, None).await;
    let leased = world.opened().await;
    let lease = world.lease(&leased, NOW + 1);
    world.ledger.commit(vec![lease]).await.expect("nobody else changes it");

    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.ledger.due_tasks(&[State::Queued], NOW + 499, after, 2).await.expect("it can be asked");
        let Some(last) = page.last() else { break };
        after = Some((last.due_ms, last.id));
        seen.extend(page.into_iter().map(|due| (due.due_ms, due.id)));
    }
    let mut expected = vec![(NOW, undated)];
    expected.extend(same.iter().map(|id| (NOW + 5, *id)));
    assert_eq!(seen, expected);

    let both = [State::Queued, State::Submitting];
    let due = world.ledger.due_tasks(&both, NOW + 60_001, None, 1000).await.expect("it can be asked");
    assert_eq!(due.len(), 7);
    let last = due.last().expect("there are seven");
    assert_eq!((last.id, last.due_ms, last.state, last.version), (leased.id, NOW + 60_001, State::Submitting, 2));
    assert_eq!(last.channel, "one");
    assert!(due.iter().any(|due| due.id == late));

    let mut ids = Vec::new();
    let mut after = None;
    loop {
        let page = world.ledger.in_state(&both, after, 3).await.expect("it can be asked");
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        ids.extend(page.into_iter().map(|due| due.id));
    }
    assert!(ids.is_sorted() && ids.len() == 7, "{ids:?}");
    let running = world.running("op").await;
    let page = world.ledger.in_state(&[State::Running], None, 10).await.expect("it can be asked");
    assert_eq!(page.len(), 1);
    assert_eq!((page[0].id, page[0].due_ms), (running.id, running.updated_ms));
    assert_eq!(world.ledger.due_tasks(&[State::Running], i64::MAX, None, 10).await, Ok(vec![]));
}

pub async fn deadlines_come_in_pages(world: &World) {
    let deadline_ms = NOW + 3_600_000;
    let running = world.running("op").await;
    let mut expected = vec![(running.id, deadline_ms, State::Running)];
    for _ in 0..3 {
        expected.push((queued(world, None).await, deadline_ms, State::Queued));
    }
    expected.sort_unstable_by_key(|(id, ..)| *id);
    // What is asked for elsewhere, is in doubt, is being copied or has ended has no part in it.
    let asking = world.running("asks").await;
    world.step(&asking, Step::AskInput { details: Default::default(), due_ms: NOW + 9 }, NOW + 3).await;
    let answered = world.running("answered").await;
    world.step(&answered, Step::Answer { outputs: vec![], details: Default::default() }, NOW + 3).await;
    let ended = world.opened().await;
    world.step(&ended, Step::Cancel, NOW + 1).await;

    assert_eq!(world.ledger.past_deadline(deadline_ms - 1, None, 10).await, Ok(vec![]));
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world.ledger.past_deadline(deadline_ms, after, 3).await.expect("it can be asked");
        let Some((id, deadline_ms, _)) = page.last() else { break };
        after = Some((*deadline_ms, *id));
        seen.push(page);
    }
    assert_eq!(seen.concat(), expected);
    assert_eq!(seen.len(), 2, "three, then one");
}

pub async fn counts_are_of_unfinished_tasks(world: &World) {
    world.running("op").await;
    let ended = world.opened().await;
    world.step(&ended, Step::Cancel, NOW + 1).await;
    queued(world, None).await;
    let counts = world.ledger.state_counts().await;
    let expected = vec![("one".to_owned(), State::Queued, 1), ("one".to_owned(), State::Running, 1)];
    assert_eq!(counts, Ok(expected));
}

pub async fn slots_have_holders(world: &World) {
    let running = world.running("op").await;
    let waiting = queued(world, None).await;
    let ended = world.opened().await;
    world.step(&ended, Step::Cancel, NOW + 1).await;
    let ids = [running.id, waiting, ended.id, world.task_id()];
    let mut holders = world.ledger.holders("one", &ids).await.expect("rows can be read");
    holders.sort_by_key(|id| ids.iter().position(|known| known == id));
    assert_eq!(holders, [running.id, waiting]);
    assert_eq!(world.ledger.holders("two", &ids).await, Ok(vec![]), "they are another channel's");
}

async fn full_life(world: &World, now_ms: i64) -> Task {
    let token = world.token(None).await;
    let task = world.task(token.id);
    let mut with = opening(task.clone());
    with.callback = Some(callback("QUEUED", false));
    let key = Idempotency {
        token: token.id,
        scope: "s".into(),
        body_hash: "h".into(),
        answer: (200, vec![1]),
        expires_ms: now_ms,
    };
    with.idempotency = Some(key);
    world.ledger.open_task(with).await.expect("it can be opened");
    let lease = world.lease(&task, now_ms);
    let leased = lease.after.clone();
    world.ledger.commit(vec![lease]).await.expect("nobody else changes it");
    let answer = Step::Answer { outputs: vec![], details: Default::default() };
    let archiving = world.step(&leased, answer, now_ms).await;
    let store = Step::Store { artifacts: vec![artifact(task.id, 0)], warnings: vec![] };
    world.step(&archiving, store, now_ms).await
}

pub async fn retention_takes_what_is_old(world: &World) {
    let (old, young) = (full_life(world, NOW + 10).await, full_life(world, NOW + 1000).await);
    let open = world.running("op").await;
    let purge = async |what, limit| world.ledger.purge(what, NOW + 100, limit).await.expect("it can be purged");
    // Its callback was not delivered yet: the task waits for it.
    assert_eq!(purge(Retention::Tasks, 10).await, 0);
    let pending = world.ledger.pending_callbacks(old.id).await.expect("it can be asked");
    let sent = CallbackAttempt { at_ms: NOW + 20, status: Some(200), class: "ok".into(), note: Value::Null };
    world.ledger.callback_sent(&pending[0], &sent).await.expect("it is pending");

    assert_eq!(purge(Retention::Events, 3).await, 3);
    // The young one's opening is as old as the old one's; its later events are not.
    assert_eq!(purge(Retention::Events, 1000).await, 2);
    assert_eq!(world.ledger.events(old.id).await, Ok(vec![]));
    assert_eq!(world.ledger.events(young.id).await.expect("events can be read").len(), 3);
    assert_eq!(world.ledger.events(open.id).await.expect("events can be read").len(), 3, "it has not ended");
    assert_eq!(purge(Retention::Attempts, 10).await, 1);
    assert_eq!(purge(Retention::Idempotency, 10).await, 1);
    assert_eq!(purge(Retention::Callbacks, 10).await, 1);
    assert_eq!(world.ledger.callbacks(young.id).await.expect("callbacks can be read").len(), 1);
    assert_eq!(purge(Retention::Tasks, 10).await, 0, "its bytes are still in the store");
    world.ledger.forget_artifacts(&[old.artifacts[0].key.clone()]).await.expect("it is there");
    assert_eq!(purge(Retention::Tasks, 10).await, 1);
    assert_eq!(world.ledger.task(old.id).await, Ok(None));
    assert_eq!(world.ledger.expired_artifacts(i64::MAX, 10).await.expect("it can be asked").len(), 1);
    assert_eq!(world.read(young.id).await, young);
    for what in Retention::ALL {
        assert_eq!(purge(what, 10).await, 0, "{what:?}");
    }
}

pub async fn artifacts_expire(world: &World) {
    let (old, young) = (full_life(world, NOW + 10).await, full_life(world, NOW + 1000).await);
    let key = old.artifacts[0].key.clone();
    let expired = world.ledger.expired_artifacts(NOW + 1000, 10).await;
    assert_eq!(expired, Ok(vec![(old.id, key.clone())]));
    world.ledger.forget_artifacts(&[key]).await.expect("it is there");
    assert_eq!(world.read(old.id).await.artifacts, []);
    assert_eq!(world.read(young.id).await.artifacts.len(), 1);
    world.ledger.forget_artifacts(&[]).await.expect("nothing is nothing");
}

pub async fn a_task_stays_until_its_bytes_are_gone(world: &World) {
    let task = world.opened().await;
    world.step(&task, Step::Cancel, NOW + 1).await;
    let late = [artifact(task.id, 0), artifact(task.id, 1)];
    world.ledger.add_late_artifacts(task.id, &late, NOW + 500).await.expect("the task is there");
    let purge = async |before_ms| world.ledger.purge(Retention::Tasks, before_ms, 10).await.expect("it can be purged");
    assert_eq!(purge(NOW + 100).await, 0, "what came late is younger than the task's end");
    assert_eq!(world.read(task.id).await.artifacts.len(), 2);

    assert_eq!(world.ledger.expired_artifacts(NOW + 500, 10).await, Ok(vec![]));
    let expired = world.ledger.expired_artifacts(NOW + 501, 10).await.expect("it can be asked");
    assert_eq!(expired, late.iter().map(|artifact| (task.id, artifact.key.clone())).collect::<Vec<_>>());
    world.ledger.forget_artifacts(&[late[0].key.clone()]).await.expect("it is there");
    assert_eq!(purge(NOW + 501).await, 0, "one of two is still there");
    world.ledger.forget_artifacts(&[late[1].key.clone()]).await.expect("it is there");
    assert_eq!(purge(NOW + 501).await, 1);
    assert_eq!(world.ledger.task(task.id).await, Ok(None));
}
