//! Bodies of the legacy generation: `upstream/kling.md` section 2, `upstream/README.md` traps 13 and 14.

use crate::desk::{DIALECT, Desk, HOOK, accepted, film, linked, stored, with_bag};
use http::header::AUTHORIZATION;
use providers::{Dialect, Turn};
use serde_json::{Map, json};
use task::{Input, InputData, Kind, Shot, Spec};

#[test]
fn a_film_from_words_of_another_family() {
    let spec = Spec {
        seconds: Some(7.0),
        resolution: Some("1080p".into()),
        aspect_ratio: Some("4:3".into()),
        negative_prompt: Some("blur".into()),
        sound: Some(true),
        ..film("a cat", Vec::new())
    };
    let mut desk = Desk::legacy();
    desk.hook_url = Some(HOOK.into());
    let (path, body) = desk.sent("kling-v2-6", &spec);
    assert_eq!(path, "/v1/videos/text2video");
    assert_eq!(
        body,
        json!({
            "model_name": "kling-v2-6", "prompt": "a cat", "negative_prompt": "blur", "duration": "10",
            "aspect_ratio": "16:9", "mode": "pro", "sound": "on", "callback_url": HOOK,
        })
    );
}

#[test]
fn the_token_is_fresh_signed_and_hidden() {
    let desk = Desk::legacy();
    let request = desk.submit("kling-v3", &film("a cat", Vec::new())).expect("can be sent");
    let value = &request.headers[AUTHORIZATION];
    assert!(value.is_sensitive());
    let token = value.to_str().expect("is text").strip_prefix("Bearer ").expect("is a bearer token");
    assert_eq!(token.split('.').count(), 3, "a JWT");
    assert!(!token.contains("sk-2") && !format!("{request:?}").contains(token));
    let bearer = Desk::legacy().keyed("api-key-3").submit("kling-v3", &film("a cat", Vec::new())).expect("can be sent");
    assert_eq!(bearer.headers[AUTHORIZATION], "Bearer api-key-3");
    let signed = Desk::legacy()
        .keyed("api-key-3:whsec_c2VjcmV0")
        .submit("kling-v3", &film("a cat", Vec::new()))
        .expect("can be sent");
    assert_eq!(signed.headers[AUTHORIZATION], "Bearer api-key-3", "the webhook secret stays here");
    assert!(Desk::legacy().keyed("a:b:c").submit("kling-v3", &film("a cat", Vec::new())).is_err());
}

/// Trap 13: base64 without what stands before it in a data URI.
#[test]
fn pictures_go_up_as_bare_base64_and_urls_as_they_are() {
    let spec = film("", vec![stored("last_frame"), linked("first_frame", "https://e.test/\"a\".png")]);
    let (path, body) = Desk::legacy().sent("kling-v2-6", &spec);
    assert_eq!(path, "/v1/videos/image2video");
    assert_eq!(
        body,
        json!({ "model_name": "kling-v2-6", "image": "https://e.test/\"a\".png", "image_tail": "<0 base64>" })
    );
}

#[test]
fn pictures_to_go_by_take_the_old_path_or_the_omni_path() {
    let spec = film("two", vec![stored("reference_image"), linked("reference_image", "https://e.test/b.png")]);
    let list = json!([{ "image": "<0 base64>" }, { "image": "https://e.test/b.png" }]);
    for model in ["kling-v1-6", "kling-v2-6"] {
        let (path, body) = Desk::legacy().sent(model, &spec);
        assert_eq!(path, "/v1/videos/multi-image2video");
        assert_eq!(body, json!({ "model_name": "kling-v1-6", "prompt": "two", "image_list": list }), "{model}");
    }
    let (path, body) = Desk::legacy().sent("kling-v3", &spec);
    assert_eq!(path, "/v1/videos/omni-video");
    let list = json!([{ "image_url": "<0 base64>" }, { "image_url": "https://e.test/b.png" }]);
    assert_eq!(body, json!({ "model_name": "kling-v3-omni", "prompt": "two", "image_list": list }));
    let five = film("many", vec![stored("reference_image"); 5]);
    assert!(Desk::legacy().submit("kling-v1-6", &five).is_err());
    assert!(Desk::legacy().submit("kling-v3", &five).is_ok());
    assert!(Desk::legacy().submit("kling-v3", &film("many", vec![stored("reference_image"); 8])).is_err());
}

#[test]
fn the_omni_path_takes_frames_films_and_elements() {
    let inputs =
        vec![stored("reference_video"), stored("first_frame"), stored("last_frame"), stored("reference_image")];
    let bag = json!({
        "route": "omni-video",
        "image_list": [{ "image_id": 1 }, {}, { "type": "subject" }],
        "video_list": [{ "refer_type": "base", "keep_original_sound": "yes" }],
        "element_list": [{ "element_id": 7 }],
    });
    let (path, body) = Desk::legacy().sent("kling-v3", &with_bag(film("<<<image_1>>>", inputs), bag));
    assert_eq!(path, "/v1/videos/omni-video");
    assert_eq!(
        body,
        json!({
            "model_name": "kling-v3-omni",
            "prompt": "<<<image_1>>>",
            "image_list": [
                { "image_url": "<1 base64>", "image_id": 1, "type": "first_frame" },
                { "image_url": "<2 base64>", "type": "end_frame" },
                { "image_url": "<3 base64>", "type": "subject" },
            ],
            "video_list": [{ "video_url": "<0 link>", "refer_type": "base", "keep_original_sound": "yes" }],
            "element_list": [{ "element_id": 7 }],
        })
    );
    let (path, body) = Desk::legacy().sent("kling-video-o1", &film("words", Vec::new()));
    assert_eq!((path.as_str(), &body["model_name"]), ("/v1/videos/omni-video", &json!("kling-video-o1")));
}

#[test]
fn pictures_and_try_on() {
    let mut spec = Spec { prompt: "a dog".into(), count: Some(20), ..Spec::new(Kind::Image) };
    spec.aspect_ratio = Some("4:3".into());
    let (path, body) = Desk::legacy().sent("kling-v3", &spec);
    assert_eq!(path, "/v1/images/generations");
    assert_eq!(body, json!({ "model_name": "kling-v3", "prompt": "a dog", "aspect_ratio": "4:3", "n": 9 }));
    // Not a picture model: the vendor's own default makes it.
    let (_, body) = Desk::legacy().sent("kling-v2-5-turbo", &spec);
    assert!(body.get("model_name").is_none() && body.get("model").is_none(), "{body}");
    spec.inputs = vec![stored("reference_image")];
    let bag = json!({ "image_reference": "subject", "image_fidelity": 0.4, "resolution": "2k" });
    spec.resolution = Some("2k".into());
    let (_, body) = Desk::legacy().sent("kling-v2-1", &with_bag(spec, bag));
    assert_eq!(
        (&body["image"], &body["image_reference"], &body["image_fidelity"], &body["resolution"]),
        (&json!("<0 base64>"), &json!("subject"), &json!(0.4), &json!("2k"))
    );

    let spec =
        Spec { inputs: vec![stored("cloth"), linked("human", "https://e.test/h.png")], ..Spec::new(Kind::TryOn) };
    let (path, body) = Desk::legacy().sent("kolors-virtual-try-on-v1", &spec);
    assert_eq!(path, "/v1/images/kolors-virtual-try-on");
    let expected = json!({
        "model_name": "kolors-virtual-try-on-v1", "human_image": "https://e.test/h.png", "cloth_image": "<0 base64>",
    });
    assert_eq!(body, expected);
}

#[test]
fn shots_are_listed_where_the_model_knows_them() {
    let shot = |prompt: &str, seconds| Shot { prompt: prompt.into(), seconds };
    let spec =
        Spec { shots: vec![shot("one", Some(2.0)), shot("two", None)], seconds: Some(8.0), ..film("", Vec::new()) };
    let (_, body) = Desk::legacy().sent("kling-v3", &spec);
    let list = json!([
        { "index": 1, "prompt": "one", "duration": "2" },
        { "index": 2, "prompt": "two", "duration": "6" },
    ]);
    assert_eq!(
        body,
        json!({ "model_name": "kling-v3", "duration": "8", "multi_shot": true, "shot_type": "customize", "multi_prompt": list })
    );
    let (_, body) = Desk::legacy().sent("kling-v2-6", &spec);
    assert_eq!(body["prompt"], "Shot 1 (2 s): one\nShot 2: two");
    assert!(body.get("multi_prompt").is_none());
    let clever = with_bag(film("a story", Vec::new()), json!({ "multi_shot": true }));
    let (_, body) = Desk::legacy().sent("kling-v3", &clever);
    assert_eq!((&body["multi_shot"], &body["shot_type"]), (&json!(true), &json!("intelligence")));
}

#[test]
fn callers_cannot_name_our_address_or_id() {
    let bag = json!({
        "callback_url": "https://evil.test", "external_task_id": "theirs", "model_name": "other", "route": "text2video",
        "cfg_scale": 0.5, "watermark_info": { "enabled": true }, "empty": "", "nothing": null,
    });
    let (_, body) = Desk::legacy().sent("kling-v3", &with_bag(film("a cat", Vec::new()), bag));
    let expected =
        json!({ "model_name": "kling-v3", "prompt": "a cat", "cfg_scale": 0.5, "watermark_info": { "enabled": true } });
    assert_eq!(body, expected);
}

#[test]
fn what_can_never_work_costs_nothing() {
    let broken = Input { role: "first_frame".into(), data: InputData::Broken("it is not valid base64".into()) };
    let failure = Desk::legacy().submit("kling-v3", &film("x", vec![broken])).expect_err("can't be sent");
    assert_eq!(failure.public, "it is not valid base64");
    assert!(Desk::legacy().submit("kling-v3", &film(" ", Vec::new())).is_err());
    assert!(Desk::legacy().submit("kolors-virtual-try-on-v1", &Spec::new(Kind::TryOn)).is_err());
}

#[test]
fn an_accepted_task_remembers_its_path() {
    let answer = r#"{"code":0,"message":"SUCCEED","request_id":"r","data":{"task_id":"8123","task_status":"submitted","task_info":{"external_task_id":"x"},"created_at":1790000000000,"updated_at":1790000000000}}"#;
    for (model, spec, query) in [
        ("kling-v3", film("a", Vec::new()), "/v1/videos/text2video"),
        ("kling-v3", film("a", vec![stored("first_frame")]), "/v1/videos/image2video"),
        ("kling-v1-6", film("a", vec![stored("reference_image")]), "/v1/videos/multi-image2video"),
        ("kling-v3-omni", film("a", Vec::new()), "/v1/videos/omni-video"),
        ("kling-v3", Spec { prompt: "a".into(), ..Spec::new(Kind::Image) }, "/v1/images/generations"),
        (
            "kolors-virtual-try-on-v1",
            Spec { inputs: vec![stored("human"), stored("cloth")], ..Spec::new(Kind::TryOn) },
            "/v1/images/kolors-virtual-try-on",
        ),
    ] {
        let desk = Desk::legacy();
        let (path, _) = desk.sent(model, &spec);
        assert_eq!(path, query);
        let turn: Turn<_> =
            DIALECT.read_submit(&desk.submission(model, &spec), &json!(null), &crate::desk::response(200, answer));
        let operation = accepted(turn);
        assert_eq!((operation.id.as_str(), &operation.memo["query"]), ("8123", &json!(query)));
        assert_eq!(operation.memo, DIALECT.memo(&Map::new(), model, &spec), "a look-up finds the same path");
        let asked = desk.asked(&[operation]);
        assert_eq!(asked, format!("{query}/8123"));
    }
}
