//! `POST /suno/submit/{action}`, `GET /suno/fetch/{id}`, `POST /suno/fetch` (sections 1.2 and 1.3).

use super::{show, wish};
use crate::job::{Answer, Desk, Refusal};
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/suno/submit/{action}", post(submit))
        .route("/suno/fetch/{id}", get(fetch))
        .route("/suno/fetch", post(fetch_many))
}

async fn submit(State(desk): State<Desk>, Path(action): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let action = action.to_lowercase();
    let wish = wish::read(&desk, &action, &arrived);
    let seen = desk.submit(&arrived, &action, wish).await?;
    Ok(success(seen.job.id.as_str().into()))
}

async fn fetch(State(desk): State<Desk>, Path(id): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let seen = desk.poll_one(&arrived, "fetch", &id).await?;
    Ok(success(show::task(&desk, &seen)))
}

/// Missing ids are left out.
async fn fetch_many(State(desk): State<Desk>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let Some(ids) = arrived.body.get("ids").and_then(Value::as_array) else {
        return Err(desk.refuse(&Refusal::Invalid("ids is missing".to_owned())));
    };
    let ids: Vec<&str> = ids.iter().filter_map(Value::as_str).collect();
    let seen = desk.poll(&arrived, "fetch", &ids).await?;
    let action = arrived.text("action");
    let wanted = seen.iter().filter(|seen| action.is_empty() || show::action(&seen.job).eq_ignore_ascii_case(action));
    Ok(success(wanted.map(|seen| show::task(&desk, seen)).collect()))
}

fn success(data: Value) -> axum::response::Response {
    Json(json!({"code": "success", "message": "", "data": data})).into_response()
}
