//! Values that only this contract spells in several ways.

use crate::fields::Fields;
use crate::problem::Problem;
use serde_json::Value;

/// `on`, `off`, true or false, in any letter case; `""` is absent.
pub(super) fn sound(fields: &mut Fields<'_>) -> Result<Option<bool>, Problem> {
    let refused = || Problem::invalid("sound", "sound has to be on or off; true and false are accepted too");
    match fields.value("sound") {
        None => Ok(None),
        Some(Value::Bool(sound)) => Ok(Some(*sound)),
        Some(Value::String(word)) => match word.trim().to_ascii_lowercase().as_str() {
            "" => Ok(None),
            "on" | "true" => Ok(Some(true)),
            "off" | "false" => Ok(Some(false)),
            _ => Err(refused()),
        },
        Some(_) => Err(refused()),
    }
}

/// 400 unless the field is absent, a number, or a number as text.
pub(super) fn check_number(fields: &mut Fields<'_>, name: &'static str) -> Result<(), Problem> {
    let is_number = match fields.value(name) {
        None | Some(Value::Number(_)) => true,
        Some(Value::String(text)) => text.is_empty() || text.trim().parse::<f64>().is_ok_and(f64::is_finite),
        Some(_) => false,
    };
    if is_number { Ok(()) } else { Err(Problem::invalid(name, format!("{name} has to be a number"))) }
}

/// The named resolution that a mode stands for (`upstream/kling.md` section 5 has both words side by side).
pub(super) fn resolution_of(mode: &str) -> Option<&'static str> {
    match mode {
        "std" => Some("720p"),
        "pro" => Some("1080p"),
        "4k" => Some("4k"),
        _ => None,
    }
}
