//! JSON Schema of the submission, for the API page. It says no less than what is accepted.

use super::content::{ITEMS_MAX, ROLES, TEXT_MAX_CHARS, TYPES};
use super::read::MODEL_MAX_CHARS;
use super::settings::SEED;
use crate::callback_url::CALLBACK_URL_MAX_CHARS;
use serde_json::{Value, json};

pub(super) fn submit() -> Value {
    let whole = |description: &str| json!({ "type": ["integer", "string", "null"], "description": description });
    let word = |description: &str| json!({ "type": ["string", "null"], "maxLength": 64, "description": description });
    let flag =
        |description: &str| json!({ "enum": [true, false, "true", "false", "", null], "description": description });
    let hook = || {
        json!({ "type": ["string", "null"], "maxLength": CALLBACK_URL_MAX_CHARS,
            "description": "Called back whenever the status changes. Has to be public." })
    };
    json!({
        "type": "object",
        "required": ["model", "content"],
        "properties": {
            "model": { "type": "string", "minLength": 1, "maxLength": MODEL_MAX_CHARS,
                "description": "A name that GET /v1/models lists." },
            "content": { "anyOf": [items(), object()] },
            "resolution": word("480p, 720p, 1080p; Seedance 2.0 makes 480p and 720p."),
            "ratio": word("16:9, 4:3, 1:1, 3:4, 9:16, 21:9, adaptive."),
            "duration": whole("Seconds; -1 leaves it to the model. Seedance 2.0 makes 4 to 15."),
            "frames": { "type": ["integer", "string", "boolean", "null"],
                "description": "A number of frames instead of a duration; Seedance 1.0 alone." },
            "seed": whole(&format!("{} to {}; -1 leaves it to chance.", SEED.start(), SEED.end())),
            "generate_audio": flag("Whether the film has sound."),
            "watermark": flag("Whether the film has a watermark."),
            "camera_fixed": flag("Whether the camera stands still; not for Seedance 2.0."),
            "return_last_frame": flag("Whether the last still is given beside the film."),
            "draft": flag("A cheap draft, to go on from with draft_task; Seedance 1.5 pro alone."),
            "service_tier": word("default or flex."),
            "execution_expires_after": whole("Seconds after which the vendor gives up."),
            "priority": whole("Passed on to the vendor."),
            "safety_identifier": word("A hash that stands for the end user; given back as it is."),
            "output_format": word("Passed on to the vendor."),
            "omni_reference_task_type": word("Passed on to the vendor."),
            "tools": { "type": ["array", "string", "null"], "description": "Passed on to the vendor." },
            "notifyHook": hook(),
            "callback_url": hook(),
        },
    })
}

fn items() -> Value {
    let file = |description: &str| {
        json!({ "type": ["object", "string", "null"], "properties": { "url": { "type": "string" } },
            "description": description })
    };
    json!({
        "type": "array", "minItems": 1, "maxItems": ITEMS_MAX,
        "description": "The Seedance shape.",
        "items": {
            "type": "object",
            "required": ["type"],
            "properties": {
                "type": { "enum": TYPES },
                "text": { "type": ["string", "null"], "maxLength": TEXT_MAX_CHARS },
                "image_url": file("A picture: http, https or data URL, or an asset:// id."),
                "video_url": file("A film: http or https URL, or an asset:// id."),
                "audio_url": file("Sound: http, https or data URL, or an asset:// id."),
                "draft_task": { "type": ["object", "string", "null"], "properties": { "id": { "type": "string" } },
                    "description": "The id of a completed draft." },
                "role": { "enum": role_words() },
            },
        },
    })
}

fn role_words() -> Vec<Value> {
    ROLES.into_iter().map(Value::from).chain([Value::from(""), Value::Null]).collect()
}

fn object() -> Value {
    json!({
        "type": "object",
        "required": ["prompt"],
        "description": "The Volcengine shape.",
        "properties": {
            "prompt": { "type": "string", "minLength": 1, "maxLength": TEXT_MAX_CHARS },
            "image_url": { "type": ["string", "object", "null"], "description": "The picture where the film begins." },
            "aspect_ratio": { "type": ["string", "null"], "description": "16:9, 9:16, 1:1 …" },
        },
    })
}
