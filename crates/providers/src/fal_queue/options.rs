//! A channel's settings for this protocol.

use crate::dialect::Account;
use crate::http_call::JSON;
use http::header::{ACCEPT, AUTHORIZATION};
use http::{HeaderMap, HeaderValue};
use serde_json::{Map, Value};

/// What the settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Options {
    /// Whether Sora's films stay with the vendor, so that they can be remixed.
    pub keep_films: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { keep_films: true }
    }
}

impl Options {
    /// Reads them; the error says what would be accepted.
    pub(super) fn read(options: &Map<String, Value>) -> Result<Self, String> {
        let mut read = Self::default();
        for (name, value) in options {
            match (name.as_str(), value) {
                ("keep_films", Value::Bool(flag)) => read.keep_films = *flag,
                ("keep_films", _) => return Err("keep_films has to be true or false".to_owned()),
                _ => return Err(format!("unknown option {name}; this dialect has keep_films")),
            }
        }
        Ok(read)
    }
}

/// `Authorization: Key …` (section 1).
pub(super) fn headers(account: Account<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, JSON);
    if !account.key.is_empty()
        && let Ok(mut value) = HeaderValue::from_str(&format!("Key {}", account.key.expose()))
    {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    headers
}
