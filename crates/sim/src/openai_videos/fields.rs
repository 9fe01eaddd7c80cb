//! Fields of a body, JSON or form, of the type that the vendor wants.

use crate::job::Refusal;
use serde_json::Value;

/// How a complaint about a field of the wrong type ends (code `invalid_type`, section 2).
pub(super) const WRONG_TYPE: &str = "has the wrong type";

/// A text; absent and null are the same.
pub(super) fn text<'a>(body: &'a Value, name: &str) -> Result<Option<&'a str>, Refusal> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(wrong(name, WRONG_TYPE)),
    }
}

/// A complaint about a field.
pub(super) fn wrong(name: &str, why: &str) -> Refusal {
    Refusal::Invalid(format!("{name} {why}"))
}
