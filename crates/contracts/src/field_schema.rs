//! JSON Schemas of what [`Fields`](crate::fields::Fields) reads, with its tolerance: `null` and `""` where a field
//! may be left out, words where numbers and flags are meant. A schema says what is accepted, no less and no more.

use crate::callback_url::CALLBACK_URL_MAX_CHARS;
use serde_json::{Value, json};

/// Text without NUL, empty text too.
pub const NO_NUL: &str = "^[^\\u0000]*$";
/// Text without NUL that holds more than white space.
pub const NOT_BLANK: &str = "^[^\\u0000]*[^\\s\\u0000][^\\u0000]*$";
/// Addresses that pass both the form and the address check of a callback, and `""`.
pub const CALLBACK: &str = "^$|^https?://([a-z][a-z0-9]*\\.)+[a-z]{2,}(:[1-9][0-9]{0,3})?(/[!-~]*)?$";
/// The id of a task, and `""`.
pub const TASK_ID: &str = "^(task_[0-7][0-9a-hjkmnp-tv-z]{25})?$";

/// A text of at most `max_chars` characters that may be left out.
pub fn text(max_chars: usize, description: &str) -> Value {
    json!({ "type": ["string", "null"], "maxLength": max_chars, "pattern": NO_NUL, "description": description })
}

/// A text of at most `max_chars` characters that has to hold more than white space.
pub fn required_text(max_chars: usize, description: &str) -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": max_chars, "pattern": NOT_BLANK,
        "description": description })
}

/// A whole number from `least` to `most`, or its digits as text, which have to fit `digits` (a pattern's inside).
pub fn whole(least: i64, most: i64, digits: &str, description: &str) -> Value {
    json!({
        "anyOf": [
            { "type": "integer", "minimum": least, "maximum": most },
            { "type": "string", "pattern": format!("^({digits})?$") },
            { "type": "null" },
        ],
        "description": description,
    })
}

/// Yes or no.
pub fn flag(description: &str) -> Value {
    json!({ "enum": [true, false, "true", "false", "", null], "description": description })
}

/// A text that has to fit `pattern`, a pattern's inside, or be left out.
pub fn word(pattern: &str, description: &str) -> Value {
    json!({ "type": ["string", "null"], "pattern": format!("^({pattern})?$"), "description": description })
}

/// A callback address.
pub fn callback(description: &str) -> Value {
    json!({ "type": ["string", "null"], "maxLength": CALLBACK_URL_MAX_CHARS, "pattern": CALLBACK,
        "description": description })
}

/// That this member is there and is a text which holds more than white space.
pub fn given(name: &str) -> Value {
    json!({ "required": [name],
        "properties": { name: { "type": "string", "minLength": 1, "pattern": NOT_BLANK } } })
}
