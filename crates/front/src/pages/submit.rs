//! The start page's form: `POST /start/submit`, in `dev` only. It makes the same request that the page's
//! curl line makes, on the same route, with the dev token read here, so that no page ever holds it.

use super::{host, not_here, tasks};
use crate::api::Api;
use crate::routes;
use crate::state::{Dev, Front};
use axum::body::{Body, to_bytes};
use axum::extract::{Extension, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, OnceLock};
use task::{Secret, TaskId};
use tower::ServiceExt;

/// The route that the form submits to.
pub(super) const ROUTE: &str = "/mj/submit/imagine";

/// A header that only a script of the same origin can set without asking first.
const START_HEADER: &str = "x-backlot-start";

/// The most bytes of the form's body: a prompt of four-byte characters, escaped.
const FORM_BODY_MAX_BYTES: usize = 64 * 1024;

/// The most bytes of the route's answer that are read.
const ANSWER_MAX_BYTES: usize = 64 * 1024;

/// The API's routes, made when the form is used for the first time.
#[derive(Clone, Default)]
pub(super) struct Inner(Arc<OnceLock<Router>>);

impl Inner {
    fn routes(&self, front: &Front) -> Router {
        self.0.get_or_init(|| routes::router().with_state(Api::new(front.clone()))).clone()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    prompt: String,
}

/// Answers `{id}`, or `{error:{message}}` with the status of the refusal.
pub(super) async fn submit(
    State(front): State<Front>,
    Extension(inner): Extension<Inner>,
    request: Request,
) -> Response {
    let Some(dev) = &front.settings.dev else { return not_here() };
    match run(&front, dev, &inner, request).await {
        Ok(id) => Json(json!({ "id": id })).into_response(),
        Err((status, message)) => (status, Json(json!({ "error": { "message": message } }))).into_response(),
    }
}

async fn run(front: &Front, dev: &Dev, inner: &Inner, request: Request) -> Result<TaskId, (StatusCode, String)> {
    check_origin(&request)?;
    let form = read_form(request.into_body()).await?;
    let unavailable = |message: String| (StatusCode::SERVICE_UNAVAILABLE, message);
    let (key, _) = tasks::dev_token(front, dev).await.map_err(unavailable)?;
    let order =
        order(&key, &form).ok_or_else(|| unavailable("the dev token holds characters that no header may".into()))?;
    // Routing can't fail: a router's error type has no values.
    let response = match inner.routes(front).oneshot(order).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    read_answer(response).await
}

/// The page's own script on a loopback address, and nobody else: a form or script of another origin
/// can't set the header without a preflight, which gets no CORS answer here.
fn check_origin(request: &Request) -> Result<(), (StatusCode, String)> {
    let refuse = |message: &str| Err((StatusCode::FORBIDDEN, message.to_owned()));
    let Some(host) = host::of_request(request).filter(|host| host::is_loopback(host)) else {
        return refuse("in dev mode this page answers to localhost and loopback addresses only");
    };
    if !host::is_same_origin(request.headers(), host) || !has_start_header(request.headers()) {
        return refuse("only the start page may submit here");
    }
    Ok(())
}

fn has_start_header(headers: &HeaderMap) -> bool {
    headers.get(START_HEADER).is_some_and(|value| value == "1")
}

async fn read_form(body: Body) -> Result<Form, (StatusCode, String)> {
    let too_large = |_| (StatusCode::PAYLOAD_TOO_LARGE, "the prompt is too long".to_owned());
    let body = to_bytes(body, FORM_BODY_MAX_BYTES).await.map_err(too_large)?;
    let form: Form =
        serde_json::from_slice(&body).map_err(|_| (StatusCode::BAD_REQUEST, "send {\"prompt\": \"…\"}".to_owned()))?;
    if form.prompt.trim().is_empty() {
        return Err((StatusCode::BAD_REQUEST, "write a prompt first".to_owned()));
    }
    Ok(form)
}

fn order(key: &Secret, form: &Form) -> Option<Request> {
    let mut bearer = HeaderValue::try_from(format!("Bearer {}", key.expose())).ok()?;
    bearer.set_sensitive(true);
    Request::post(ROUTE)
        .header(header::AUTHORIZATION, bearer)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(json!({ "prompt": form.prompt }).to_string()))
        .ok()
}

/// The id out of the route's answer, or its own words for why there is none.
async fn read_answer(response: Response) -> Result<TaskId, (StatusCode, String)> {
    let status = response.status();
    let body = to_bytes(response.into_body(), ANSWER_MAX_BYTES).await.unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    if status.is_success()
        && let Some(id) = body["result"].as_str().and_then(|id| id.parse().ok())
    {
        return Ok(id);
    }
    let message = body["error"]["message"].as_str().or(body["description"].as_str());
    let status = if status.is_success() { StatusCode::BAD_GATEWAY } else { status };
    Err((status, message.unwrap_or("the submission was refused").to_owned()))
}
