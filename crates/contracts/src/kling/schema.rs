//! JSON Schemas of the request bodies, for the API page, with the tolerance that the fields are read with:
//! `null` and `""` where a field may be left out, words where numbers are meant.

use super::pictures::LIST_MAX;
use super::read::{COUNT_MAX, EXTERNAL_ID_MAX_CHARS, OMNI_MODELS, PROMPT_MAX_CHARS};
use super::shots::SHOTS_MAX;
use super::way::Way;
use crate::field_schema::{self, NO_NUL, NOT_BLANK};
use serde_json::{Map, Value, json};

/// The body of a submission.
pub(super) fn of(way: Way) -> Value {
    let (required, fields): (&[&str], Vec<(&str, Value)>) = match way {
        Way::Text => (&["prompt"], text_film()),
        Way::Frames => (&[], frame_film()),
        Way::References => (&["prompt", "image_list"], reference_film()),
        Way::Omni => (&["prompt"], omni_film()),
        Way::Pictures => (&["prompt"], pictures()),
        Way::TryOn => (&["human_image", "cloth_image"], try_on()),
    };
    let properties: Map<String, Value> =
        fields.into_iter().chain(common()).map(|(name, schema)| (name.to_owned(), schema)).collect();
    let mut schema = json!({ "type": "object", "required": required, "properties": properties });
    let given = field_schema::given;
    let models = || json!([given("model_name"), given("model")]);
    match way {
        Way::Frames => {
            let listed = json!({ "required": ["image_urls"],
                "properties": { "image_urls": { "type": "array", "minItems": 1, "items": { "type": "string", "minLength": 1 } } } });
            schema["allOf"] = json!([{ "anyOf": models() }, { "anyOf": [listed, given("image")] }]);
        }
        Way::Text | Way::References | Way::Omni => schema["anyOf"] = models(),
        Way::Pictures | Way::TryOn => {}
    }
    schema
}

fn common() -> Vec<(&'static str, Value)> {
    let callback = field_schema::callback("Called back whenever the task's status changes. Has to be public.");
    let external = json!({ "type": ["string", "null"], "maxLength": EXTERNAL_ID_MAX_CHARS, "pattern": NO_NUL,
        "description": "The caller's own id: echoed, and accepted in place of the task's id." });
    vec![("callback_url", callback.clone()), ("notifyHook", callback), ("external_task_id", external)]
}

fn film() -> Vec<(&'static str, Value)> {
    vec![
        ("model_name", model("The model; model is accepted too. One of the two is needed.")),
        ("model", model("Stands in for model_name where that is missing.")),
        (
            "duration",
            json!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 60 },
            { "type": "string", "pattern": "^([1-9]|[1-5][0-9]|60)?$" }, { "type": "null" }],
            "description": "Seconds, such as 5 or 10; the model decides which are made." }),
        ),
        ("aspect_ratio", word("Such as 16:9, 9:16 or 1:1.")),
        ("mode", word("std, pro or 4k.")),
        (
            "sound",
            json!({ "enum": ["on", "off", "true", "false", "", true, false, null],
            "description": "Whether the film has sound; on or off." }),
        ),
        ("multi_shots", field_schema::flag("Whether the film has several shots; multi_shot is accepted too.")),
        ("multi_shot", field_schema::flag("The same as multi_shots.")),
        ("multi_prompt", shots()),
    ]
}

fn guided_film() -> Vec<(&'static str, Value)> {
    let mut fields = film();
    fields.extend([
        ("negative_prompt", text("What should not be there.")),
        ("cfg_scale", json!({ "anyOf": [{ "type": ["number", "null"] },
            { "type": "string", "pattern": "^([01]|0\\.[0-9]{1,3})?$" }], "description": "How closely the prompt is followed." })),
        ("camera_control", json!({ "anyOf": [{ "type": ["object", "null"] }, { "const": "" }],
            "description": "How the camera moves; passed on as it is." })),
    ]);
    fields
}

fn text_film() -> Vec<(&'static str, Value)> {
    let mut fields = guided_film();
    fields.extend([
        ("prompt", prompt()),
        ("image_urls", frames("First frame, or first and last; makes it a film from frames.")),
        ("kling_elements", raw_list("Elements that the prompt names with @; element_list is accepted too.")),
    ]);
    fields
}

fn frame_film() -> Vec<(&'static str, Value)> {
    let mut fields = guided_film();
    fields.extend([
        ("prompt", text("What moves, and how.")),
        ("image_urls", frames("The first frame, or the first and the last.")),
        ("image", optional_file("The first frame; stands in for image_urls[0].")),
        ("image_tail", optional_file("The last frame; stands in for image_urls[1].")),
        ("kling_elements", raw_list("Elements that the prompt names with @; element_list is accepted too.")),
    ]);
    fields
}

fn reference_film() -> Vec<(&'static str, Value)> {
    let mut fields = guided_film();
    fields.extend([("prompt", prompt()), ("image_list", files("image_url", 1))]);
    fields
}

fn omni_film() -> Vec<(&'static str, Value)> {
    let mut fields = film();
    for (_, schema) in fields.iter_mut().filter(|(name, _)| *name == "model_name") {
        let mut names: Vec<Value> = OMNI_MODELS.iter().map(|name| json!(name)).collect();
        names.extend([json!(""), Value::Null]);
        schema["enum"] = Value::Array(names);
    }
    fields.extend([
        ("prompt", prompt()),
        ("image_list", files("image_url", 0)),
        ("video_list", files("video_url", 0)),
        ("element_list", raw_list("Elements; kling_elements is accepted too.")),
        ("voice_list", raw_list("Voices.")),
    ]);
    fields
}

fn pictures() -> Vec<(&'static str, Value)> {
    let count = json!({ "anyOf": [{ "type": "integer", "minimum": 1, "maximum": COUNT_MAX },
        { "type": "string", "pattern": "^[1-9]?$" }, { "type": "null" }], "description": "How many; 1 by default." });
    vec![
        ("model", model("The model; model_name is accepted too. kling-v2-5-turbo by default.")),
        ("model_name", model("The same as model.")),
        ("prompt", prompt()),
        ("negative_prompt", text("What should not be there.")),
        ("aspect_ratio", word("Such as 1:1, 16:9 or 9:16.")),
        ("n", count),
    ]
}

fn try_on() -> Vec<(&'static str, Value)> {
    vec![
        ("model_name", model("kolors-virtual-try-on-v1 by default; model is accepted too.")),
        ("human_image", file("The person.")),
        ("cloth_image", file("The clothes.")),
    ]
}

fn prompt() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": PROMPT_MAX_CHARS, "pattern": NOT_BLANK,
        "description": "What is wanted; passed on as it stands." })
}

fn text(description: &str) -> Value {
    json!({ "type": ["string", "null"], "maxLength": PROMPT_MAX_CHARS, "pattern": NO_NUL, "description": description })
}

fn model(description: &str) -> Value {
    json!({ "type": ["string", "null"], "maxLength": 255, "pattern": NO_NUL, "description": description })
}

fn word(description: &str) -> Value {
    json!({ "type": ["string", "null"], "maxLength": 32, "pattern": NO_NUL, "description": description })
}

fn raw_list(description: &str) -> Value {
    json!({ "anyOf": [{ "type": ["array", "null"] }, { "const": "" }],
        "description": format!("{description} Passed on as they are.") })
}

fn shots() -> Value {
    let shot = json!({ "type": "object", "required": ["prompt"], "properties": {
        "prompt": prompt(),
        "duration": { "anyOf": [{ "type": "integer", "minimum": 1, "maximum": 60 },
            { "type": "string", "pattern": "^([1-9]|[1-5][0-9]|60)?$" }, { "type": "null" }] },
    } });
    json!({ "type": ["array", "null"], "maxItems": SHOTS_MAX, "items": { "anyOf": [prompt(), shot] },
        "description": "The shots, in order, each with a prompt and perhaps a duration." })
}

/// A file as text is only looked at once the task runs: a bad one is a failed task.
fn file(description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "description": format!("{description} A URL or base64.") })
}

fn optional_file(description: &str) -> Value {
    json!({ "type": ["string", "null"], "description": format!("{description} A URL or base64.") })
}

/// A list that may be left out; so may its items.
fn optional_list(most: usize, item: Value, description: &str) -> Value {
    let items = json!({ "anyOf": [item, { "enum": ["", null] }] });
    json!({ "anyOf": [{ "type": "array", "maxItems": most, "items": items }, { "enum": ["", null] }],
        "description": description })
}

fn frames(description: &str) -> Value {
    optional_list(2, file("A picture."), description)
}

fn files(key: &str, least: usize) -> Value {
    const DESCRIPTION: &str = "URLs or base64, bare or as objects; an object's other fields are passed on.";
    let item = json!({ "type": "object", "required": [key], "properties": { key: file("The file.") } });
    let item = json!({ "anyOf": [file("The file."), item] });
    if least == 0 {
        return optional_list(LIST_MAX, item, DESCRIPTION);
    }
    json!({ "type": "array", "minItems": least, "maxItems": LIST_MAX, "items": item, "description": DESCRIPTION })
}
