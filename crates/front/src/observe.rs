//! Around every request: its id, its span, its numbers, and a net below it.

use crate::api::Api;
use crate::reply;
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::routes::{family_near, family_of_route};
use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use contracts::Problem;
use futures::FutureExt;
use std::panic::AssertUnwindSafe;
use tokio::time::Instant;
use tracing::{Instrument, Span, field};

/// Gives the request its id and answers with it; a panic becomes a 500 in the family's shape, and the
/// process goes on.
pub async fn observe(State(api): State<Api>, mut request: Request, next: Next) -> Response {
    let id = RequestId::of(request.headers(), &*api.front.entropy);
    request.extensions_mut().insert(id.clone());
    let path = request.uri().path().to_owned();
    let matched = request.extensions().get::<MatchedPath>().map(|matched| matched.as_str().to_owned());
    let family = match &matched {
        Some(route) => family_of_route(route),
        None => family_near(&path),
    };
    let route = matched.unwrap_or_else(|| "none".to_owned());
    let family_name = family.map_or("none", |family| family.name());
    let span = tracing::info_span!(
        "http",
        request_id = %id.0,
        method = %request.method(),
        route,
        family = family_name,
        task = field::Empty,
        token = field::Empty,
        status = field::Empty,
    );
    let started = Instant::now();
    let run = AssertUnwindSafe(next.run(request)).catch_unwind().instrument(span.clone());
    let mut response = run.await.unwrap_or_else(|_| {
        span.in_scope(|| tracing::error!("a handler panicked"));
        reply::problem(family, &Problem::internal(), &id.0)
    });
    if let Some(value) = id.to_value() {
        response.headers_mut().insert(X_REQUEST_ID, value);
    }
    count(&span, family_name, route, &response, started);
    response
}

fn count(span: &Span, family: &'static str, route: String, response: &Response, started: Instant) {
    let status = response.status().as_u16();
    let seconds = started.elapsed().as_secs_f64();
    span.record("status", status);
    span.in_scope(|| tracing::debug!(seconds, "answered"));
    let labels = [("family", family.to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("http_requests_total", &labels).increment(1);
    metrics::histogram!("http_request_duration_seconds", &labels).record(seconds);
}
