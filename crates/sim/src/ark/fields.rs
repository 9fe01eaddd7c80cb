//! Fields of a body, of the type that the vendor wants; an explicit null counts as absent (the SDK sends
//! every option that is not set as one: `upstream/sdk-requests.md`, 0.1, fact 9).

use crate::job::Refusal;
use serde_json::Value;

/// How a complaint about a missing field ends.
pub(super) const MISSING: &str = "is missing";

/// A field, unless it is absent or null.
pub(super) fn field<'a>(body: &'a Value, name: &str) -> Option<&'a Value> {
    body.get(name).filter(|value| !value.is_null())
}

/// A text.
pub(super) fn text<'a>(body: &'a Value, name: &str) -> Result<Option<&'a str>, Refusal> {
    read(body, name, "a string", Value::as_str)
}

/// A whole number; a number in quotes is none.
pub(super) fn number(body: &Value, name: &str) -> Result<Option<i64>, Refusal> {
    read(body, name, "an integer", Value::as_i64)
}

/// True or false.
pub(super) fn flag(body: &Value, name: &str) -> Result<Option<bool>, Refusal> {
    read(body, name, "a boolean", Value::as_bool)
}

/// A text that is one of `allowed`.
pub(super) fn choice<'a>(body: &'a Value, name: &str, allowed: &[&str]) -> Result<Option<&'a str>, Refusal> {
    let given = text(body, name)?;
    match given {
        Some(word) if !allowed.contains(&word) => Err(wrong(name, &format!("must be one of {}", allowed.join(", ")))),
        _ => Ok(given),
    }
}

/// A complaint about a field.
pub(super) fn wrong(name: &str, why: &str) -> Refusal {
    Refusal::Invalid(format!("{name} {why}"))
}

/// The complaint that a field is not there.
pub(super) fn missing(name: &str) -> Refusal {
    wrong(name, MISSING)
}

fn read<'a, T>(
    body: &'a Value,
    name: &str,
    kind: &str,
    as_kind: impl Fn(&'a Value) -> Option<T>,
) -> Result<Option<T>, Refusal> {
    let Some(value) = field(body, name) else { return Ok(None) };
    as_kind(value).map(Some).ok_or_else(|| wrong(name, &format!("must be {kind}")))
}
