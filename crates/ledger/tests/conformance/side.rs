//! What stands beside a task's changes: orphans, errands, leases, hiding.

use crate::fixture::{NOW, World, artifact, failure};
use ledger::{Errand, ErrandKind, ErrandResult, LedgerError, Retention, Spilled};
use task::{ErrandId, Operation, Phase, Step};

pub async fn orphans_are_noted_once(world: &World) {
    let task = world.opened().await;
    let failed = world.step(&task, Step::Fail(failure()), NOW + 5).await;
    let operation = Operation { id: "late-op".into(), memo: serde_json::json!({ "k": [1] }) };
    for _ in 0..2 {
        world.ledger.orphan_operation(task.id, None, &operation, NOW + 10).await.expect("the task is there");
    }
    let orphans = world.ledger.orphans(10).await.expect("orphans can be read");
    assert_eq!(orphans.len(), 1);
    assert_eq!(world.ledger.orphans_of(task.id).await.as_ref(), Ok(&orphans));
    assert_eq!(world.ledger.orphans_of(world.task_id()).await, Ok(vec![]));
    assert_eq!((orphans[0].task, &orphans[0].operation), (task.id, &operation));
    assert_eq!((orphans[0].channel.as_str(), orphans[0].created_ms), ("one", NOW + 10));
    assert_eq!(world.ledger.purge(Retention::Tasks, NOW + 99, 10).await, Ok(0), "it is still watched");

    let late = [artifact(task.id, 0), artifact(task.id, 1)];
    for _ in 0..2 {
        world.ledger.add_late_artifacts(task.id, &late, NOW + 20).await.expect("the task is there");
    }
    let read = world.read(task.id).await;
    assert!(read.artifacts.len() == 2 && read.artifacts.iter().all(|artifact| artifact.late));
    assert_eq!((read.state, read.version, read.charged), (failed.state, failed.version, 0));
    let events = world.ledger.events(task.id).await.expect("events can be read");
    let steps: Vec<_> = events.iter().map(|event| (event.version, event.part, event.step.as_str())).collect();
    assert_eq!(steps, [(1, 0, "open"), (2, 0, "fail"), (2, 1, "orphan_operation"), (2, 2, "late_artifacts")]);

    world.ledger.end_orphan(task.id, "late-op", NOW + 30).await.expect("it is there");
    assert_eq!(world.ledger.orphans(10).await, Ok(vec![]));
    world.ledger.orphan_operation(task.id, None, &operation, NOW + 40).await.expect("the task is there");
    assert_eq!(world.ledger.orphans(10).await, Ok(vec![]), "it was watched to its end");
    let nowhere = world.task_id();
    let result = world.ledger.orphan_operation(nowhere, None, &operation, NOW).await;
    assert_eq!(result, Err(LedgerError::NotFound));
    assert_eq!(world.ledger.add_late_artifacts(nowhere, &late, NOW).await, Err(LedgerError::NotFound));
}

pub async fn errands_are_asked_and_answered(world: &World) {
    let task = world.running("op").await;
    let errand = |kind| Errand {
        id: ErrandId::new(NOW, world.entropy.as_ref()),
        task: task.id,
        kind,
        created_ms: NOW + 3,
        result: None,
    };
    let (cancel, seed) = (errand(ErrandKind::Cancel), errand(ErrandKind::Seed));
    for errand in [&cancel, &seed, &seed] {
        world.ledger.open_errand(errand).await.expect("the task is there");
    }
    let open = world.ledger.open_errands(&[task.id, world.task_id()]).await.expect("errands can be read");
    assert!(open.len() == 2 && open.contains(&cancel) && open.contains(&seed));
    let done = ErrandResult::Done(Some("12345".into()));
    world.ledger.end_errand(seed.id, &done, NOW + 4).await.expect("it is open");
    let other = ErrandResult::Failed("too slow".into());
    world.ledger.end_errand(seed.id, &other, NOW + 5).await.expect("it does nothing");
    let answered = world.ledger.errand(seed.id).await.expect("it can be read").expect("it is there");
    assert_eq!(answered.result, Some(done));
    assert_eq!(world.ledger.open_errands(&[task.id]).await, Ok(vec![cancel.clone()]));
    for result in [ErrandResult::None, ErrandResult::TooLate("it has ended".into())] {
        let errand = errand(ErrandKind::Cancel);
        world.ledger.open_errand(&errand).await.expect("the task is there");
        world.ledger.end_errand(errand.id, &result, NOW + 4).await.expect("it is open");
        let read = world.ledger.errand(errand.id).await.expect("it can be read").expect("it is there");
        assert_eq!(read.result, Some(result));
    }
}

pub async fn a_lease_has_one_holder(world: &World) {
    let second = world.second().await;
    let ours = async |now_ms| world.ledger.take_ledger_lease("sweep", "a", now_ms, 100).await.expect("it can be asked");
    let theirs = async |now_ms| second.take_ledger_lease("sweep", "b", now_ms, 100).await.expect("it can be asked");
    let (a, b) = tokio::join!(ours(NOW), theirs(NOW));
    assert!(a != b, "exactly one gets it");
    second.drop_ledger_lease("sweep", "b").await.expect("it can be asked");
    assert!(ours(NOW).await && !theirs(NOW + 99).await && ours(NOW + 50).await);
    assert!(!theirs(NOW + 149).await && theirs(NOW + 150).await && !ours(NOW + 151).await);
    world.ledger.drop_ledger_lease("sweep", "a").await.expect("another's lease stays");
    assert!(!ours(NOW + 152).await);
    assert!(world.ledger.take_ledger_lease("other", "a", NOW, 1).await.expect("it can be asked"));
}

pub async fn hidden_and_seed_make_no_version(world: &World) {
    let task = world.running("op").await;
    world.ledger.hide_task(task.id).await.expect("the task is there");
    world.ledger.keep_seed(task.id, "777").await.expect("the task is there");
    let read = world.read(task.id).await;
    assert_eq!((read.hidden, read.version, read.details.seed.as_deref()), (true, task.version, Some("777")));
    // A change made from an older reading takes neither back.
    world.step(&task, Step::Work { phase: Phase::Working }, NOW + 9).await;
    let read = world.read(task.id).await;
    assert_eq!((read.hidden, read.details.seed.as_deref()), (true, Some("777")));
    assert_eq!(world.ledger.hide_task(world.task_id()).await, Err(LedgerError::NotFound));
    assert_eq!(world.ledger.keep_seed(world.task_id(), "1").await, Err(LedgerError::NotFound));
}

pub async fn the_newest_hint_counts(world: &World) {
    let task = world.running("op").await;
    assert_eq!(world.ledger.hinted_operation(task.id).await, Ok(None));
    for operation in ["a", "b"] {
        world.ledger.note_hint(task.id, operation).await.expect("the task is there");
    }
    assert_eq!(world.ledger.hinted_operation(task.id).await, Ok(Some("b".into())));
    assert_eq!(world.read(task.id).await, task, "it is no change");
    let nowhere = world.task_id();
    world.ledger.note_hint(nowhere, "a").await.expect("nothing takes it");
    assert_eq!(world.ledger.hinted_operation(nowhere).await, Ok(None));
}

pub async fn waiting_errands_are_found(world: &World) {
    let (first, second) = (world.running("one").await, world.running("two").await);
    let ask = async |task, created_ms| {
        let id = ErrandId::new(NOW, world.entropy.as_ref());
        let errand = Errand { id, task, kind: ErrandKind::Seed, created_ms, result: None };
        world.ledger.open_errand(&errand).await.expect("the task is there");
        id
    };
    let older = ask(first.id, NOW + 20).await;
    let newer = ask(first.id, NOW + 90).await;
    ask(second.id, NOW + 10).await;
    let waiting =
        async |before_ms, limit| world.ledger.waiting_errands(before_ms, limit).await.expect("it can be asked");
    assert_eq!(waiting(NOW + 10, 10).await, []);
    let both = [(second.id, "one".to_owned()), (first.id, "one".to_owned())];
    assert_eq!(waiting(NOW + 91, 10).await, both, "the longest waiting first, each task once");
    assert_eq!(waiting(NOW + 91, 1).await, both[..1]);
    for id in [older, newer] {
        assert_eq!(waiting(NOW + 91, 10).await.len(), 2);
        world.ledger.end_errand(id, &ErrandResult::None, NOW + 95).await.expect("it is open");
    }
    assert_eq!(waiting(NOW + 91, 10).await, both[..1]);
}

pub async fn spilled_outputs_are_noted_until_the_end(world: &World) {
    let task = world.running("op").await;
    let held = |position, until_ms| Spilled { position, holder: "one".into(), until_ms, artifact: None };
    let copied = Spilled { artifact: Some(artifact(task.id, 2)), ..held(2, 0) };
    let note = async |rows: &[Spilled]| world.ledger.note_spilled(task.id, rows, NOW + 5).await;
    assert_eq!(world.ledger.spilled(task.id).await, Ok(vec![]));
    assert_eq!(note(&[held(1, NOW + 9), copied.clone()]).await, Ok(true));
    assert_eq!(world.ledger.spilled(task.id).await, Ok(vec![held(1, NOW + 9), copied.clone()]));
    // Its process is heard of again; another output joins it; what is in the store stays there.
    assert_eq!(note(&[held(0, NOW + 20), held(1, NOW + 20), held(2, NOW + 20)]).await, Ok(true));
    let copied = Spilled { artifact: copied.artifact, ..held(2, NOW + 20) };
    let noted = vec![held(0, NOW + 20), held(1, NOW + 20), copied];
    assert_eq!(world.ledger.spilled(task.id).await, Ok(noted));
    assert_eq!(world.read(task.id).await, task, "it is no change");
    let events = world.ledger.events(task.id).await.expect("events can be read");
    let told: Vec<_> = events.iter().filter(|event| event.step == "spilled").map(|event| &event.note).collect();
    let expected = [[1], [0]].map(|positions| serde_json::json!({ "holder": "one", "positions": positions }));
    assert_eq!(told, expected.iter().collect::<Vec<_>>(), "each output is told once");

    world.ledger.forget_spilled(task.id).await.expect("it can be forgotten");
    assert_eq!(world.ledger.spilled(task.id).await, Ok(vec![]));
    world.step(&task, Step::Fail(failure()), NOW + 30).await;
    assert_eq!(note(&[held(0, NOW + 50)]).await, Ok(false), "nobody wants it any more");
    assert_eq!(world.ledger.spilled(task.id).await, Ok(vec![]));
    let nowhere = world.ledger.note_spilled(world.task_id(), &[held(0, NOW)], NOW).await;
    assert_eq!(nowhere, Err(LedgerError::NotFound));
}
