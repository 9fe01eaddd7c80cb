//! Answers on the Seedance routes, in both shapes and every state.

use crate::fixture::{CREATED_MS, FINISHED_MS, artifact, id, task, view};
use contracts::seedance::{GENERATE, Seedance, VOLCENGINE};
use contracts::{Family, PageEnd, QueuePosition};
use serde_json::{Value, json};
use task::{Fitted, Kind, Role, Spec, State, Task};

fn film(state: State, action: &str) -> Task {
    let mut film = task(state);
    film.family = "seedance".into();
    film.action = action.into();
    film.model = "doubao-seedance-2-0".into();
    film.spec = Spec { prompt: "a cat".into(), seconds: Some(5.0), ..Spec::new(Kind::Video) };
    film.artifacts.clear();
    if state == State::Succeeded {
        film.artifacts = vec![artifact(0, Role::Video, "mp4")];
    }
    film
}

fn shown(task: &Task) -> Value {
    Seedance.show(&view(task))
}

fn link(position: i64, extension: &str) -> String {
    format!("https://media.test/task-artifacts/2024/02/28/midjourney/IMAGINE/{}-{position}.{extension}", id(1))
}

#[test]
fn a_submission_answers_both_shapes_at_once() {
    for action in [GENERATE, VOLCENGINE] {
        let answer = Seedance.accepted(&film(State::Queued, action), QueuePosition { ahead: 3 });
        let expected =
            json!({ "id": id(1), "task_id": id(1), "code": 0, "message": "success", "data": { "task_id": id(1) } });
        assert_eq!((answer.status, answer.body), (200, Some(expected)));
    }
}

#[test]
fn the_callers_own_identifier_is_given_back() {
    let mut film = film(State::Running, GENERATE);
    film.spec
        .extras
        .insert("ark".into(), serde_json::from_str(r#"{"safety_identifier":"user-hash"}"#).expect("is JSON"));
    assert_eq!(shown(&film)["safety_identifier"], "user-hash");
    let answer = Seedance.accepted(&film, QueuePosition::default()).body.expect("has a body");
    assert_eq!(answer["safety_identifier"], "user-hash");
}

#[test]
fn a_running_task() {
    assert_eq!(
        shown(&film(State::Running, GENERATE)),
        json!({
            "id": id(1), "task_id": id(1), "object": "video", "model": "doubao-seedance-2-0", "status": "in_progress",
            "progress": 65, "created_at": CREATED_MS / 1000, "updated_at": FINISHED_MS / 1000, "completed_at": null,
            "seconds": "5", "error": null, "metadata": {},
        })
    );
}

#[test]
fn a_completed_task_has_the_pages_fields_and_arks() {
    let mut film = film(State::Succeeded, GENERATE);
    film.artifacts.push(artifact(1, Role::LastFrame, "png"));
    film.details.seed = Some("10".into());
    film.details.fitted = Fitted { seconds: Some(11.0), size: None };
    film.details.extras = serde_json::from_str(
        r#"{"resolution":"720p","ratio":"9:16","framespersecond":24,"duration":11,"generate_audio":true,
            "service_tier":"default","usage":{"completion_tokens":108900,"total_tokens":108900}}"#,
    )
    .expect("is JSON");
    assert_eq!(
        shown(&film),
        json!({
            "id": id(1), "task_id": id(1), "object": "video", "model": "doubao-seedance-2-0", "status": "completed",
            "progress": 100, "created_at": CREATED_MS / 1000, "updated_at": FINISHED_MS / 1000,
            "completed_at": FINISHED_MS / 1000, "seconds": "11", "error": null,
            "metadata": { "url": link(0, "mp4"), "artifact_url": link(0, "mp4"), "urls": [link(0, "mp4")],
                "resolution": "720p", "ratio": "9:16", "frames_per_second": 24 },
            "content": { "video_url": link(0, "mp4"), "last_frame_url": link(1, "png") },
            "usage": { "completion_tokens": 108_900, "total_tokens": 108_900 }, "seed": 10, "duration": 11,
            "resolution": "720p", "ratio": "9:16", "framespersecond": 24, "generate_audio": true, "service_tier": "default",
        })
    );
}

#[test]
fn what_the_vendor_did_not_tell_is_measured_or_as_asked() {
    let mut film = film(State::Succeeded, GENERATE);
    film.artifacts[0].width = Some(496);
    film.artifacts[0].height = Some(864);
    let measured = shown(&film);
    assert_eq!((&measured["metadata"]["resolution"], &measured["metadata"]["ratio"]), (&json!("480p"), &json!("9:16")));
    assert_eq!(measured["metadata"]["frames_per_second"], 24);
    assert_eq!((&measured["usage"], &measured["seed"]), (&Value::Null, &Value::Null));
    film.spec.resolution = Some("720p".into());
    film.spec.aspect_ratio = Some("adaptive".into());
    film.spec.seed = Some(7);
    let asked = shown(&film);
    assert_eq!(
        (&asked["metadata"]["resolution"], &asked["metadata"]["ratio"], &asked["seed"]),
        (&json!("720p"), &json!("9:16"), &json!(7))
    );
}

#[test]
fn a_length_left_to_the_model_is_told_once_known() {
    let mut film = film(State::Running, GENERATE);
    film.spec.seconds = None;
    assert_eq!(shown(&film)["seconds"], "5", "the vendor's own default");
    film.spec.extras.insert("ark".into(), serde_json::from_str(r#"{"duration":-1}"#).expect("is JSON"));
    assert_eq!(shown(&film)["seconds"], "-1");
    film.details.fitted.seconds = Some(7.5);
    assert_eq!(shown(&film)["seconds"], "7.5");
}

#[test]
fn each_state_has_its_word_in_each_shape() {
    for (state, seedance, volcengine, progress) in [
        (State::Queued, "queued", "SUBMITTED", 0),
        (State::Submitting, "queued", "SUBMITTED", 10),
        (State::Uncertain, "queued", "SUBMITTED", 10),
        (State::Running, "in_progress", "PROCESSING", 65),
        (State::Archiving, "in_progress", "PROCESSING", 65),
        (State::Succeeded, "completed", "SUCCESS", 100),
        (State::Failed, "failed", "FAILED", 100),
        (State::Cancelled, "failed", "FAILED", 100),
    ] {
        let first = shown(&film(state, GENERATE));
        assert_eq!((&first["status"], &first["progress"]), (&json!(seedance), &json!(progress)), "{state}");
        let ended = matches!(state, State::Succeeded | State::Failed | State::Cancelled);
        assert_eq!(first["completed_at"].is_i64(), ended, "{state}");
        assert_eq!(first["metadata"] == json!({}), state != State::Succeeded, "{state}");
        let second = shown(&film(state, VOLCENGINE));
        assert_eq!((&second["code"], &second["data"]["status"]), (&json!(0), &json!(volcengine)), "{state}");
        assert_eq!(second["data"]["content"] == json!({}), state != State::Succeeded, "{state}");
    }
}

#[test]
fn a_failure_is_told_in_each_shape() {
    let error = json!({ "message": "the vendor gave up", "code": "task_failed", "type": "upstream" });
    assert_eq!(shown(&film(State::Failed, GENERATE))["error"], error);
    let cancelled = shown(&film(State::Cancelled, GENERATE));
    assert_eq!(cancelled["error"]["type"], "cancelled");
    assert_eq!(
        shown(&film(State::Failed, VOLCENGINE)),
        json!({ "code": 0, "message": "success", "data": { "task_id": id(1), "status": "FAILED", "content": {},
            "error": error, "fail_reason": "the vendor gave up" } })
    );
}

#[test]
fn the_object_shape_of_a_success() {
    let film = film(State::Succeeded, VOLCENGINE);
    assert_eq!(
        shown(&film),
        json!({ "code": 0, "message": "success", "data": { "task_id": id(1), "status": "SUCCESS",
            "content": { "video_url": link(0, "mp4"), "duration": 5, "video_urls": [link(0, "mp4")] } } })
    );
}

#[test]
fn a_list_has_one_shape_and_the_number_of_all() {
    let films = [film(State::Succeeded, GENERATE), film(State::Queued, VOLCENGINE)];
    let views = films.each_ref().map(view);
    let list = Seedance.list(&views, PageEnd { has_more: true, total: Some(12) });
    assert_eq!(list["total"], 12);
    assert_eq!(list["items"][0], shown(&films[0]));
    assert_eq!((&list["items"][1]["status"], &list["items"][1]["id"]), (&json!("queued"), &json!(id(1))));
}

#[test]
fn the_callback_is_that_of_all_films() {
    let body = Seedance.callback(&view(&film(State::Succeeded, VOLCENGINE)));
    assert_eq!((&body["status"], &body["type"]), (&json!("succeed"), &json!("video")));
    assert_eq!(body["output"]["video_url"], json!(link(0, "mp4")));
}
