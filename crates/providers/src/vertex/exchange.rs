//! A service account's key for a token: a signed assertion to the token endpoint that the key names
//! (OAuth 2.0 JWT bearer, RFC 7523; `upstream/veo.md`, part B, auth).

use crate::dialect::{Access, Account};
use crate::google_video::{nonsense, of_response};
use crate::http_call::{JSON, json};
use crate::wire::{Piece, Request, Response, Target};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use serde::Deserialize;
use serde_json::json;
use task::{Failure, FailureKind, Secret};

/// What the token is for.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";
/// How long an assertion is good for, s; the vendor takes an hour at most.
const ASSERTION_S: i64 = 3_600;
/// How long a token is good for when the answer does not say, s.
const TOKEN_S: i64 = 300;

/// The parts of a service account's file that are needed.
#[derive(Deserialize)]
struct ServiceAccount {
    client_email: String,
    private_key: String,
    #[serde(default)]
    private_key_id: String,
    token_uri: String,
}

/// Whether the channel's key is a service account's file.
pub(super) fn is_service_account(key: &Secret) -> bool {
    key.expose().trim_start().starts_with('{')
}

/// Asks for a token; `None` when the key is none to exchange.
pub(super) fn request(account: Account<'_>) -> Option<Result<Request, Failure>> {
    is_service_account(account.key).then(|| ask(account))
}

fn ask(account: Account<'_>) -> Result<Request, Failure> {
    let file: ServiceAccount = serde_json::from_str(account.key.expose())
        .map_err(|_| unusable("the key is no service account's file (client_email, private_key, token_uri)"))?;
    let assertion = assertion(&file, account.now_ms.div_euclid(1_000))?;
    let form = format!("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={assertion}");
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, JSON);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
    let body = vec![Piece::Bytes(Bytes::from(form))];
    Ok(Request { method: Method::POST, target: Target::Configured(file.token_uri), headers, body, paid: false })
}

fn assertion(file: &ServiceAccount, now_s: i64) -> Result<String, Failure> {
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": file.private_key_id });
    let claims = json!({ "iss": file.client_email, "scope": SCOPE, "aud": file.token_uri, "iat": now_s,
        "exp": now_s + ASSERTION_S });
    let part = |value: &serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let signed = format!("{}.{}", part(&header), part(&claims));
    let pair = key_pair(&file.private_key)?;
    let mut signature = vec![0; pair.public().modulus_len()];
    // The scheme's signature depends on the text and the key alone: the chance only blinds the arithmetic.
    pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| unusable("the service account's key could not sign"))?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn key_pair(pem: &str) -> Result<RsaKeyPair, Failure> {
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).map(str::trim).collect();
    let der = STANDARD.decode(body).map_err(|_| unusable("the service account's private key is no PEM"))?;
    RsaKeyPair::from_pkcs8(&der).map_err(|_| unusable("the service account's private key is no RSA key (PKCS#8)"))
}

/// Reads the token.
pub(super) fn read(response: &Response) -> Result<Access, Failure> {
    if !(200..300).contains(&response.status) {
        return Err(of_response(response));
    }
    let body = json(response).ok_or_else(|| nonsense("the token endpoint answered no JSON"))?;
    let token = body.get("access_token").and_then(|token| token.as_str()).filter(|token| !token.is_empty());
    let token = token.ok_or_else(|| nonsense("the token endpoint answered no token"))?;
    let seconds = body.get("expires_in").and_then(serde_json::Value::as_i64).unwrap_or(TOKEN_S).clamp(0, 86_400);
    Ok(Access { token: Secret::new(token), good_for_ms: seconds * 1_000 })
}

fn unusable(private: &str) -> Failure {
    Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private)
}
