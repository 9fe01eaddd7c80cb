//! Endpoints, fields, lengths and shapes.

use crate::desk::{Desk, KLING, film, linked, operation, stored};
use providers::fal_queue::FalQueue;
use providers::{Dialect, PollItem, SubmitOutcome, Target};
use serde_json::{Map, Value, json};
use task::{FailureKind, Input, InputData, Kind, Shot, Size, Spec};

#[test]
fn the_endpoint_follows_from_the_pictures() {
    let desk = Desk::new();
    let with = |inputs: Vec<Input>| Spec { inputs, ..film() };
    let (first, last) = (|| stored("first_frame"), || linked("last_frame"));
    for (model, spec, path, fields) in [
        (KLING, film(), "/fal-ai/kling-video/v2.5-turbo/pro/text-to-video", json!({})),
        (
            KLING,
            with(vec![first(), last()]),
            "/fal-ai/kling-video/v2.5-turbo/pro/image-to-video",
            json!({ "image_url": "<0 DataUri>", "tail_image_url": "https://a.test/last_frame.png" }),
        ),
        (
            "fal-ai/kling-video/v3/pro",
            with(vec![first()]),
            "/fal-ai/kling-video/v3/pro/image-to-video",
            json!({ "start_image_url": "<0 DataUri>" }),
        ),
        ("fal-ai/veo3.1", film(), "/fal-ai/veo3.1", json!({})),
        (
            "fal-ai/veo3.1/fast",
            with(vec![first()]),
            "/fal-ai/veo3.1/fast/image-to-video",
            json!({ "image_url": "<0 DataUri>" }),
        ),
        (
            "fal-ai/veo3.1",
            with(vec![last(), first()]),
            "/fal-ai/veo3.1/first-last-frame-to-video",
            json!({ "first_frame_url": "<1 DataUri>", "last_frame_url": "https://a.test/last_frame.png" }),
        ),
        (
            "fal-ai/veo3.1",
            with(vec![stored("reference_image"), linked("reference_image")]),
            "/fal-ai/veo3.1/reference-to-video",
            json!({ "image_urls": ["<0 DataUri>", "https://a.test/reference_image.png"] }),
        ),
        ("fal-ai/sora-2", with(vec![first()]), "/fal-ai/sora-2/image-to-video", json!({ "delete_video": false })),
        ("fal-ai/sora-2/pro", film(), "/fal-ai/sora-2/text-to-video/pro", json!({ "duration": 4 })),
        ("fal-ai/wan-i2v", with(vec![first()]), "/fal-ai/wan-i2v", json!({ "image_url": "<0 DataUri>" })),
        ("owner/new/thing", with(vec![first()]), "/owner/new/thing", json!({ "image_url": "<0 DataUri>" })),
    ] {
        let (request, body) = desk.sent(&spec, model);
        assert_eq!(request.target, Target::Base(path.into()));
        assert!(request.paid && request.headers["authorization"].is_sensitive());
        assert_eq!(request.headers["authorization"], "Key fal-key");
        assert_eq!(body["prompt"], "a cat");
        for (name, value) in fields.as_object().expect("is an object") {
            assert_eq!(&body[name], value, "{path} {name}");
        }
    }
}

#[test]
fn inputs_that_no_endpoint_takes_are_refused_before_anything_is_paid() {
    let desk = Desk::new();
    let broken = Input { role: "first_frame".into(), data: InputData::Broken("not base64".into()) };
    for (model, inputs) in [
        (KLING, vec![stored("last_frame")]),
        (KLING, vec![stored("reference_image"), stored("reference_image")]),
        ("fal-ai/veo3.1", vec![stored("reference_video")]),
        ("fal-ai/wan-t2v", vec![stored("first_frame")]),
        ("fal-ai/veo3.1", vec![broken]),
    ] {
        let spec = Spec { inputs, ..film() };
        let refused = FalQueue.submit(&desk.submission(&spec, model)).expect_err("can't be sent");
        assert_eq!(refused.kind, FailureKind::InvalidInput, "{model}");
    }
    let lone = Spec { inputs: vec![stored("reference_image")], ..film() };
    let (_, body) = desk.sent(&lone, KLING);
    assert_eq!(body["image_url"], "<0 DataUri>");
    assert_eq!(FalQueue.fit(&Map::new(), KLING, &lone).warnings.len(), 1);
}

#[test]
fn lengths_are_fitted_and_spelled_as_each_model_wants_them() {
    let desk = Desk::new();
    for (model, asked, sent, made_s) in [
        ("fal-ai/veo3.1", Some(5.0), json!("6s"), 6.0),
        ("fal-ai/veo3.1", None, json!("8s"), 8.0),
        (KLING, Some(7.0), json!("10"), 10.0),
        ("fal-ai/kling-video/v3/pro", Some(7.0), json!("7"), 7.0),
        ("fal-ai/sora-2", Some(5.0), json!(8), 8.0),
        ("fal-ai/bytedance/seedance/v1/lite", Some(60.0), json!("12"), 12.0),
        ("fal-ai/wan-t2v", Some(8.0), Value::Null, 5.0),
    ] {
        let spec = Spec { seconds: asked, ..film() };
        let (_, body) = desk.sent(&spec, model);
        assert_eq!(body["duration"], sent, "trap 14: {model}");
        let fit = FalQueue.fit(&Map::new(), model, &spec);
        assert_eq!(fit.fitted.seconds, Some(made_s), "{model}");
        assert_eq!(fit.warnings.len(), usize::from(asked.is_some_and(|asked| asked != made_s)), "{:?}", fit.warnings);
    }
}

#[test]
fn sizes_become_a_shape_and_a_resolution() {
    let desk = Desk::new();
    let size = |width, height| Size { width, height };
    for (model, asked, shape, resolution, made, warned) in [
        ("fal-ai/veo3.1", size(1080, 1920), json!("9:16"), json!("1080p"), size(1080, 1920), 0),
        ("fal-ai/veo3.1", size(1024, 1024), json!("16:9"), json!("1080p"), size(1920, 1080), 1),
        ("fal-ai/bytedance/seedance/v1/pro", size(480, 640), json!("3:4"), json!("480p"), size(480, 640), 0),
        ("fal-ai/sora-2", size(1792, 1024), json!("16:9"), json!("720p"), size(1280, 720), 1),
        (KLING, size(1080, 1080), json!("1:1"), Value::Null, size(1080, 1080), 0),
    ] {
        let spec = Spec { size: Some(asked), ..film() };
        let (_, body) = desk.sent(&spec, model);
        assert_eq!((&body["aspect_ratio"], &body["resolution"]), (&shape, &resolution), "{model}");
        let fit = FalQueue.fit(&Map::new(), model, &spec);
        assert_eq!((fit.fitted.size, fit.warnings.len()), (Some(made), warned), "{model} {:?}", fit.warnings);
    }
    let named = Spec { aspect_ratio: Some("21:9".into()), resolution: Some("480p".into()), ..film() };
    assert_eq!(FalQueue.fit(&Map::new(), "fal-ai/veo3.1", &named).warnings.len(), 2);
    let shaped = Spec { inputs: vec![stored("first_frame")], aspect_ratio: Some("1:1".into()), ..film() };
    let (_, body) = desk.sent(&shaped, KLING);
    assert!(body.get("aspect_ratio").is_none(), "this endpoint goes by the picture");
    assert_eq!(FalQueue.fit(&Map::new(), KLING, &shaped).warnings.len(), 1);
}

#[test]
fn what_a_model_does_not_know_is_left_out_with_a_warning() {
    let desk = Desk::new();
    let spec = Spec {
        negative_prompt: Some("dogs".into()),
        seed: Some(7),
        sound: Some(false),
        shots: vec![Shot { prompt: "dawn".into(), seconds: Some(3.0) }],
        ..film()
    };
    let (_, veo) = desk.sent(&spec, "fal-ai/veo3.1");
    assert_eq!(
        (&veo["negative_prompt"], &veo["seed"], &veo["generate_audio"]),
        (&json!("dogs"), &json!(7), &json!(false))
    );
    assert_eq!(veo["prompt"], "a cat\nShot 1 (3 s): dawn");
    let (_, sora) = desk.sent(&spec, "fal-ai/sora-2");
    assert!(["negative_prompt", "seed", "generate_audio"].iter().all(|name| sora.get(name).is_none()));
    assert_eq!(FalQueue.fit(&Map::new(), "fal-ai/sora-2", &spec).warnings.len(), 4);
}

#[test]
fn raw_fields_pass_but_never_over_ours_and_the_webhook_is_a_query() {
    let desk = Desk::new();
    let mut spec = film();
    let bag = json!({ "cfg_scale": 0.7, "prompt": "other" });
    spec.extras.insert("fal_queue".into(), bag.as_object().cloned().expect("is an object"));
    let (_, body) = desk.sent(&spec, KLING);
    assert_eq!((&body["cfg_scale"], &body["prompt"]), (&json!(0.7), &json!("a cat")));
    let mut submission = desk.submission(&spec, "fal-ai/veo3.1");
    submission.hook_url = Some("https://our.test/hooks/a?b=c&d");
    let request = FalQueue.submit(&submission).expect("can be sent");
    let path = "/fal-ai/veo3.1?fal_webhook=https%3A%2F%2Four.test%2Fhooks%2Fa%3Fb%3Dc%26d";
    assert_eq!(request.target, Target::Base(path.into()));
}

#[test]
fn a_request_is_asked_for_below_its_app() {
    let desk = Desk::new();
    let answer = crate::desk::answer(200, &json!({ "request_id": "r-1", "queue_position": 0 }));
    let SubmitOutcome::Accepted { operation: accepted, .. } = desk.accepted(&film(), KLING, &answer) else {
        panic!("accepted")
    };
    assert_eq!(accepted, operation());
    assert_eq!(FalQueue.memo(&Map::new(), KLING, &film()), accepted.memo, "the same when a webhook named it");
    let items = [PollItem { operation: &accepted, kind: Kind::Video }];
    let request = FalQueue.poll(desk.account(), &items);
    assert_eq!(request.target, Target::Base("/fal-ai/kling-video/requests/r-1/status".into()));
    let request = FalQueue.cancel(desk.account(), &accepted).expect("can be stopped");
    assert_eq!((request.method.as_str(), request.paid), ("PUT", false));
    assert_eq!(request.target, Target::Base("/fal-ai/kling-video/requests/r-1/cancel".into()));
}
