//! JSON Schemas of the request bodies, for the API page. They say no less than what is accepted:
//! `null` and `""` where a field may be left out, words where numbers are meant.

use super::read::{
    CLIP_MAX_CHARS, CONTINUE_AT_MAX_S, LIST_MAX_IDS, PROMPT_MAX_CHARS, TAGS_MAX_CHARS, TITLE_MAX_CHARS,
    VERSION_MAX_CHARS,
};
use crate::field_schema::{self, NO_NUL, NOT_BLANK};
use serde_json::{Map, Value, json};

fn object(required: &[&str], fields: Vec<(&str, Value)>) -> Value {
    let hooks = ["notify_hook", "notifyHook", "callback_url"].map(|name| (name, callback()));
    let properties: Map<String, Value> =
        fields.into_iter().chain(hooks).map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}

fn callback() -> Value {
    field_schema::callback("Called back whenever the status changes. Has to be public.")
}

fn text(max_chars: usize, description: &str) -> Value {
    json!({ "type": ["string", "null"], "maxLength": max_chars, "pattern": NO_NUL, "description": description })
}

fn required_text(max_chars: usize, description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max_chars, "pattern": NOT_BLANK,
        "description": description })
}

pub(super) fn music() -> Value {
    let sound = json!({ "type": ["string", "null"],
        "description": "A sound file to make the song from, by its URL or as base64; looked at only once the task runs." });
    let continue_at = json!({ "type": ["number", "null"], "minimum": 0, "maximum": CONTINUE_AT_MAX_S,
        "description": "Where in the clip the continuation begins, in seconds." });
    let mut schema = object(
        &[],
        vec![
            ("gpt_description_prompt", text(PROMPT_MAX_CHARS, "What the song is about; the words are made up.")),
            ("prompt", text(PROMPT_MAX_CHARS, "The words that are sung.")),
            ("title", text(TITLE_MAX_CHARS, "The title.")),
            ("tags", text(TAGS_MAX_CHARS, "The style, in words: pop, upbeat, summer.")),
            ("negative_tags", text(TAGS_MAX_CHARS, "Styles to keep away from.")),
            ("singer_style", text(TAGS_MAX_CHARS, "Who sings and how, in words.")),
            ("make_instrumental", field_schema::flag("Whether nobody sings.")),
            ("mv", text(VERSION_MAX_CHARS, "The model's version, such as chirp-v4; set by the channel if left out.")),
            ("continue_clip_id", text(CLIP_MAX_CHARS, "The clip to go on from.")),
            ("continue_at", continue_at),
            ("audio_url", sound),
        ],
    );
    let given = |name: &str| json!({ "required": [name], "properties": { name: { "type": "string", "minLength": 1, "pattern": NOT_BLANK } } });
    let mut instrumental = given("tags");
    instrumental["required"] = json!(["tags", "make_instrumental"]);
    instrumental["properties"]["make_instrumental"] = json!({ "enum": [true, "true"] });
    schema["anyOf"] = json!([given("gpt_description_prompt"), given("prompt"), instrumental]);
    schema
}

pub(super) fn lyrics() -> Value {
    object(&["prompt"], vec![("prompt", required_text(PROMPT_MAX_CHARS, "What the lyrics are about."))])
}

pub(super) fn concat() -> Value {
    let clip = required_text(CLIP_MAX_CHARS, "The clip that continues another one.");
    object(
        &["clip_id"],
        vec![("clip_id", clip), ("is_infill", field_schema::flag("Whether passages are made between the pieces."))],
    )
}

pub(super) fn fetch_many() -> Value {
    let ids = json!({ "type": "array", "maxItems": LIST_MAX_IDS, "items": { "type": ["string", "null"] } });
    json!({ "type": "object", "required": ["ids"], "properties": { "ids": ids } })
}
