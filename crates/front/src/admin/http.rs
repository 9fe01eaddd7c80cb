//! `POST /admin/v1/verbs`: the verbs for programs on the same machine, and for nobody else.

use super::{Verb, VerbError, run};
use crate::hooks::is_same_secret;
use crate::pages::host::is_loopback_request;
use crate::state::Front;
use axum::Json;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;

/// The most bytes of a verb; the largest is a channel with its options.
pub const VERB_BODY_MAX_BYTES: usize = 64 * 1024;

/// How long a verb may take, its body included. A cancel that is forwarded upstream waits 30 s at most.
const VERB_LIMIT: Duration = Duration::from_secs(45);

/// The admin API's one route. Needs the peer's address as [`ConnectInfo`]; without it nothing is allowed.
pub fn router() -> Router<Front> {
    Router::new().route("/admin/v1/verbs", post(verbs))
}

async fn verbs(State(front): State<Front>, request: Request) -> Response {
    if let Err(refusal) = check(&front, &request) {
        tracing::warn!(reason = refusal.1, "admin request refused");
        return refuse(refusal.0, refusal.1);
    }
    match tokio::time::timeout(VERB_LIMIT, read_and_run(&front, request.into_body())).await {
        Ok(response) => response,
        Err(_) => refuse(StatusCode::GATEWAY_TIMEOUT, "the verb took longer than 45 s; look whether it was done"),
    }
}

/// Peer, Host, Origin, secret, in this order: a page in a browser on this machine fails at the Host (a
/// name that was rebound to a loopback address) or at the Origin, before the secret is looked at.
fn check(front: &Front, request: &Request) -> Result<(), (StatusCode, &'static str)> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    if !peer.is_some_and(|peer| peer.0.ip().to_canonical().is_loopback()) {
        return Err((StatusCode::FORBIDDEN, "the admin API answers on the loopback interface only"));
    }
    if !is_loopback_request(request) {
        return Err((StatusCode::FORBIDDEN, "the Host must be a loopback name or address"));
    }
    if request.headers().contains_key(header::ORIGIN) {
        return Err((StatusCode::FORBIDDEN, "the admin API is not for web pages"));
    }
    let given = bearer(request.headers()).unwrap_or_default();
    if !is_same_secret(given, front.settings.admin_secret.expose()) {
        return Err((StatusCode::UNAUTHORIZED, "wrong admin secret"));
    }
    Ok(())
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, secret) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(secret)
}

async fn read_and_run(front: &Front, body: Body) -> Response {
    let Ok(body) = to_bytes(body, VERB_BODY_MAX_BYTES).await else {
        return refuse(StatusCode::PAYLOAD_TOO_LARGE, "a verb is at most 64 KiB");
    };
    let verb: Verb = match serde_json::from_slice(&body) {
        Ok(verb) => verb,
        Err(error) => return answer_error(&VerbError::invalid("verb", why_unreadable(&error))),
    };
    match run(front, verb).await {
        Ok(answer) => ([(header::CACHE_CONTROL, "no-store")], Json(answer)).into_response(),
        Err(error) => answer_error(&error),
    }
}

/// What is wrong with a body. Words that name our own fields and verbs are passed on; a value is never
/// quoted, because in a channel it could be the key.
fn why_unreadable(error: &serde_json::Error) -> String {
    let text = error.to_string();
    if !error.is_data() {
        return "the body is no JSON object".to_owned();
    }
    if text.starts_with("unknown field") || text.starts_with("missing field") {
        return text;
    }
    match text.find("expected one of") {
        Some(at) if text.starts_with("unknown variant") => format!("unknown word, {}", &text[at..]),
        _ => "a field has the wrong type".to_owned(),
    }
}

fn answer_error(error: &VerbError) -> Response {
    let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, Json(error.body())).into_response()
}

fn refuse(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({ "error": { "code": "refused", "message": message, "field": null } }))).into_response()
}
