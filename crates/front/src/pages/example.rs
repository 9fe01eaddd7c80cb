//! Lines for a shell, ready to be pasted.

use serde_json::Value;
use std::path::PathBuf;

/// The longest JSON body that stands on one line.
const ONE_LINE_MAX_BYTES: usize = 72;

/// Where a shell finds the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Auth {
    /// In this file.
    File(PathBuf),
    /// In this environment variable.
    Variable(&'static str),
    /// The route takes none.
    None,
}

impl Auth {
    fn header(&self) -> Option<String> {
        match self {
            Self::File(path) => {
                Some(format!("\"Authorization: Bearer $(cat {})\"", quote(&path.display().to_string())))
            }
            Self::Variable(name) => Some(format!("\"Authorization: Bearer ${name}\"")),
            Self::None => None,
        }
    }
}

/// A curl command for one request; `body` null for none. A short body stands on one line.
pub(super) fn curl(method: &str, url: &str, auth: &Auth, body: &Value) -> String {
    let mut lines = vec![match (method, body) {
        ("GET", _) => format!("curl {}", quote(url)),
        ("POST", body) if !body.is_null() => format!("curl {}", quote(url)),
        _ => format!("curl -X {method} {}", quote(url)),
    }];
    if let Some(header) = auth.header() {
        lines.push(format!("-H {header}"));
    }
    if !body.is_null() {
        lines.push("-H 'Content-Type: application/json'".to_owned());
        let short = body.to_string();
        let is_long = short.len() > ONE_LINE_MAX_BYTES;
        let text = if is_long { serde_json::to_string_pretty(body).unwrap_or(short) } else { short };
        lines.push(format!("-d {}", quote(&text)));
    }
    lines.join(" \\\n  ")
}

/// One word for a POSIX shell: as it is when nothing in it means anything there, else in single quotes.
pub(super) fn quote(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:@%+=".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_pasted_is_one_command_with_quoted_words() {
        let auth = Auth::File(PathBuf::from("/tmp/my data/it's/token"));
        let line = curl("POST", "http://localhost:8080/x", &auth, &json!({ "prompt": "it's" }));
        let expected = "curl http://localhost:8080/x \\\n  \
            -H \"Authorization: Bearer $(cat '/tmp/my data/it'\\''s/token')\" \\\n  \
            -H 'Content-Type: application/json' \\\n  \
            -d '{\"prompt\":\"it'\\''s\"}'";
        assert_eq!(line, expected);
        assert_eq!(
            curl("DELETE", "http://h/x?a=1&b=2", &Auth::None, &Value::Null),
            "curl -X DELETE 'http://h/x?a=1&b=2'"
        );
    }
}
