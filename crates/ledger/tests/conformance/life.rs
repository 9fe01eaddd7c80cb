//! Opening, changing, reading.

use crate::fixture::{NOW, World, artifact, callback, failure, opening, output};
use ledger::{AttemptNote, LedgerError, TaskFilter};
use serde_json::json;
use task::spec::{Input, InputData, Shot};
use task::task::{Button, Details};
use task::{ClientId, Clip, Fitted, Operation, Phase, Shown, Size, Song, Speed, State, Step};

pub async fn every_field_reads_back(world: &World) {
    let token = world.token(Some(100)).await;
    let mut task = world.task(token.id);
    task.spec.inputs = vec![Input { role: "mask".into(), data: InputData::Url("https://caller.example/a".into()) }];
    task.spec.parent = Some(world.task_id());
    task.spec.button = Some("MJ::JOB::upsample::1".into());
    task.spec.speed = Some(Speed::Turbo);
    task.spec.extras.insert("kling".into(), json!({ "cfg": 0.5 }).as_object().cloned().expect("an object"));
    task.spec.seconds = Some(7.5);
    task.spec.shots = vec![Shot { prompt: "a wave".into(), seconds: Some(2.5) }];
    task.spec.song = Some(Box::new(Song { clip: Some("clip-0".into()), instrumental: true, ..Song::default() }));
    task.retry_of = Some(world.task_id());
    task.callback_url = Some("https://caller.example/hook".into());
    task.external_id = Some("theirs – ü".into());
    task.due_ms = Some(NOW + 5);
    task.warnings = vec!["left out: seed".into()];
    task.trace = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into());
    task.reserved = 7;
    let mut with = opening(task.clone());
    with.reserve = 7;
    with.callback = Some(callback("SUBMITTED", false));
    world.ledger.open_task(with).await.expect("it can be opened");

    assert_eq!(world.read(task.id).await, task);
    let events = world.ledger.events(task.id).await.expect("events can be read");
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].version, events[0].part, events[0].step.as_str()), (1, 0, "open"));
    let callbacks = world.ledger.callbacks(task.id).await.expect("callbacks can be read");
    assert_eq!((callbacks.len(), callbacks[0].seq, callbacks[0].due_ms), (1, 1, NOW));
    assert_eq!(callbacks[0].body, callback("SUBMITTED", false).body);
    assert_eq!(world.ledger.task(world.task_id()).await.expect("it can be asked"), None);
}

pub async fn every_change_reads_back(world: &World) {
    let task = world.opened().await;
    let lease = world.lease(&task, NOW + 10);
    let leased = lease.after.clone();
    world.ledger.commit(vec![lease]).await.expect("nobody else changes it");
    assert_eq!(world.read(task.id).await, leased);

    let attempt = leased.attempt.expect("a lease has an attempt");
    let operation = Operation { id: "op-1".into(), memo: json!({ "url": "x" }) };
    let mut accept = world.change(&leased, Step::Accept { operation, warnings: vec!["w".into()] }, NOW + 20);
    accept.attempt = Some(AttemptNote::End { attempt, outcome: "accepted", note: json!({ "ms": 12 }) });
    let running = accept.after.clone();
    world.ledger.commit(vec![accept]).await.expect("nobody else changes it");
    assert_eq!(world.read(task.id).await, running);

    let working = world.step(&running, Step::Work { phase: Phase::Working }, NOW + 30).await;
    let mut details = Details { prompt_used: Some("a taller lighthouse".into()), ..Details::default() };
    let press = ("custom".to_owned(), "🔍".to_owned(), "U1".to_owned());
    details.buttons = vec![Button { custom_id: press.0, emoji: press.1, label: press.2, style: 2, kind: 2 }];
    details.extras.insert("n".into(), json!(3));
    details.clips = vec![Clip { id: "clip-1".into(), duration_s: Some(61.5), ..Clip::default() }];
    details.fitted = Fitted { seconds: Some(8.0), size: Some(Size { width: 1280, height: 720 }) };
    let archiving = world.step(&working, Step::Answer { outputs: vec![output()], details }, NOW + 40).await;
    assert_eq!(world.read(task.id).await, archiving);

    let second = task::Artifact { piece: 1, ..artifact(task.id, 1) };
    let artifacts = vec![artifact(task.id, 0), second];
    let done = world.step(&archiving, Step::Store { artifacts, warnings: vec![] }, NOW + 50).await;
    assert_eq!(world.read(task.id).await, done);
    assert_eq!((done.state, done.artifacts.len()), (State::Succeeded, 2));

    let events = world.ledger.events(task.id).await.expect("events can be read");
    let steps: Vec<_> = events.iter().map(|event| (event.version, event.step.as_str(), event.state)).collect();
    let expected = [
        (1, "open", State::Queued),
        (2, "take_lease", State::Submitting),
        (3, "accept", State::Running),
        (4, "work", State::Running),
        (5, "answer", State::Archiving),
        (6, "store", State::Succeeded),
    ];
    assert_eq!(steps, expected);
    let attempts = world.ledger.attempts(task.id).await.expect("attempts can be read");
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].begun_ms, attempts[0].ended_ms), (NOW + 10, Some(NOW + 20)));
    assert_eq!(attempts[0].outcome.as_deref(), Some("accepted"));
    assert_eq!(attempts[0].note, Some(json!({ "ms": 12 })));

    let failed = world.opened().await;
    let failed = world.step(&failed, Step::Fail(failure()), NOW + 60).await;
    assert_eq!(world.read(failed.id).await, failed);
}

pub async fn a_stale_change_writes_nothing(world: &World) {
    let task = world.opened().await;
    let late = world.change(&task, Step::Cancel, NOW + 2);
    let leased = world.lease(&task, NOW + 1);
    world.ledger.commit(vec![leased.clone()]).await.expect("it comes first");
    let mut late = late;
    late.callback = Some(callback("CANCELLED", true));
    assert_eq!(world.ledger.commit(vec![late]).await, Err(LedgerError::Stale));
    assert_eq!(world.read(task.id).await, leased.after);
    assert_eq!(world.ledger.events(task.id).await.expect("events can be read").len(), 2);
    assert_eq!(world.ledger.callbacks(task.id).await, Ok(vec![]));

    let unknown = world.task(task.token);
    let change = world.change(&unknown, Step::Cancel, NOW);
    assert_eq!(world.ledger.commit(vec![change]).await, Err(LedgerError::Stale));
}

pub async fn a_unit_is_atomic(world: &World) {
    let (one, two) = (world.opened().await, world.opened().await);
    let moved = world
        .step(
            &two,
            Step::Move {
                channel: "b".into(),
                upstream_model: "m".into(),
                fitted: Fitted::default(),
                warnings: Vec::new(),
            },
            NOW + 1,
        )
        .await;
    let first = world.change(&one, Step::Cancel, NOW + 2);
    let outdated = world.change(&two, Step::Cancel, NOW + 2);
    let result = world.ledger.commit(vec![first.clone(), outdated]).await;
    assert_eq!(result, Err(LedgerError::Stale));
    assert_eq!(world.read(one.id).await, one);
    assert_eq!(world.ledger.events(one.id).await.expect("events can be read").len(), 1);

    let second = world.change(&moved, Step::Cancel, NOW + 3);
    world.ledger.commit(vec![first, second]).await.expect("both are as they were read");
    assert_eq!(world.read(one.id).await.state, State::Cancelled);
    assert_eq!(world.read(two.id).await.state, State::Cancelled);
}

pub async fn nonsense_is_refused(world: &World) {
    let task = world.opened().await;
    let change = world.change(&task, Step::Cancel, NOW + 1);
    let twice = world.ledger.commit(vec![change.clone(), change.clone()]).await;
    assert!(matches!(twice, Err(LedgerError::Invalid(_))), "{twice:?}");
    let mut other = change.clone();
    other.after.spec.prompt = "something else".into();
    let other = world.ledger.commit(vec![other]).await;
    assert!(matches!(other, Err(LedgerError::Invalid(_))), "{other:?}");
    let mut opened = opening(change.after);
    opened.task.id = world.task_id();
    let opened = world.ledger.open_task(opened).await;
    assert!(matches!(opened, Err(LedgerError::Invalid(_))), "{opened:?}");
    assert_eq!(world.ledger.commit(vec![]).await, Ok(()));
}

pub async fn the_ledger_outlives_its_process(world: &World) {
    let running = world.running("op-9").await;
    let events = world.ledger.events(running.id).await.expect("events can be read");
    let second = world.second().await;
    world.ledger.close().await;
    assert_eq!(second.pending_migrations().await, Ok(0));
    second.check().await.expect("it answers");
    assert_eq!(second.task(running.id).await, Ok(Some(running.clone())));
    assert_eq!(second.events(running.id).await, Ok(events));
    assert!(matches!(world.ledger.task(running.id).await, Err(LedgerError::Away(_))));
    drop(second);
    assert_eq!(world.second().await.task(running.id).await, Ok(Some(running)));
}

pub async fn lists_and_searches(world: &World) {
    let running = world.running("op-1").await;
    let other = world.running("op-2").await;
    let mut ids = [running.id, other.id];
    ids.sort();
    let read = world.ledger.tasks(&[ids[0], ids[1], world.task_id()]).await.expect("tasks can be read");
    assert_eq!(read.len(), 2);
    assert_eq!(world.ledger.tasks(&[]).await, Ok(vec![]));

    assert_eq!(world.ledger.find_operation("one", "op-2").await, Ok(Some(other.id)));
    assert_eq!(world.ledger.find_operation("two", "op-2").await, Ok(None));
    let client = running.client.expect("it was sent");
    assert_eq!(world.ledger.find_client("one", client).await, Ok(Some(running.id)));
    let nobody = ClientId::new(NOW, world.entropy.as_ref());
    assert_eq!(world.ledger.find_client("one", nobody).await, Ok(None));

    let all = TaskFilter { limit: 10, ..TaskFilter::default() };
    let listed = async |filter: TaskFilter| -> Vec<_> {
        let tasks = world.ledger.list_tasks(&filter).await.expect("tasks can be listed");
        tasks.into_iter().map(|task| task.id).collect()
    };
    assert_eq!(listed(all.clone()).await, [ids[1], ids[0]]);
    assert_eq!(listed(TaskFilter { after: Some(ids[1]), ..all.clone() }).await, [ids[0]]);
    assert_eq!(listed(TaskFilter { limit: 1, ..all.clone() }).await, [ids[1]]);
    assert_eq!(listed(TaskFilter { token: Some(other.token), ..all.clone() }).await, [other.id]);
    let in_progress = vec![Shown::InProgress, Shown::Failed, Shown::Queued];
    let narrow = TaskFilter {
        shown: Some(in_progress),
        states: Some(vec![State::Running]),
        families: Some(vec!["kling".into(), "midjourney".into()]),
        model: Some("mj_imagine".into()),
        channel: Some("one".into()),
        ..all.clone()
    };
    assert_eq!(listed(narrow.clone()).await.len(), 2);
    for nothing in [
        TaskFilter { states: Some(vec![State::Queued]), ..narrow.clone() },
        TaskFilter { states: Some(vec![]), ..narrow.clone() },
        TaskFilter { model: Some("x' OR 1=1 --".into()), ..narrow.clone() },
        TaskFilter { families: Some(vec!["kling".into()]), ..narrow },
    ] {
        assert_eq!(listed(nothing).await, []);
    }
    world.ledger.hide_task(ids[0]).await.expect("it is there");
    assert_eq!(listed(all.clone()).await, [ids[1]]);
    assert_eq!(listed(TaskFilter { include_hidden: true, ..all }).await.len(), 2);
}

pub async fn text_with_nul_is_taken(world: &World) {
    let token = world.token(None).await;
    let mut task = world.task(token.id);
    task.external_id = Some("a\0b".into());
    task.spec.prompt = "c\0d".into();
    world.ledger.open_task(opening(task.clone())).await.expect("a caller's text is no error of ours");
    let read = world.read(task.id).await;
    assert_eq!(read.external_id.as_deref(), Some("a\u{fffd}b"));
    assert_eq!(read.spec.prompt, "c\0d");
}
