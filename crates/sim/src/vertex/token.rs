//! `POST /token`: an access token for a service account's assertion (RFC 7523), and who may come in.
//!
//! The sim knows no public key, so the assertion's signature is not checked; its claims are.

use crate::fingerprint::fingerprint;
use crate::job::{Answer, Arrived, Desk, Refusal, bearer};
use axum::extract::{Request, State as Shared};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// The only grant that is known.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// How every token begins.
const PREFIX: &str = "ya29.sim-";

/// A token that is good without having been given out, unless the sim was started with a secret.
pub(super) const PLAIN: &str = "sim";

/// How far the caller's clock may be ahead, s.
const AHEAD_MAX_S: i64 = 300;

/// How long an assertion may be good at most, s: an hour, and what clocks may differ.
const ASSERTION_MAX_S: i64 = 3_600 + AHEAD_MAX_S;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/token", post(grant))
}

/// A request whose bearer token is good: one that was given out here and has not expired, or the plain
/// one: the secret that the sim was started with, else [`PLAIN`].
pub(super) async fn receive(desk: &Desk, request: Request) -> Result<Arrived, Response> {
    let Some(token) = bearer(request.headers()) else { return Err(desk.refuse(&Refusal::NoKey)) };
    let plain = desk.config().secret.as_ref().map_or(PLAIN, |secret| secret.expose());
    if token != plain && !is_good(desk, &token) {
        return Err(desk.refuse(&Refusal::WrongKey));
    }
    desk.receive_open(request).await
}

async fn grant(Shared(desk): Shared<Desk>, request: Request) -> Answer {
    let arrived = desk.receive_open(request).await?;
    desk.poll(&arrived, "token", &[]).await?;
    if arrived.text("grant_type") != GRANT {
        return Err(refused("unsupported_grant_type", "Invalid grant_type"));
    }
    check(&desk, arrived.text("assertion")).map_err(|why| refused("invalid_grant", why))?;
    let token_ms = desk.config().token_ms;
    let access_token = token(&desk, desk.now_ms().saturating_add(token_ms));
    Ok(Json(json!({"access_token": access_token, "expires_in": token_ms / 1_000, "token_type": "Bearer"}))
        .into_response())
}

/// Checks the claims of an assertion.
fn check(desk: &Desk, assertion: &str) -> Result<(), &'static str> {
    let claims = claims(assertion).ok_or("Invalid JWT: it has no three parts of base64url and JSON")?;
    let text = |name: &str| claims[name].as_str().unwrap_or_default();
    let now_s = desk.now_ms() / 1_000;
    let (Some(issued_s), Some(expires_s)) = (claims["iat"].as_i64(), claims["exp"].as_i64()) else {
        return Err("Invalid JWT: iat or exp is missing");
    };
    if text("iss").is_empty() {
        return Err("Invalid JWT: iss is missing");
    }
    if !text("aud").ends_with("/token") {
        return Err("Invalid JWT: aud is not the token endpoint");
    }
    if !text("scope").contains("cloud-platform") {
        return Err("Invalid OAuth scope");
    }
    if issued_s > now_s + AHEAD_MAX_S || expires_s <= now_s || expires_s - issued_s > ASSERTION_MAX_S {
        return Err("Invalid JWT: token must be a short-lived token and in a reasonable timeframe");
    }
    Ok(())
}

fn claims(assertion: &str) -> Option<Value> {
    let mut parts = assertion.split('.');
    let (header, claims, signature) = (parts.next()?, parts.next()?, parts.next()?);
    let read = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let is_signed = read(header)?["alg"] == "RS256" && !signature.is_empty() && parts.next().is_none();
    read(claims).filter(|claims| is_signed && claims.is_object())
}

/// A token says by itself until when it is good, so that it outlives a restart.
fn token(desk: &Desk, until_ms: i64) -> String {
    let proof = fingerprint(desk.config().seed, &["token", &until_ms.to_string()]);
    format!("{PREFIX}{until_ms}-{proof:016x}")
}

fn is_good(desk: &Desk, given: &str) -> bool {
    let until_ms = given.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()).and_then(|ms| ms.parse().ok());
    until_ms.is_some_and(|until_ms| token(desk, until_ms) == given && desk.now_ms() < until_ms)
}

fn refused(error: &str, why: &str) -> Response {
    (StatusCode::BAD_REQUEST, Json(json!({"error": error, "error_description": why}))).into_response()
}
