//! The new generation: the model stands in the path, and `/tasks` asks for many (section 5).

use super::{MODERN, gate, modern_wish, show, success};
use crate::job::{Answer, Desk, Job, Refusal, Seen};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::routing::{get, post};
use serde_json::{Value, json};

/// How many a list answers with when nothing is said, and at most.
const LIST: u64 = 100;
const LIST_MAX: u64 = 500;

/// What a list looks back when nothing is said, ms: 30 days.
const LIST_BACK_MS: i64 = 30 * 24 * 3_600 * 1_000;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/tasks", get(fetch).post(list)).route("/{kind}/{model}", post(submit))
}

async fn submit(State(desk): State<Desk>, Path((kind, model)): Path<(String, String)>, request: Request) -> Answer {
    let arrived = gate::receive_modern(&desk, request).await?;
    let wish = modern_wish::read(&desk, &kind, &model, &arrived);
    let seen = desk.submit(&arrived, &kind, wish).await?;
    let mut task = show::modern(&desk, &seen);
    if let Value::Object(fields) = &mut task {
        fields
            .retain(|name, _| matches!(name.as_str(), "id" | "status" | "create_time" | "update_time" | "external_id"));
    }
    Ok(success(&desk, &task))
}

/// By ids or by the caller's own, not both; those that are not there are left out.
async fn fetch(State(desk): State<Desk>, request: Request) -> Answer {
    let arrived = gate::receive_modern(&desk, request).await?;
    let (ids, own) = (arrived.asks("task_ids"), arrived.asks("external_task_ids"));
    if ids.is_empty() == own.is_empty() {
        return Err(desk.refuse(&Refusal::Invalid("either task_ids or external_task_ids".to_owned())));
    }
    let wanted: Vec<&str> =
        [ids, own].into_iter().flat_map(|text| text.split(',')).filter(|id| !id.is_empty()).collect();
    let seen = desk.poll(&arrived, "tasks", &wanted).await?;
    let is_meant = |seen: &&Seen| {
        let id = if own.is_empty() { &seen.job.id } else { &seen.job.client };
        seen.job.memo["generation"] == MODERN && wanted.contains(&id.as_str())
    };
    Ok(success(&desk, &seen.iter().filter(is_meant).map(|seen| show::modern(&desk, seen)).collect()))
}

/// The newest first, a page at a time; the cursor is how many were shown before.
async fn list(State(desk): State<Desk>, request: Request) -> Answer {
    let arrived = gate::receive_modern(&desk, request).await?;
    desk.poll(&arrived, "list", &[]).await?;
    let ask = &arrived.body;
    let until_ms = ask["end_time"].as_i64().unwrap_or(desk.now_ms());
    let from_ms = ask["start_time"].as_i64().unwrap_or(until_ms - LIST_BACK_MS);
    let limit = ask["limit"].as_u64().unwrap_or(LIST).clamp(1, LIST_MAX) as usize;
    let skip = ask["cursor"].as_str().and_then(|cursor| cursor.parse::<usize>().ok()).unwrap_or(0);
    let is_in = |job: &Job| job.memo["generation"] == MODERN && (from_ms..=until_ms).contains(&job.submit_ms);
    let tasks: Vec<Value> = desk
        .list(usize::MAX, is_in)
        .iter()
        .map(|seen| show::modern(&desk, seen))
        .filter(|task| fits(ask, task))
        .collect();
    let page: Vec<&Value> = tasks.iter().skip(skip).take(limit).collect();
    let has_more = tasks.len() > skip + page.len();
    let next = if has_more { (skip + page.len()).to_string() } else { String::new() };
    Ok(success(&desk, &json!({"result": page, "count": page.len(), "next_cursor": next, "has_more": has_more})))
}

/// Whether the task passes the status filters; others are not played.
fn fits(ask: &Value, task: &Value) -> bool {
    let filters = ask["filters"].as_array().map(Vec::as_slice).unwrap_or_default();
    let holds = |filter: &Value| filter["values"].as_array().is_some_and(|values| values.contains(&task["status"]));
    filters.iter().filter(|filter| filter["key"] == "status").all(holds)
}
