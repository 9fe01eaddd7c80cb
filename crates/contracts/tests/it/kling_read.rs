//! Requests of `contract/kling.md`, as they stand, and what becomes of them.

use crate::fixture::read;
use contracts::kling::{BAG_MAX_BYTES, EXTERNAL_ID_MAX_CHARS, Kling, PROMPT_MAX_CHARS};
use contracts::{Body, Family, Order, Problem};
use serde_json::{Value, json};
use task::{InputData, Kind, Shot};

fn submit(path: &str, body: Value) -> Result<Order, Problem> {
    read(&Kling, &format!("/kling/v1/{path}"), body)
}

fn order(path: &str, body: Value) -> Order {
    submit(path, body).unwrap_or_else(|problem| panic!("{path}: {problem}"))
}

fn refusal(path: &str, body: Value) -> (u16, &'static str, String) {
    let problem = submit(path, body).expect_err("was to be refused");
    assert!(!problem.message.is_empty());
    (problem.status, problem.code, problem.param.unwrap_or_default())
}

fn bag(order: &Order) -> Value {
    order.spec.extras.get("kling").cloned().map_or(Value::Null, Value::Object)
}

/// Role and URL of each input.
fn urls(order: &Order) -> Vec<(&str, &str)> {
    let inputs = order.spec.inputs.iter();
    inputs
        .map(|input| match &input.data {
            InputData::Url(text) | InputData::Inline(text) => (input.role.as_str(), text.as_str()),
            other => panic!("{other:?}"),
        })
        .collect()
}

fn film(path: &str, fields: Value) -> Value {
    let mut body = json!({ "model_name": "kling-v3", "prompt": "p" });
    if path.ends_with("multi-image2video") {
        body["image_list"] = json!(["https://example.com/r.png"]);
    }
    for (name, value) in fields.as_object().expect("an object") {
        body[name] = value.clone();
    }
    body
}

#[test]
fn text_to_video_as_the_examples_send_it() {
    let curl = order(
        "videos/text2video",
        json!({
            "model_name": "kling-v2-5-turbo",
            "prompt": "A cat chasing butterflies in a garden, sunny day, cinematic quality",
            "negative_prompt": "blurry, low quality, distorted",
            "duration": "5",
            "aspect_ratio": "16:9",
            "mode": "std",
        }),
    );
    insta::assert_json_snapshot!(curl.spec, @r#"
    {
      "kind": "video",
      "prompt": "A cat chasing butterflies in a garden, sunny day, cinematic quality",
      "seconds": 5.0,
      "resolution": "720p",
      "aspect_ratio": "16:9",
      "negative_prompt": "blurry, low quality, distorted",
      "extras": {
        "kling": {
          "aspect_ratio": "16:9",
          "duration": "5",
          "mode": "std",
          "negative_prompt": "blurry, low quality, distorted",
          "route": "text2video"
        }
      },
      "carried": [
        "aspect_ratio",
        "duration",
        "mode",
        "negative_prompt",
        "route"
      ]
    }
    "#);
    assert_eq!((curl.action.as_str(), curl.model.as_str()), ("textGenerate", "kling-v2-5-turbo"));
    assert_eq!((curl.callback_url, curl.external_id), (None, None));
    let polled = order(
        "videos/text2video",
        json!({
            "model_name": "kling-v2-5-turbo",
            "prompt": "A cat chasing butterflies in a garden",
            "duration": "5",
            "aspect_ratio": "16:9",
        }),
    );
    assert_eq!((polled.spec.seconds, polled.spec.resolution), (Some(5.0), None));
}

#[test]
fn image_to_video_as_the_example_sends_it() {
    let order = order(
        "videos/image2video",
        json!({
            "model_name": "kling-v3",
            "prompt": "The person in the image starts smiling and slowly turns their head",
            "image": "https://example.com/portrait.jpg",
            "duration": "5",
            "mode": "std",
        }),
    );
    assert_eq!(urls(&order), [("first_frame", "https://example.com/portrait.jpg")]);
    assert_eq!(bag(&order), json!({ "duration": "5", "mode": "std", "route": "image2video" }));
}

#[test]
fn multi_image_and_omni_as_the_examples_send_them() {
    let multi = order(
        "videos/multi-image2video",
        json!({
            "model_name": "kling-v3",
            "prompt": "Keep the same Shiba Inu identity while it runs across a sunny park",
            "duration": "5",
            "aspect_ratio": "16:9",
            "mode": "pro",
            "image_list": [
                { "image_id": 1, "image_url": "https://example.com/reference-1.png" },
                { "image_id": 2, "image_url": "https://example.com/reference-2.png" },
            ],
        }),
    );
    let expected = [
        ("reference_image", "https://example.com/reference-1.png"),
        ("reference_image", "https://example.com/reference-2.png"),
    ];
    assert_eq!(urls(&multi), expected);
    assert_eq!(bag(&multi)["image_list"], json!([{ "image_id": 1 }, { "image_id": 2 }]));
    assert_eq!(multi.spec.resolution.as_deref(), Some("1080p"));

    let omni = order(
        "videos/omni-video",
        json!({
            "model_name": "kling-v3",
            "prompt": "<<>> walks toward the camera in a rainy alley",
            "sound": "on",
            "duration": "5",
            "aspect_ratio": "16:9",
            "mode": "pro",
            "image_list": [{ "image_id": 1, "image_url": "https://example.com/reference.png" }],
        }),
    );
    assert_eq!(omni.spec.prompt, "<<>> walks toward the camera in a rainy alley");
    assert_eq!((omni.spec.sound, &bag(&omni)["route"]), (Some(true), &json!("omni-video")));
}

#[test]
fn pictures_and_try_on_as_the_examples_send_them() {
    let pictures = order(
        "images/generations",
        json!({
            "model": "kling-v2-5-turbo",
            "prompt": "A realistic shiba inu wearing sunglasses",
            "negative_prompt": "blurry, low quality",
            "aspect_ratio": "1:1",
            "n": 1,
        }),
    );
    assert_eq!((pictures.spec.kind, pictures.spec.count), (Kind::Image, Some(1)));
    assert_eq!((pictures.action.as_str(), pictures.model.as_str()), ("imageGenerate", "kling-v2-5-turbo"));
    assert_eq!(bag(&pictures), json!({ "aspect_ratio": "1:1", "n": 1, "negative_prompt": "blurry, low quality" }));

    let try_on = order(
        "images/kolors-virtual-try-on",
        json!({
            "model_name": "kolors-virtual-try-on-v1",
            "human_image": "https://example.com/person.jpg",
            "cloth_image": "https://example.com/jacket.jpg",
        }),
    );
    assert_eq!((try_on.spec.kind, try_on.action.as_str()), (Kind::TryOn, "tryOnGenerate"));
    assert_eq!(
        urls(&try_on),
        [("human", "https://example.com/person.jpg"), ("cloth", "https://example.com/jacket.jpg")]
    );
    assert_eq!(bag(&try_on), Value::Null);
}

#[test]
fn every_other_documented_field_is_kept() {
    for path in ["videos/text2video", "videos/image2video", "videos/multi-image2video"] {
        let camera = json!({ "type": "simple", "config": { "zoom": 5 } });
        let mut body = film(
            path,
            json!({
                "sound": "off",
                "multi_shots": true,
                "multi_prompt": [{ "prompt": "one", "duration": "2" }, { "prompt": "two", "duration": 3 }],
                "kling_elements": [{ "name": "dog" }],
                "cfg_scale": 0.5,
                "camera_control": camera,
                "callback_url": "https://your-server.com/api/callback",
                "external_task_id": "job-42",
                "brand_new_field": { "a": 1 },
            }),
        );
        if path == "videos/image2video" {
            body["image_urls"] = json!(["https://example.com/a.png"]);
        }
        let order = order(path, body);
        let kept = bag(&order);
        assert_eq!((kept["sound"].as_str(), kept["multi_shot"].as_bool()), (Some("off"), Some(true)), "{path}");
        assert_eq!(kept["multi_prompt"][1], json!({ "prompt": "two", "duration": 3 }));
        assert_eq!((&kept["element_list"], &kept["cfg_scale"]), (&json!([{ "name": "dog" }]), &json!(0.5)));
        assert_eq!((&kept["camera_control"], &kept["brand_new_field"]), (&camera, &json!({ "a": 1 })));
        for gone in
            ["callback_url", "external_task_id", "prompt", "model_name", "image_urls", "multi_shots", "kling_elements"]
        {
            assert!(kept.get(gone).is_none(), "{path} {gone}");
        }
        assert_eq!(order.callback_url.as_deref(), Some("https://your-server.com/api/callback"));
        assert_eq!(order.external_id.as_deref(), Some("job-42"));
        let shot = |prompt: &str, seconds| Shot { prompt: prompt.into(), seconds: Some(seconds) };
        assert_eq!(order.spec.shots, [shot("one", 2.0), shot("two", 3.0)]);
        assert_eq!((order.spec.seconds, order.spec.sound), (Some(5.0), Some(false)), "shots add up to a length");
    }
    let omni = order(
        "videos/omni-video",
        film(
            "omni-video",
            json!({
                "image_list": [{ "image_url": "https://example.com/f.png", "type": "first_frame" }, { "image": "aGk=", "type": "end_frame" }],
                "element_list": [{ "element_id": 7 }],
                "kling_elements": [{ "element_id": 8 }],
                "video_list": [{ "video_url": "https://example.com/v.mp4", "refer_type": "base", "keep_original_sound": "yes" }],
                "voice_list": [{ "voice_id": "v" }],
            }),
        ),
    );
    let expected = [
        ("first_frame", "https://example.com/f.png"),
        ("last_frame", "aGk="),
        ("reference_video", "https://example.com/v.mp4"),
    ];
    assert_eq!(urls(&omni), expected);
    assert_eq!(
        bag(&omni),
        json!({
            "element_list": [{ "element_id": 7 }],
            "image_list": [{ "type": "first_frame" }, { "type": "end_frame" }],
            "route": "omni-video",
            "video_list": [{ "refer_type": "base", "keep_original_sound": "yes" }],
            "voice_list": [{ "voice_id": "v" }],
        })
    );
}

#[test]
fn frames_come_in_all_forms() {
    let (a, b) = ("https://example.com/a.png", "https://example.com/b.png");
    for (fields, expected) in [
        (json!({ "image_urls": [a] }), vec![("first_frame", a)]),
        (json!({ "image_urls": [a, b] }), vec![("first_frame", a), ("last_frame", b)]),
        (json!({ "image": a, "image_tail": b }), vec![("first_frame", a), ("last_frame", b)]),
        (json!({ "image_tail": b }), vec![("last_frame", b)]),
        (json!({ "image_urls": [a], "image_tail": b }), vec![("first_frame", a), ("last_frame", b)]),
        (json!({ "image_urls": [a], "image": b }), vec![("first_frame", a)]),
        (json!({ "image_urls": [{ "image_url": a }, { "image": b }] }), vec![("first_frame", a), ("last_frame", b)]),
        (json!({ "image_urls": [null, ""], "image": a, "image_tail": "" }), vec![("first_frame", a)]),
    ] {
        for path in ["videos/image2video", "videos/text2video"] {
            let order = order(path, film(path, fields.clone()));
            assert_eq!(urls(&order), expected, "{path} {fields}");
            assert_eq!(
                (order.action.as_str(), &bag(&order)["route"]),
                ("frameGenerate", &json!("image2video")),
                "{path}"
            );
            assert!(bag(&order).get("image").is_none() && bag(&order).get("image_tail").is_none(), "{path}");
        }
    }
    let many = json!({ "image_urls": [a, b, a] });
    assert_eq!(refusal("videos/image2video", film("", many)), (400, "invalid_request", "image_urls".into()));
    assert_eq!(refusal("videos/image2video", film("", json!({}))), (400, "invalid_request", "image_urls".into()));
    let silent = order("videos/image2video", json!({ "model": "kling-v2-6", "image": a }));
    assert_eq!(silent.spec.prompt, "", "frames need no words");
}

#[test]
fn lists_take_text_and_objects() {
    let items = json!(["https://example.com/a.png", { "image": "aGk=" }, { "image_url": "https://example.com/c.png", "image_id": 3 }, null]);
    let order = order("videos/multi-image2video", film("multi-image2video", json!({ "image_list": items })));
    let expected = [
        ("reference_image", "https://example.com/a.png"),
        ("reference_image", "aGk="),
        ("reference_image", "https://example.com/c.png"),
    ];
    assert_eq!(urls(&order), expected);
    assert_eq!(bag(&order)["image_list"], json!([{}, {}, { "image_id": 3 }]));
    for (items, param) in [
        (json!([]), "image_list"),
        (json!(null), "image_list"),
        (json!("https://example.com/a.png"), "image_list"),
        (json!([{}]), "image_list[0]"),
        (json!(["a", 5]), "image_list[1]"),
        (json!(vec!["a"; 11]), "image_list"),
    ] {
        let body = film("multi-image2video", json!({ "image_list": items }));
        assert_eq!(refusal("videos/multi-image2video", body), (400, "invalid_request", param.into()), "{items}");
    }
}

#[test]
fn sound_and_shots_are_spelled_in_several_ways() {
    for (value, sound) in [
        (json!("on"), Some(true)),
        (json!("OFF"), Some(false)),
        (json!(true), Some(true)),
        (json!("false"), Some(false)),
        (json!(""), None),
        (json!(null), None),
    ] {
        let order = order("videos/text2video", film("", json!({ "sound": value })));
        assert_eq!(order.spec.sound, sound, "{value}");
        let word = sound.map(|sound| if sound { "on" } else { "off" });
        assert_eq!(bag(&order).get("sound").and_then(Value::as_str), word, "{value}");
    }
    for value in [json!("loud"), json!(1), json!([])] {
        assert_eq!(refusal("videos/text2video", film("", json!({ "sound": value }))).2, "sound", "{value}");
    }
    for fields in [
        json!({ "multi_shots": "true" }),
        json!({ "multi_shot": true }),
        json!({ "multi_shots": true, "multi_shot": false }),
    ] {
        assert_eq!(bag(&order("videos/text2video", film("", fields)))["multi_shot"], json!(true));
    }
    let wordless =
        json!({ "model_name": "kling-v3", "multi_shots": true, "multi_prompt": ["one", { "prompt": "two" }] });
    let order = order("videos/text2video", wordless);
    assert_eq!((order.spec.shots.len(), order.spec.seconds, order.spec.prompt.as_str()), (2, None, ""));
    for (shots, param) in [
        (json!([{ "duration": 3 }]), "multi_prompt[0].prompt"),
        (json!(["one", { "prompt": "two", "duration": 0 }]), "multi_prompt[1].duration"),
        (json!([5]), "multi_prompt[0].prompt"),
        (json!(vec!["a"; 7]), "multi_prompt"),
        (json!({ "prompt": "x" }), "multi_prompt"),
    ] {
        assert_eq!(refusal("videos/text2video", film("", json!({ "multi_prompt": shots }))).2, param, "{shots}");
    }
}

#[test]
fn models_are_named_in_two_ways_or_not_at_all() {
    let both = order("videos/text2video", json!({ "model": "kling-v2-6", "model_name": "kling-v3", "prompt": "p" }));
    assert_eq!(both.model, "kling-v3");
    assert_eq!(
        order("videos/text2video", json!({ "model": "kling-v2-6", "model_name": "", "prompt": "p" })).model,
        "kling-v2-6"
    );
    for path in ["text2video", "image2video", "multi-image2video", "omni-video"] {
        let refused = refusal(&format!("videos/{path}"), json!({ "prompt": "p" }));
        assert_eq!(refused, (400, "missing_model", "model_name".into()), "{path}");
    }
    assert_eq!(order("images/generations", json!({ "prompt": "p" })).model, "kling-v2-5-turbo");
    let try_on = json!({ "human_image": "aGk=", "cloth_image": "aGk=" });
    assert_eq!(order("images/kolors-virtual-try-on", try_on).model, "kolors-virtual-try-on-v1");
    for model in ["kling-v3", "kling-v3-omni", "kling-video-o1", "an-operators-own"] {
        assert_eq!(order("videos/omni-video", json!({ "model_name": model, "prompt": "p" })).model, model);
    }
    let standard = refusal("videos/omni-video", json!({ "model_name": "kling-v2-6", "prompt": "p" }));
    assert_eq!(standard, (400, "invalid_request", "model_name".into()));
}

#[test]
fn what_is_wrong_is_named() {
    for (path, fields, param) in [
        ("videos/text2video", json!({ "prompt": " " }), "prompt"),
        ("videos/text2video", json!({ "prompt": 5 }), "prompt"),
        ("videos/text2video", json!({ "prompt": "a".repeat(PROMPT_MAX_CHARS + 1) }), "prompt"),
        ("videos/text2video", json!({ "duration": "long" }), "duration"),
        ("videos/text2video", json!({ "duration": 61 }), "duration"),
        ("videos/text2video", json!({ "cfg_scale": "much" }), "cfg_scale"),
        ("videos/text2video", json!({ "cfg_scale": true }), "cfg_scale"),
        ("videos/text2video", json!({ "camera_control": "left" }), "camera_control"),
        ("videos/text2video", json!({ "kling_elements": {} }), "kling_elements"),
        ("videos/text2video", json!({ "mode": 1 }), "mode"),
        ("videos/text2video", json!({ "multi_shots": "maybe" }), "multi_shots"),
        ("videos/text2video", json!({ "callback_url": "ftp://x.test" }), "callback_url"),
        ("videos/text2video", json!({ "external_task_id": "a".repeat(EXTERNAL_ID_MAX_CHARS + 1) }), "external_task_id"),
        ("images/generations", json!({ "n": 10 }), "n"),
        ("images/generations", json!({ "prompt": null }), "prompt"),
        ("images/kolors-virtual-try-on", json!({ "cloth_image": "aGk=" }), "human_image"),
        ("images/kolors-virtual-try-on", json!({ "human_image": "aGk=" }), "cloth_image"),
    ] {
        let refused = refusal(path, film(path, fields.clone()));
        assert_eq!(refused, (400, "invalid_request", param.into()), "{path} {fields}");
    }
    let large = json!({ "element_list": ["a".repeat(BAG_MAX_BYTES)] });
    assert_eq!(refusal("videos/omni-video", film("", large)).0, 413);
    assert_eq!(refusal("videos/omni-video", json!([])).0, 400);
}

#[test]
fn optional_fields_may_be_null_or_empty() {
    let names = [
        "negative_prompt",
        "duration",
        "aspect_ratio",
        "mode",
        "sound",
        "multi_shots",
        "multi_shot",
        "multi_prompt",
        "kling_elements",
        "cfg_scale",
        "camera_control",
        "callback_url",
        "external_task_id",
        "image_urls",
        "notifyHook",
    ];
    for empty in [json!(null), json!("")] {
        let fields: Value = names.iter().map(|name| ((*name).to_owned(), empty.clone())).collect();
        let order = order("videos/text2video", film("", fields));
        assert_eq!(bag(&order), json!({ "route": "text2video" }));
        assert_eq!((order.callback_url, order.external_id), (None, None));
    }
}

#[test]
fn both_hook_fields_work_and_forms_are_refused() {
    let hooks = json!({ "notifyHook": "https://a.example.com/", "callback_url": "https://b.example.com/" });
    assert_eq!(order("images/generations", film("", hooks)).callback_url.as_deref(), Some("https://a.example.com/"));
    let mut request = crate::fixture::Request::at(&Kling, "/kling/v1/videos/text2video");
    request.body = Body::Form(vec![("prompt".into(), "p".into())], Vec::new());
    assert_eq!(Kling.read(&request.input()).expect_err("no form").status, 415);
}

#[test]
fn a_callers_own_route_field_does_not_choose_the_path() {
    let order = order("videos/text2video", film("", json!({ "route": "omni-video" })));
    assert_eq!(bag(&order)["route"], "text2video");
}

#[test]
fn what_the_common_fields_carry_is_named_and_nothing_else() {
    let carried = |path: &str, body: Value| order(path, body).spec.carried.into_iter().collect::<Vec<_>>();
    let fields = json!({ "negative_prompt": "n", "duration": "5", "aspect_ratio": "16:9", "sound": "on", "mode": "std",
        "cfg_scale": 0.5, "camera_control": { "type": "down_back" }, "multi_shot": true, "watermark_info": {} });
    let guided = ["aspect_ratio", "duration", "mode", "negative_prompt", "route", "sound"];
    assert_eq!(carried("videos/text2video", film("videos/text2video", fields)), guided);
    let odd = json!({ "mode": "dreamy" });
    assert_eq!(carried("videos/text2video", film("videos/text2video", odd)), ["route"], "nobody else knows that mode");
    let listed = |item: Value| carried("videos/omni-video", film("videos/omni-video", json!({ "image_list": [item] })));
    assert_eq!(listed(json!({ "image_id": 1, "image_url": "https://example.com/r.png" })), ["image_list", "route"]);
    let with_more = json!({ "image_url": "https://example.com/r.png", "weight": 2 });
    assert_eq!(listed(with_more), ["route"], "what an item says beside is lost elsewhere");
    let pictures = json!({ "prompt": "p", "n": 2, "human_fidelity": 0.4 });
    assert_eq!(carried("images/generations", pictures), ["n"]);
}
