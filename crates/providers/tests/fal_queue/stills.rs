//! Pictures, and clothes that are tried on (`fal_queue/README.md`, section 7.3).

use crate::desk::{Desk, KLING, answer, stored};
use providers::fal_queue::FalQueue;
use providers::{Dialect, PollOutcome, SubmitOutcome, Target};
use serde_json::{Map, Value, json};
use task::{FailureKind, Kind, Role, Size, Spec};

const V3: &str = "fal-ai/kling-video/v3/pro";
const KOLORS: &str = "fal-ai/kling/v1-5/kolors-virtual-try-on";

fn drawing() -> Spec {
    Spec { prompt: "a cat".into(), ..Spec::new(Kind::Image) }
}

fn warnings(model: &str, spec: &Spec) -> Vec<String> {
    FalQueue.fit(&Map::new(), model, spec).warnings
}

#[test]
fn a_picture_is_drawn_from_words_or_from_a_picture() {
    let desk = Desk::new();
    let asked = Spec {
        negative_prompt: Some("dogs".into()),
        aspect_ratio: Some("1:1".into()),
        resolution: Some("2k".into()),
        count: Some(3),
        ..drawing()
    };
    let (request, body) = desk.sent(&asked, V3);
    assert_eq!(request.target, Target::Base("/fal-ai/kling-image/v3/text-to-image".into()));
    assert!(request.paid);
    let expected = json!({ "prompt": "a cat", "negative_prompt": "dogs", "aspect_ratio": "1:1", "resolution": "2K",
        "num_images": 3 });
    assert_eq!((body, warnings(V3, &asked)), (expected, Vec::<String>::new()));
    let with = Spec { inputs: vec![stored("reference_image")], ..asked };
    let (request, body) = desk.sent(&with, V3);
    assert_eq!(request.target, Target::Base("/fal-ai/kling-image/v3/image-to-image".into()));
    assert_eq!((&body["image_url"], body.get("negative_prompt")), (&json!("<0 DataUri>"), None));
    assert_eq!(warnings(V3, &with).len(), 1, "the words of what is not wanted have no place there");
    let (request, body) = desk.sent(&drawing(), "owner/some/drawer");
    assert_eq!(request.target, Target::Base("/owner/some/drawer".into()), "any other endpoint goes as it is");
    assert_eq!(body, json!({ "prompt": "a cat" }));
}

#[test]
fn shapes_and_resolutions_are_fitted_with_a_warning() {
    let desk = Desk::new();
    let size = Some(Size { width: 1080, height: 1920 });
    for (spec, ratio, resolution, warned) in [
        (Spec { aspect_ratio: Some("5:4".into()), ..drawing() }, json!("4:3"), Value::Null, 1),
        (Spec { size, ..drawing() }, json!("9:16"), Value::Null, 1),
        (Spec { resolution: Some("4k".into()), ..drawing() }, Value::Null, Value::Null, 1),
        (Spec { resolution: Some("1k".into()), ..drawing() }, Value::Null, json!("1K"), 0),
    ] {
        let (_, body) = desk.sent(&spec, V3);
        assert_eq!((&body["aspect_ratio"], &body["resolution"]), (&ratio, &resolution), "{spec:?}");
        assert_eq!(warnings(V3, &spec).len(), warned, "{:?}", warnings(V3, &spec));
    }
    let (_, body) = desk.sent(&Spec { count: Some(40), ..drawing() }, V3);
    assert_eq!(body["num_images"], 9);
}

#[test]
fn clothes_are_tried_on_whichever_picture_comes_first() {
    let desk = Desk::new();
    let spec = Spec { inputs: vec![stored("cloth"), stored("human")], ..Spec::new(Kind::TryOn) };
    let (request, body) = desk.sent(&spec, KOLORS);
    assert_eq!(request.target, Target::Base(format!("/{KOLORS}")));
    assert_eq!(body, json!({ "human_image_url": "<1 DataUri>", "garment_image_url": "<0 DataUri>" }));
}

#[test]
fn what_no_endpoint_makes_is_refused_before_anything_is_paid() {
    let desk = Desk::new();
    let lone = Spec { inputs: vec![stored("human")], ..Spec::new(Kind::TryOn) };
    let two = Spec { inputs: vec![stored("reference_image"), stored("reference_image")], ..drawing() };
    for (model, spec) in [(KLING, drawing()), (KOLORS, drawing()), (KOLORS, lone.clone()), (V3, lone), (V3, two)] {
        let refused = FalQueue.submit(&desk.submission(&spec, model)).expect_err("can't be sent");
        assert_eq!(refused.kind, FailureKind::InvalidInput, "{model}");
    }
}

#[test]
fn a_picture_is_asked_for_below_the_app_that_drew_it() {
    let desk = Desk::new();
    let accepted = desk.accepted(&drawing(), V3, &answer(200, &json!({ "request_id": "r-1" })));
    let SubmitOutcome::Accepted { operation, .. } = accepted else { panic!("{accepted:?}") };
    assert_eq!(operation.memo, json!({ "app": "fal-ai/kling-image" }));
    assert_eq!(FalQueue.memo(&Map::new(), V3, &drawing()), operation.memo, "and so when a webhook names it");
    let file = |name: &str| json!({ "url": format!("https://cdn.test/{name}.png"), "content_type": "image/png" });
    for (result, count) in [(json!({ "images": [file("a"), file("b")] }), 2), (json!({ "image": file("a") }), 1)] {
        let outcome = desk.result(&json!({}), &answer(200, &result));
        let Ok(PollOutcome::Done { outputs, .. }) = outcome else { panic!("{outcome:?}") };
        assert_eq!(outputs.len(), count);
        assert!(outputs.iter().all(|output| output.role == Role::Image));
    }
}
