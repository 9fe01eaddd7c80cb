//! An order in one vendor's words that another one's protocol makes.

use http::Method;
use serde_json::{Value, json};
use task::{State, Task};
use tests::{Shape, Tenant, World};

/// Makes what was asked for in Kling's words while Kling's own channel stands still; the task and its warnings as
/// its caller sees them.
async fn relayed(path: &str, body: Value) -> (Task, Value) {
    let world = World::new(Shape { others: true, relays: true, ..Shape::default() }).await;
    world.pause("kling", true).await;
    let answer = world.call(Tenant::Limited, Method::POST, path, Some(&body), None).await;
    let id = answer.opened().unwrap_or_else(|| panic!("not accepted: {answer:?}"));
    let task = world.run_to_end(&id).await;
    let shown = world.see(Tenant::Limited, &format!("/v1/tasks/{id}")).await;
    world.end().await;
    assert_eq!((task.state, task.channel.as_str()), (State::Succeeded, "fal_queue"), "{:?}", task.failure);
    (task, shown.body["warnings"].clone())
}

const DROPPED: &str = "ignored, because the provider that made this does not know them: ";

#[tokio::test]
async fn a_film_says_which_fields_the_relay_dropped_and_no_other() {
    let body = json!({ "model_name": "kling-v2-5-turbo", "prompt": "take-1. of a heron", "negative_prompt": "cars",
        "duration": "10", "aspect_ratio": "9:16", "cfg_scale": 0.5, "camera_control": { "type": "down_back" },
        "watermark_info": { "enabled": true } });
    let (task, warnings) = relayed("/kling/v1/videos/text2video", body).await;
    assert_eq!(warnings, json!([format!("{DROPPED}camera_control, cfg_scale, watermark_info")]));
    assert_eq!(task.artifacts.first().and_then(|film| film.duration_ms), Some(10_000));
}

#[tokio::test]
async fn pictures_are_made_as_many_as_were_asked_for() {
    let body = json!({ "model": "kling-v3", "prompt": "take-1. of a heron", "n": 3, "aspect_ratio": "1:1",
        "human_fidelity": 0.4 });
    let (task, warnings) = relayed("/kling/v1/images/generations", body).await;
    assert_eq!(warnings, json!([format!("{DROPPED}human_fidelity")]));
    assert_eq!(task.artifacts.len(), 3);
}

#[tokio::test]
async fn clothes_are_tried_on() {
    let picture = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
    let body = json!({ "model_name": "kolors-virtual-try-on-v1-5", "human_image": picture, "cloth_image": picture });
    let (task, warnings) = relayed("/kling/v1/images/kolors-virtual-try-on", body).await;
    assert_eq!((task.artifacts.len(), warnings), (1, json!([])));
}
