//! A channel's settings for this protocol.

use serde_json::{Map, Value};

/// The usual host of buckets.
const STORAGE_BASE: &str = "https://storage.googleapis.com";

/// What the settings say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// `gs://bucket/prefix` without a slash at its end.
    pub storage_uri: Option<String>,
    /// Scheme and host of the bucket's API, without a slash at its end.
    pub storage_base: String,
}

impl Default for Options {
    fn default() -> Self {
        Self { storage_uri: None, storage_base: STORAGE_BASE.to_owned() }
    }
}

impl Options {
    /// Reads them; the error says what would be accepted.
    pub(super) fn read(options: &Map<String, Value>) -> Result<Self, String> {
        let mut read = Self::default();
        for (name, value) in options {
            let text = value.as_str().unwrap_or_default().trim_end_matches('/').to_owned();
            match name.as_str() {
                "storage_uri" if text.starts_with("gs://") && text.len() > 5 => read.storage_uri = Some(text),
                "storage_uri" => return Err("storage_uri has to be gs://bucket/prefix".to_owned()),
                "storage_base" if text.starts_with("https://") || text.starts_with("http://") => {
                    read.storage_base = text
                }
                "storage_base" => return Err("storage_base has to be an http or https URL".to_owned()),
                _ => return Err(format!("unknown option {name}; this dialect has storage_uri and storage_base")),
            }
        }
        Ok(read)
    }
}
