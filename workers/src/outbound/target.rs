//! From what a dialect names to a URL that may be followed.

use super::wire::{Reach, WireError, WireErrorKind};
use http::header::{AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION};
use http::{HeaderMap, HeaderName};
use providers::Target;
use std::net::IpAddr;
use std::sync::Arc;
use task::AddressRanges;
use url::{Host, Url};

/// Ports below 1024 that a URL out of a caller's or a vendor's hand may name.
const LOW_PORTS: [u16; 2] = [80, 443];

/// Ports from 1024 on that it may not: well-known doors of databases and of machines themselves.
const REFUSED_PORTS: [u16; 15] =
    [1433, 1521, 2049, 2375, 2376, 2379, 2380, 3306, 3389, 5432, 5900, 6379, 9042, 11_211, 27_017];

/// Headers that carry credentials by their very name, marked or not.
const CREDENTIAL_HEADERS: [HeaderName; 3] = [AUTHORIZATION, PROXY_AUTHORIZATION, COOKIE];

/// A channel's base URL.
pub(super) fn base(text: &str) -> Result<Url, WireError> {
    let url = Url::parse(text).map_err(|_| refused("the channel's base URL is no URL"))?;
    check_form(&url)?;
    Ok(url)
}

/// The URL that a target names. A path is appended to the path prefix of `base`, and can't leave its origin.
pub(super) fn url_of(base: &Url, target: &Target) -> Result<Url, WireError> {
    match target {
        Target::Base(path) => {
            let mut url = base.clone();
            let (path, query) = path.split_once('?').map_or((path.as_str(), None), |(path, query)| (path, Some(query)));
            let prefix = base.path().trim_end_matches('/');
            url.set_path(&format!("{prefix}/{}", path.trim_start_matches('/')));
            url.set_query(query);
            url.set_fragment(None);
            Ok(url)
        }
        Target::FromAnswer(text) | Target::Configured(text) => given(text),
    }
}

/// The URL whose origin a request is at home at: any address, and the credentials. It is the channel's
/// base, unless dialect or operator named the whole URL.
pub(super) fn home<'a>(base: &'a Url, target: &Target, url: &'a Url) -> &'a Url {
    match target {
        Target::Configured(_) => url,
        Target::Base(_) | Target::FromAnswer(_) => base,
    }
}

/// From how far away a host can be reached, as far as its name or address tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Scope {
    /// From the same machine.
    Machine,
    /// From the same network.
    Network,
    /// From anywhere.
    World,
}

/// From how far away the host of `url` can be reached.
pub(super) fn scope(url: &Url) -> Scope {
    match (literal(url), url.host_str().unwrap_or_default().trim_end_matches('.')) {
        (Some(address), _) if address.is_loopback() || address.is_unspecified() => Scope::Machine,
        (Some(address), _) if !AddressRanges::default().admits(address) => Scope::Network,
        (Some(_), _) => Scope::World,
        (None, name) if name == "localhost" || name.ends_with(".localhost") => Scope::Machine,
        (None, name) if !name.contains('.') || name.ends_with(".local") || name.ends_with(".internal") => {
            Scope::Network
        }
        (None, _) => Scope::World,
    }
}

/// Reads a URL that a vendor or a caller gave: absolute, `http` or `https`, no user name, no password.
pub(super) fn given(text: &str) -> Result<Url, WireError> {
    let url = Url::parse(text).map_err(|_| refused("the text is no absolute URL"))?;
    check_form(&url)?;
    Ok(url)
}

fn check_form(url: &Url) -> Result<(), WireError> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refused("the URL is neither http nor https"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("the URL holds a user name or a password"));
    }
    if url.host().is_none() {
        return Err(refused("the URL names no host"));
    }
    Ok(())
}

/// How far a URL reaches: as configured when its origin is that of `base`, else public only.
pub(super) fn reach(base: Option<&Url>, url: &Url, ranges: &Arc<AddressRanges>) -> Reach {
    match base {
        Some(base) if base.origin() == url.origin() => Reach::Configured,
        _ => Reach::Public { ranges: ranges.clone() },
    }
}

/// Refuses, before anything is looked up, a URL whose form, port or literal address is out of reach.
/// Decimal, octal and hexadecimal notations of an address are literals to `Url` as well.
pub(super) fn admit(url: &Url, reach: &Reach) -> Result<(), WireError> {
    check_form(url)?;
    let Reach::Public { ranges } = reach else { return Ok(()) };
    let port = url.port_or_known_default().unwrap_or_default();
    if (port < 1024 && !LOW_PORTS.contains(&port)) || REFUSED_PORTS.contains(&port) {
        return Err(refused(format!("port {port} of {} is not open to callers", label(url))));
    }
    match literal(url) {
        Some(address) if !ranges.admits(address) => Err(not_public(url)),
        _ => Ok(()),
    }
}

/// The address that a URL holds in place of a name.
pub(super) fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(_) => None,
    }
}

/// The refusal of an address, saying which settings could allow it.
pub(super) fn not_public(url: &Url) -> WireError {
    refused(format!("{} has no public address; an operator may allow its range", label(url)))
}

fn refused(why: impl Into<String>) -> WireError {
    WireError::before(WireErrorKind::Address, why)
}

/// What may be told of a URL: scheme, host and port.
pub(super) fn label(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// Leaves out every header that carries a credential.
pub(super) fn without_credentials(headers: &HeaderMap) -> HeaderMap {
    let harmless =
        |(name, value): &(&HeaderName, &http::HeaderValue)| !value.is_sensitive() && !CREDENTIAL_HEADERS.contains(name);
    headers.iter().filter(harmless).map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(base_url: &str, path: &str) -> String {
        let base = base(base_url).expect("is a base URL");
        url_of(&base, &Target::Base(path.to_owned())).expect("joins").to_string()
    }

    #[test]
    fn a_path_is_appended_to_the_prefix_of_the_base() {
        for (base_url, path, expected) in [
            ("https://h", "/mj/submit", "https://h/mj/submit"),
            ("https://h/", "/mj/submit?a=b&c=%20", "https://h/mj/submit?a=b&c=%20"),
            ("https://h:8443/relay/v1/", "/mj", "https://h:8443/relay/v1/mj"),
            ("https://h/relay", "mj/task/1", "https://h/relay/mj/task/1"),
            ("https://h/?x=y#z", "/a", "https://h/a"),
            ("http://10.0.0.1:8080", "/", "http://10.0.0.1:8080/"),
        ] {
            assert_eq!(joined(base_url, path), expected);
        }
    }

    #[test]
    fn no_path_leaves_the_origin() {
        for path in [
            "@evil.com/",
            "//evil.com/",
            ".evil.com/",
            ":80@evil.com",
            "\\\\evil.com",
            "/../../x",
            "/%2e%2e/x",
            "#@evil.com",
        ] {
            let url = Url::parse(&joined("https://h.example/p", path)).expect("is a URL");
            assert_eq!(url.origin(), Url::parse("https://h.example").expect("is a URL").origin(), "{path}");
        }
    }

    #[test]
    fn only_plain_web_urls_are_taken() {
        for text in [
            "file:///etc/passwd",
            "ftp://h/x",
            "gopher://h",
            "data:text/plain,x",
            "javascript:1",
            "/relative",
            "",
            "http://",
            "http://u@h/",
            "http://u:p@h/",
            "http://:p@h/",
            "http://[fe80::1%25eth0]/",
            "http://a%00b/",
            "http://h:99999/",
        ] {
            assert_eq!(given(text).expect_err(text).kind, WireErrorKind::Address);
        }
        assert!(given("HTTPS://EXAMPLE.com/a?b").is_ok());
    }

    #[test]
    fn literals_are_refused_in_every_notation() {
        let public = Reach::Public { ranges: Arc::default() };
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0x7f000001/",
            "http://017700000001/",
            "http://0177.0.0.1/",
            "http://127.1/",
            "http://127.0.0.1./",
            "http://１２７.0.0.1/",
            "http://0/",
            "http://[::1]/",
            "http://[::]/",
            "http://[::ffff:127.0.0.1]/",
            "http://[::ffff:7f00:1]/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[64:ff9b::a9fe:a9fe]/",
            "http://10.0.0.1:8080/",
        ] {
            let url = given(text).expect(text);
            assert_eq!(admit(&url, &public).expect_err(text).kind, WireErrorKind::Address, "{text}");
            assert!(admit(&url, &Reach::Configured).is_ok(), "a configured origin has any address: {text}");
        }
        assert!(admit(&given("http://8.8.8.8/").expect("is a URL"), &public).is_ok());
        let ranges = Arc::new(AddressRanges::parse(&["10.0.0.0/8".to_owned()]).expect("is a range"));
        let allowed = Reach::Public { ranges };
        assert!(admit(&given("http://10.0.0.1:8080/").expect("is a URL"), &allowed).is_ok());
        assert!(admit(&given("http://127.0.0.1/").expect("is a URL"), &allowed).is_err());
    }

    #[test]
    fn doors_of_machines_and_databases_stay_shut() {
        let public = Reach::Public { ranges: Arc::default() };
        for (text, open) in [
            ("http://example.com/", true),
            ("https://example.com/", true),
            ("http://example.com:8080/", true),
            ("http://example.com:443/", true),
            ("http://example.com:22/", false),
            ("http://example.com:25/", false),
            ("http://example.com:0/", false),
            ("http://example.com:5432/", false),
            ("http://example.com:6379/", false),
        ] {
            assert_eq!(admit(&given(text).expect(text), &public).is_ok(), open, "{text}");
        }
    }

    #[test]
    fn only_the_exact_origin_counts_as_configured() {
        let base = base("https://relay.example/prefix").expect("is a base URL");
        let configured =
            |text: &str| matches!(reach(Some(&base), &given(text).expect(text), &Arc::default()), Reach::Configured);
        assert!(configured("https://relay.example/elsewhere?x"));
        assert!(configured("https://RELAY.example:443/"));
        for text in [
            "http://relay.example/",
            "https://relay.example:8443/",
            "https://relay.example./",
            "https://a.relay.example/",
            "https://relay.example.evil.com/",
        ] {
            assert!(!configured(text), "{text}");
        }
    }
}
