//! Tasks in every state as `contract/kling.md` and `contract/callback.md` show them.

use crate::fixture::{CREATED_MS, Request, artifact, task, view};
use contracts::kling::Kling;
use contracts::{Call, Family, Problem, QueuePosition};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use task::{Artifact, Failure, FailureKind, Kind, Role, Shown, State, Task};

fn kling(kind: Kind, state: State) -> Task {
    let mut task = task(state);
    task.family = "kling".into();
    task.model = "kling-v2-5-turbo".into();
    task.action = "textGenerate".into();
    task.progress = if state == State::Queued { 0 } else { task.progress };
    task.spec.kind = kind;
    if state == State::Succeeded {
        task.artifacts = vec![file(&task, 0)];
    }
    task
}

fn file(task: &Task, position: i64) -> Artifact {
    match task.spec.kind {
        Kind::Video => Artifact { duration_ms: Some(5_042), ..artifact(position, Role::Video, "m4v") },
        _ => artifact(position, Role::Image, "jpg"),
    }
}

fn shown(task: &Task) -> Value {
    Kling.show(&view(task))
}

fn link(task: &Task, place: usize) -> String {
    crate::fixture::link(&task.artifacts[place].key)
}

#[test]
fn a_submission_is_answered_flat() {
    for kind in [Kind::Video, Kind::Image, Kind::TryOn] {
        let mut task = kling(kind, State::Queued);
        let id = task.id;
        let flat = json!({
            "created_at": CREATED_MS / 1_000,
            "id": id,
            "model": "kling-v2-5-turbo",
            "object": "video",
            "progress": 0,
            "status": "queued",
            "task_id": id,
        });
        let answer = Kling.accepted(&task, QueuePosition { ahead: 5 });
        assert_eq!((answer.status, answer.body), (200, Some(flat)), "{kind:?}");
        task.external_id = Some("job-42".into());
        let echoed = Kling.accepted(&task, QueuePosition::default()).body.expect("has a body");
        assert_eq!(echoed["external_task_id"], "job-42");
    }
}

#[test]
fn every_state_has_its_word_and_its_empty_url() {
    for (state, word) in [
        (State::Queued, "queued"),
        (State::Submitting, "queued"),
        (State::Uncertain, "queued"),
        (State::Running, "processing"),
        (State::Archiving, "processing"),
    ] {
        for (kind, format) in [(Kind::Video, "mp4"), (Kind::Image, "png"), (Kind::TryOn, "png")] {
            let task = kling(kind, state);
            let data = json!({
                "error": null, "format": format, "metadata": null, "status": word, "task_id": task.id, "url": "",
            });
            assert_eq!(shown(&task), json!({ "code": "success", "message": "", "data": data }), "{state} {kind:?}");
        }
    }
    // A re-queued task keeps its later word.
    let requeued = Task { shown: Shown::InProgress, ..kling(Kind::Video, State::Queued) };
    assert_eq!(shown(&requeued)["data"]["status"], "processing");
}

#[test]
fn success_has_a_url_and_the_files_own_format() {
    for (kind, format) in [(Kind::Video, "m4v"), (Kind::Image, "jpg"), (Kind::TryOn, "jpg")] {
        let mut task = kling(kind, State::Succeeded);
        let data = json!({
            "error": null, "format": format, "metadata": null, "status": "succeeded", "task_id": task.id,
            "url": link(&task, 0),
        });
        assert_eq!(shown(&task), json!({ "code": "success", "message": "", "data": data }), "{kind:?}");
        task.artifacts.push(file(&task, 1));
        task.external_id = Some("job-42".into());
        let data = shown(&task)["data"].clone();
        assert_eq!(data["url"], link(&task, 0));
        assert_eq!(data["urls"], json!([link(&task, 0), link(&task, 1)]), "several results");
        assert_eq!(data["external_task_id"], "job-42");
    }
}

#[test]
fn failure_is_told_within_a_good_envelope() {
    let mut task = kling(Kind::Video, State::Failed);
    let failed = |task: &Task| {
        let shown = shown(task);
        assert_eq!(
            (&shown["code"], &shown["data"]["status"], &shown["data"]["url"]),
            (&json!("success"), &json!("failed"), &json!(""))
        );
        shown["data"]["error"].clone()
    };
    assert_eq!(failed(&task), json!({ "message": "the vendor gave up", "code": "task_failed", "type": "upstream" }));
    task.failure = Some(Failure::never(FailureKind::Moderation, "content moderation failed", "risk 7"));
    assert_eq!(
        failed(&task),
        json!({ "message": "content moderation failed", "code": "task_failed", "type": "moderation" })
    );
    let cancelled = kling(Kind::Video, State::Cancelled);
    assert_eq!(failed(&cancelled)["type"], "cancelled");
}

#[test]
fn the_callback_is_the_video_shape() {
    let words: Vec<&str> =
        [Shown::Queued, Shown::Submitted, Shown::InProgress, Shown::Succeeded, Shown::Failed, Shown::Cancelled]
            .into_iter()
            .map(|shown| Kling.callback_word(shown))
            .collect();
    assert_eq!(words, ["queued", "queued", "processing", "succeed", "failed", "failed"]);
    let mut film = kling(Kind::Video, State::Succeeded);
    film.external_id = Some("job-42".into());
    let body = Kling.callback(&view(&film));
    assert_eq!(
        (&body["status"], &body["type"], &body["external_task_id"]),
        (&json!("succeed"), &json!("video"), &json!("job-42"))
    );
    assert_eq!(body["output"]["video_url"], link(&film, 0));
    assert_eq!((&body["output"]["duration"], &body["output"]["cover_url"]), (&json!(5.042), &json!("")));
    let picture = kling(Kind::TryOn, State::Succeeded);
    let body = Kling.callback(&view(&picture));
    assert_eq!((&body["type"], &body["output"]["image_urls"]), (&json!("image"), &json!([link(&picture, 0)])));
    assert_eq!(Kling.callback(&view(&kling(Kind::Video, State::Running)))["output"], json!({}));
}

#[test]
fn six_paths_take_and_show_tasks() {
    let routes = Kling.routes();
    let paths = |call: Call| -> BTreeSet<String> {
        routes
            .iter()
            .filter(|route| route.call == call)
            .map(|route| format!("{} {}", route.method, route.path))
            .collect()
    };
    let base = [
        "videos/text2video",
        "videos/image2video",
        "videos/multi-image2video",
        "videos/omni-video",
        "images/generations",
        "images/kolors-virtual-try-on",
    ];
    assert_eq!(paths(Call::Submit), base.iter().map(|path| format!("POST /kling/v1/{path}")).collect());
    assert_eq!(paths(Call::Show), base.iter().map(|path| format!("GET /kling/v1/{path}/{{id}}")).collect());
    assert_eq!(routes.len(), 12);
    assert!(Kling.takes_external_ids() && Kling.serves("kling") && !Kling.serves("jimeng"));
    for path in base {
        let request = Request::at(&Kling, &format!("/kling/v1/{path}/{{id}}")).id("job-42");
        assert_eq!(Kling.ids(&request.input()), Ok(vec!["job-42".to_owned()]), "{path}");
    }
}

#[test]
fn errors_have_both_shapes() {
    let (status, body) = Kling.error(&Problem::no_task(), "req_1");
    assert_eq!(status, 404);
    assert_eq!(
        (&body["code"], &body["message"], &body["data"]),
        (&json!("task_not_exist"), &json!("task_not_exist"), &Value::Null)
    );
    assert_eq!(body["error"]["type"], "invalid_request_error");
    assert_eq!(body["error"]["request_id"], "req_1");
}
