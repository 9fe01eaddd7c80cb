//! `Prefer: wait=N` (RFC 7240; `contract/DECISIONS.md`, waiting).

use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use std::time::Duration;

/// The longest wait, seconds.
pub const WAIT_MAX_S: u64 = 60;

/// How long the caller wants the answer held, in whole seconds, at most [`WAIT_MAX_S`]. `None` when it
/// does not ask, or asks in a form that is none: a preference is never an error.
pub fn wait_of(headers: &HeaderMap) -> Option<u64> {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        if !name.trim().eq_ignore_ascii_case("wait") {
            return None;
        }
        value.trim().trim_matches('"').parse::<u64>().ok().map(|seconds| seconds.min(WAIT_MAX_S))
    })
}

/// The wait as a duration.
pub fn duration(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Says in the answer that the preference was honoured.
pub fn applied(mut response: Response, seconds: Option<u64>) -> Response {
    let value = seconds.and_then(|seconds| HeaderValue::from_str(&format!("wait={seconds}")).ok());
    if let Some(value) = value {
        response.headers_mut().insert("preference-applied", value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_read_wherever_it_stands() {
        for (text, seconds) in [
            ("wait=5", Some(5)),
            ("respond-async, Wait=\"7\"; foo", Some(7)),
            ("wait=600", Some(60)),
            ("wait=0", Some(0)),
            ("wait", None),
            ("wait=-1", None),
            ("wait=soon", None),
            ("handling=lenient", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", text.parse().expect("is a header value"));
            assert_eq!(wait_of(&headers), seconds, "{text}");
        }
    }
}
