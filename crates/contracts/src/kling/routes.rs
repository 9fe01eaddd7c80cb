//! Every route: a POST and a GET for each way.

use super::schema;
use super::way::Way;
use crate::family::{Call, Route};
use http::Method;
use serde_json::{Value, json};
use task::Kind;

/// A task id in the form that submissions answer, for examples.
pub(super) const EXAMPLE_ID: &str = "task_01jd3k8w9q2v5x7z4m6n8p0r1s";

pub(super) fn all() -> Vec<Route> {
    Way::ALL.into_iter().flat_map(|way| [submit(way), show(way)]).collect()
}

fn path(way: Way) -> String {
    let group = if way.kind() == Kind::Video { "videos" } else { "images" };
    format!("/kling/v1/{group}/{}", way.word())
}

fn submit(way: Way) -> Route {
    Route {
        method: Method::POST,
        path: path(way),
        call: Call::Submit,
        name: way.word(),
        summary: match way {
            Way::Text => "Makes a film from words.",
            Way::Frames => "Makes a film from its first frame, or its first and its last.",
            Way::References => "Makes a film of what is on several pictures.",
            Way::Omni => "Makes a film from words that refer to pictures, elements, films and voices.",
            Way::Pictures => "Makes pictures from words.",
            Way::TryOn => "Shows a person in other clothes.",
        },
        open: false,
        example: example(way),
        schema: schema::of(way),
    }
}

fn show(way: Way) -> Route {
    Route {
        method: Method::GET,
        path: format!("{}/{{id}}", path(way)),
        call: Call::Show,
        name: "query",
        summary: "Shows a task by its id or by the caller's own; any of these paths serves any Kling task.",
        open: false,
        example: Value::Null,
        schema: Value::Null,
    }
}

/// The page's own examples, shortened.
fn example(way: Way) -> Value {
    match way {
        Way::Text => json!({
            "model_name": "kling-v2-5-turbo",
            "prompt": "A cat chasing butterflies in a garden, sunny day, cinematic quality",
            "negative_prompt": "blurry, low quality, distorted",
            "duration": "5",
            "aspect_ratio": "16:9",
            "mode": "std",
        }),
        Way::Frames => json!({
            "model_name": "kling-v3",
            "prompt": "The person in the image starts smiling and slowly turns their head",
            "image_urls": ["https://example.com/portrait.jpg"],
            "duration": "5",
            "mode": "std",
        }),
        Way::References => json!({
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
        Way::Omni => json!({
            "model_name": "kling-v3",
            "prompt": "<<<image_1>>> walks toward the camera in a rainy alley",
            "sound": "on",
            "duration": "5",
            "aspect_ratio": "16:9",
            "mode": "pro",
            "image_list": [{ "image_id": 1, "image_url": "https://example.com/reference.png" }],
        }),
        Way::Pictures => json!({
            "model": "kling-v2-5-turbo",
            "prompt": "A realistic shiba inu wearing sunglasses",
            "negative_prompt": "blurry, low quality",
            "aspect_ratio": "1:1",
            "n": 1,
        }),
        Way::TryOn => json!({
            "model_name": "kolors-virtual-try-on-v1",
            "human_image": "https://example.com/person.jpg",
            "cloth_image": "https://example.com/jacket.jpg",
        }),
    }
}
