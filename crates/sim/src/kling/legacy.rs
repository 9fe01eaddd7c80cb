//! The legacy generation: `POST` a path, `GET` one of it by either id, `GET` its list (sections 2 to 4).

use super::{gate, legacy_wish, show, success};
use crate::job::{Answer, Desk, Job, Refusal};
use axum::Router;
use axum::extract::{Path, Request, State};
use axum::routing::{get, post};

/// The most pages, and the most of a page (section 4).
const PAGE_MAX: usize = 1_000;
const PAGE_SIZE_MAX: usize = 500;

/// What a page holds when nothing is said.
const PAGE_SIZE: usize = 30;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/v1/{family}/{kind}", post(submit).get(list)).route("/v1/{family}/{kind}/{id}", get(fetch))
}

async fn submit(State(desk): State<Desk>, Path((family, kind)): Path<(String, String)>, request: Request) -> Answer {
    let arrived = gate::receive_legacy(&desk, request).await?;
    let wish = legacy_wish::read(&desk, &family, &kind, &arrived);
    let seen = desk.submit(&arrived, &kind, wish).await?;
    Ok(success(&desk, &show::legacy_opened(&seen)))
}

/// By the task's id or by the caller's own, on the path that opened it.
async fn fetch(
    State(desk): State<Desk>,
    Path((_, kind, id)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    let arrived = gate::receive_legacy(&desk, request).await?;
    let seen = desk.poll_one(&arrived, "fetch", &id).await?;
    if seen.job.route != kind {
        return Err(desk.refuse(&Refusal::NotFound(id)));
    }
    Ok(success(&desk, &show::legacy(&desk, &seen)))
}

async fn list(State(desk): State<Desk>, Path((_, kind)): Path<(String, String)>, request: Request) -> Answer {
    let arrived = gate::receive_legacy(&desk, request).await?;
    desk.poll(&arrived, "list", &[]).await?;
    let page = number(arrived.asks("pageNum"), "pageNum", 1, PAGE_MAX).map_err(|refusal| desk.refuse(&refusal))?;
    let size = number(arrived.asks("pageSize"), "pageSize", PAGE_SIZE, PAGE_SIZE_MAX)
        .map_err(|refusal| desk.refuse(&refusal))?;
    let of_path = |job: &Job| job.route == kind;
    let seen = desk.list(page * size, of_path);
    let tasks = seen.iter().skip((page - 1) * size).map(|seen| show::legacy(&desk, seen)).collect();
    Ok(success(&desk, &tasks))
}

fn number(text: &str, name: &str, usual: usize, most: usize) -> Result<usize, Refusal> {
    if text.is_empty() {
        return Ok(usual);
    }
    let within = |number: &usize| (1..=most).contains(number);
    text.parse().ok().filter(within).ok_or_else(|| Refusal::Invalid(format!("{name} must be 1 to {most}")))
}
