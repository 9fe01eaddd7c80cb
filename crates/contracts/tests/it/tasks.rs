//! The neutral family, `/v1/tasks`.

use crate::fixture::{Request, artifact, grid, id, task, view, view_with_child};
use contracts::tasks::Tasks;
use contracts::{Body, Family, Page, PageEnd, Problem};
use serde_json::{Value, json};
use task::{Failure, FailureKind, Role, Shown, State};

fn list(query: &[(&str, &str)]) -> Result<Page, Problem> {
    let request =
        query.iter().fold(Request::at(&Tasks, "/v1/tasks"), |request, (name, value)| request.query(name, value));
    Tasks.page(&request.input())
}

#[test]
fn a_succeeded_task() {
    let mut task = grid();
    task.external_id = Some("mine".into());
    task.warnings = vec!["botType was left out".into()];
    let mut film = artifact(1, Role::Video, "mp4");
    film.duration_ms = Some(5_041);
    film.width = None;
    task.artifacts.push(film);
    insta::assert_json_snapshot!(Tasks.show(&view(&task)), @r#"
    {
      "action": "IMAGINE",
      "completed_at": 1709123520,
      "created_at": 1709123456,
      "error": null,
      "external_id": "mine",
      "family": "midjourney",
      "id": "task_01hqqv4k00r5e052fc5m592szc",
      "model": "mj_imagine",
      "object": "task",
      "outputs": [
        {
          "bytes": 1234,
          "content_type": "image/png",
          "height": 1024,
          "role": "image",
          "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
          "url": "https://media.test/task-artifacts/2024/02/28/midjourney/IMAGINE/task_01hqqv4k00r5e052fc5m592szc-0.png",
          "width": 2048
        },
        {
          "bytes": 1234,
          "content_type": "image/mp4",
          "duration": 5.041,
          "height": 1024,
          "role": "video",
          "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
          "url": "https://media.test/task-artifacts/2024/02/28/midjourney/IMAGINE/task_01hqqv4k00r5e052fc5m592szc-1.mp4"
        }
      ],
      "progress": 100,
      "quota": 50,
      "status": "succeeded",
      "texts": [],
      "updated_at": 1709123520,
      "warnings": [
        "botType was left out"
      ]
    }
    "#);
}

#[test]
fn words_by_state() {
    for (state, word) in [
        (State::Queued, "queued"),
        (State::Submitting, "queued"),
        (State::Uncertain, "queued"),
        (State::Running, "running"),
        (State::Archiving, "running"),
        (State::AwaitingInput, "awaiting_input"),
        (State::HandedOver, "awaiting_input"),
        (State::Succeeded, "succeeded"),
        (State::Failed, "failed"),
        (State::Cancelled, "cancelled"),
    ] {
        let shown = Tasks.show(&view(&task(state)));
        assert_eq!(shown["status"], word, "{state}");
        assert_eq!(shown["error"].is_null(), state != State::Failed, "{state}");
        let over = matches!(state, State::Succeeded | State::Failed | State::Cancelled);
        assert_eq!(shown["completed_at"].is_null(), !over, "{state}");
        assert_eq!(
            shown["quota"],
            if over && state != State::Succeeded || state == State::HandedOver { 0 } else { 50 }
        );
    }
}

#[test]
fn a_handed_over_task_has_its_childs_status_and_outputs() {
    let mut parent = task(State::HandedOver);
    parent.child = Some(id(2));
    let mut child = grid();
    child.id = id(2);
    let shown = Tasks.show(&view_with_child(&parent, &child));
    assert_eq!((&shown["id"], &shown["status"]), (&json!(id(1)), &json!("succeeded")));
    assert_eq!(shown["outputs"].as_array().map(Vec::len), Some(1));
    assert_eq!((&shown["progress"], &shown["quota"]), (&json!(100), &json!(0)));
}

#[test]
fn a_failure_has_a_type_of_its_own() {
    let mut task = task(State::Failed);
    task.failure = Some(Failure::never(FailureKind::Moderation, "banned words", "internal"));
    let expected = json!({ "message": "banned words", "code": "task_failed", "type": "moderation" });
    assert_eq!(Tasks.show(&view(&task))["error"], expected);
}

#[test]
fn a_page_has_its_ends() {
    let (first, mut last) = (grid(), task(State::Queued));
    last.id = id(2);
    let page = Tasks.list(&[view(&first), view(&last)], PageEnd { has_more: true, total: None });
    assert_eq!(page["object"], "list");
    assert_eq!((&page["first_id"], &page["last_id"]), (&json!(id(1)), &json!(id(2))));
    assert_eq!((page["has_more"].as_bool(), page["data"].as_array().map(Vec::len)), (Some(true), Some(2)));
    let empty = json!({ "object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false });
    assert_eq!(Tasks.list(&[], PageEnd::default()), empty);
}

#[test]
fn filters_are_read() {
    assert_eq!(list(&[]), Ok(Page { limit: 20, ..Page::default() }));
    let after = id(3).to_string();
    let query =
        [("status", "running"), ("family", "midjourney"), ("model", "mj_imagine"), ("after", &after), ("limit", "100")];
    let expected = Page {
        shown: vec![Shown::InProgress],
        families: vec!["midjourney".into()],
        model: Some("mj_imagine".into()),
        after: Some(after.clone()),
        limit: 100,
        ..Page::default()
    };
    assert_eq!(list(&query), Ok(expected));
    let queued = list(&[("status", "queued")]).expect("is a word");
    assert_eq!(queued.shown, [Shown::Queued, Shown::Submitted]);
    assert_eq!(list(&[("status", ""), ("limit", "")]), list(&[]));
}

#[test]
fn what_is_not_known_is_refused() {
    for (query, param, part) in [
        (vec![("page", "1")], "page", "status, family, model, after, limit"),
        (vec![("status", "SUCCESS")], "status", "queued, running, awaiting_input, succeeded, failed, cancelled"),
        (vec![("family", "nobody")], "family", "midjourney"),
        (vec![("after", "1")], "after", "id"),
        (vec![("limit", "0")], "limit", "1 to 100"),
        (vec![("limit", "101")], "limit", "1 to 100"),
        (vec![("limit", "ten")], "limit", "1 to 100"),
        (vec![("limit", "1"), ("limit", "2")], "limit", "once"),
        (vec![("model", "a\0")], "model", "NUL"),
    ] {
        let problem = list(&query).expect_err("was to be refused");
        assert_eq!((problem.status, problem.param.as_deref()), (400, Some(param)));
        assert!(problem.message.contains(part), "{}", problem.message);
    }
    let cancel = |body: Value| Tasks.ids(&Request::at(&Tasks, "/v1/tasks/{id}/cancel").id("task_1").json(body).input());
    assert_eq!(cancel(json!({})), Ok(vec!["task_1".into()]));
    assert_eq!(cancel(json!({ "why": 1 })).expect_err("has a field").param.as_deref(), Some("why"));
    assert_eq!(cancel(json!([])).expect_err("is an array").status, 400);
    let mut form = Request::at(&Tasks, "/v1/tasks/{id}/cancel").id("task_1");
    form.body = Body::Form(Vec::new(), Vec::new());
    assert_eq!(Tasks.ids(&form.input()).expect_err("is a form").status, 415);
    let query = Request::at(&Tasks, "/v1/tasks/{id}").id("task_1").query("verbose", "1");
    assert_eq!(Tasks.ids(&query.input()).expect_err("is unknown").param.as_deref(), Some("verbose"));
}

#[test]
fn errors_have_both_shapes() {
    insta::assert_json_snapshot!(Tasks.error(&Problem::no_task(), "req_1").1, @r#"
    {
      "code": "task_not_exist",
      "data": null,
      "error": {
        "code": "task_not_exist",
        "message": "task_not_exist",
        "param": null,
        "request_id": "req_1",
        "type": "invalid_request_error"
      },
      "message": "task_not_exist"
    }
    "#);
}
