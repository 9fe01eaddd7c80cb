//! Who may come in (section 1): an API key as bearer, or in the legacy generation a token (JWT, HS256)
//! that was made of an access key and a secret key.

use super::refusals::{EXPIRED, NOT_YET};
use crate::job::{Arrived, Desk, Refusal, bearer, webhook};
use axum::extract::Request;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::Value;

/// Receives a request of the legacy generation: an API key or a token.
pub(super) async fn receive_legacy(desk: &Desk, request: Request) -> Result<Arrived, Response> {
    let Some(token) = bearer(request.headers()).and_then(|key| Token::read(&key)) else {
        return desk.receive(request).await;
    };
    let secret = desk.config().secret.as_ref().map(|secret| secret.expose().to_owned());
    token.check(secret.as_deref(), desk.now_ms() / 1_000).map_err(|refusal| desk.refuse(&refusal))?;
    desk.receive_open(request).await
}

/// Receives a request of the new generation, which knows API keys only.
pub(super) async fn receive_modern(desk: &Desk, request: Request) -> Result<Arrived, Response> {
    if bearer(request.headers()).and_then(|key| Token::read(&key)).is_some() {
        return Err(desk.refuse(&Refusal::WrongKey));
    }
    desk.receive(request).await
}

/// A token, taken apart.
struct Token {
    header: Value,
    claims: Value,
    /// What is signed: the first two parts with the dot between them.
    signed: String,
    signature: Vec<u8>,
}

impl Token {
    /// `None` when the key is no token at all: then it is an API key.
    fn read(key: &str) -> Option<Self> {
        let (signed, signature) = key.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        Some(Self {
            header: json(header)?,
            claims: json(claims)?,
            signed: signed.to_owned(),
            signature: decode(signature)?,
        })
    }

    /// Whether it is good now. `secret` is the secret key, or `access:secret`, and then the issuer must
    /// be that access key too; without one every signature is good.
    fn check(&self, secret: Option<&str>, now_s: i64) -> Result<(), Refusal> {
        let claim = |name: &str| self.claims[name].as_i64().ok_or(Refusal::WrongKey);
        let issuer = self.claims["iss"].as_str().filter(|issuer| !issuer.is_empty()).ok_or(Refusal::WrongKey)?;
        if self.header["alg"] != "HS256" {
            return Err(Refusal::WrongKey);
        }
        if let Some(secret) = secret {
            let (access, secret) = secret.split_once(':').map_or((None, secret), |(a, s)| (Some(a), s));
            let is_ours = access.is_none_or(|access| access == issuer);
            if !is_ours || webhook::hmac(secret.as_bytes(), self.signed.as_bytes()) != self.signature[..] {
                return Err(Refusal::WrongKey);
            }
        }
        if claim("exp")? <= now_s {
            return Err(EXPIRED);
        }
        if claim("nbf")? > now_s {
            return Err(NOT_YET);
        }
        Ok(())
    }
}

fn json(part: &str) -> Option<Value> {
    serde_json::from_slice(&decode(part)?).ok()
}

fn decode(part: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(part).or_else(|_| URL_SAFE.decode(part)).ok()
}
