//! A request, ready for a handler: whose it is, which route, and its parts in neutral form.

use crate::api::Api;
use crate::body::Held;
use crate::request_id::RequestId;
use crate::routes::Endpoint;
use crate::{auth, body, prefer, reply};
use axum::RequestPartsExt;
use axum::extract::{RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use contracts::{Body, Family, Input, Problem, Route};
use task::{Task, Token};
use tracing::Span;
use url::form_urlencoded;

/// The most query parameters that are read: a list may name 500 ids, one parameter each.
pub const QUERY_MAX: usize = 600;

/// A request to a family's route.
pub struct Asked {
    /// The contract that it speaks.
    pub family: &'static dyn Family,
    /// The route that matched.
    pub route: &'static Route,
    /// Whose it is; none on a route that is open to all.
    pub token: Option<Token>,
    /// `x-request-id`.
    pub request_id: String,
    /// Seconds to hold the answer, if the caller prefers that.
    pub wait_s: Option<u64>,
    /// Whether only the head is wanted.
    pub is_head: bool,
    /// The path itself, for telling repeated submissions apart.
    pub path: String,
    path_params: Vec<(String, String)>,
    query: Vec<(String, String)>,
    /// Headers without credentials.
    pub headers: HeaderMap,
    held: Held,
}

impl Asked {
    /// Reads a request, in the order key, body. The error is the answer, in the family's shape.
    pub async fn read(api: &Api, endpoint: Endpoint, request: Request) -> Result<Self, Response> {
        let (mut parts, http_body) = request.into_parts();
        let request_id = parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
        let refuse = |problem: Problem| reply::problem(Some(endpoint.family), &problem, &request_id);
        let token = match whose(api, &endpoint, &parts).await {
            Ok(token) => token,
            Err(problem) => {
                body::discard(&parts.headers, http_body).await;
                return Err(refuse(problem));
            }
        };
        let path_params = path_params(&mut parts).await;
        let is_head = parts.method == Method::HEAD;
        let held = if is_head || parts.method == Method::GET {
            Held::empty()
        } else {
            body::read(api, endpoint.route, &parts.headers, http_body).await.map_err(refuse)?
        };
        let (query, wait_s) = (query(&parts), prefer::wait_of(&parts.headers));
        auth::strip_credentials(&mut parts.headers);
        let path = parts.uri.path().to_owned();
        let (family, route, headers) = (endpoint.family, endpoint.route, parts.headers);
        Ok(Self { family, route, token, request_id, wait_s, is_head, path, path_params, query, headers, held })
    }

    /// As the family sees it.
    pub fn input(&self) -> Input<'_> {
        Input {
            route: self.route,
            path: &self.path_params,
            query: &self.query,
            headers: &self.headers,
            body: &self.held.body,
        }
    }

    /// The body.
    pub fn body(&self) -> &Body {
        &self.held.body
    }

    /// The token of a route that needs one.
    pub fn token(&self) -> Result<&Token, Problem> {
        self.token.as_ref().ok_or_else(Problem::invalid_api_key)
    }

    /// Whether this caller may see the task here: it is theirs (or the route is open), it is not hidden,
    /// and this family shows tasks of its family. Anything else is a missing task.
    pub fn may_see(&self, task: &Task) -> bool {
        let theirs = match &self.token {
            Some(token) => token.id == task.token,
            None => self.route.open,
        };
        theirs && !task.hidden && self.family.serves(&task.family)
    }
}

async fn whose(api: &Api, endpoint: &Endpoint, parts: &Parts) -> Result<Option<Token>, Problem> {
    if endpoint.route.open {
        return Ok(None);
    }
    let token = auth::authenticate(api, &parts.headers, parts.uri.path()).await?;
    Span::current().record("token", tracing::field::display(token.id));
    Ok(Some(token))
}

async fn path_params(parts: &mut Parts) -> Vec<(String, String)> {
    // A path whose percent-encoding is no UTF-8 has no parameters, so that it names a missing task.
    match parts.extract::<RawPathParams>().await {
        Ok(params) => params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        Err(_) => Vec::new(),
    }
}

fn query(parts: &Parts) -> Vec<(String, String)> {
    let text = parts.uri.query().unwrap_or_default();
    form_urlencoded::parse(text.as_bytes()).take(QUERY_MAX).map(|(n, v)| (n.into_owned(), v.into_owned())).collect()
}
