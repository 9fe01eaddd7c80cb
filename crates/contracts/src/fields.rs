//! A tolerant reader for the fields of a JSON body (`contract/DECISIONS.md`, request tolerance).
//!
//! `null` is absent; so is `""` in an optional field; `"5"` stands for 5 and `"true"` for true; any
//! other type is refused with the field's name and what would be accepted. What nobody asked for
//! stays raw.

use crate::family::Body;
use crate::problem::Problem;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// The most bytes of unknown fields that are kept, written as JSON.
pub const REST_MAX_BYTES: usize = 64 * 1024;

/// The fields of one JSON object, and which of them have been read.
#[derive(Debug)]
pub struct Fields<'a> {
    object: &'a Map<String, Value>,
    taken: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// The fields of `object`.
    pub fn new(object: &'a Map<String, Value>) -> Self {
        Self { object, taken: Vec::new() }
    }

    /// The fields of a body. 400 when it is empty or no object, 415 when it is a form.
    pub fn of(body: &'a Body) -> Result<Self, Problem> {
        match body {
            Body::Json(Value::Object(object)) => Ok(Self::new(object)),
            Body::Json(other) => {
                let message = format!("the body is {}; it has to be a JSON object", type_name(other));
                Err(Problem::refused("invalid_request", message))
            }
            Body::Empty => Err(Problem::invalid_json("the body is empty; it has to be a JSON object")),
            Body::Form(..) => Err(Problem::unsupported_media_type("this route takes application/json")),
        }
    }

    /// The raw value; `null` is absent.
    pub fn value(&mut self, name: &'static str) -> Option<&'a Value> {
        self.taken.push(name);
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Leaves these fields out of [`Fields::rest`] though nobody reads them.
    pub fn drop_unread(&mut self, names: &[&'static str]) {
        self.taken.extend_from_slice(names);
    }

    /// A text without a limit of its own (base64); `""` is absent.
    pub fn long_text(&mut self, name: &'static str) -> Result<Option<&'a str>, Problem> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str()).filter(|text| !text.is_empty())),
            Some(other) => Err(wrong(name, other, "a string")),
        }
    }

    /// A text of at most `max_chars` characters, none of them NUL (no text column of the ledger can
    /// hold one); `""` is absent.
    pub fn text(&mut self, name: &'static str, max_chars: usize) -> Result<Option<&'a str>, Problem> {
        let Some(text) = self.long_text(name)? else { return Ok(None) };
        check_text(name, text, max_chars)?;
        Ok(Some(text))
    }

    /// A text that has to be there and to hold more than white space.
    pub fn required_text(&mut self, name: &'static str, max_chars: usize) -> Result<&'a str, Problem> {
        let missing = || Problem::invalid(name, format!("{name} is required: a string of 1 to {max_chars} characters"));
        self.text(name, max_chars)?.filter(|text| !text.trim().is_empty()).ok_or_else(missing)
    }

    /// One of these words, in any letter case; given back as it stands in `accepted`.
    pub fn word(&mut self, name: &'static str, accepted: &[&'static str]) -> Result<Option<&'static str>, Problem> {
        let expected = || format!("one of {}", accepted.join(", "));
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(Value::String(text)) => {
                let known = accepted.iter().find(|word| word.eq_ignore_ascii_case(text));
                let refused = || Problem::invalid(name, format!("{name} has to be {}", expected()));
                known.map(|word| Some(*word)).ok_or_else(refused)
            }
            Some(other) => Err(wrong(name, other, &expected())),
        }
    }

    /// A whole number within `range`; `"5"` and `5.0` stand for 5.
    pub fn integer(&mut self, name: &'static str, range: RangeInclusive<i64>) -> Result<Option<i64>, Problem> {
        let expected = format!("an integer from {} to {}", range.start(), range.end());
        let number = match self.value(name) {
            None => return Ok(None),
            Some(Value::String(text)) if text.is_empty() => return Ok(None),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(Value::Number(number)) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Some(other) => return Err(wrong(name, other, &expected)),
        };
        let within = number.filter(|number| range.contains(number));
        within.map(Some).ok_or_else(|| Problem::invalid(name, format!("{name} has to be {expected}")))
    }

    /// Yes or no; `"true"` and `"false"` too.
    pub fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Problem> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(Value::String(text)) => match text.as_str() {
                "" => Ok(None),
                "true" => Ok(Some(true)),
                "false" => Ok(Some(false)),
                _ => Err(Problem::invalid(name, format!("{name} has to be true or false"))),
            },
            Some(other) => Err(wrong(name, other, "true or false")),
        }
    }

    /// An array; `""` is absent.
    pub fn array(&mut self, name: &'static str) -> Result<Option<&'a [Value]>, Problem> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(other) => Err(wrong(name, other, "an array")),
        }
    }

    /// An array of strings; items that are `null` or `""` are absent.
    pub fn texts(&mut self, name: &'static str) -> Result<Option<Vec<&'a str>>, Problem> {
        let Some(items) = self.array(name)? else { return Ok(None) };
        let mut texts = Vec::with_capacity(items.len());
        for (place, item) in items.iter().enumerate() {
            match item {
                Value::Null => {}
                Value::String(text) if text.is_empty() => {}
                Value::String(text) => texts.push(text.as_str()),
                other => return Err(wrong(&format!("{name}[{place}]"), other, "a string")),
            }
        }
        Ok(Some(texts))
    }

    /// An object, kept raw; `""` is absent.
    pub fn object(&mut self, name: &'static str) -> Result<Option<&'a Map<String, Value>>, Problem> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(object)) => Ok(Some(object)),
            Some(Value::String(text)) if text.is_empty() => Ok(None),
            Some(other) => Err(wrong(name, other, "an object")),
        }
    }

    /// Every field that nobody has read, raw; 413 when they are more than [`REST_MAX_BYTES`].
    pub fn rest(&self) -> Result<Map<String, Value>, Problem> {
        let unread = |(name, value): &(&String, &Value)| !value.is_null() && !self.taken.contains(&name.as_str());
        let rest: Map<_, _> =
            self.object.iter().filter(unread).map(|(name, value)| (name.clone(), value.clone())).collect();
        let bytes = serde_json::to_vec(&rest).map_or(usize::MAX, |json| json.len());
        if bytes > REST_MAX_BYTES {
            let message = format!("fields that this route does not know take more than {REST_MAX_BYTES} bytes");
            return Err(Problem::too_large(None, message));
        }
        Ok(rest)
    }
}

/// 400 when `text` is longer than `max_chars` characters or holds a NUL.
pub fn check_text(field: &str, text: &str, max_chars: usize) -> Result<(), Problem> {
    if text.contains('\0') {
        return Err(Problem::invalid(field, format!("{field} must not hold a NUL character")));
    }
    if text.chars().count() > max_chars {
        return Err(Problem::invalid(field, format!("{field} is too long: at most {max_chars} characters")));
    }
    Ok(())
}

fn wrong(field: &str, value: &Value, expected: &str) -> Problem {
    Problem::invalid(field, format!("{field} is {}; it has to be {expected}", type_name(value)))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A float without a fraction, within the integers that a float can hold exactly, so that the cast
/// cuts nothing off.
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

#[cfg(test)]
#[path = "fields_tests.rs"]
mod tests;
