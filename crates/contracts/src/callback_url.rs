//! What a callback URL has to look like (`contract/DECISIONS.md`, callback: URL field).
//!
//! Families check the form. Whether a literal address may be called is the operator's word, so
//! front asks [`check_address`] with its ranges. Names are resolved at send time only.

use crate::fields::Fields;
use crate::problem::Problem;
use std::net::{IpAddr, Ipv4Addr};
use task::AddressRanges;
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

/// 400 when `text` names a literal address (or `localhost`) that is neither public nor in `allowed`.
/// `param` of the answer is `notifyHook`, by which the pages call the field.
pub fn check_address(text: &str, allowed: &AddressRanges) -> Result<(), Problem> {
    match literal_address(text) {
        Some(address) if !allowed.admits(address) => {
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
        let nobody = AddressRanges::default();
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
            "http://[2606:4700::5efe:10.0.0.1]/",
            "http://168.63.129.16/",
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
        let ten = AddressRanges::parse(&["10.0.0.0/8".to_owned()]).expect("is a range");
        assert_eq!(check_address("http://10.1.2.3/", &ten), Ok(()));
        assert!(check_address("http://127.0.0.1/", &ten).is_err());
    }
}
