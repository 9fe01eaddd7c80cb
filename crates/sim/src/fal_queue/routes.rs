//! One path for everything: endpoint ids have as many words as they like (section 1).

use super::{endpoints, failure, show, wish};
use crate::job::{Answer, Arrived, Desk, Refusal, Seen};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/{*path}", post(submit).get(look).put(stop))
}

async fn submit(State(desk): State<Desk>, Path(path): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let wish = wish::read(&desk, &path, &arrived);
    let route = path.rsplit('/').next().unwrap_or_default();
    let seen = desk.submit(&arrived, route, wish).await?;
    Ok(Json(show::opened(&desk, &seen)).into_response())
}

/// `…/requests/{id}/status`, or the result at `…/requests/{id}`.
async fn look(State(desk): State<Desk>, Path(path): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let (seen, end) = asked(&desk, &arrived, &path).await?;
    match end {
        "status" => {
            let status = if seen.at.is_over() { StatusCode::OK } else { StatusCode::ACCEPTED };
            Ok((status, Json(show::status(&desk, &seen))).into_response())
        }
        "" => Ok(result(&desk, &seen)),
        _ => Err(desk.refuse(&Refusal::NotFound(path))),
    }
}

fn result(desk: &Desk, seen: &Seen) -> Response {
    if !seen.at.is_over() {
        return desk.refuse(&Refusal::Invalid("Request is still in progress".to_owned()));
    }
    match failure::of(seen) {
        Some(failure) => failure.respond(),
        None => Json(show::result(desk, &seen.job)).into_response(),
    }
}

/// What waits or works is stopped at once (section 4).
async fn stop(State(desk): State<Desk>, Path(path): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let (seen, end) = asked(&desk, &arrived, &path).await?;
    if end != "cancel" {
        return Err(desk.refuse(&Refusal::NotFound(path)));
    }
    desk.change(&seen.job.id, |job, at| {
        if at.is_over() {
            return Err(Refusal::WrongState("ALREADY_COMPLETED".to_owned()));
        }
        job.cancelled_ms = Some(at.now_ms);
        Ok(())
    })?;
    Ok((StatusCode::ACCEPTED, Json(json!({"status": "CANCELLATION_REQUESTED"}))).into_response())
}

/// The request that a path below `{owner}/{app}/requests` names, and what is wanted of it.
async fn asked<'a>(desk: &Desk, arrived: &Arrived, path: &'a str) -> Result<(Seen, &'a str), Response> {
    let missing = || desk.refuse(&Refusal::NotFound(path.to_owned()));
    let (app, rest) = path.split_once("/requests/").ok_or_else(missing)?;
    let (id, end) = rest.split_once('/').unwrap_or((rest, ""));
    let route = if end.is_empty() { "result" } else { end };
    let seen = desk.poll_one(arrived, route, id).await?;
    let is_own = endpoints::app(app) == app && seen.job.memo["app"] == app;
    if is_own { Ok((seen, end)) } else { Err(missing()) }
}
