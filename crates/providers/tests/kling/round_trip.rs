//! What callers of Kling's own contract say reaches Kling's own protocol: every documented field of every
//! path, from the public body to the vendor's.

use crate::desk::{Desk, HOOK};
use contracts::{Body, Input};
use http::HeaderMap;
use serde_json::{Value, json};
use task::{Spec, catalogue};

/// The public body, read; the model's upstream name too.
fn read(path: &str, body: Value) -> (String, Spec) {
    let family = contracts::find("kling").expect("the family is there");
    let route = family.routes().into_iter().find(|route| route.path == format!("/kling/v1/{path}")).expect("is a path");
    let body = Body::Json(body);
    let input = Input { route: &route, path: &[], query: &[], headers: &HeaderMap::new(), body: &body };
    let order = family.read(&input).unwrap_or_else(|problem| panic!("{path}: {problem}"));
    let model = catalogue::upstream_name("kling", &order.model).expect("is in the catalogue");
    (model.to_owned(), order.spec)
}

fn sent(path: &str, body: Value) -> (String, Value) {
    let (model, spec) = read(path, body);
    let mut desk = Desk::legacy();
    desk.hook_url = Some(HOOK.into());
    desk.sent(&model, &spec)
}

fn guided() -> Value {
    json!({
        "model_name": "kling-v2-6",
        "prompt": "a cat @dog",
        "negative_prompt": "blurry",
        "duration": 10,
        "aspect_ratio": "9:16",
        "mode": "pro",
        "sound": true,
        "multi_shots": true,
        "multi_prompt": [{ "prompt": "one", "duration": 4, "extra": 1 }, { "prompt": "two", "duration": "6", "index": 2 }],
        "cfg_scale": 0.7,
        "camera_control": { "type": "simple", "config": { "zoom": -3 } },
        "callback_url": "https://caller.test/hook",
        "external_task_id": "job-42",
        "watermark_info": { "enabled": true },
    })
}

/// What becomes of [`guided`].
fn guided_upstream() -> Value {
    json!({
        "model_name": "kling-v2-6",
        "prompt": "a cat @dog",
        "negative_prompt": "blurry",
        "duration": "10",
        "aspect_ratio": "9:16",
        "mode": "pro",
        "sound": "on",
        "multi_shot": true,
        "shot_type": "customize",
        "multi_prompt": [
            { "index": 1, "prompt": "one", "duration": "4", "extra": 1 },
            { "index": 2, "prompt": "two", "duration": "6" },
        ],
        "cfg_scale": 0.7,
        "camera_control": { "type": "simple", "config": { "zoom": -3 } },
        "watermark_info": { "enabled": true },
        "callback_url": HOOK,
    })
}

fn with(mut body: Value, fields: Value) -> Value {
    for (name, value) in fields.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

/// Compares field by field, so that a difference names its field.
fn assert_same(path: &str, found: &Value, expected: &Value) {
    let (found, expected) = (found.as_object().expect("an object"), expected.as_object().expect("an object"));
    for name in found.keys().chain(expected.keys()) {
        assert_eq!(found.get(name), expected.get(name), "{path}: {name}");
    }
}

#[test]
fn a_film_from_words_keeps_every_field() {
    let body = with(guided(), json!({ "kling_elements": [{ "element_id": 7 }] }));
    let (path, found) = sent("videos/text2video", body);
    assert_eq!(path, "/v1/videos/text2video");
    assert_same(&path, &found, &with(guided_upstream(), json!({ "element_list": [{ "element_id": 7 }] })));
}

#[test]
fn a_film_from_frames_keeps_every_field() {
    let (a, b) = ("https://example.com/a.png", "aGk=");
    for frames in [json!({ "image_urls": [a, b] }), json!({ "image": a, "image_tail": b })] {
        for public in ["videos/image2video", "videos/text2video"] {
            let extra = json!({ "kling_elements": [{ "element_id": 7 }], "static_mask": "https://example.com/m.png" });
            let (path, found) = sent(public, with(with(guided(), frames.clone()), extra));
            assert_eq!(path, "/v1/videos/image2video");
            let expected = json!({
                "image": a,
                "image_tail": "<1 base64>",
                "element_list": [{ "element_id": 7 }],
                "static_mask": "https://example.com/m.png",
            });
            assert_same(public, &found, &with(guided_upstream(), expected));
        }
    }
}

#[test]
fn pictures_to_go_by_keep_every_field() {
    let list = json!([{ "image_id": 1, "image_url": "https://example.com/1.png" }, "https://example.com/2.png"]);
    let (path, found) = sent("videos/multi-image2video", with(guided(), json!({ "image_list": list })));
    assert_eq!(path, "/v1/videos/multi-image2video");
    let expected = json!({
        "model_name": "kling-v1-6",
        "image_list": [{ "image": "https://example.com/1.png", "image_id": 1 }, { "image": "https://example.com/2.png" }],
    });
    assert_same(&path, &found, &with(guided_upstream(), expected));
}

#[test]
fn the_omni_path_keeps_every_field() {
    let body = json!({
        "model_name": "kling-v3",
        "prompt": "<<<image_1>>> and <<<video_1>>>",
        "sound": "off",
        "duration": "5",
        "aspect_ratio": "16:9",
        "mode": "pro",
        "multi_shot": false,
        "image_list": [{ "image_id": 1, "image_url": "https://example.com/1.png", "type": "first_frame" }],
        "element_list": [{ "element_id": 7 }],
        "video_list": [{ "video_url": "https://example.com/v.mp4", "refer_type": "feature", "keep_original_sound": "no" }],
        "voice_list": [{ "voice_id": "v1" }],
        "callback_url": "https://caller.test/hook",
        "external_task_id": "job-42",
    });
    let (path, found) = sent("videos/omni-video", body);
    assert_eq!(path, "/v1/videos/omni-video");
    let expected = json!({
        "model_name": "kling-v3-omni",
        "prompt": "<<<image_1>>> and <<<video_1>>>",
        "sound": "off",
        "duration": "5",
        "aspect_ratio": "16:9",
        "mode": "pro",
        "multi_shot": false,
        "image_list": [{ "image_url": "https://example.com/1.png", "image_id": 1, "type": "first_frame" }],
        "element_list": [{ "element_id": 7 }],
        "video_list": [{ "video_url": "https://example.com/v.mp4", "refer_type": "feature", "keep_original_sound": "no" }],
        "voice_list": [{ "voice_id": "v1" }],
        "callback_url": HOOK,
    });
    assert_same(&path, &found, &expected);
}

#[test]
fn pictures_and_try_on_keep_every_field() {
    let body = json!({
        "model": "kling-v3", "prompt": "a dog", "negative_prompt": "blurry", "aspect_ratio": "3:2", "n": "2",
        "resolution": "2k", "callback_url": "https://caller.test/hook", "external_task_id": "job-42",
    });
    let (path, found) = sent("images/generations", body);
    assert_eq!(path, "/v1/images/generations");
    let expected = json!({
        "model_name": "kling-v3", "prompt": "a dog", "negative_prompt": "blurry", "aspect_ratio": "3:2", "n": 2,
        "resolution": "2k", "callback_url": HOOK,
    });
    assert_same(&path, &found, &expected);
    let body = json!({ "human_image": "https://example.com/h.jpg", "cloth_image": "data:image/png;base64,aGk=", "external_task_id": "j" });
    let (path, found) = sent("images/kolors-virtual-try-on", body);
    assert_eq!(path, "/v1/images/kolors-virtual-try-on");
    let expected = json!({
        "model_name": "kolors-virtual-try-on-v1", "human_image": "https://example.com/h.jpg",
        "cloth_image": "<1 base64>", "callback_url": HOOK,
    });
    assert_same(&path, &found, &expected);
}

#[test]
fn neither_the_callers_id_nor_the_callers_hook_goes_up() {
    let (path, found) = sent("videos/text2video", guided());
    let text = found.to_string();
    assert!(!text.contains("job-42") && !text.contains("caller.test"), "{path} {text}");
}
