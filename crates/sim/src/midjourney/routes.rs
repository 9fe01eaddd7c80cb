//! The protocol's routes, under each of its prefixes.

use super::ask;
use super::envelope::Envelope;
use super::gate::Reply;
use super::order::{Door, Order, Speed};
use super::record::Flavour;
use super::submit::{Judged, submit};
use crate::cut::Cut;
use crate::server::hold;
use crate::world::World;
use axum::body::to_bytes;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Json, Router};
use serde_json::{Map, Value};
use std::io;
use std::sync::Arc;

/// The most bytes of a body that are read.
const BODY_MAX_BYTES: usize = 128 << 20;

/// All routes of both flavours.
pub(crate) fn router(world: &Arc<World>) -> Router {
    let trueai = |speed| Door { flavour: Flavour::TrueAi, speed };
    Router::new()
        .nest("/mj", routes(world, trueai(Speed::Fast)))
        .nest("/mj-fast/mj", routes(world, trueai(Speed::Fast)))
        .nest("/mj-turbo/mj", routes(world, trueai(Speed::Turbo)))
        .nest("/mj-relax/mj", routes(world, trueai(Speed::Relax)))
        .nest("/novicezk/mj", routes(world, Door { flavour: Flavour::NoviceZk, speed: Speed::Fast }))
}

fn routes(world: &Arc<World>, door: Door) -> Router {
    let common = Router::new()
        .route("/submit/{call}", post(take))
        .route("/task/{id}/fetch", get(fetch))
        .route("/task/{id}/image-seed", get(image_seed))
        .route("/task/list", get(list))
        .route("/task/list-by-condition", post(list_by_condition));
    let own = match door.flavour {
        Flavour::TrueAi => {
            common.route("/task/{id}/cancel", post(cancel)).route("/task/list-by-ids", post(list_by_condition))
        }
        Flavour::NoviceZk => common.route("/task/queue", get(queue)),
    };
    own.layer(from_fn_with_state(world.clone(), authorise)).layer(Extension(door)).with_state(world.clone())
}

/// `trueai` reads `Authorization` too, raw, and lets it win (section 1).
async fn authorise(
    State(world): State<Arc<World>>,
    Extension(door): Extension<Door>,
    request: Request,
    next: Next,
) -> Response {
    let Some(secret) = &world.config.secret else { return next.run(request).await };
    let given = |headers: &HeaderMap, name: &str| headers.get(name).map(|value| value.as_bytes().to_vec());
    let raw = match door.flavour {
        Flavour::TrueAi => given(request.headers(), "authorization"),
        Flavour::NoviceZk => None,
    };
    let key = raw.or_else(|| given(request.headers(), "mj-api-secret")).unwrap_or_default();
    match (key == secret.expose().as_bytes(), door.flavour) {
        (true, _) => next.run(request).await,
        (false, Flavour::TrueAi) => StatusCode::FORBIDDEN.into_response(),
        (false, Flavour::NoviceZk) => StatusCode::UNAUTHORIZED.into_response(),
    }
}

async fn take(
    State(world): State<Arc<World>>,
    Extension(door): Extension<Door>,
    Path(call): Path<String>,
    request: Request,
) -> Response {
    let cut = Cut::of(&request);
    let Some(body) = object(request).await else {
        return (StatusCode::BAD_REQUEST, Json(Envelope::of(4, "the body is no JSON object"))).into_response();
    };
    let judged = match Order::read(door, &call, &body) {
        Ok(Some(order)) => submit(&world, order),
        Ok(None) => Ok(Judged { reply: Reply::NoRoute, delay_ms: 0 }),
        Err(refusal) => Ok(Judged { reply: Reply::Answer(refusal), delay_ms: 0 }),
    };
    match judged {
        Ok(Judged { reply, delay_ms }) => {
            hold(&*world.config.clock, delay_ms).await;
            respond(reply, door, &cut)
        }
        Err(error) => broken(&error),
    }
}

async fn fetch(
    State(world): State<Arc<World>>,
    Extension(door): Extension<Door>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    if let Some(response) = troubled(&world, door, "fetch", &[&id], &Cut::of(&request)).await {
        return response;
    }
    match (ask::fetch(&world, door, &id), door.flavour) {
        (Some(task), _) => Json(task).into_response(),
        (None, Flavour::TrueAi) => StatusCode::NO_CONTENT.into_response(),
        (None, Flavour::NoviceZk) => StatusCode::OK.into_response(),
    }
}

async fn list_by_condition(
    State(world): State<Arc<World>>,
    Extension(door): Extension<Door>,
    request: Request,
) -> Response {
    let cut = Cut::of(&request);
    let body = object(request).await.unwrap_or_default();
    let ids = body.get("ids").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
    match troubled(&world, door, "list-by-condition", &ids, &cut).await {
        Some(response) => response,
        None => Json(ask::list_by_ids(&world, door, &ids)).into_response(),
    }
}

async fn list(State(world): State<Arc<World>>, Extension(door): Extension<Door>, request: Request) -> Response {
    match troubled(&world, door, "list", &[], &Cut::of(&request)).await {
        Some(response) => response,
        None => Json(ask::list(&world, door, false)).into_response(),
    }
}

async fn queue(State(world): State<Arc<World>>, Extension(door): Extension<Door>, request: Request) -> Response {
    match troubled(&world, door, "queue", &[], &Cut::of(&request)).await {
        Some(response) => response,
        None => Json(ask::list(&world, door, true)).into_response(),
    }
}

async fn image_seed(
    State(world): State<Arc<World>>,
    Extension(door): Extension<Door>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    match troubled(&world, door, "image-seed", &[&id], &Cut::of(&request)).await {
        Some(response) => response,
        None => ask::image_seed(&world, door, &id).respond(door.flavour),
    }
}

async fn cancel(
    State(world): State<Arc<World>>,
    Extension(door): Extension<Door>,
    Path(id): Path<String>,
    request: Request,
) -> Response {
    if let Some(response) = troubled(&world, door, "cancel", &[&id], &Cut::of(&request)).await {
        return response;
    }
    ask::cancel(&world, door, &id).map_or_else(|error| broken(&error), |answer| answer.respond(door.flavour))
}

async fn troubled(world: &World, door: Door, route: &str, ids: &[&str], cut: &Cut) -> Option<Response> {
    let (reply, delay_ms) = match ask::trouble(world, route, ids) {
        Ok(found) => found,
        Err(error) => return Some(broken(&error)),
    };
    hold(&*world.config.clock, delay_ms).await;
    reply.map(|reply| respond(reply, door, cut))
}

fn respond(reply: Reply, door: Door, cut: &Cut) -> Response {
    match reply {
        Reply::Answer(answer) => answer.respond(door.flavour),
        Reply::Http(status) => StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY).into_response(),
        Reply::NoRoute => StatusCode::NOT_FOUND.into_response(),
        Reply::Dropped => {
            cut.now();
            StatusCode::BAD_GATEWAY.into_response()
        }
    }
}

/// The log could not be written, so nothing has happened.
fn broken(error: &io::Error) -> Response {
    tracing::error!(%error, "the sim's log could not be written");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

async fn object(request: Request) -> Option<Map<String, Value>> {
    let body = to_bytes(request.into_body(), BODY_MAX_BYTES).await.ok()?;
    match serde_json::from_slice(&body) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}
