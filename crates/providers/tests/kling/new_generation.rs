//! The new generation: `upstream/kling.md` section 5.

use crate::desk::{DIALECT, Desk, HOOK, accepted, at, film, linked, response, stored, with_bag};
use providers::{Dialect, PollOutcome, Turn};
use serde_json::{Map, Value, json};
use task::{Kind, Operation, Retry, Role, Source, Spec};

/// Trap 14: numbers are numbers in this generation.
#[test]
fn a_film_from_words() {
    let spec = Spec {
        seconds: Some(7.0),
        aspect_ratio: Some("16:9".into()),
        resolution: Some("1080p".into()),
        sound: Some(true),
        ..film("a cat", Vec::new())
    };
    let mut desk = Desk::new_generation();
    desk.hook_url = Some(HOOK.into());
    let (path, body) = desk.sent("kling-v3", &with_bag(spec, json!({ "watermark_info": { "enabled": false } })));
    assert_eq!(path, "/text-to-video/kling-3.0");
    assert_eq!(
        body,
        json!({
            "prompt": "a cat",
            "settings": { "resolution": "1080p", "aspect_ratio": "16:9", "duration": 7, "audio": "native", "multi_shot": false },
            "options": { "callback_url": HOOK, "watermark_info": { "enabled": false } },
        })
    );
}

#[test]
fn files_and_words_stand_side_by_side() {
    let desk = Desk::new_generation();
    let spec = film("she smiles", vec![linked("first_frame", "https://e.test/a.png"), stored("last_frame")]);
    let (path, body) = desk.sent("kling-v2-6", &spec);
    assert_eq!(path, "/image-to-video/kling-2.6");
    assert_eq!(
        body["contents"],
        json!([
            { "type": "prompt", "text": "she smiles" },
            { "type": "first_frame", "url": "https://e.test/a.png" },
            { "type": "last_frame", "url": "<1 link>" },
        ])
    );
    let bag = json!({
        "route": "omni-video",
        "image_list": [{ "image_id": "i1" }],
        "video_list": [{ "refer_type": "base", "keep_original_sound": "yes" }],
        "element_list": [{ "element_id": 7, "type": "x" }],
    });
    let spec = film("both", vec![stored("reference_image"), stored("reference_video")]);
    let (path, body) = desk.sent("kling-v3", &with_bag(spec, bag));
    assert_eq!(path, "/omni-video/kling-3.0-omni");
    assert_eq!(
        body["contents"],
        json!([
            { "type": "prompt", "text": "both" },
            { "type": "refer_image", "url": "<0 link>", "id": "i1" },
            { "type": "base_video", "url": "<1 link>" },
            { "type": "element", "element_id": 7 },
        ])
    );
    assert_eq!(body["settings"]["audio"], "original");
    let (path, _) = desk.sent("kling-v2-6", &film("two", vec![stored("reference_image")]));
    assert_eq!(path, "/omni-video/kling-3.0-omni");
}

#[test]
fn only_films_and_only_api_keys() {
    let desk = Desk::new_generation();
    assert_eq!(DIALECT.capabilities(&desk.options).kinds, [Kind::Video]);
    let picture = Spec { prompt: "a".into(), ..Spec::new(Kind::Image) };
    for failure in [
        desk.submit("kling-v3", &picture).expect_err("no pictures here"),
        Desk::new_generation().keyed("ak:sk").submit("kling-v3", &film("a", Vec::new())).expect_err("no pair here"),
    ] {
        assert_eq!(failure.retry, Retry::Elsewhere);
    }
}

#[test]
fn many_are_asked_for_at_once() {
    let desk = Desk::new_generation();
    assert_eq!(DIALECT.capabilities(&desk.options).poll_batch, 50);
    let answer = r#"{"code":0,"message":"ok","request_id":"r","data":{"id":"8123","status":"submitted","create_time":1,"update_time":1,"external_id":"x"}}"#;
    let operation = accepted(desk.answered(200, answer));
    assert_eq!(operation, at("8123", "/tasks"));
    let operations = [
        operation,
        at("a/b", "/tasks"),
        Operation { id: "9".into(), memo: Value::Null },
        at("7", "/v1/videos/text2video"),
    ];
    assert_eq!(desk.asked(&operations), "/tasks?task_ids=8123,a%2Fb,9");
    assert_eq!(desk.asked(&operations[3..]), "/v1/videos/text2video/7", "a legacy task is asked for alone");
    let body = r#"{"code":0,"data":[
        {"id":"9","status":"failed","message":"hit risk control","external_id":"y"},
        {"id":8123,"status":"succeeded","message":"","external_id":"job-42","outputs":[
            {"type":"video","id":"v","url":"https://cdn.test/x.mp4","watermark_url":"https://cdn.test/w.mp4","duration":"5"},
            {"type":"voice","id":"z"},{"type":"audio","url":"https://cdn.test/x.mp3"}],
         "billing":[{"charge_type":"unit","amount":"1"}]}]}"#;
    let Ok(Turn::End(outcomes)) = desk.polled(&operations, &Value::Null, &response(200, body)) else {
        panic!("can be read")
    };
    let PollOutcome::Done { outputs, details } = &outcomes[0] else { panic!("{outcomes:?}") };
    let named: Vec<(Role, &Source)> = outputs.iter().map(|output| (output.role, &output.source)).collect();
    let (video, audio) = (Source::Url("https://cdn.test/x.mp4".into()), Source::Url("https://cdn.test/x.mp3".into()));
    assert_eq!(named, [(Role::Video, &video), (Role::Audio, &audio)]);
    assert_eq!(details.extras["billing"][0]["amount"], "1");
    assert!(matches!(&outcomes[2], PollOutcome::Failed(failure) if failure.kind == task::FailureKind::Moderation));
    assert_eq!((&outcomes[1], &outcomes[3]), (&PollOutcome::Missing, &PollOutcome::Missing));
}

#[test]
fn what_has_no_place_is_told() {
    let bag = json!({ "cfg_scale": 0.5, "camera_control": {}, "mode": "pro", "route": "text2video", "negative_prompt": "blur", "element_list": [] });
    let spec = Spec { negative_prompt: Some("blur".into()), ..with_bag(film("a", Vec::new()), bag) };
    let options = Map::from_iter([("generation".to_owned(), json!("new"))]);
    let warnings = DIALECT.fit(&options, "kling-v3", &spec).warnings;
    let names = ["camera_control", "cfg_scale", "element_list", "negative_prompt"];
    assert_eq!(warnings, names.map(|name| format!("the upstream does not know {name}; it was left out")));
    let (_, body) = Desk::new_generation().sent("kling-v3", &spec);
    assert!(body.get("cfg_scale").is_none() && body["settings"].get("cfg_scale").is_none());
}
