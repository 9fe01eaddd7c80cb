//! The general film families, `/v1/videos` and `/v1/video/*`.

use crate::fixture::{FINISHED_MS, Request, artifact, id, link, read, task};
use contracts::openai_video::OpenaiVideo;
use contracts::unified_video::UnifiedVideo;
use contracts::{Body, Family, Order, Problem, Upload, View};
use serde_json::{Value, json};
use task::{Failure, FailureKind, Fitted, InputData, Kind, Role, Shown, Size, State, Task};

fn film(state: State) -> Task {
    let mut task = task(state);
    task.family = "openai_video".into();
    task.model = "sora-2".into();
    task.action = "generate".into();
    task.spec.kind = Kind::Video;
    task.spec.prompt = "a cat".into();
    if state == State::Succeeded {
        let film = artifact(0, Role::Video, "mp4");
        task.artifacts =
            vec![task::Artifact { duration_ms: Some(8_000), width: Some(1280), height: Some(720), ..film }];
    }
    task
}

fn view(task: &Task) -> View<'_> {
    View { task, child: None, link: &link, now_ms: FINISHED_MS, retention_ms: None }
}

fn order(body: Value) -> Result<Order, Problem> {
    read(&OpenaiVideo, "/v1/videos", body)
}

fn form(texts: &[(&str, &str)], files: Vec<Upload>) -> Result<Order, Problem> {
    let texts = texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let mut request = Request::at(&OpenaiVideo, "/v1/videos");
    request.body = Body::Form(texts, files);
    OpenaiVideo.read(&request.input())
}

#[test]
fn the_sdks_form_is_the_same_order_as_json() {
    let sdk = form(&[("prompt", "a cat"), ("model", "sora-2"), ("seconds", "4"), ("size", "1280x720")], Vec::new());
    let json = order(json!({ "prompt": "a cat", "model": "sora-2", "seconds": "4", "size": "1280x720" }));
    assert_eq!(sdk, json);
    let spec = json.expect("is read").spec;
    assert_eq!((spec.seconds, spec.size), (Some(4.0), Some(Size { width: 1280, height: 720 })));
}

#[test]
fn a_file_becomes_the_first_frame() {
    let file = Upload {
        field: "input_reference".into(),
        file_name: Some("ref.png".into()),
        content_type: Some("application/octet-stream".into()),
        bytes: bytes::Bytes::from_static(b"\x89PNG"),
    };
    let spec = form(&[("prompt", "a cat")], vec![file]).expect("is read").spec;
    assert_eq!(spec.inputs.len(), 1);
    assert_eq!(spec.inputs[0].role, "first_frame");
    assert!(matches!(&spec.inputs[0].data, InputData::Bytes(bytes) if bytes.as_ref() == b"\x89PNG"));
    let bare = order(json!({ "prompt": "a cat", "input_reference": "https://a.test/x.png" }));
    assert_eq!(bare.expect_err("a bare string is refused").param.as_deref(), Some("input_reference"));
    let object = order(json!({ "prompt": "a cat", "input_reference": { "image_url": "https://a.test/x.png" } }));
    assert_eq!(object.expect("is read").spec.inputs.len(), 1);
}

#[test]
fn a_storyboard_stands_for_the_prompt_and_the_length() {
    let shots = json!([{ "prompt": "dawn", "duration": 3 }, { "prompt": "noon", "duration": "4" }]);
    let spec = order(json!({ "model": "sora-2", "storyboard": shots })).expect("is read").spec;
    assert_eq!((spec.shots.len(), spec.seconds), (2, Some(7.0)));
    let refused = order(json!({ "model": "sora-2", "storyboard": [] })).expect_err("nothing to show");
    assert_eq!(refused.param.as_deref(), Some("prompt"));
}

#[test]
fn duration_wins_over_seconds_and_pixels_over_a_shape() {
    let body = json!({ "prompt": "x", "duration": 5, "seconds": "8", "size": "1080x1920", "aspect_ratio": "16:9" });
    let spec = order(body).expect("is read").spec;
    assert_eq!((spec.seconds, spec.aspect_ratio.clone()), (Some(5.0), None));
    let named = order(json!({ "prompt": "x", "size": "720P", "aspect_ratio": "9:16" })).expect("is read").spec;
    assert_eq!((named.resolution.as_deref(), named.aspect_ratio.as_deref()), (Some("720p"), Some("9:16")));
}

#[test]
fn wrong_fields_are_named() {
    for (body, param) in [
        (json!({ "prompt": "x", "duration": 0 }), "duration"),
        (json!({ "prompt": "x", "duration": 61 }), "duration"),
        (json!({ "prompt": "x", "size": "large" }), "size"),
        (json!({ "prompt": "x", "aspect_ratio": "wide" }), "aspect_ratio"),
        (json!({ "prompt": 7 }), "prompt"),
        (json!({ "prompt": "x", "images": "https://a.test/1.png" }), "images"),
        (json!({ "prompt": "x", "callback_url": "file:///etc/passwd" }), "callback_url"),
    ] {
        let problem = order(body.clone()).expect_err("is refused");
        assert_eq!((problem.status, problem.param.as_deref()), (400, Some(param)), "{body}");
    }
    let missing = read(&UnifiedVideo, "/v1/video/create", json!({ "prompt": "x" })).expect_err("is refused");
    assert_eq!((missing.status, missing.code), (400, "missing_model"));
}

#[test]
fn the_object_always_has_a_size_and_seconds() {
    let mut queued = film(State::Queued);
    let shown = OpenaiVideo.show(&view(&queued));
    assert_eq!((&shown["size"], &shown["seconds"]), (&json!("720x1280"), &json!("4")));
    queued.spec.seconds = Some(10.0);
    queued.details.fitted = Fitted { seconds: Some(12.0), size: Some(Size { width: 1792, height: 1024 }) };
    let shown = OpenaiVideo.show(&view(&queued));
    assert_eq!((&shown["size"], &shown["seconds"]), (&json!("1792x1024"), &json!("12")));
}

#[test]
fn a_completed_film_has_its_links_and_measures() {
    let done = film(State::Succeeded);
    let shown = OpenaiVideo.show(&view(&done));
    assert_eq!(shown["status"], "completed");
    assert_eq!(shown["video"]["width"], 1280);
    assert_eq!(shown["video"]["duration"], 8.0);
    assert_eq!(shown["url"], shown["video"]["url"]);
    let unified = UnifiedVideo.show(&view(&done));
    assert_eq!((&unified["status"], &unified["url"]), (&json!("completed"), &shown["url"]));
    assert!(unified.get("error").is_none());
}

#[test]
fn moderation_has_a_code_of_its_own_on_one_route_only() {
    let mut failed = film(State::Failed);
    failed.failure = Some(Failure::never(FailureKind::Moderation, "not shown", "7"));
    assert_eq!(OpenaiVideo.show(&view(&failed))["error"]["code"], "moderation_blocked");
    assert_eq!(UnifiedVideo.show(&view(&failed))["error"]["code"], "task_failed");
    assert_eq!(OpenaiVideo.show(&view(&film(State::Queued)))["error"], Value::Null);
}

#[test]
fn content_says_why_it_is_not_there() {
    let content = |state, variant: &str| {
        let request = Request::at(&OpenaiVideo, "/v1/videos/{id}/content").query("variant", variant);
        let task = film(state);
        OpenaiVideo.content(&request.input(), &task).map(|content| content.attachment).map_err(|p| (p.status, p.code))
    };
    assert_eq!(content(State::Succeeded, ""), Ok(true));
    assert_eq!(content(State::Succeeded, "thumbnail"), Err((404, "content_not_found")));
    assert_eq!(content(State::Succeeded, "poster"), Err((400, "invalid_request")));
    assert_eq!(content(State::Running, "video"), Err((400, "video_not_ready")));
    assert_eq!(content(State::Failed, "video"), Err((400, "video_failed")));
}

#[test]
fn a_remix_takes_after_its_film() {
    let request = Request::at(&OpenaiVideo, "/v1/videos/{id}/remix").id(&id(1).to_string());
    let order = OpenaiVideo.read(&request.json(json!({ "prompt": "at night" })).input()).expect("is read");
    let mut parent = film(State::Succeeded);
    (parent.model, parent.spec.seconds) = ("sora-2-pro".into(), Some(8.0));
    let followed = OpenaiVideo.follow(order.clone(), Some(&parent)).expect("is finished");
    assert_eq!((followed.model.as_str(), followed.spec.seconds), ("sora-2-pro", Some(8.0)));
    let early = OpenaiVideo.follow(order, Some(&film(State::Running))).expect_err("is not finished");
    assert_eq!(early.status, 400);
}

#[test]
fn a_query_names_its_task_in_either_way() {
    let ids = |query: &[(&str, &str)]| {
        let request = query.iter().fold(Request::at(&UnifiedVideo, "/v1/video/query"), |r, (n, v)| r.query(n, v));
        UnifiedVideo.ids(&request.input()).map_err(|problem| problem.status)
    };
    assert_eq!(ids(&[("id", "a")]), Ok(vec!["a".to_owned()]));
    assert_eq!(ids(&[("task_id", "a")]), Ok(vec!["a".to_owned()]));
    assert_eq!(ids(&[("id", "a"), ("task_id", "a")]), Ok(vec!["a".to_owned()]));
    assert_eq!(ids(&[("id", "a"), ("task_id", "b")]), Err(400));
    assert_eq!(ids(&[]), Err(400));
}

#[test]
fn the_callback_has_one_shape_for_all_films() {
    let done = film(State::Succeeded);
    let body = OpenaiVideo.callback(&view(&done));
    assert_eq!((&body["status"], &body["type"]), (&json!("succeed"), &json!("video")));
    assert_eq!(body["output"]["duration"], 8.0);
    assert_eq!(body["output"]["video_urls"], json!([body["output"]["video_url"]]));
    let queued = UnifiedVideo.callback(&view(&film(State::Queued)));
    assert_eq!((&queued["status"], &queued["output"]), (&json!("queued"), &json!({})));
    assert_eq!(OpenaiVideo.callback_word(Shown::Cancelled), "failed");
}

#[test]
fn a_film_tells_when_its_files_go() {
    let task = film(State::Succeeded);
    for family in [&OpenaiVideo as &dyn Family, &UnifiedVideo] {
        let kept = family.show(&View { retention_ms: Some(86_400_000), ..view(&task) });
        let ended_s = kept["completed_at"].as_i64().expect("it has ended");
        assert_eq!(kept["expires_at"], json!(ended_s + 86_400), "{kept}");
        let forever = family.show(&view(&task));
        assert_eq!(forever["expires_at"], json!(null), "{forever}");
        let failed = film(State::Failed);
        let failed = family.show(&View { retention_ms: Some(86_400_000), ..view(&failed) });
        assert!(failed["expires_at"].is_null(), "{failed}");
    }
}
