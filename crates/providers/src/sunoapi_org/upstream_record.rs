//! A record as the vendor tells it (section 2.3), read with patience: anything may be null.

use serde_json::{Map, Value};

/// A record of songs or of lyrics.
#[derive(Debug, Clone, Copy)]
pub(super) struct UpstreamRecord<'a>(pub &'a Map<String, Value>);

impl<'a> UpstreamRecord<'a> {
    /// The vendor's id.
    pub(super) fn id(self) -> Option<&'a str> {
        self.0.get("taskId").and_then(text_of)
    }

    /// The status word, in upper case; `""` when there is none.
    pub(super) fn status(self) -> String {
        self.0.get("status").and_then(text_of).unwrap_or_default().to_ascii_uppercase()
    }

    /// `errorCode` as a number.
    pub(super) fn error_code(self) -> Option<i64> {
        match self.0.get("errorCode")? {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// `errorMessage`, `""` when none.
    pub(super) fn error_message(self) -> &'a str {
        self.0.get("errorMessage").and_then(text_of).unwrap_or_default()
    }

    /// The songs so far.
    pub(super) fn songs(self) -> Vec<Fields<'a>> {
        self.list(&["sunoData"])
    }

    /// The lyrics so far; the vendor's pages differ in what they call the list.
    pub(super) fn lyrics(self) -> Vec<Fields<'a>> {
        self.list(&["lyricsData", "data"])
    }

    fn list(self, names: &[&str]) -> Vec<Fields<'a>> {
        let Some(response) = self.0.get("response") else { return Vec::new() };
        let items = names.iter().find_map(|name| response.get(name)?.as_array());
        items.into_iter().flatten().filter_map(Value::as_object).map(Fields).collect()
    }
}

/// A song, or lyrics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    /// A field's text; `""` when there is none.
    pub(super) fn text(self, name: &str) -> &'a str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A field's number; numbers may be written as text.
    pub(super) fn number(self, name: &str) -> Option<f64> {
        match self.0.get(name)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
        .filter(|number| number.is_finite() && *number >= 0.0)
    }

    /// A whole number.
    pub(super) fn integer(self, name: &str) -> Option<i64> {
        self.0.get(name)?.as_i64()
    }

    /// The first of these fields that is a link.
    pub(super) fn url(self, names: &[&str]) -> Option<&'a str> {
        let is_web = |url: &&str| url.starts_with("https://") || url.starts_with("http://");
        names.iter().map(|name| self.text(name).trim()).find(is_web)
    }
}

fn text_of(value: &Value) -> Option<&str> {
    value.as_str().map(str::trim).filter(|text| !text.is_empty())
}
