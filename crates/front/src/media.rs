//! `/media/…`: artifacts and uploads to whoever has their link (`contract/DECISIONS.md`, artifact
//! URLs). Inputs are in the same store and are never served.

use crate::api::Api;
use crate::request_id::RequestId;
use crate::{object, reply};
use axum::Router;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use axum::routing::get;
use contracts::Problem;

/// Key prefixes that are served.
const SERVED: [&str; 2] = ["task-artifacts/", "uploads/"];

/// `GET` and `HEAD /media/{key}`.
pub fn router() -> Router<Api> {
    Router::new().route("/media/{*key}", get(serve).fallback(refuse))
}

async fn serve(
    State(api): State<Api>,
    Extension(id): Extension<RequestId>,
    Path(key): Path<String>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    let served = if SERVED.iter().any(|prefix| key.starts_with(prefix)) {
        object::answer(&*api.front.store, &key, &headers, method == Method::HEAD).await
    } else {
        Err(Problem::not_found("file_not_found", "no such file"))
    };
    served.unwrap_or_else(|problem| reply::problem(None, &problem, &id.0))
}

async fn refuse(Extension(id): Extension<RequestId>) -> Response {
    reply::problem(None, &Problem::method_not_allowed("GET, HEAD, OPTIONS"), &id.0)
}
