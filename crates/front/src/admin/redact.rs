//! Takes out of JSON what an operator's screen must not show: the paths and queries of URLs, which may
//! be signed, and fields that hold credentials.

use serde_json::Value;

/// Field names whose values are never shown, compared without case, `-` and `_`.
const SECRET_FIELDS: [&str; 9] =
    ["authorization", "apikey", "key", "secret", "token", "accesstoken", "password", "mjapisecret", "hooksecret"];

/// The longest text that is shown whole; beyond it only its length is told.
const TEXT_MAX_CHARACTERS: usize = 4_000;

/// A copy of `value` without secrets: URLs keep scheme and host only.
pub fn redact(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact_text(text)),
        Value::Array(items) => Value::Array(items.iter().map(redact).collect()),
        Value::Object(fields) => {
            let shown = |(name, value): (&String, &Value)| {
                let value = if is_secret(name) && !value.is_null() { Value::from("[secret]") } else { redact(value) };
                (name.clone(), value)
            };
            Value::Object(fields.iter().map(shown).collect())
        }
        other => other.clone(),
    }
}

fn is_secret(field: &str) -> bool {
    let plain: String = field.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    SECRET_FIELDS.contains(&plain.as_str())
}

/// A copy of `text` in which every URL is cut after its host, user info dropped; `data:` text and very
/// long text is told by its length.
pub fn redact_text(text: &str) -> String {
    if text.starts_with("data:") {
        return format!("[data URI of {} bytes]", text.len());
    }
    if text.len() > TEXT_MAX_CHARACTERS {
        return format!("[text of {} bytes]", text.len());
    }
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, url) = rest.split_at(at + 3);
        shown.push_str(before);
        let end = url.find(|c: char| c.is_whitespace() || "\"'<>()[]{}\\,;".contains(c)).unwrap_or(url.len());
        let (url, after) = url.split_at(end);
        let authority_end = url.find(['/', '?', '#']).unwrap_or(url.len());
        let (authority, path) = url.split_at(authority_end);
        shown.push_str(authority.rsplit_once('@').map_or(authority, |(_, host)| host));
        if path.len() > 1 {
            shown.push_str("/…");
        }
        rest = after;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn urls_lose_their_paths_and_fields_of_secrets_their_values() {
        let shown = redact(&json!({
            "note": "GET https://u:p@cdn.vendor.test/a.png?sig=1 failed, see http://x.test/",
            "API-Key": "k-1",
            "list": [{ "imageUrl": "https://cdn.vendor.test/b?sig=2" }, 7, null],
        }));
        assert_eq!(
            shown,
            json!({
                "note": "GET https://cdn.vendor.test/… failed, see http://x.test",
                "API-Key": "[secret]",
                "list": [{ "imageUrl": "https://cdn.vendor.test/…" }, 7, null],
            })
        );
    }

    #[test]
    fn files_in_text_are_told_by_their_length() {
        assert_eq!(redact_text("data:image/png;base64,AAAA"), "[data URI of 26 bytes]");
        assert_eq!(redact_text(&"x".repeat(5_000)), "[text of 5000 bytes]");
        assert_eq!(redact_text("a plain prompt"), "a plain prompt");
    }
}
