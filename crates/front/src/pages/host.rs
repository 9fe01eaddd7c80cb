//! Whom a request was meant for. A name on the internet that resolves to 127.0.0.1 (DNS rebinding)
//! makes a browser talk to us with that page's rights; the Host header gives it away.

use crate::state::Front;
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

/// The Host of a request: the header, or the authority of an HTTP/2 request. `None` when there is none,
/// more than one, or two that differ.
pub(crate) fn of_request(request: &Request) -> Option<&str> {
    let mut given = request.headers().get_all(header::HOST).iter();
    let first = given.next();
    if given.next().is_some() {
        return None;
    }
    let authority = request.uri().authority().map(|a| a.as_str());
    match (first, authority) {
        (Some(host), None) => host.to_str().ok(),
        (Some(host), Some(authority)) => host.to_str().ok().filter(|host| *host == authority),
        (None, authority) => authority,
    }
}

/// Whether a request names a loopback host.
pub(crate) fn is_loopback_request(request: &Request) -> bool {
    of_request(request).is_some_and(is_loopback)
}

/// Whether `host` (perhaps with a port) is `localhost` or a loopback address literal.
pub(crate) fn is_loopback(host: &str) -> bool {
    let Some(name) = without_port(host) else { return false };
    if name.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let literal = name.strip_prefix('[').and_then(|n| n.strip_suffix(']')).unwrap_or(name);
    literal.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn without_port(host: &str) -> Option<&str> {
    let after_bracket = host.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = host[after_bracket..].find(':') else { return Some(host) };
    let (name, port) = host.split_at(after_bracket + colon);
    port[1..].bytes().all(|b| b.is_ascii_digit()).then_some(name)
}

/// In `dev`, the answer to a request whose Host is not loopback; `None` when it may go on.
pub(crate) fn refuse_foreign(front: &Front, request: &Request) -> Option<Response> {
    if front.settings.dev.is_none() || is_loopback_request(request) {
        return None;
    }
    let text = "in dev mode the pages answer to localhost and loopback addresses only\n";
    Some((StatusCode::MISDIRECTED_REQUEST, text).into_response())
}

/// Whether a request was made by a page of ours: if a browser says where it comes from, it is from here.
pub(crate) fn is_same_origin(headers: &HeaderMap, host: &str) -> bool {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let site = text("sec-fetch-site").is_none_or(|site| matches!(site, "same-origin"));
    let same = |origin: &str| {
        let authority = origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://"));
        authority.is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    };
    site && text("origin").is_none_or(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_names_and_literals_pass() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:80", "[::1]", "[::1]:8080"] {
            assert!(is_loopback(host), "{host}");
        }
        let foreign = [
            "",
            "evil.test",
            "localhost.evil.test",
            "127.0.0.1.nip.io",
            "127.0.0.1:80@evil.test",
            "10.0.0.1",
            "[::2]:1",
            "0.0.0.0",
            "2130706433",
            "localhost:x",
        ];
        for host in foreign {
            assert!(!is_loopback(host), "{host}");
        }
    }

    #[test]
    fn another_origin_is_told_from_ours() {
        let with = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, http::HeaderValue::from_static(value));
            headers
        };
        assert!(is_same_origin(&HeaderMap::new(), "localhost:1"));
        assert!(is_same_origin(&with("origin", "http://localhost:1"), "localhost:1"));
        assert!(!is_same_origin(&with("origin", "http://localhost:2"), "localhost:1"));
        assert!(!is_same_origin(&with("origin", "null"), "localhost:1"));
        assert!(!is_same_origin(&with("sec-fetch-site", "cross-site"), "localhost:1"));
        assert!(!is_same_origin(&with("sec-fetch-site", "same-site"), "localhost:1"));
    }
}
