//! In `backlot dev` the Host has to be this machine: a page elsewhere that resolves its own name to
//! 127.0.0.1 must not reach a service whose token lies in a file (`contract/DECISIONS.md`, paths).

use crate::api::Api;
use crate::pages::host::is_loopback;
use crate::reply;
use crate::request_id::RequestId;
use axum::extract::{Extension, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use contracts::Problem;
use url::Url;

/// Refuses a request whose Host is neither loopback nor the configured public one; a layer of dev only.
pub async fn only_here(
    State(api): State<Api>,
    Extension(id): Extension<RequestId>,
    request: Request,
    next: Next,
) -> Response {
    let public_base = &api.front.settings.public_base;
    let given = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or("?"));
    let here = given.is_none_or(|host| is_loopback(host) || is_host_of(public_base, host));
    if here {
        return next.run(request).await;
    }
    let mut problem =
        Problem::refused("host_not_allowed", "backlot dev answers only to localhost, 127.0.0.1 and [::1]");
    problem.status = 421;
    reply::problem(None, &problem, &id.0)
}

fn is_host_of(base: &str, host: &str) -> bool {
    let (base, given) = (Url::parse(base).ok(), Url::parse(&format!("http://{host}/")).ok());
    match (base.as_ref().and_then(Url::host), given.as_ref().and_then(Url::host)) {
        (Some(base), Some(given)) => base == given,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_configured_host_is_ours() {
        assert!(is_host_of("http://box.lan:8080", "box.lan"));
        assert!(is_host_of("http://BOX.lan", "box.LAN:99"));
        for host in ["other.lan", "box.lan.evil.example", "", "?"] {
            assert!(!is_host_of("http://box.lan:8080", host), "{host}");
        }
    }
}
