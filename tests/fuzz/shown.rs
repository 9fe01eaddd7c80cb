//! Whatever a task holds, every family shows it, calls back with it and answers about it, at a bounded size.

use crate::budget::try_cases;
use crate::edits::{Case, case};
use contracts::{Body, Family, Input, LookupResult, PageEnd, QueuePosition, View};
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::Value;
use std::sync::LazyLock;
use task::clock::SeededEntropy;
use task::{
    Artifact, Button, Clip, Details, Failure, FailureKind, Kind, Operation, Output, Role, Shown, Song, Source, Spec,
    State, Task, TaskId, TokenId,
};

/// A shown task may be so many times larger than the task, plus [`SHOWN_MORE_BYTES`].
const SHOWN_TIMES: usize = 6;
/// What it may have beside that.
const SHOWN_MORE_BYTES: usize = 16_384;
const NOW_MS: i64 = 1_790_000_000_000;

/// A task in each state, with as much in it as there is room for.
static TASKS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let tasks = State::ALL.into_iter().map(|state| {
        let mut spec = Spec::new(Kind::Image);
        spec.prompt = "a cat".into();
        spec.seconds = Some(5.0);
        spec.song = Some(Box::default());
        let id = TaskId::new(NOW_MS, &SeededEntropy::new(1));
        let mut task = Task::queued(id, TokenId::new(NOW_MS, &SeededEntropy::new(2)), spec, NOW_MS);
        (task.state, task.shown) = (state, Shown::of(state));
        (task.action, task.model) = ("generate".into(), "sora-2".into());
        task.operation = Some(Operation { id: "op-0".into(), memo: Value::Null });
        task.details = Details {
            buttons: vec![Button { custom_id: "a".into(), emoji: "b".into(), label: "U1".into(), style: 1, kind: 2 }],
            texts: vec!["words".into()],
            clips: vec![Clip::default()],
            title: Some("title".into()),
            seed: Some("7".into()),
            ..Details::default()
        };
        task.outputs = vec![Output::new(Role::Video, Source::Url("https://a.test/v.mp4".into()))];
        task.artifacts = Role::ALL.into_iter().map(artifact).collect();
        task.failure = (state == State::Failed).then(|| Failure::never(FailureKind::Upstream, "public", "private"));
        (task.started_ms, task.finished_ms) = (Some(NOW_MS), state.is_terminal().then_some(NOW_MS + 1));
        serde_json::to_value(task).expect("a task is JSON")
    });
    tasks.collect()
});

fn artifact(role: Role) -> Artifact {
    Artifact {
        position: role as i64,
        role,
        piece: 0,
        key: format!("task-artifacts/2026/01/01/suno/music/{}.mp4", role.as_str()),
        content_type: "video/mp4".into(),
        bytes: 9,
        sha256: "00".into(),
        width: Some(1280),
        height: Some(720),
        duration_ms: Some(5_000),
        late: false,
    }
}

fn ask(family: &dyn Family, task: &Task) -> Result<(), TestCaseError> {
    let most = serde_json::to_string(task).map_or(0, |text| text.len()) * SHOWN_TIMES + SHOWN_MORE_BYTES;
    let link = |key: &str| format!("https://media.test/{key}");
    let view = View { task, child: Some(task), link: &link, now_ms: NOW_MS, retention_ms: Some(NOW_MS) };
    let mut shown = vec![
        family.show(&view),
        family.callback(&view),
        family.show_many(&[view]),
        family.list(&[view], PageEnd { has_more: true, total: Some(1) }),
    ];
    let answers = [
        family.accepted(task, QueuePosition { ahead: 3 }),
        family.existing(task),
        family.cancelled(&view),
        family.deleted(&view),
    ];
    shown.extend(answers.into_iter().filter_map(|answer| answer.body));
    for value in shown {
        let length = value.to_string().len();
        prop_assert!(length <= most, "{length} bytes are shown of a task that allows {most}");
    }
    for (name, value) in family.headers(task) {
        prop_assert!(http::HeaderValue::from_str(&value).is_ok(), "{name}: {value:?}");
    }
    let routes = family.routes();
    let (path, headers) = ([("id".to_owned(), task.id.to_string())], HeaderMap::new());
    for query in [vec![], vec![("variant".to_owned(), "thumbnail".to_owned())]] {
        let input = Input { route: &routes[0], path: &path, query: &query, headers: &headers, body: &Body::Empty };
        let _ = family.content(&input, task);
    }
    let _ = family.known(task);
    let _ = family.looked_up(task, &LookupResult::Failed("x".into()));
    Ok(())
}

fn task(case: &Case) -> Option<Task> {
    serde_json::from_value(case.value(&TASKS)).ok()
}

#[test]
fn odd_tasks_are_shown() {
    let tell = |case: &Case| format!("{:#}", case.value(&TASKS));
    try_cases("tasks", &case(), tell, |case| {
        // What is no task can't come out of the ledger.
        let Some(mut task) = task(case) else { return Ok(()) };
        for family in contracts::all() {
            family.name().clone_into(&mut task.family);
            ask(*family, &task)?;
        }
        Ok(())
    });
}

#[test]
fn plain_tasks_are_shown() {
    for value in TASKS.iter() {
        let mut task: Task = serde_json::from_value(value.clone()).expect("is a task");
        assert!(task.spec.song.as_deref() == Some(&Song::default()));
        for family in contracts::all() {
            family.name().clone_into(&mut task.family);
            ask(*family, &task).unwrap_or_else(|why| panic!("{}: {why}\n{value:#}", family.name()));
        }
    }
}
