//! JSON Schemas of the request bodies, for the API page. They say no less than what is accepted:
//! `null` and `""` where a field may be left out, words where numbers are meant.

use super::actions::CHANGE_WORDS;
use super::read::{BOTS, DIMENSIONS, LIST_MAX_IDS, PROMPT_MAX_CHARS, REFERENCES_MAX, STATE_MAX_CHARS, UPLOADS_MAX};
use crate::field_schema::{self, NO_NUL, NOT_BLANK};
use crate::inputs::INPUT_MAX_BYTES;
use serde_json::{Map, Value, json};

fn object(required: &[&str], fields: Vec<(&str, Value)>) -> Value {
    let common = [("notifyHook", callback()), ("callback_url", callback()), ("state", state())];
    let properties: Map<String, Value> =
        fields.into_iter().chain(common).map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn prompt() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": PROMPT_MAX_CHARS, "pattern": NOT_BLANK,
        "description": "Midjourney's own syntax, such as --ar 16:9 --v 6, is passed on as it stands." })
}

fn callback() -> Value {
    field_schema::callback("Called back with the task object whenever its status changes. Has to be public.")
}

fn state() -> Value {
    json!({ "type": ["string", "null"], "maxLength": STATE_MAX_CHARS, "pattern": NO_NUL,
        "description": "The caller's own text, given back as it is." })
}

fn word(words: &[&str], description: &str) -> Value {
    let mut accepted: Vec<Value> = words.iter().map(|word| json!(word)).collect();
    accepted.extend([json!(""), Value::Null]);
    json!({ "enum": accepted, "description": description })
}

fn bot() -> Value {
    word(BOTS, "Which bot draws; MID_JOURNEY by default.")
}

fn account_filter() -> Value {
    json!({ "anyOf": [{ "type": ["object", "null"] }, { "const": "" }], "description": "Passed on as it is." })
}

/// How much base64 text 30 MB are.
const PICTURE_MAX_CHARS: usize = INPUT_MAX_BYTES / 3 * 4;

fn pictures(least: usize, most: usize) -> Value {
    json!({ "type": "array", "minItems": least, "maxItems": most,
        "items": { "type": "string", "minLength": 1, "maxLength": PICTURE_MAX_CHARS },
        "description": "Base64, with or without a data: prefix, at most 30 MB each once decoded." })
}

fn picture(description: &str) -> Value {
    json!({ "type": ["string", "null"], "maxLength": PICTURE_MAX_CHARS, "description": description })
}

fn task_id() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 128, "pattern": NOT_BLANK })
}

pub(super) fn imagine() -> Value {
    let mut references = pictures(0, REFERENCES_MAX);
    references["type"] = json!(["array", "null"]);
    references["items"] = json!({ "type": ["string", "null"], "maxLength": PICTURE_MAX_CHARS });
    object(
        &["prompt"],
        vec![
            ("prompt", prompt()),
            ("botType", bot()),
            ("base64Array", references),
            ("accountFilter", account_filter()),
        ],
    )
}

pub(super) fn action() -> Value {
    let custom_id = json!({ "type": "string", "minLength": 1, "maxLength": 512, "pattern": NOT_BLANK,
        "description": "As the task's buttons have it." });
    object(
        &["taskId", "customId"],
        vec![
            ("taskId", task_id()),
            ("customId", custom_id),
            ("enableRemix", field_schema::flag("Passed on.")),
            ("strong", field_schema::flag("Passed on.")),
        ],
    )
}

pub(super) fn change() -> Value {
    let index =
        json!({ "enum": [1, 2, 3, 4, "1", "2", "3", "4", "", null], "description": "Which picture; not for REROLL." });
    let action = json!({ "enum": CHANGE_WORDS });
    let mut schema = object(&["taskId", "action"], vec![("taskId", task_id()), ("action", action), ("index", index)]);
    let reroll = json!({ "properties": { "action": { "const": "REROLL" } } });
    let picked =
        json!({ "required": ["index"], "properties": { "index": { "enum": [1, 2, 3, 4, "1", "2", "3", "4"] } } });
    schema["anyOf"] = json!([reroll, picked]);
    schema
}

pub(super) fn simple_change() -> Value {
    let content = json!({ "type": "string", "maxLength": 136, "pattern": "^[A-Za-z0-9_]{1,128} ([UuVv][1-4]|[Rr])$" });
    object(&["content"], vec![("content", content)])
}

pub(super) fn blend() -> Value {
    object(
        &["base64Array"],
        vec![
            ("base64Array", pictures(2, 5)),
            ("dimensions", word(DIMENSIONS, "Shape of the picture; SQUARE by default.")),
            ("botType", bot()),
        ],
    )
}

pub(super) fn describe() -> Value {
    let mut schema = object(
        &[],
        vec![("base64", picture("The picture, as base64.")), ("link", picture("Its URL instead.")), ("botType", bot())],
    );
    let given =
        |name: &str| json!({ "required": [name], "properties": { name: { "type": "string", "minLength": 1 } } });
    schema["anyOf"] = json!([given("base64"), given("link")]);
    schema
}

pub(super) fn shorten() -> Value {
    object(&["prompt"], vec![("prompt", prompt()), ("botType", bot())])
}

pub(super) fn modal() -> Value {
    let prompt = json!({ "type": ["string", "null"], "maxLength": PROMPT_MAX_CHARS, "pattern": NO_NUL });
    let mask = picture("The mask, as base64.");
    object(&["taskId"], vec![("taskId", task_id()), ("prompt", prompt), ("maskBase64", mask)])
}

pub(super) fn upload() -> Value {
    let mut pictures = pictures(1, UPLOADS_MAX);
    // These are decoded at once, so that nothing else than a picture will do.
    pictures["items"]["pattern"] = json!("^(data:image/[a-z]+;base64,)?[A-Za-z0-9+/]+={0,2}$");
    json!({ "type": "object", "required": ["base64Array"], "properties": { "base64Array": pictures } })
}

pub(super) fn list_by_condition() -> Value {
    let ids = json!({ "type": ["array", "null"], "maxItems": LIST_MAX_IDS, "items": { "type": ["string", "null"] } });
    // No body asks for nothing, and is answered with nothing (`contract/DECISIONS.md`, list-by-condition).
    json!({ "type": "object", "x-body-optional": true, "properties": { "ids": ids } })
}
