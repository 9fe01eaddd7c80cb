//! A channel's settings for this protocol.

use crate::dialect::Account;
use crate::http_call::{JSON, bearer};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Map, Value};

/// Azure's header (`upstream/sora.md`, section 1).
const API_KEY: HeaderName = HeaderName::from_static("api-key");

/// What the settings say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Options {
    /// Whether submissions go as JSON and not as a form.
    pub json: bool,
    /// Whether the key goes in Azure's header.
    pub api_key: bool,
    /// Whether thumbnails are copied too.
    pub thumbnail: bool,
}

impl Options {
    /// Reads them; the error says what would be accepted.
    pub(super) fn read(options: &Map<String, Value>) -> Result<Self, String> {
        let mut read = Self::default();
        for (name, value) in options {
            match (name.as_str(), value) {
                ("body", Value::String(word)) if word == "form" || word == "json" => read.json = word == "json",
                ("body", _) => return Err("body has to be form or json".to_owned()),
                ("auth", Value::String(word)) if word == "bearer" || word == "api-key" => {
                    read.api_key = word == "api-key"
                }
                ("auth", _) => return Err("auth has to be bearer or api-key".to_owned()),
                ("thumbnail", Value::Bool(flag)) => read.thumbnail = *flag,
                ("thumbnail", _) => return Err("thumbnail has to be true or false".to_owned()),
                _ => return Err(format!("unknown option {name}; this dialect has body, auth and thumbnail")),
            }
        }
        Ok(read)
    }
}

/// Headers with the account's key.
pub(super) fn headers(account: Account<'_>) -> HeaderMap {
    if !Options::read(account.options).unwrap_or_default().api_key {
        return bearer(account.key);
    }
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, JSON);
    if let Ok(mut value) = HeaderValue::from_str(account.key.expose())
        && !account.key.is_empty()
    {
        value.set_sensitive(true);
        headers.insert(API_KEY, value);
    }
    headers
}
