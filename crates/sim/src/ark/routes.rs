//! `/api/v3/contents/generations/tasks`: create, list; `/{id}`: get, delete (sections 2 to 5).

use super::{expiry, fields, show, wish};
use crate::job::{Answer, Arrived, Desk, Refusal, Seen, State};
use axum::extract::{Path, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Map, json};

/// The most pages, and the most tasks on one.
const PAGE_MAX: usize = 500;

/// Tasks on a page when nothing is asked for.
const PAGE_SIZE: usize = 10;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/api/v3/contents/generations/tasks", post(submit).get(list))
        .route("/api/v3/contents/generations/tasks/{id}", get(fetch).delete(delete))
}

async fn submit(Shared(desk): Shared<Desk>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let wish = wish::read(&desk, &arrived);
    let seen = desk.submit(&arrived, "tasks", wish).await?;
    let mut answer = Map::from_iter([("id".to_owned(), seen.job.id.as_str().into())]);
    answer.extend(seen.job.memo.get("safety_identifier").map(|echo| ("safety_identifier".to_owned(), echo.clone())));
    Ok(Json(answer).into_response())
}

async fn fetch(Shared(desk): Shared<Desk>, Path(id): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let seen = one(&desk, &arrived, "fetch", &id).await?;
    Ok(Json(show::task(&desk, &seen)).into_response())
}

/// The newest first. With ids only those are looked up; unknown ones are left out.
async fn list(Shared(desk): Shared<Desk>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let page = page(&arrived, "page_num", 1).map_err(|refusal| desk.refuse(&refusal))?;
    let size = self::page(&arrived, "page_size", PAGE_SIZE).map_err(|refusal| desk.refuse(&refusal))?;
    let ids: Vec<&str> =
        arrived.query.iter().filter(|(name, _)| name == "filter.task_ids").map(|(_, id)| id.as_str()).collect();
    let mut known = desk.poll(&arrived, "list", &ids).await?;
    if ids.is_empty() {
        known = desk.list(usize::MAX, |_| true);
    }
    let same = |wanted: &str, is: &str| wanted.is_empty() || wanted == is;
    known.retain(|seen| {
        let noted = |name: &str| seen.job.memo[name].as_str().unwrap_or_default();
        expiry::is_kept(seen)
            && same(arrived.asks("filter.status"), show::status(seen))
            && same(arrived.asks("filter.model"), noted("model"))
            && same(arrived.asks("filter.service_tier"), noted("service_tier"))
    });
    known.sort_by_key(|seen| std::cmp::Reverse(seen.job.number));
    known.dedup_by_key(|seen| seen.job.number);
    let items = known.iter().skip((page - 1) * size).take(size).map(|seen| show::task(&desk, seen));
    Ok(Json(json!({"items": items.collect::<Vec<_>>(), "total": known.len()})).into_response())
}

/// One that waits is cancelled; the record of one that is over is deleted; others are refused.
async fn delete(Shared(desk): Shared<Desk>, Path(id): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let is_expired = expiry::is_expired(&one(&desk, &arrived, "delete", &id).await?);
    desk.change(&id, |job, at| {
        match at.state {
            _ if is_expired => job.is_deleted = true,
            State::Waiting { .. } => job.cancelled_ms = Some(at.now_ms),
            State::Done | State::Failed { .. } | State::Moderated { .. } => job.is_deleted = true,
            State::Working { .. } => return Err(Refusal::WrongState("the task is running".to_owned())),
            State::Cancelled => return Err(Refusal::WrongState("the task is cancelled".to_owned())),
        }
        Ok(())
    })?;
    Ok(Json(json!({})).into_response())
}

/// A task whose record is still kept.
async fn one(desk: &Desk, arrived: &Arrived, route: &str, id: &str) -> Result<Seen, Response> {
    let seen = desk.poll_one(arrived, route, id).await?;
    if expiry::is_kept(&seen) { Ok(seen) } else { Err(desk.refuse(&Refusal::NotFound(id.to_owned()))) }
}

fn page(arrived: &Arrived, name: &str, usual: usize) -> Result<usize, Refusal> {
    let given = arrived.asks(name);
    let number = if given.is_empty() { Some(usual) } else { given.parse().ok() };
    number.filter(|number| (1..=PAGE_MAX).contains(number)).ok_or_else(|| fields::wrong(name, "must be from 1 to 500"))
}
