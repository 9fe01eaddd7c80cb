//! Suno's tasks, lyrics, batches, callbacks and errors as callers see them.

use crate::fixture::{self, CREATED_MS, FINISHED_MS, artifact, id, link, view};
use contracts::suno::Suno;
use contracts::{Family, Problem, QueuePosition};
use serde_json::{Value, json};
use task::{Artifact, Clip, Kind, Role, Shown, Song, Spec, State, Task};

fn task(state: State, kind: Kind, action: &str) -> Task {
    let mut spec = Spec::new(kind);
    spec.song = Some(Box::new(Song { lyrics: Some("la la".into()), tags: Some("pop".into()), ..Song::default() }));
    Task { family: "suno".into(), action: action.into(), spec, artifacts: Vec::new(), ..fixture::task(state) }
}

fn file(position: i64, role: Role, piece: i64, extension: &str) -> Artifact {
    Artifact { piece, width: None, height: None, ..artifact(position, role, extension) }
}

/// Two clips, the second without a picture of its own.
fn songs() -> Task {
    let mut task = task(State::Succeeded, Kind::Music, "MUSIC");
    let clip = |id: &str, duration_s: Option<f64>| Clip {
        id: id.into(),
        title: "Summer Beach".into(),
        duration_s,
        ..Clip::default()
    };
    task.details.clips = vec![
        Clip {
            tags: "pop, english".into(),
            lyrics: "[Verse]\nSunshine".into(),
            model: "chirp-v4".into(),
            created_ms: Some(CREATED_MS + 5_000),
            ..clip("clip_001", Some(119.0))
        },
        clip("clip_002", Some(118.3)),
    ];
    task.artifacts = vec![
        Artifact { duration_ms: Some(120_500), ..file(0, Role::Audio, 0, "mp3") },
        file(1, Role::Wav, 0, "wav"),
        file(2, Role::Cover, 0, "png"),
        file(3, Role::Single, 0, "webp"),
        file(4, Role::Video, 0, "mp4"),
        file(5, Role::Audio, 1, "mp3"),
    ];
    task
}

fn lyrics(state: State) -> Task {
    let mut task = task(state, Kind::Lyrics, "LYRICS");
    task.details.title = Some("Rainy Day Memories".into());
    task.details.texts = vec!["[Verse 1]\nRaindrops".into(), "another try".into()];
    task
}

fn show(task: &Task) -> Value {
    Suno.show(&view(task))
}

#[test]
fn a_submission_is_answered_as_on_the_page() {
    let answer = Suno.accepted(&task(State::Queued, Kind::Music, "MUSIC"), QueuePosition { ahead: 3 });
    assert_eq!(answer.status, 200);
    let expected = json!({ "code": 1, "description": "Submitted successfully", "result": id(1) });
    assert_eq!(answer.body, Some(expected));
}

#[test]
fn a_processing_task_has_no_clips_though_one_may_be_early() {
    let mut early = songs();
    (early.state, early.shown, early.finished_ms) = (State::Archiving, Shown::InProgress, None);
    let expected = json!({ "code": 1, "message": "", "data": { "task_id": id(1), "action": "MUSIC",
        "status": "processing", "fail_reason": "", "submit_time": 1_709_123_456, "start_time": 1_709_123_457,
        "finish_time": 0, "data": [] } });
    assert_eq!(show(&early), expected);
}

#[test]
fn a_completed_task_has_its_clips_with_every_documented_field() {
    let task = songs();
    let shown = show(&task);
    let url = |place: usize| link(&task.artifacts[place].key);
    let first = json!({ "id": "clip_001", "title": "Summer Beach", "audio_url": url(0), "image_url": url(2),
        "image_large_url": url(3), "video_url": url(4), "duration": 120.5, "tags": "pop, english",
        "prompt": "[Verse]\nSunshine", "status": "complete", "model_name": "chirp-v4", "created_at": 1_709_123_461 });
    let second = json!({ "id": "clip_002", "title": "Summer Beach", "audio_url": url(5), "image_url": "",
        "image_large_url": "", "video_url": "", "duration": 118.3, "tags": "pop", "prompt": "la la",
        "status": "complete", "model_name": "", "created_at": FINISHED_MS / 1_000 });
    assert_eq!(shown["data"]["data"], json!([first, second]));
    assert_eq!((&shown["code"], &shown["data"]["status"]), (&json!(1), &json!("complete")));
    assert_eq!(shown["data"]["finish_time"], FINISHED_MS / 1_000);
    assert!(shown.get("id").is_none() && shown["data"].get("error").is_none());
    let sound = shown["data"]["data"][0]["audio_url"].as_str().expect("is a link");
    assert!(sound.ends_with(".mp3"), "a client that writes .wav there gets the file beside it");
}

#[test]
fn one_finished_clip_is_enough_and_late_ones_do_not_count() {
    let mut task = songs();
    task.artifacts.remove(0);
    let shown = show(&task);
    assert_eq!(shown["data"]["data"].as_array().map(Vec::len), Some(1));
    assert_eq!(shown["data"]["data"][0]["id"], "clip_002", "the clip goes with its own sound");
    let mut failed = songs();
    (failed.state, failed.shown) = (State::Failed, Shown::Failed);
    assert_eq!(show(&failed)["data"]["data"], json!([]));
}

#[test]
fn a_clip_that_upstream_told_nothing_of_still_has_every_key() {
    let mut task = songs();
    task.details.clips.clear();
    let clip = show(&task)["data"]["data"][1].clone();
    assert_eq!((&clip["id"], &clip["tags"], &clip["duration"]), (&json!(""), &json!("pop"), &json!(0.0)));
}

#[test]
fn words_by_state() {
    for (state, word) in [
        (State::Queued, "submitted"),
        (State::Submitting, "submitted"),
        (State::Uncertain, "submitted"),
        (State::Running, "processing"),
        (State::Archiving, "processing"),
        (State::Succeeded, "complete"),
        (State::Failed, "error"),
        (State::Cancelled, "error"),
    ] {
        assert_eq!(show(&task(state, Kind::Music, "MUSIC"))["data"]["status"], word, "{state}");
        assert_eq!(Suno.callback_word(Shown::of(state)), word, "{state}");
    }
}

#[test]
fn a_failure_says_why_inside_data() {
    let data = show(&task(State::Failed, Kind::Music, "MUSIC"))["data"].clone();
    assert_eq!((&data["fail_reason"], &data["data"]), (&json!("the vendor gave up"), &json!([])));
    assert_eq!(data["error"], json!({ "message": "the vendor gave up", "code": "task_failed", "type": "upstream" }));
    let data = show(&task(State::Cancelled, Kind::Music, "MUSIC"))["data"].clone();
    assert_eq!((&data["status"], &data["error"]["type"]), (&json!("error"), &json!("cancelled")));
}

#[test]
fn lyrics_answer_both_shapes_at_once() {
    let shown = show(&lyrics(State::Succeeded));
    let words = json!({ "title": "Rainy Day Memories", "text": "[Verse 1]\nRaindrops" });
    // The lyrics page reads `status` and `data.text`, the query page `data.status`.
    assert_eq!((&shown["id"], &shown["status"], &shown["code"]), (&json!(id(1)), &json!("complete"), &json!(1)));
    let data = &shown["data"];
    assert_eq!((&data["title"], &data["text"], &data["data"]), (&words["title"], &words["text"], &words));
    assert_eq!((&data["task_id"], &data["id"], &data["status"]), (&json!(id(1)), &json!(id(1)), &json!("complete")));
    for (state, word) in [(State::Queued, "submitted"), (State::Running, "processing"), (State::Failed, "error")] {
        let shown = show(&lyrics(state));
        assert_eq!((&shown["status"], &shown["data"]["status"]), (&json!(word), &json!(word)));
        let data = &shown["data"];
        let nothing = json!({ "title": "", "text": "" });
        assert_eq!((&data["title"], &data["text"], &data["data"]), (&json!(""), &json!(""), &nothing));
    }
}

#[test]
fn a_batch_holds_what_single_fetches_hold() {
    let (music, lyrics) = (songs(), lyrics(State::Succeeded));
    let shown = Suno.show_many(&[view(&lyrics), view(&music)]);
    let expected = json!({ "code": 1, "message": "", "data": [show(&lyrics)["data"], show(&music)["data"]] });
    assert_eq!(shown, expected);
    assert_eq!(Suno.show_many(&[]), json!({ "code": 1, "message": "", "data": [] }));
}

#[test]
fn the_callback_tells_of_songs() {
    let task = songs();
    let body = Suno.callback(&view(&task));
    let clips = show(&task)["data"]["data"].clone();
    let output = json!({ "audio_url": clips[0]["audio_url"], "title": "Summer Beach", "duration": 120.5,
        "image_url": clips[0]["image_url"], "tags": "pop, english", "clip_id": "clip_001" });
    let expected = json!({ "id": id(1), "task_id": id(1), "status": "complete", "type": "music", "output": output,
        "data": clips, "error": null });
    assert_eq!(body, expected);
    for (state, word) in [(State::Queued, "submitted"), (State::Running, "processing")] {
        let body = Suno.callback(&view(&self::task(state, Kind::Concat, "CONCAT")));
        let expected = json!({ "id": id(1), "task_id": id(1), "status": word, "type": "music", "output": {},
            "data": [], "error": null });
        assert_eq!(body, expected);
    }
}

#[test]
fn the_callback_tells_of_lyrics_and_failures() {
    let body = Suno.callback(&view(&lyrics(State::Succeeded)));
    assert_eq!(body["output"], json!({ "title": "Rainy Day Memories", "text": "[Verse 1]\nRaindrops" }));
    assert_eq!((&body["type"], &body["data"], &body["error"]), (&json!("lyrics"), &json!([]), &Value::Null));
    assert_eq!(Suno.callback(&view(&lyrics(State::Running)))["output"], json!({}));
    let body = Suno.callback(&view(&lyrics(State::Failed)));
    assert_eq!((&body["status"], &body["output"], &body["data"]), (&json!("error"), &json!({}), &json!([])));
    assert_eq!(body["error"]["message"], "the vendor gave up");
}

#[test]
fn errors_have_a_text_as_their_code() {
    let (status, body) = Suno.error(&Problem::no_task(), "req_1");
    assert_eq!(status, 404);
    assert_eq!(
        (&body["code"], &body["message"], &body["data"]),
        (&json!("task_not_exist"), &json!("task_not_exist"), &Value::Null)
    );
    assert_eq!(body["error"]["code"], "task_not_exist");
}
