//! The channel's key, which holds up to three things.
//!
//! - An API key stands alone and goes up as a bearer token.
//! - An access key and a secret key stand side by side, `ak:sk` or `ak|sk`; each request gets a fresh token
//!   signed with them (`upstream/kling.md` section 1). The new generation does not take these.
//! - A webhook secret may follow either, `…:whsec_…`: channel options are not kept sealed, keys are. With it,
//!   callbacks without a fitting signature are dropped.

use super::errors;
use super::options::{Generation, Options};
use crate::dialect::Account;
use crate::http_call::bearer;
use crate::webhook_signature::SECRET_PREFIX;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use http::{HeaderMap, HeaderValue};
use serde_json::Value;
use sha2::Sha256;
use task::{Failure, Secret};

/// How long a token is good for, s.
const TOKEN_S: i64 = 1_800;
/// How far the vendor's clock may be behind ours, s.
const SKEW_S: i64 = 5;

/// Who we are upstream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Login<'a> {
    Nobody,
    ApiKey(&'a str),
    Pair { access: &'a str, secret: &'a str },
    Unreadable,
}

struct Credential<'a> {
    login: Login<'a>,
    webhook_secret: Option<&'a str>,
}

impl<'a> Credential<'a> {
    fn read(key: &'a Secret) -> Self {
        let mut parts: Vec<&str> = key.expose().split([':', '|']).map(str::trim).collect();
        let webhook_secret = parts.last().copied().filter(|part| part.starts_with(SECRET_PREFIX));
        if webhook_secret.is_some() {
            parts.pop();
        }
        let login = match parts.as_slice() {
            [] | [""] => Login::Nobody,
            [key] => Login::ApiKey(key),
            [access, secret] if !access.is_empty() && !secret.is_empty() => Login::Pair { access, secret },
            _ => Login::Unreadable,
        };
        Self { login, webhook_secret }
    }

    /// What goes up as the bearer token; empty for none.
    fn token(&self, now_ms: i64) -> Secret {
        match self.login {
            Login::Nobody | Login::Unreadable => Secret::default(),
            Login::ApiKey(key) => Secret::new(key),
            Login::Pair { access, secret } => Secret::new(signed_token(access, secret, now_ms)),
        }
    }
}

/// Headers with a token that is good now.
pub(super) fn headers(account: Account<'_>) -> HeaderMap {
    bearer(&Credential::read(account.key).token(account.now_ms))
}

/// Refuses a key that can't be used with the channel's generation, before anything is sent.
pub(super) fn check(account: Account<'_>) -> Result<(), Failure> {
    let login = Credential::read(account.key).login;
    let is_new = Options::read(account.options).generation == Generation::New;
    match login {
        Login::Unreadable => Err(errors::account("the channel's key is neither an API key nor ak:sk")),
        Login::ApiKey(key) if HeaderValue::from_str(key).is_err() => {
            Err(errors::account("the channel's key can't be sent in a header"))
        }
        Login::Pair { .. } if is_new => Err(errors::account("ak:sk works with the legacy generation only")),
        _ => Ok(()),
    }
}

/// The secret that callbacks are signed with, if the channel has one.
pub(super) fn webhook_secret(key: &Secret) -> Option<Secret> {
    Credential::read(key).webhook_secret.map(Secret::new)
}

/// A JWT, HS256. `nbf` lies back a little, so that no clock needs to be exact.
fn signed_token(access: &str, secret: &str, now_ms: i64) -> String {
    let now_s = now_ms.div_euclid(1_000);
    let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
    let (issuer, exp, nbf) = (Value::from(access), now_s + TOKEN_S, now_s - SKEW_S);
    let claims = URL_SAFE_NO_PAD.encode(format!(r#"{{"iss":{issuer},"exp":{exp},"nbf":{nbf}}}"#));
    let unsigned = format!("{header}.{claims}");
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(unsigned.as_bytes());
    format!("{unsigned}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(key: &str) -> (String, Option<String>) {
        let key = Secret::new(key);
        let credential = Credential::read(&key);
        let word = match credential.login {
            Login::Nobody => "nobody".to_owned(),
            Login::ApiKey(key) => format!("key {key}"),
            Login::Pair { access, secret } => format!("pair {access} {secret}"),
            Login::Unreadable => "unreadable".to_owned(),
        };
        (word, credential.webhook_secret.map(str::to_owned))
    }

    #[test]
    fn a_key_is_read_by_its_parts() {
        for (key, word, webhook) in [
            ("", "nobody", None),
            ("k-1", "key k-1", None),
            ("ak:sk", "pair ak sk", None),
            ("ak|sk", "pair ak sk", None),
            ("ak:sk:whsec_a+/=", "pair ak sk", Some("whsec_a+/=")),
            ("k-1:whsec_a", "key k-1", Some("whsec_a")),
            (":whsec_a", "nobody", Some("whsec_a")),
            ("ak:", "unreadable", None),
            ("a:b:c", "unreadable", None),
        ] {
            assert_eq!(login(key), (word.to_owned(), webhook.map(str::to_owned)), "{key}");
        }
    }

    #[test]
    fn the_token_is_what_python_makes_of_the_same_claims() {
        let token = signed_token("ak-1", "sk-2", 1_790_000_000_000);
        let expected = concat!(
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
            "eyJpc3MiOiJhay0xIiwiZXhwIjoxNzkwMDAxODAwLCJuYmYiOjE3ODk5OTk5OTV9.",
            "5QD7xuMu566YkII-5iMBqEamw8JfSBwuYuT9FPIxJAk",
        );
        assert_eq!(token, expected);
    }
}
