//! The OpenAI videos protocol: requests out, answers in.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use providers::openai_videos::OpenaiVideos;
use providers::{
    Account, Dialect, Encoding, LookupOutcome, Lost, Parent, Piece, PollItem, PollOutcome, Request, Response,
    Submission, SubmitOutcome, Target, Turn,
};
use serde_json::{Map, Value, json};
use task::clock::SeededEntropy;
use task::{
    ClientId, Details, FailureKind, Input, InputData, Kind, Operation, Output, Retry, Role, Secret, Shot, Size, Source,
    Spec,
};

struct Desk {
    key: Secret,
    options: Map<String, Value>,
}

impl Desk {
    fn new(options: Value) -> Self {
        let options = options.as_object().cloned().expect("is an object");
        Self { key: Secret::new("sk-up"), options }
    }

    fn account(&self) -> Account<'_> {
        Account { base_url: "https://relay.test/v1", key: &self.key, access: None, options: &self.options, now_ms: 0 }
    }

    fn submission<'a>(&'a self, spec: &'a Spec, upstream_model: &'a str) -> Submission<'a> {
        let client = ClientId::new(1, &SeededEntropy::new(1));
        Submission { account: self.account(), spec, upstream_model, client, parent: None, hook_url: None }
    }
}

fn film() -> Spec {
    Spec { prompt: "a cat".into(), ..Spec::new(Kind::Video) }
}

fn text(request: &Request) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => String::from_utf8(bytes.to_vec()).expect("is text"),
        Piece::Input { position, encoding } => format!("<{position} {encoding:?}>"),
    };
    request.body.iter().map(piece).collect()
}

fn answer(status: u16, body: &Value) -> Response {
    Response { status, headers: HeaderMap::new(), body: Bytes::from(body.to_string()) }
}

fn poll(options: Value, response: &Response) -> Result<PollOutcome, task::Failure> {
    let desk = Desk::new(options);
    let operation = Operation { id: "video_1".into(), memo: Value::Null };
    let items = [PollItem { operation: &operation, kind: Kind::Video }];
    match OpenaiVideos.read_poll(desk.account(), &items, &Value::Null, response)? {
        Turn::End(mut outcomes) => Ok(outcomes.remove(0)),
        Turn::Next(..) => panic!("one request is enough"),
    }
}

#[test]
fn a_form_holds_the_fields_and_the_file() {
    let desk = Desk::new(json!({}));
    let picture = InputData::Stored { key: "inputs/a".into(), content_type: "image/png".into(), bytes: 3 };
    let inputs = vec![Input { role: "first_frame".into(), data: picture }];
    let spec = Spec { inputs, seconds: Some(8.0), size: Some(Size { width: 1280, height: 720 }), ..film() };
    let request = OpenaiVideos.submit(&desk.submission(&spec, "sora-2")).expect("can be sent");
    assert!(request.paid);
    assert_eq!(request.target, Target::Base("/videos".into()));
    let kind = request.headers["content-type"].to_str().expect("is text").to_owned();
    let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect("has a boundary").to_owned();
    let body = text(&request).replace(&boundary, "B");
    assert!(body.starts_with("--B\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\nsora-2\r\n"), "{body}");
    assert!(body.contains("name=\"seconds\"\r\n\r\n8\r\n"), "trap 14: seconds are a text: {body}");
    assert!(body.contains("name=\"size\"\r\n\r\n1280x720\r\n"), "{body}");
    let file =
        "name=\"input_reference\"; filename=\"reference\"\r\nContent-Type: <0 MediaType>\r\n\r\n<0 Raw>\r\n--B--\r\n";
    assert!(body.ends_with(file), "trap 13: a file, never a bare text: {body}");
    assert!(request.headers["authorization"].is_sensitive());
}

#[test]
fn a_channel_may_want_json_and_azures_header() {
    let desk = Desk::new(json!({ "body": "json", "auth": "api-key" }));
    let inputs = vec![Input { role: "first_frame".into(), data: InputData::Url("https://a.test/x.png".into()) }];
    let spec = Spec { inputs, ..film() };
    let request = OpenaiVideos.submit(&desk.submission(&spec, "sora-2")).expect("can be sent");
    let body: Value = serde_json::from_str(&text(&request)).expect("is JSON");
    assert_eq!(body["input_reference"], json!({ "image_url": "https://a.test/x.png" }));
    assert_eq!((&body["seconds"], &body["size"]), (&json!("4"), &json!("720x1280")));
    assert_eq!(request.headers["api-key"], "sk-up");
    assert!(!request.headers.contains_key("authorization"));
    let stored = InputData::Stored { key: "inputs/a".into(), content_type: "image/png".into(), bytes: 3 };
    let spec = Spec { inputs: vec![Input { role: "first_frame".into(), data: stored }], ..film() };
    let request = OpenaiVideos.submit(&desk.submission(&spec, "sora-2")).expect("can be sent");
    let held = |piece: &Piece| matches!(piece, Piece::Input { encoding: Encoding::DataUri, .. });
    assert!(request.body.iter().any(held));
}

#[test]
fn lengths_and_sizes_are_fitted_with_a_warning() {
    let size = |width, height| Size { width, height };
    for (model, seconds, asked, made_s, made) in [
        ("sora-2", 5.0, size(1920, 1080), 8.0, size(1792, 1024)),
        ("sora-2-pro", 12.0, size(1920, 1080), 12.0, size(1920, 1080)),
        ("sora-2", 60.0, size(1080, 1080), 20.0, size(1280, 720)),
        ("sora-2", 4.0, size(1080, 1920), 4.0, size(1024, 1792)),
    ] {
        let spec = Spec { seconds: Some(seconds), size: Some(asked), ..film() };
        let fit = OpenaiVideos.fit(&Map::new(), model, &spec);
        assert_eq!((fit.fitted.seconds, fit.fitted.size), (Some(made_s), Some(made)), "{model} {seconds} {asked}");
        let changed = usize::from(seconds != made_s) + usize::from(asked != made);
        assert_eq!(fit.warnings.len(), changed, "{:?}", fit.warnings);
    }
    let other = OpenaiVideos.fit(&Map::new(), "grok-video-3", &Spec { seconds: Some(5.0), ..film() });
    assert_eq!(other, providers::Fit::default(), "others take what they take");
}

#[test]
fn a_storyboard_is_joined_into_the_prompt() {
    let shot = |prompt: &str, seconds| Shot { prompt: prompt.into(), seconds: Some(seconds) };
    let spec = Spec { prompt: String::new(), shots: vec![shot("dawn", 3.0), shot("noon", 4.0)], ..film() };
    let desk = Desk::new(json!({ "body": "json" }));
    let request = OpenaiVideos.submit(&desk.submission(&spec, "sora-2")).expect("can be sent");
    let body: Value = serde_json::from_str(&text(&request)).expect("is JSON");
    assert_eq!(body["prompt"], "Shot 1 (3 s): dawn\nShot 2 (4 s): noon");
    assert_eq!(OpenaiVideos.fit(&Map::new(), "sora-2", &spec).warnings.len(), 1);
}

#[test]
fn raw_fields_pass_but_never_over_ours() {
    let mut spec = film();
    let bag = json!({ "private": true, "model": "other", "input_reference": "x" });
    spec.extras.insert("openai_videos".into(), bag.as_object().cloned().expect("is an object"));
    let desk = Desk::new(json!({ "body": "json" }));
    let request = OpenaiVideos.submit(&desk.submission(&spec, "grok-video-3")).expect("can be sent");
    let body: Value = serde_json::from_str(&text(&request)).expect("is JSON");
    assert_eq!((&body["private"], &body["model"]), (&json!(true), &json!("grok-video-3")));
    assert!(body.get("input_reference").is_none());
    let request = OpenaiVideos.submit(&desk.submission(&spec, "sora-2")).expect("can be sent");
    let body: Value = serde_json::from_str(&text(&request)).expect("is JSON");
    assert!(body.get("private").is_none(), "the first vendor refuses what it does not know");
    let warnings = OpenaiVideos.fit(&Map::new(), "sora-2", &spec).warnings;
    assert!(warnings.iter().any(|warning| warning.contains("private")), "{warnings:?}");
}

#[test]
fn a_remix_names_its_video() {
    let spec = Spec { prompt: "more cats".into(), ..Spec::new(Kind::Remix) };
    let desk = Desk::new(json!({}));
    let operation = Operation { id: "video_1/../x".into(), memo: Value::Null };
    let (details, parent) = (Details::default(), film());
    let parent = Parent { operation: &operation, details: &details, spec: &parent };
    let submission = Submission { parent: Some(parent), ..desk.submission(&spec, "sora-2") };
    let request = OpenaiVideos.submit(&submission).expect("can be sent");
    assert_eq!(request.target, Target::Base("/videos/video_1%2F..%2Fx/remix".into()));
    assert_eq!(text(&request), r#"{"prompt":"more cats"}"#);
}

#[test]
fn a_submission_is_accepted_refused_or_unclear() {
    let desk = Desk::new(json!({}));
    let spec = film();
    let read = |status, body: Value| {
        let response = answer(status, &body);
        match OpenaiVideos.read_submit(&desk.submission(&spec, "sora-2"), &Value::Null, &response) {
            Turn::End(outcome) => outcome,
            Turn::Next(..) => panic!("one request is enough"),
        }
    };
    let accepted = read(200, json!({ "id": "video_1", "object": "video", "status": "queued" }));
    assert!(matches!(accepted, SubmitOutcome::Accepted { operation, .. } if operation.id == "video_1"));
    assert!(matches!(read(502, json!({})), SubmitOutcome::Unclear(_)));
    assert!(matches!(read(200, json!({ "status": "queued" })), SubmitOutcome::Unclear(_)));
    let refused = |status, error: Value| match read(status, json!({ "error": error })) {
        SubmitOutcome::Refused(failure) => (failure.kind, failure.retry),
        other => panic!("{other:?}"),
    };
    let spent = json!({ "message": "m", "type": "insufficient_quota", "code": "insufficient_quota" });
    assert_eq!(refused(429, spent), (FailureKind::Refused, Retry::Elsewhere), "trap 2: a 429 that lasts");
    let busy = json!({ "message": "m", "code": "rate_limit_exceeded" });
    assert_eq!(refused(429, busy), (FailureKind::Refused, Retry::Later(None)));
    let banned = json!({ "message": "m", "code": "moderation_blocked" });
    assert_eq!(refused(400, banned), (FailureKind::Moderation, Retry::Never));
    assert_eq!(refused(400, json!({ "message": "m" })), (FailureKind::InvalidInput, Retry::Never));
    assert_eq!(refused(401, json!({ "message": "m" })), (FailureKind::Refused, Retry::Elsewhere));
}

#[test]
fn every_status_word_is_read() {
    let video = |status: &str| json!({ "id": "video_1", "status": status, "progress": 42 });
    let mut response = answer(200, &video("in_progress"));
    response.headers.insert("openai-poll-after-ms", HeaderValue::from_static("7000"));
    let pending = poll(json!({}), &response).expect("is read");
    let PollOutcome::Pending { percent, poll_after_ms, unknown_word, .. } = pending else { panic!("{pending:?}") };
    assert_eq!((percent, poll_after_ms, unknown_word), (Some(42), Some(7_000), None));
    let odd = poll(json!({}), &answer(200, &video("pondering"))).expect("is read");
    assert!(matches!(odd, PollOutcome::Pending { unknown_word: Some(word), .. } if word == "pondering"), "trap 16");
    let failed =
        json!({ "id": "video_1", "status": "failed", "error": { "code": "moderation_blocked", "message": "no" } });
    let failed = poll(json!({}), &answer(200, &failed)).expect("is read");
    assert!(matches!(failed, PollOutcome::Failed(failure) if failure.kind == FailureKind::Moderation), "trap 5");
    assert_eq!(poll(json!({}), &answer(404, &json!({}))), Ok(PollOutcome::Missing));
    assert!(poll(json!({}), &answer(503, &json!({}))).is_err());
}

#[test]
fn a_result_without_a_link_is_fetched_with_the_key() {
    let done = json!({ "id": "video_1", "status": "completed" });
    let outputs = |options: Value, body: &Value| match poll(options, &answer(200, body)).expect("is read") {
        PollOutcome::Done { outputs, .. } => outputs,
        other => panic!("{other:?}"),
    };
    let found = outputs(json!({ "thumbnail": true }), &done);
    assert_eq!(found.iter().map(|output| output.role).collect::<Vec<_>>(), [Role::Video, Role::Cover]);
    let desk = Desk::new(json!({}));
    let request = OpenaiVideos.fetch(desk.account(), &found[0]).expect("can be asked for");
    assert_eq!(request.target, Target::Base("/videos/video_1/content?variant=video".into()), "trap 6");
    assert!(request.headers.contains_key("authorization"));
    let relay = json!({ "id": "video_1", "status": "completed", "video_url": "https://cdn.test/v.mp4" });
    let linked = outputs(json!({}), &relay);
    assert_eq!(linked, [Output::new(Role::Video, Source::Url("https://cdn.test/v.mp4".into()))]);
    let request = OpenaiVideos.fetch(desk.account(), &linked[0]).expect("can be asked for");
    assert_eq!(request.target, Target::FromAnswer("https://cdn.test/v.mp4".into()));
}

#[test]
fn a_webhook_only_names_a_video() {
    let desk = Desk::new(json!({}));
    let body = json!({ "id": "evt_1", "type": "video.completed", "data": { "id": "video_1" } }).to_string();
    let hint = OpenaiVideos.read_callback(desk.account(), &HeaderMap::new(), body.as_bytes()).expect("makes sense");
    assert_eq!((hint.operation_id.as_str(), hint.client), ("video_1", None), "trap 12");
    assert!(OpenaiVideos.read_callback(desk.account(), &HeaderMap::new(), b"{}").is_none());
}

/// Trap 15: its times are seconds, ours milliseconds.
#[test]
fn a_lost_submission_is_found_by_what_was_asked_for() {
    let desk = Desk::new(json!({}));
    let spec = Spec { prompt: "a lost cat".into(), ..film() };
    let client = ClientId::new(1, &SeededEntropy::new(1));
    let lost = Lost { client, spec: &spec, upstream_model: "sora-2", submitted_ms: 1_790_000_100_000 };
    let video = |id: &str, prompt: &str, at_s: i64| json!({ "id": id, "prompt": prompt, "model": "sora-2", "seconds": "4", "size": "720x1280", "created_at": at_s });
    let look = |videos: Vec<Value>, has_more: bool| {
        let response = answer(200, &json!({ "object": "list", "data": videos, "has_more": has_more }));
        OpenaiVideos.read_lookup(desk.account(), &lost, &response).expect("is a list")
    };
    let (mine, old) = (video("video_1", "a lost cat", 1_790_000_101), video("video_0", "a lost cat", 1_789_000_000));
    let found = look(vec![mine.clone(), video("video_2", "another", 1_790_000_102), old.clone()], true);
    assert!(matches!(found, LookupOutcome::Found(operation) if operation.id == "video_1"));
    assert_eq!(look(vec![old.clone()], true), LookupOutcome::Absent, "the list reaches back before it");
    assert_eq!(look(Vec::new(), false), LookupOutcome::Absent, "the list is whole");
    assert!(matches!(look(Vec::new(), true), LookupOutcome::Unsure(_)));
    let twin = video("video_3", "a lost cat", 1_790_000_103);
    assert!(matches!(look(vec![mine, twin], false), LookupOutcome::Unsure(_)), "trap 10: equal requests");
    let longer = json!({ "id": "video_4", "prompt": "a lost cat", "seconds": "8", "created_at": 1_790_000_101 });
    assert_eq!(look(vec![longer], false), LookupOutcome::Absent);
}
