//! When two submissions are one: an `Idempotency-Key`, or an SDK that says it repeats itself
//! (`contract/DECISIONS.md`, idempotency and SDK retries).

use crate::api::Api;
use crate::asked::Asked;
use crate::auth::hex;
use contracts::{Body, Problem};
use serde_json::Value;
use sha2::{Digest, Sha256};

/// The most characters of an `Idempotency-Key`.
pub const KEY_MAX_CHARS: usize = 255;

/// How long a submission without a key is remembered for an SDK that repeats it, ms.
pub const SDK_RETRY_MS: i64 = 60_000;

/// Equal submissions that an SDK makes on purpose within [`SDK_RETRY_MS`] and that can be told apart.
pub const SDK_COPIES_MAX: u32 = 32;

/// What Stainless SDKs count their retries in.
const RETRY_COUNT: &str = "x-stainless-retry-count";

/// How a submission may be recognised.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Route and key; the ledger adds the token.
    pub scope: String,
    /// Hash of the parsed body.
    pub body_hash: String,
    /// When it is forgotten, ms.
    pub expires_ms: i64,
    /// What kind of rule it is.
    pub kind: RuleKind,
}

/// What says that two submissions are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RuleKind {
    /// The caller's key.
    Key,
    /// The body, and this is a first try: an equal one from before is another submission.
    FirstTry,
    /// The same from a caller who does not count tries: remembered in this process only.
    Plain,
    /// The body, and this is a repetition.
    Retry,
}

impl Rule {
    /// The rule of a request. 400 for a bad key.
    pub fn of(api: &Api, asked: &Asked, now_ms: i64) -> Result<Self, Problem> {
        let route = format!("{} {}", asked.route.method, asked.path.trim_end_matches('/'));
        if let Some(key) = asked.headers.get("idempotency-key") {
            let key = key.to_str().ok().map(str::trim).filter(|key| key.chars().count() <= KEY_MAX_CHARS);
            let Some(key) = key else {
                let message = format!("Idempotency-Key has to be at most {KEY_MAX_CHARS} visible ASCII characters");
                return Err(Problem::invalid("Idempotency-Key", message));
            };
            if !key.is_empty() {
                let expires_ms = now_ms + api.front.settings.idempotency_ms;
                let (scope, body_hash) = (format!("{route} key:{key}"), body_hash(asked.body()));
                return Ok(Self { scope, body_hash, expires_ms, kind: RuleKind::Key });
            }
        }
        let retries = asked.headers.get(RETRY_COUNT).map(|count| {
            let count = count.to_str().ok().and_then(|text| text.trim().parse::<u32>().ok());
            count.unwrap_or(0)
        });
        let kind = match retries {
            None => RuleKind::Plain,
            Some(0) => RuleKind::FirstTry,
            Some(_) => RuleKind::Retry,
        };
        let body_hash = body_hash(asked.body());
        let scope = format!("{route} sdk:{body_hash}");
        Ok(Self { scope, body_hash, expires_ms: now_ms + SDK_RETRY_MS, kind })
    }

    /// Whether an earlier equal submission is this one.
    pub fn repeats(&self) -> bool {
        matches!(self.kind, RuleKind::Key | RuleKind::Retry)
    }

    /// Every scope under which the ledger may know it.
    pub fn scopes(&self) -> Vec<String> {
        let copies = if self.kind == RuleKind::Key { 1 } else { SDK_COPIES_MAX };
        (0..copies).map(|copy| self.scope_of(copy)).collect()
    }

    /// The ledger's scope of the `copy`-th equal submission.
    pub fn scope_of(&self, copy: u32) -> String {
        if copy == 0 { self.scope.clone() } else { format!("{}#{copy}", self.scope) }
    }
}

/// SHA-256 over the parsed body: the order of members and white space do not count.
pub fn body_hash(body: &Body) -> String {
    let mut hasher = Sha256::new();
    match body {
        Body::Empty => hasher.update(b"empty"),
        Body::Json(value) => hash_value(value, &mut hasher),
        Body::Form(texts, files) => {
            for (name, text) in texts {
                hash_text(b't', name, &mut hasher);
                hash_text(b'v', text, &mut hasher);
            }
            for file in files {
                hash_text(b'f', &file.field, &mut hasher);
                hasher.update((file.bytes.len() as u64).to_be_bytes());
                hasher.update(&file.bytes);
            }
        }
    }
    hex(&hasher.finalize())
}

fn hash_value(value: &Value, hasher: &mut Sha256) {
    match value {
        Value::Null => hasher.update(b"n"),
        Value::Bool(flag) => hasher.update(if *flag { b"T" } else { b"F" }),
        Value::Number(number) => hash_text(b'#', &number.to_string(), hasher),
        Value::String(text) => hash_text(b'"', text, hasher),
        Value::Array(items) => {
            hasher.update(b"[");
            hasher.update((items.len() as u64).to_be_bytes());
            items.iter().for_each(|item| hash_value(item, hasher));
        }
        Value::Object(members) => {
            hasher.update(b"{");
            hasher.update((members.len() as u64).to_be_bytes());
            let mut members: Vec<(&String, &Value)> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            for (name, value) in members {
                hash_text(b':', name, hasher);
                hash_value(value, hasher);
            }
        }
    }
}

/// With its length before it, so that no two sequences of texts look alike.
fn hash_text(tag: u8, text: &str, hasher: &mut Sha256) {
    hasher.update([tag]);
    hasher.update((text.len() as u64).to_be_bytes());
    hasher.update(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::from_str;

    fn hash(text: &str) -> String {
        body_hash(&Body::Json(from_str(text).expect("is JSON")))
    }

    #[test]
    fn only_what_was_said_counts() {
        assert_eq!(hash(r#"{"a":1,"b":[true,null]}"#), hash("{ \"b\" : [true, null],\n\"a\":1 }"));
        for (a, b) in [
            (r#"{"a":1}"#, r#"{"a":2}"#),
            (r#"{"a":"1"}"#, r#"{"a":1}"#),
            (r#"["ab","c"]"#, r#"["a","bc"]"#),
            (r#"[[1],2]"#, r#"[[1,2]]"#),
            (r#"{"a":null}"#, r#"{}"#),
        ] {
            assert_ne!(hash(a), hash(b), "{a} {b}");
        }
    }
}
