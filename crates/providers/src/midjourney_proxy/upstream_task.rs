//! A task as the proxy tells it, read with patience: ids may be numbers, anything may be null.

use serde_json::{Map, Value};

/// A task object.
#[derive(Debug, Clone, Copy)]
pub(super) struct UpstreamTask<'a>(pub &'a Map<String, Value>);

impl<'a> UpstreamTask<'a> {
    /// A field's text, trimmed; `None` when there is none or it is blank.
    pub(super) fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).and_then(text_of)
    }

    /// A field of `properties`, as text.
    pub(super) fn property(self, name: &str) -> Option<&'a str> {
        self.0.get("properties")?.get(name).and_then(text_of)
    }

    /// The proxy's id.
    pub(super) fn id(self) -> Option<String> {
        self.0.get("id").and_then(word_of)
    }

    /// The status word, in upper case; `""` when there is none.
    pub(super) fn status(self) -> String {
        self.text("status").unwrap_or_default().to_ascii_uppercase()
    }

    /// The action word, in upper case; `""` when there is none.
    pub(super) fn action(self) -> String {
        self.text("action").unwrap_or_default().to_ascii_uppercase()
    }

    /// `"46%"`, `"46"` or `46` as 46; `None` for anything else.
    pub(super) fn percent(self) -> Option<i64> {
        let percent = match self.0.get("progress")? {
            Value::Number(number) => number.as_i64().or_else(|| number.as_f64().map(|float| float as i64))?,
            Value::String(text) => {
                let number: f64 = text.trim().trim_end_matches('%').trim_end().parse().ok()?;
                number as i64
            }
            _ => return None,
        };
        Some(percent.clamp(0, 100))
    }

    /// When the proxy took it, ms.
    pub(super) fn submitted_ms(self) -> Option<i64> {
        match self.0.get("submitTime")? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|ms| *ms > 0)
    }

    /// A list of links: strings, or objects with a `url`.
    pub(super) fn urls(self, name: &str) -> Vec<&'a str> {
        let items = self.0.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| text_of(item).or_else(|| item.get("url").and_then(text_of))).collect()
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
