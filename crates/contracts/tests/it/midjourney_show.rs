//! The task object in every state.

use crate::fixture::{FINISHED_MS, artifact, grid, id, task, view, view_with_child};
use contracts::Family;
use contracts::midjourney::Midjourney;
use serde_json::{Value, json};
use task::{Kind, Role, Shown, Speed, State, Task};

fn show(task: &Task) -> Value {
    Midjourney.show(&view(task))
}

#[test]
fn a_running_task() {
    insta::assert_json_snapshot!(show(&task(State::Running)), @r#"
    {
      "action": "IMAGINE",
      "botType": "MID_JOURNEY",
      "buttons": [],
      "customId": "",
      "description": "",
      "failReason": "",
      "finishTime": 0,
      "id": "task_01hqqv4k00r5e052fc5m592szc",
      "imageUrl": "",
      "imageUrls": [],
      "mode": "",
      "progress": "65%",
      "prompt": "a beautiful sunset over the ocean --ar 16:9 --v 6",
      "promptEn": "a beautiful sunset over the ocean --ar 16:9 --v 6",
      "properties": {},
      "startTime": 1709123457000,
      "state": "",
      "status": "IN_PROGRESS",
      "submitTime": 1709123456000,
      "videoUrl": "",
      "videoUrls": []
    }
    "#);
}

#[test]
fn a_succeeded_task() {
    let mut task = grid();
    task.details.buttons.truncate(1);
    task.details.prompt_used = Some("a beautiful sunset --v 6 --fast".into());
    task.external_id = Some("mine".into());
    task.spec.speed = Some(Speed::Turbo);
    task.artifacts.push(artifact(1, Role::Single, "webp"));
    insta::assert_json_snapshot!(show(&task), @r#"
    {
      "action": "IMAGINE",
      "botType": "MID_JOURNEY",
      "buttons": [
        {
          "customId": "MJ::JOB::upsample::1::abc123",
          "emoji": "",
          "label": "U1",
          "style": 2,
          "type": 2
        }
      ],
      "customId": "",
      "description": "",
      "failReason": "",
      "finishTime": 1709123520000,
      "id": "task_01hqqv4k00r5e052fc5m592szc",
      "imageUrl": "https://media.test/task-artifacts/2024/02/28/midjourney/IMAGINE/task_01hqqv4k00r5e052fc5m592szc-0.png",
      "imageUrls": [
        {
          "url": "https://media.test/task-artifacts/2024/02/28/midjourney/IMAGINE/task_01hqqv4k00r5e052fc5m592szc-1.webp"
        }
      ],
      "mode": "TURBO",
      "progress": "100%",
      "prompt": "a beautiful sunset over the ocean --ar 16:9 --v 6",
      "promptEn": "a beautiful sunset over the ocean --ar 16:9 --v 6",
      "properties": {
        "finalPrompt": "a beautiful sunset --v 6 --fast"
      },
      "startTime": 1709123457000,
      "state": "mine",
      "status": "SUCCESS",
      "submitTime": 1709123456000,
      "videoUrl": "",
      "videoUrls": []
    }
    "#);
}

#[test]
fn a_failed_task_tells_the_public_reason_only() {
    let shown = show(&task(State::Failed));
    assert_eq!(shown["status"], "FAILURE");
    assert_eq!(shown["failReason"], "the vendor gave up");
    assert_eq!(shown["progress"], "100%");
    assert!(!shown.to_string().contains("rack 3"), "{shown}");
}

#[test]
fn words_by_state() {
    for (state, word) in [
        (State::Queued, "NOT_START"),
        (State::Submitting, "SUBMITTED"),
        (State::Uncertain, "SUBMITTED"),
        (State::Running, "IN_PROGRESS"),
        (State::Archiving, "IN_PROGRESS"),
        (State::AwaitingInput, "MODAL"),
        (State::HandedOver, "MODAL"),
        (State::Succeeded, "SUCCESS"),
        (State::Failed, "FAILURE"),
        (State::Cancelled, "CANCEL"),
    ] {
        assert_eq!(show(&task(state))["status"], word, "{state}");
    }
    // A re-queued task keeps its later word.
    let mut requeued = task(State::Queued);
    requeued.shown = Shown::Submitted;
    assert_eq!(show(&requeued)["status"], "SUBMITTED");
}

#[test]
fn pictures_and_buttons_wait_for_success() {
    let mut running = grid();
    running.state = State::Archiving;
    running.shown = Shown::InProgress;
    let shown = show(&running);
    assert_eq!((&shown["imageUrl"], &shown["buttons"]), (&json!(""), &json!([])));
}

#[test]
fn a_handed_over_task_shows_its_child_once_that_runs() {
    let mut parent = task(State::HandedOver);
    parent.child = Some(id(2));
    parent.external_id = Some("mine".into());
    let child_in = |state: State| {
        let mut child = if state == State::Succeeded { grid() } else { task(state) };
        child.id = id(2);
        child.action = "MODAL".into();
        child
    };
    for (state, word) in [
        (State::Queued, "MODAL"),
        (State::Submitting, "MODAL"),
        (State::Running, "IN_PROGRESS"),
        (State::Succeeded, "SUCCESS"),
        (State::Failed, "FAILURE"),
        (State::Cancelled, "CANCEL"),
    ] {
        let child = child_in(state);
        let shown = Midjourney.show(&view_with_child(&parent, &child));
        assert_eq!(shown["status"], word, "{state}");
        assert_eq!((&shown["id"], &shown["action"]), (&json!(parent.id), &json!("IMAGINE")), "{state}");
        let over = matches!(state, State::Succeeded | State::Failed | State::Cancelled);
        assert_eq!(shown["finishTime"], if over { FINISHED_MS } else { 0 }, "{state}");
        assert_eq!(shown["imageUrl"] != "", state == State::Succeeded, "{state}");
        assert_eq!(shown["buttons"] != json!([]), state == State::Succeeded, "{state}");
    }
    let failed = Midjourney.show(&view_with_child(&parent, &child_in(State::Failed)));
    assert_eq!(failed["failReason"], "the vendor gave up");
}

#[test]
fn described_words_go_to_every_place_that_clients_read() {
    for (kind, has_picture) in [(Kind::Describe, true), (Kind::Shorten, false)] {
        let mut task = grid();
        task.spec.kind = kind;
        task.spec.prompt = String::new();
        task.details.texts = vec!["one".into(), "two".into()];
        if !has_picture {
            task.artifacts.clear();
        }
        let shown = show(&task);
        assert_eq!(shown["prompt"], "one\n\ntwo");
        assert_eq!(shown["promptEn"], "one\n\ntwo");
        assert_eq!(shown["properties"], json!({ "finalPrompt": "one\n\ntwo", "prompts": ["one", "two"] }));
        assert_eq!(shown["imageUrl"] != "", has_picture);
        assert_eq!(shown["buttons"] == json!([]), kind == Kind::Describe);
    }
}

#[test]
fn films_and_singles_have_fields_of_their_own() {
    let mut task = task(State::Succeeded);
    task.artifacts = vec![
        artifact(0, Role::Video, "mp4"),
        artifact(1, Role::Video, "mp4"),
        artifact(2, Role::Single, "png"),
        artifact(3, Role::Cover, "png"),
    ];
    let shown = show(&task);
    let url = |place: usize| format!("https://media.test/{}", task.artifacts[place].key);
    assert_eq!(shown["videoUrl"], url(0));
    assert_eq!(shown["videoUrls"], json!([{ "url": url(0) }, { "url": url(1) }]));
    assert_eq!(shown["imageUrls"], json!([{ "url": url(2) }]));
    assert_eq!(shown["imageUrl"], url(2), "the grid is lost, a single picture stands in");
}

#[test]
fn a_late_picture_does_not_turn_failure_into_success() {
    let mut task = task(State::Failed);
    let mut late = artifact(0, Role::Image, "png");
    late.late = true;
    task.artifacts = vec![late];
    let shown = show(&task);
    assert_eq!((&shown["status"], &shown["imageUrl"]), (&json!("FAILURE"), &json!("")));
    assert_eq!(shown["properties"]["late"][0]["url"], format!("https://media.test/{}", task.artifacts[0].key));
}

#[test]
fn the_callback_is_the_task_object() {
    let task = grid();
    assert_eq!(Midjourney.callback(&view(&task)), show(&task));
}

#[test]
fn many_are_a_bare_array_in_the_order_given() {
    let (first, mut second) = (grid(), task(State::Queued));
    second.id = id(2);
    let shown = Midjourney.show_many(&[view(&second), view(&first)]);
    assert_eq!(shown, json!([show(&second), show(&first)]));
    assert_eq!(Midjourney.show_many(&[]), json!([]));
}

#[test]
fn the_bot_is_told_where_it_is_known() {
    let mut task = task(State::Running);
    assert_eq!(show(&task)["botType"], "MID_JOURNEY");
    task.spec.extras.entry("midjourney_proxy".into()).or_default().insert("botType".into(), json!("NIJI_JOURNEY"));
    assert_eq!(show(&task)["botType"], "NIJI_JOURNEY");
    task.spec.extras.clear();
    task.spec.kind = Kind::FollowUp;
    assert_eq!(show(&task)["botType"], "");
}

#[test]
fn a_translation_is_shown_without_the_vendors_links() {
    let mut task = grid();
    let upstream = format!("https://cdn.discordapp.com/a.png?ex=1 {}", task.spec.prompt);
    task.details.extras.insert("promptEn".into(), json!(upstream));
    task.details.prompt_used = Some(upstream.clone());
    task.details.description = Some(format!("/imagine {upstream}"));
    let shown = show(&task);
    assert_eq!(shown["promptEn"], shown["prompt"]);
    assert_eq!(shown["properties"]["finalPrompt"], shown["prompt"]);
    assert!(!shown.to_string().contains("discordapp"), "{shown}");
    task.details.extras.insert("promptEn".into(), json!("a fine sunset"));
    assert_eq!(show(&task)["promptEn"], "a fine sunset");
}
