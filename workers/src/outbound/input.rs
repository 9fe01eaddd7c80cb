//! Gets hold of a task's inputs before the first byte goes out: what can't be had or decoded must cost nothing.

use super::Outbound;
use super::deadline::{Limits, collect, millis};
use super::download::Journey;
use super::target;
use super::wire::{WireError, WireErrorKind};
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use base64::engine::{DecodePaddingMode, Engine};
use bytes::Bytes;
use http::{HeaderMap, Method, header};
use std::borrow::Cow;
use store::StoreError;
use task::{Input, InputData};
use tokio::time::Instant;

/// Base64 as callers write it: padded or not, with stray bits at its end.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What bytes are called that nobody has a name for.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// An input that is at hand.
#[derive(Debug, Clone)]
pub(super) enum Material {
    /// In memory.
    Held {
        /// The bytes.
        bytes: Bytes,
        /// Their base64 text, when the caller gave them so and it can go on as it is.
        base64: Option<Bytes>,
        /// What they are.
        content_type: String,
    },
    /// In the store, to be streamed from there.
    Stored {
        /// Key in the store.
        key: String,
        /// Length.
        bytes: u64,
        /// What they are.
        content_type: String,
    },
}

/// What fetching the inputs of one call may still take.
#[derive(Debug)]
pub(super) struct FetchBudget {
    pub(super) bytes_left: usize,
    pub(super) until: Instant,
}

impl Outbound {
    /// Gets hold of one input.
    pub(super) async fn obtain(&self, input: &Input, budget: &mut FetchBudget) -> Result<Material, WireError> {
        match &input.data {
            InputData::Inline(text) => decode(text),
            InputData::Stored { key, content_type, .. } => self.find_stored(key, content_type).await,
            InputData::Url(text) => self.fetch_input(text, budget).await,
            InputData::Broken(reason) => Err(bad(reason.clone())),
            InputData::Bytes(bytes) => held(bytes.clone()),
        }
    }

    async fn find_stored(&self, key: &str, content_type: &str) -> Result<Material, WireError> {
        let meta = self.store.head(key).await.map_err(|error| match error {
            StoreError::Missing | StoreError::BadKey => bad("it is no longer stored"),
            other => WireError::before(WireErrorKind::Store, other.to_string()),
        })?;
        let content_type = media_type(content_type).unwrap_or(UNKNOWN_TYPE).to_owned();
        Ok(Material::Stored { key: key.to_owned(), bytes: meta.bytes, content_type })
    }

    async fn fetch_input(&self, text: &str, budget: &mut FetchBudget) -> Result<Material, WireError> {
        let url = target::given(text).map_err(|_| bad("its URL is no plain http or https URL"))?;
        let origin = target::label(&url);
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, header::HeaderValue::from_static("*/*"));
        headers.insert(header::USER_AGENT, header::HeaderValue::from_static("Backlot"));
        let journey = Journey {
            base: None,
            ranges: &self.settings.input_ranges,
            connect_timeout_ms: self.settings.connect_timeout_ms,
            header_timeout_ms: self.settings.input_timeout_ms,
            until: budget.until,
        };
        let response = self.travel(Method::GET, url, headers, None, journey).await.map_err(|e| told(&origin, &e))?;
        if !(200..300).contains(&response.status) {
            return Err(bad(format!("{origin} answered {}", response.status)));
        }
        let stated = response.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let stated = stated.and_then(media_type).map(str::to_owned);
        let idle = millis(self.settings.connect_timeout_ms);
        let limits = Limits { max_bytes: budget.bytes_left as u64, idle, until: budget.until };
        let bytes = collect(response.body, limits).await.map_err(|e| told(&origin, &e))?;
        if bytes.is_empty() {
            return Err(bad(format!("{origin} answered with nothing")));
        }
        budget.bytes_left -= bytes.len();
        let content_type = sniffed(&bytes).map(str::to_owned).or(stated).unwrap_or_else(|| UNKNOWN_TYPE.to_owned());
        Ok(Material::Held { bytes, base64: None, content_type })
    }
}

/// Bytes that need no decoding.
fn held(bytes: Bytes) -> Result<Material, WireError> {
    if bytes.is_empty() {
        return Err(bad("it is empty"));
    }
    let content_type = sniffed(&bytes).unwrap_or(UNKNOWN_TYPE).to_owned();
    Ok(Material::Held { bytes, base64: None, content_type })
}

/// Decodes base64, with or without `data:…;base64,` in front.
pub(super) fn decode(text: &str) -> Result<Material, WireError> {
    let text = text.trim();
    let (stated, encoded) = match text.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("data:") => {
            let (head, encoded) = text[5..].split_once(',').ok_or_else(|| bad("it is no data URI"))?;
            let kind = head.strip_suffix(";base64").ok_or_else(|| bad("its data URI is not base64"))?;
            (media_type(kind), encoded)
        }
        _ => (None, text),
    };
    // A text that is base64 to the letter goes on as it is; anything looser is written anew.
    let (bytes, base64) = match STANDARD.decode(encoded) {
        Ok(bytes) => (bytes, Some(Bytes::copy_from_slice(encoded.as_bytes()))),
        Err(_) => (LENIENT.decode(&*tidied(encoded)).map_err(|_| bad("it is no base64"))?, None),
    };
    if bytes.is_empty() {
        return Err(bad("it is empty"));
    }
    let content_type = sniffed(&bytes).or(stated).unwrap_or(UNKNOWN_TYPE).to_owned();
    Ok(Material::Held { bytes: Bytes::from(bytes), base64, content_type })
}

/// The text without white space, and in the standard alphabet.
fn tidied(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte.is_ascii_whitespace() || matches!(byte, b'-' | b'_')) {
        return Cow::Borrowed(text);
    }
    let standard = |c| match c {
        '-' => '+',
        '_' => '/',
        other => other,
    };
    Cow::Owned(text.chars().filter(|c| !c.is_ascii_whitespace()).map(standard).collect())
}

/// What the bytes themselves say they are.
fn sniffed(bytes: &[u8]) -> Option<&'static str> {
    infer::get(bytes).map(|kind| kind.mime_type())
}

/// The media type at the beginning of a text, without parameters; `None` for a text that has none. Nothing
/// but letters, digits and `.+-` passes: the type is written into JSON bodies as it is.
fn media_type(text: &str) -> Option<&str> {
    let essence = text.split(';').next().unwrap_or_default().trim();
    let (kind, subkind) = essence.split_once('/')?;
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-'))
    };
    (is_token(kind) && is_token(subkind)).then_some(essence)
}

/// An input that no retry makes better. The words may be shown to the caller.
pub(super) fn bad(why: impl Into<String>) -> WireError {
    WireError::before(WireErrorKind::Input, why)
}

/// What the caller is told of an input that could not be fetched: nothing about our network.
fn told(origin: &str, error: &WireError) -> WireError {
    bad(match error.kind {
        WireErrorKind::Address => format!("{origin}, or where it leads, is not a public address"),
        WireErrorKind::TooLarge => format!("what {origin} holds is too large"),
        WireErrorKind::Timeout => format!("{origin} did not answer in time"),
        _ => format!("{origin} could not be reached"),
    })
}
