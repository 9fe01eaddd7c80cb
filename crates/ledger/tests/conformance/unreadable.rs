//! Rows that can't be read: what is read beside them is not harmed.

use crate::fixture::{NOW, World, artifact, failure, opening};
use ledger::{LedgerError, TaskFilter};
use task::{State, Step, TaskId};

async fn queued(world: &World, model: &str, due_ms: i64) -> TaskId {
    let token = world.token(None).await;
    let mut task = world.task(token.id);
    task.model = model.into();
    task.due_ms = Some(due_ms);
    world.ledger.open_task(opening(task.clone())).await.expect("it can be opened");
    task.id
}

fn is_corrupt<T: std::fmt::Debug>(result: &Result<T, LedgerError>, place: (&str, &str), id: TaskId) -> bool {
    matches!(result, Err(LedgerError::Corrupt { table, column, row, .. })
        if (*table, *column) == place && *row == id.to_string())
}

pub async fn a_bad_row_harms_no_other(world: &World) {
    let mut ids = Vec::new();
    for _ in 0..5 {
        ids.push(queued(world, "any", NOW).await);
    }
    ids.sort_unstable();
    world
        .sql(
            "UPDATE task SET spec = '{' WHERE id = (SELECT id FROM task ORDER BY id LIMIT 1 OFFSET 1) \
             OR id = (SELECT id FROM task ORDER BY id LIMIT 1 OFFSET 3)",
        )
        .await;
    let (newest_first, broken) = ([ids[4], ids[2], ids[0]], ids[1]);

    let read = world.ledger.tasks(&ids).await.expect("the others can be read");
    assert!(read.len() == 3 && read.iter().all(|task| newest_first.contains(&task.id)), "{read:?}");
    let alone = world.ledger.task(broken).await;
    assert!(is_corrupt(&alone, ("task", "spec"), broken), "{alone:?}");
    assert_eq!(world.read(ids[0]).await.id, ids[0]);
    assert!(world.ledger.is_unreadable(broken) && !world.ledger.is_unreadable(ids[0]), "it is told from a missing one");

    let mut filter = TaskFilter { limit: 2, ..TaskFilter::default() };
    let mut pages = Vec::new();
    loop {
        let page = world.ledger.list_tasks(&filter).await.expect("the others can be listed");
        let Some(last) = page.last() else { break };
        filter.after = Some(last.id);
        pages.push(page.iter().map(|task| task.id).collect::<Vec<_>>());
    }
    assert_eq!(pages.concat(), newest_first);
    assert_eq!(pages[0].len(), 2, "a short page would say that it is the last one");
}

pub async fn a_bad_artifact_hides_only_its_task(world: &World) {
    let mut ids = Vec::new();
    for _ in 0..3 {
        let task = world.running("op").await;
        let answered = world.step(&task, Step::Answer { outputs: vec![], details: Default::default() }, NOW + 3).await;
        let artifacts = vec![artifact(task.id, 0), artifact(task.id, 1)];
        world.step(&answered, Step::Store { artifacts, warnings: vec![] }, NOW + 4).await;
        ids.push(task.id);
    }
    ids.sort_unstable();
    world
        .sql(
            "UPDATE artifact SET role = 'nonsense' WHERE position = 1 AND task_id = (SELECT id FROM task ORDER BY id \
             LIMIT 1 OFFSET 1)",
        )
        .await;
    let mut read = world.ledger.tasks(&ids).await.expect("the others can be read");
    read.sort_unstable_by_key(|task| task.id);
    assert_eq!(read.iter().map(|task| (task.id, task.artifacts.len())).collect::<Vec<_>>(), [(ids[0], 2), (ids[2], 2)]);
    let listed = world.ledger.list_tasks(&TaskFilter { limit: 2, ..TaskFilter::default() }).await;
    assert_eq!(listed.expect("the others can be listed").len(), 2);
    let alone = world.ledger.task(ids[1]).await;
    assert!(is_corrupt(&alone, ("artifact", "role"), ids[1]), "{alone:?}");
    assert!(world.ledger.is_unreadable(ids[1]));
}

pub async fn the_sweep_s_pages_go_on_behind_a_bad_row(world: &World) {
    let mut ids = vec![queued(world, "fine", NOW).await];
    for model in ["broken", "broken", "broken"] {
        queued(world, model, NOW + 1).await;
    }
    ids.push(queued(world, "fine", NOW + 2).await);
    ids.push(queued(world, "fine", NOW + 3).await);
    world
        .sql(
            "DELETE FROM event WHERE task_id IN (SELECT id FROM task WHERE model = 'broken'); \
             UPDATE task SET id = id || 'x' WHERE model = 'broken'; \
             UPDATE task SET deadline_ms = wake_ms;",
        )
        .await;
    let ledger = &world.ledger;
    let due = ledger.due_tasks(&[State::Queued], NOW + 9, None, 2).await.expect("the others are due");
    assert_eq!(due.iter().map(|due| due.id).collect::<Vec<_>>(), ids[..2]);
    let after = Some((NOW + 2, ids[1]));
    let due = ledger.due_tasks(&[State::Queued], NOW + 9, after, 2).await.expect("the others are due");
    assert_eq!(due.iter().map(|due| due.id).collect::<Vec<_>>(), ids[2..]);

    let overdue = ledger.past_deadline(NOW + 9, None, 2).await.expect("the others are overdue");
    assert_eq!(overdue, [(ids[0], NOW, State::Queued), (ids[1], NOW + 2, State::Queued)]);

    ids.sort_unstable();
    let mut seen = Vec::new();
    while let [one] = &ledger.in_state(&[State::Queued], seen.last().copied(), 1).await.expect("it goes on")[..] {
        seen.push(one.id);
    }
    assert_eq!(seen, ids);
}

pub async fn a_bad_errand_or_orphan_stops_no_other(world: &World) {
    let mut ids = Vec::new();
    for operation in ["one", "two"] {
        let task = world.opened().await;
        world.step(&task, Step::Fail(failure()), NOW + 5).await;
        let operation = task::Operation { id: operation.into(), memo: serde_json::Value::Null };
        world.ledger.orphan_operation(task.id, None, &operation, NOW + 6).await.expect("the task is there");
        let errand = ledger::Errand {
            id: task::ErrandId::new(NOW, world.entropy.as_ref()),
            task: task.id,
            kind: ledger::ErrandKind::Cancel,
            created_ms: NOW,
            result: None,
        };
        world.ledger.open_errand(&errand).await.expect("the task is there");
        ids.push(task.id);
    }
    world
        .sql(
            "UPDATE errand SET kind = 'nonsense' WHERE task_id IN (SELECT task_id FROM orphan WHERE operation_id = 'one'); \
             UPDATE orphan SET operation = '{' WHERE operation_id = 'one';",
        )
        .await;
    let orphans = world.ledger.orphans(10).await.expect("the other can be read");
    assert_eq!(orphans.iter().map(|orphan| orphan.task).collect::<Vec<_>>(), ids[1..]);
    let errands = world.ledger.open_errands(&ids).await.expect("the other can be read");
    assert_eq!(errands.iter().map(|errand| errand.task).collect::<Vec<_>>(), ids[1..]);
}
