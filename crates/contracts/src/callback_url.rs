//! What a callback URL has to look like (`contract/DECISIONS.md`, callback: URL field).
//!
//! Families check the form. Whether a literal address may be called is the operator's word, so
//! front asks [`check_address`] with its allow-list. Names are resolved at send time only.

use crate::fields::Fields;
use crate::problem::Problem;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// The most characters of a callback URL.
pub const CALLBACK_URL_MAX_CHARS: usize = 2_000;

/// Reads `notifyHook` and `callback_url`; both are accepted everywhere, and `notifyHook` wins.
/// 400 when the one that counts has no acceptable form.
pub fn read(fields: &mut Fields<'_>) -> Result<Option<String>, Problem> {
    let hook = fields.text("notifyHook", CALLBACK_URL_MAX_CHARS)?;
    let url = fields.text("callback_url", CALLBACK_URL_MAX_CHARS)?;
    let (field, text) = match (hook, url) {
        (Some(text), _) => ("notifyHook", text),
        (None, Some(text)) => ("callback_url", text),
        (None, None) => return Ok(None),
    };
    check_form(field, text)?;
    Ok(Some(text.to_owned()))
}

/// 400 unless `text` is an `http` or `https` URL with a host, at most [`CALLBACK_URL_MAX_CHARS`] long
/// and without a user name or password. Nothing is resolved.
pub fn check_form(field: &str, text: &str) -> Result<(), Problem> {
    let refuse = |why: &str| Err(Problem::invalid(field, format!("{field} {why}")));
    if text.chars().count() > CALLBACK_URL_MAX_CHARS {
        return refuse(&format!("is too long: at most {CALLBACK_URL_MAX_CHARS} characters"));
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return refuse("must not hold white space or control characters");
    }
    let Ok(url) = Url::parse(text) else {
        return refuse("has to be an absolute http or https URL");
    };
    if !matches!(url.scheme(), "http" | "https") {
        return refuse("has to begin with http:// or https://");
    }
    if url.host().is_none() {
        return refuse("has to name a host");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("must not hold a user name or password");
    }
    Ok(())
}

/// 400 when `text` names a literal address (or `localhost`) that is neither public nor `allowed`.
/// `param` of the answer is `notifyHook`, by which the pages call the field.
pub fn check_address(text: &str, allowed: &dyn Fn(IpAddr) -> bool) -> Result<(), Problem> {
    match literal_address(text) {
        Some(address) if !is_public(address) && !allowed(address) => {
            let message = "the callback URL must not point to a private address; it has to be publicly reachable";
            Err(Problem::invalid("notifyHook", message))
        }
        _ => Ok(()),
    }
}

/// The address that a URL names without any look-up: a literal in whatever notation, or `localhost`.
pub fn literal_address(text: &str) -> Option<IpAddr> {
    let url = Url::parse(text).ok()?;
    match url.host()? {
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => Some(IpAddr::V6(address)),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.');
            let local = name == "localhost" || name.ends_with(".localhost");
            local.then_some(IpAddr::V4(Ipv4Addr::LOCALHOST))
        }
    }
}

/// Whether an address lies in the public internet, by IANA's special-purpose registries. An IPv6
/// address that wraps an IPv4 one is judged by what it wraps.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (198, 18..=19, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, g, h] = address.segments();
    let wrapped = |high: u16, low: u16| {
        let bits = (u32::from(high) << 16) | u32::from(low);
        is_public_v4(Ipv4Addr::from_bits(bits))
    };
    match (a, b, c, d, e, f) {
        // IPv4-mapped, and NAT64's well-known prefix.
        (0, 0, 0, 0, 0, 0xffff) | (0x64, 0xff9b, 0, 0, 0, 0) => wrapped(g, h),
        // 6to4.
        (0x2002, ..) => wrapped(b, c),
        // Teredo, ORCHID and other protocol assignments; documentation.
        (0x2001, 0..=0x1ff, ..) | (0x2001, 0xdb8, ..) | (0x3fff, 0..=0xfff, ..) => false,
        // Global unicast is all that is left to be public.
        _ => (0x2000..=0x3fff).contains(&a),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(text: &str) -> Result<(), Problem> {
        check_form("notifyHook", text)
    }

    #[test]
    fn the_form_is_checked_and_nothing_else() {
        for text in [
            "https://your-server.com/api/callback",
            "http://example.com:8080/a?b=c#d",
            "HTTPS://EXAMPLE.com",
            "http://10.0.0.1/hook",
            "https://[2001:db8::1]/x",
        ] {
            assert_eq!(form(text), Ok(()), "{text}");
        }
        for text in [
            "ftp://example.com/",
            "javascript:alert(1)",
            "example.com/hook",
            "https://",
            "https://user:pw@example.com/",
            "https://user@example.com/",
            "https://exa mple.com/",
            "https://example.com/\n",
            " https://example.com/",
            "not a url",
        ] {
            let problem = form(text).expect_err(text);
            assert_eq!((problem.status, problem.param.as_deref()), (400, Some("notifyHook")), "{text}");
        }
        let fits = format!("https://e.com/{}", "a".repeat(CALLBACK_URL_MAX_CHARS - 14));
        assert_eq!(form(&fits), Ok(()));
        assert!(form(&format!("{fits}a")).is_err());
    }

    #[test]
    fn private_literals_are_refused_in_every_notation() {
        let nobody = |_: IpAddr| false;
        for text in [
            "http://127.0.0.1/",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0177.0.0.1/",
            "http://localhost:9000/",
            "http://LOCALHOST./",
            "http://a.localhost/",
            "http://10.1.2.3/",
            "http://100.64.0.1/",
            "http://169.254.169.254/latest/meta-data",
            "http://172.31.255.255/",
            "http://192.168.0.1/",
            "http://0.0.0.0/",
            "http://255.255.255.255/",
            "http://[::1]/",
            "http://[::]/",
            "http://[fe80::1]/",
            "http://[fd00::1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::7f00:1]/",
            "http://[2002:7f00:1::]/",
            "http://[2001::1]/",
            "http://[2001:db8::1]/",
        ] {
            let problem = check_address(text, &nobody).expect_err(text);
            assert_eq!((problem.status, problem.param.as_deref()), (400, Some("notifyHook")), "{text}");
        }
        for text in ["http://8.8.8.8/", "https://example.com/", "http://[2606:4700::1111]/", "http://172.32.0.1/"] {
            assert_eq!(check_address(text, &nobody), Ok(()), "{text}");
        }
    }

    #[test]
    fn an_allowed_range_may_be_called() {
        let ten = |address: IpAddr| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
        assert_eq!(check_address("http://10.1.2.3/", &ten), Ok(()));
        assert!(check_address("http://127.0.0.1/", &ten).is_err());
    }
}
