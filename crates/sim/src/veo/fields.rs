//! Fields of a body, of the type that the vendor wants; null counts as absent.

use crate::job::Refusal;
use serde_json::Value;

/// A field, unless it is absent or null.
pub(super) fn field<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

/// A text.
pub(super) fn text<'a>(body: &'a Value, name: &str) -> Result<Option<&'a str>, Refusal> {
    let Some(value) = field(body, name) else { return Ok(None) };
    value.as_str().map(Some).ok_or_else(|| wrong(name, "needs to be a string"))
}

/// A text that is one of `allowed`.
pub(super) fn choice<'a>(body: &'a Value, name: &str, allowed: &[&str]) -> Result<Option<&'a str>, Refusal> {
    match text(body, name)? {
        Some(word) if !allowed.contains(&word) => {
            Err(wrong(name, &format!("needs to be one of {}", allowed.join(", "))))
        }
        given => Ok(given),
    }
}

/// A whole number; one in quotes is refused (section A2).
pub(super) fn number(body: &Value, name: &str) -> Result<Option<i64>, Refusal> {
    let Some(value) = field(body, name) else { return Ok(None) };
    let whole = || value.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as i64);
    value.as_i64().or_else(whole).map(Some).ok_or_else(|| wrong(name, "needs to be a number"))
}

/// True or false.
pub(super) fn flag(body: &Value, name: &str) -> Result<Option<bool>, Refusal> {
    let Some(value) = field(body, name) else { return Ok(None) };
    value.as_bool().map(Some).ok_or_else(|| wrong(name, "needs to be a boolean"))
}

/// A complaint about a field.
pub(super) fn wrong(name: &str, why: &str) -> Refusal {
    Refusal::Invalid(format!("The value of `{name}` {why}."))
}
