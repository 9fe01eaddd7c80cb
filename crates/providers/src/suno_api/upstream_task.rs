//! A task and its clips as the server tells them (section 1.3), read with patience: song fields stand at
//! the top or in `metadata`, and anything may be null.

use serde_json::{Map, Value};

/// A task object.
#[derive(Debug, Clone, Copy)]
pub(super) struct UpstreamTask<'a>(pub &'a Map<String, Value>);

impl<'a> UpstreamTask<'a> {
    /// The server's id.
    pub(super) fn id(self) -> Option<String> {
        self.0.get("task_id").or_else(|| self.0.get("id")).and_then(word_of)
    }

    /// The status word, in upper case; `""` when there is none.
    pub(super) fn status(self) -> String {
        self.0.get("status").and_then(text_of).unwrap_or_default().to_ascii_uppercase()
    }

    /// `fail_reason`, `""` when none.
    pub(super) fn fail_reason(self) -> &'a str {
        self.0.get("fail_reason").and_then(text_of).unwrap_or_default()
    }

    /// `"46%"` or `46` as 46, where a descendant tells it.
    pub(super) fn percent(self) -> Option<i64> {
        let percent = match self.0.get("progress")? {
            Value::Number(number) => number.as_i64()?,
            Value::String(text) => text.trim().trim_end_matches('%').trim_end().parse().ok()?,
            _ => return None,
        };
        Some(percent.clamp(0, 100))
    }

    /// The objects in `data`: clips in their order, or the lyrics.
    pub(super) fn data(self) -> Vec<Fields<'a>> {
        match self.0.get("data") {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_object).map(Fields).collect(),
            Some(Value::Object(one)) => vec![Fields(one)],
            _ => Vec::new(),
        }
    }
}

/// A clip, or lyrics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    fn value(self, name: &str) -> Option<&'a Value> {
        let known = |value: &&Value| !value.is_null() && value.as_str() != Some("");
        let inner = || self.0.get("metadata")?.get(name);
        self.0.get(name).filter(known).or_else(|| inner().filter(known))
    }

    /// A field's text, from whichever level has it; `""` when there is none.
    pub(super) fn text(self, name: &str) -> &'a str {
        self.value(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A field's number; numbers may be written as text.
    pub(super) fn number(self, name: &str) -> Option<f64> {
        match self.value(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|number| number.is_finite() && *number >= 0.0)
    }

    /// The field as it is.
    pub(super) fn raw(self, name: &str) -> Option<&'a Value> {
        self.value(name)
    }

    /// A link, when the field is one.
    pub(super) fn url(self, name: &str) -> Option<&'a str> {
        Some(self.text(name).trim()).filter(|url| url.starts_with("https://") || url.starts_with("http://"))
    }
}

/// An id or a code's text: a string that is not blank, or a whole number.
pub(super) fn word_of(value: &Value) -> Option<String> {
    match value {
        Value::String(_) => text_of(value).map(str::to_owned),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}
