//! Pages for people: the start page, the API reference, and `openapi.json`.
//!
//! Rendered here, without scripts or styles from elsewhere. None of them shows a token, and none may be
//! read by a page of another origin.

mod docs;
mod example;
pub(crate) mod host;
mod layout;
mod schema;
mod start;
mod submit;
mod tasks;

use crate::state::Front;
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};

/// `/`, `/docs`, `/openapi.json` and what the start page calls.
pub fn router() -> Router<Front> {
    Router::new()
        .route("/", get(start::page))
        .route("/start/tasks", get(tasks::feed))
        .route("/start/submit", post(submit::submit))
        .route("/docs", get(docs::page))
        .route("/openapi.json", get(openapi))
        .layer(Extension(submit::Inner::default()))
        .layer(from_fn(guard_headers))
}

/// The API's description for machines. Its server is the public base.
async fn openapi(State(front): State<Front>, request: Request) -> Response {
    if let Some(refusal) = host::refuse_foreign(&front, &request) {
        return refusal;
    }
    Json(contracts::openapi::openapi(&front.settings.public_base)).into_response()
}

/// Puts the headers on every answer that keep other origins from framing, sniffing or reading it.
async fn guard_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

/// What a page that exists in `backlot dev` only answers elsewhere.
fn not_here() -> Response {
    (StatusCode::NOT_FOUND, "this page exists in dev mode only\n").into_response()
}
