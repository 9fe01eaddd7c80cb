//! Every route of front in one router, with the layers around them.

use crate::api::Api;
use crate::request_id::{RequestId, X_REQUEST_ID};
use crate::state::Front;
use crate::{admin, auth, cors, hooks, loopback, media, observe, ops, pages, reply, routes};
use axum::Router;
use axum::extract::{Extension, Request};
use axum::http::{HeaderName, StatusCode, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::Response;
use contracts::Problem;
use tower::ServiceExt;
use tower_http::decompression::RequestDecompressionLayer;

/// Headers of a 405 that are written anew with its body.
const RETOLD: [HeaderName; 2] = [header::ALLOW, header::CONTENT_LENGTH];

/// The whole of front. Needs a runtime only once a request comes in.
pub fn router(front: Front) -> Router {
    let api = Api::new(front.clone());
    // An encoding that is none of ours is passed on, so that the refusal has the family's shape.
    let inflate = RequestDecompressionLayer::new().pass_through_unaccepted(true);
    let public = routes::router()
        .merge(media::router())
        .fallback(no_route)
        // In one, because each call of `layer` costs every request a box.
        .layer((from_fn(cors::open_to_all), inflate))
        .with_state(api.clone());
    let admin = admin::router().layer(from_fn_with_state(api.clone(), auth::forget_after_change));
    let site = pages::router().merge(ops::router()).merge(hooks::router()).merge(admin);
    let is_dev = front.settings.dev.is_some();
    let mut inner = public.merge(site.layer(from_fn(cors::closed)).with_state(front));
    if is_dev {
        inner = inner.layer(from_fn_with_state(api.clone(), loopback::only_here));
    }
    let inner = inner.layer(from_fn_with_state(api, observe::observe));
    // Paths are tidied before they are matched, so this has to stand outside the router.
    Router::new().fallback_service(inner.map_request(without_trailing_slash).map_response(told_methods))
}

async fn no_route(Extension(id): Extension<RequestId>, uri: Uri) -> Response {
    reply::problem(routes::family_near(uri.path()), &Problem::no_route(uri.path()), &id.0)
}

/// A page's 405 in the words of every other error. It is known with its `Allow` only out here: axum adds
/// that outside of a router's layers.
fn told_methods(response: Response) -> Response {
    if response.status() != StatusCode::METHOD_NOT_ALLOWED || response.headers().contains_key(header::CONTENT_TYPE) {
        return response;
    }
    let text =
        |name: HeaderName| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let words = text(header::ALLOW).split(',').map(str::trim).filter(|word| !word.is_empty()).chain(["OPTIONS"]);
    let problem = Problem::method_not_allowed(words.collect::<Vec<_>>().join(", "));
    let mut told = reply::problem(None, &problem, text(X_REQUEST_ID));
    for (name, value) in response.headers().iter().filter(|(name, _)| !RETOLD.contains(name)) {
        told.headers_mut().insert(name.clone(), value.clone());
    }
    told
}

/// `/a/b/` is `/a/b`: no redirect, which would lose a POST's body.
fn without_trailing_slash(mut request: Request) -> Request {
    let path = request.uri().path();
    let tidy = path.trim_end_matches('/');
    if tidy.len() == path.len() || tidy.is_empty() {
        return request;
    }
    let path_and_query = match request.uri().query() {
        Some(query) => format!("{tidy}?{query}"),
        None => tidy.to_owned(),
    };
    let mut parts = request.uri().clone().into_parts();
    if let Ok(path_and_query) = path_and_query.parse() {
        parts.path_and_query = Some(path_and_query);
        if let Ok(uri) = Uri::from_parts(parts) {
            *request.uri_mut() = uri;
        }
    }
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::body::Body;

    #[test]
    fn a_trailing_slash_is_tolerated() {
        for (given, tidy) in [("/a/b/", "/a/b"), ("/a//?x=1", "/a?x=1"), ("/", "/"), ("/a", "/a"), ("/a/?", "/a?")] {
            let mut request = Request::new(Body::empty());
            *request.uri_mut() = given.parse().expect("is a URI");
            assert_eq!(without_trailing_slash(request).uri().to_string(), tidy, "{given}");
        }
    }
}
