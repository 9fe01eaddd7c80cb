//! JSON Schema of the submission, for the API page. It says no less than what is accepted.

use super::content::{IMAGE_ROLES, ITEMS_MAX, TEXT_MAX_CHARS};
use super::read::MODEL_MAX_CHARS;
use super::settings::{DURATION, EXPIRES_AFTER, FRAMES, PRIORITY, SEED, WORD_MAX_CHARS};
use super::volcengine::RATIO_MAX_CHARS;
use crate::field_schema;
use serde_json::{Value, json};
use std::ops::RangeInclusive;

/// A file as text: a web address, a data URL, or an `asset://` id. It is only looked at once the task runs.
const FILE: &str = "\\S";
/// A task's id; any other text names a task that does not exist.
const ID: &str = "^[!-~]{1,128}$";

pub(super) fn submit() -> Value {
    let whole = |range: RangeInclusive<i64>, digits: &str, description: &str| {
        field_schema::whole(*range.start(), *range.end(), digits, description)
    };
    let word = |description: &str| field_schema::text(WORD_MAX_CHARS, description);
    let hook = || field_schema::callback("Called back whenever the status changes. Has to be public.");
    json!({
        "type": "object",
        "required": ["model", "content"],
        "properties": {
            "model": field_schema::required_text(MODEL_MAX_CHARS, "A name that GET /v1/models lists."),
            "content": { "anyOf": [items(), object()] },
            "resolution": word("480p, 720p, 1080p; Seedance 2.0 makes 480p and 720p."),
            "ratio": word("16:9, 4:3, 1:1, 3:4, 9:16, 21:9, adaptive."),
            "duration": whole(DURATION, "-1|0|[1-9][0-9]?|[1-5][0-9]{2}|600", "Seconds; -1 leaves it to the model. Seedance 2.0 makes 4 to 15."),
            "frames": frames(),
            "seed": whole(SEED, "-1|0|[1-9][0-9]{0,8}", "-1 leaves it to chance."),
            "generate_audio": field_schema::flag("Whether the film has sound."),
            "watermark": field_schema::flag("Whether the film has a watermark."),
            "camera_fixed": field_schema::flag("Whether the camera stands still; not for Seedance 2.0."),
            "return_last_frame": field_schema::flag("Whether the last still is given beside the film."),
            "draft": field_schema::flag("A cheap draft, to go on from with draft_task; Seedance 1.5 pro alone."),
            "service_tier": word("default or flex."),
            "execution_expires_after": whole(EXPIRES_AFTER, "[1-9][0-9]{0,5}", "Seconds after which the vendor gives up."),
            "priority": whole(PRIORITY, "0|-?[1-9][0-9]{0,5}", "Passed on to the vendor."),
            "safety_identifier": word("A hash that stands for the end user; given back as it is."),
            "output_format": word("Passed on to the vendor."),
            "omni_reference_task_type": word("Passed on to the vendor."),
            "tools": { "anyOf": [{ "type": ["array", "null"] }, { "const": "" }], "description": "Passed on to the vendor." },
            "notifyHook": hook(),
            "callback_url": hook(),
        },
    })
}

fn frames() -> Value {
    json!({
        "anyOf": [
            { "type": "integer", "minimum": FRAMES.start(), "maximum": FRAMES.end() },
            { "type": "string", "pattern": "^([1-9][0-9]{0,3})?$" },
            { "enum": [false, null] },
        ],
        "description": "A number of frames instead of a duration; Seedance 1.0 alone.",
    })
}

/// An array of texts, files and perhaps a draft; `null` items are left out.
fn items() -> Value {
    let text = json!({ "type": "object", "required": ["type", "text"], "properties": {
        "type": { "const": "text" }, "text": field_schema::required_text(TEXT_MAX_CHARS, "What is wanted.") } });
    let draft = item("draft_task", "id", ID, &[], "The id of a completed draft.");
    let picture = item("image_url", "url", FILE, IMAGE_ROLES, "A picture: http, https or data URL, or an asset:// id.");
    let film = item("video_url", "url", FILE, &["reference_video"], "A film: http or https URL, or an asset:// id.");
    let sound =
        item("audio_url", "url", FILE, &["reference_audio"], "Sound: http, https or data URL, or an asset:// id.");
    json!({
        "type": "array", "minItems": 1, "maxItems": ITEMS_MAX,
        "description": "The Seedance shape.",
        "items": { "anyOf": [text, picture, film, sound, draft] },
    })
}

/// An item whose `<kind>` holds what it names in `inner`, or is that itself.
fn item(kind: &str, inner: &str, pattern: &str, roles: &[&str], description: &str) -> Value {
    let named = json!({ "type": "string", "minLength": 1, "pattern": pattern });
    let object = json!({ "type": "object", "required": [inner], "properties": { inner: named.clone() } });
    let mut schema = json!({ "type": "object", "required": ["type", kind], "description": description,
        "properties": { "type": { "const": kind }, kind: { "anyOf": [object, named] } } });
    if !roles.is_empty() {
        let words = roles.iter().map(|role| json!(role)).chain([json!(""), Value::Null]);
        schema["properties"]["role"] = json!({ "enum": words.collect::<Vec<_>>() });
    }
    schema
}

fn object() -> Value {
    let url = json!({ "type": ["string", "null"] });
    json!({
        "type": "object",
        "required": ["prompt"],
        "description": "The Volcengine shape.",
        "properties": {
            "prompt": field_schema::required_text(TEXT_MAX_CHARS, "What is wanted."),
            "image_url": { "anyOf": [url.clone(), { "type": "object", "properties": { "url": url } }],
                "description": "The picture where the film begins." },
            "aspect_ratio": field_schema::text(RATIO_MAX_CHARS, "16:9, 9:16, 1:1 …"),
        },
    })
}
