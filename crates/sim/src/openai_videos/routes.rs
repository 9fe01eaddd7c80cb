//! `/v1/videos` and what stands below it (sections 2 to 6).

use super::fields::wrong;
use super::{show, wish};
use crate::job::{Answer, Arrived, Desk, Job, Refusal, Seen, State};
use axum::extract::{Path, Request, State as Shared};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

/// How many stand on a page when nothing is asked for, and the most.
const LIMIT: usize = 20;
const LIMIT_MAX: usize = 100;

/// The header that tells when to ask again, ms (section 3).
const POLL_AFTER: &str = "openai-poll-after-ms";

/// How often a video can be asked for before it is done, when each answer's hint is obeyed.
const POLLS: i64 = 12;

/// Bounds of the hint, ms.
const POLL_AFTER_MS: std::ops::RangeInclusive<i64> = 20..=10_000;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/v1/videos", post(create).get(list))
        .route("/v1/videos/{id}", get(retrieve).delete(delete))
        .route("/v1/videos/{id}/content", get(content))
        .route("/v1/videos/{id}/remix", post(remix))
}

async fn create(Shared(desk): Shared<Desk>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let wish = wish::read(&desk, &arrived);
    let seen = desk.submit(&arrived, "videos", wish).await?;
    Ok(answer(&desk, &seen))
}

async fn remix(Shared(desk): Shared<Desk>, Path(id): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let wish = match desk.find(&id) {
        None => Err(Refusal::NotFound(id)),
        Some(seen) if !seen.at.is_done() => Err(Refusal::WrongState("The video is not completed.".to_owned())),
        Some(seen) => wish::remix(&desk, &arrived, &seen.job),
    };
    let seen = desk.submit(&arrived, "remix", wish).await?;
    Ok(answer(&desk, &seen))
}

async fn retrieve(Shared(desk): Shared<Desk>, Path(id): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let seen = desk.poll_one(&arrived, "retrieve", &id).await?;
    Ok(answer(&desk, &seen))
}

async fn list(Shared(desk): Shared<Desk>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    desk.poll(&arrived, "list", &[]).await?;
    let (page, has_more) = page(&desk, &arrived).map_err(|refusal| desk.refuse(&refusal))?;
    let end = |seen: Option<&Seen>| seen.map(|seen| seen.job.id.clone());
    let data: Vec<_> = page.iter().map(show::video).collect();
    let (first_id, last_id) = (end(page.first()), end(page.last()));
    let body = json!({"object": "list", "data": data, "first_id": first_id, "last_id": last_id, "has_more": has_more});
    Ok(Json(body).into_response())
}

/// Completed and failed ones only; there is no cancel (section 5).
async fn delete(Shared(desk): Shared<Desk>, Path(id): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    desk.poll_one(&arrived, "delete", &id).await?;
    let seen = desk.change(&id, |job: &mut Job, at| {
        if !at.is_over() {
            return Err(Refusal::WrongState("Only completed or failed videos can be deleted.".to_owned()));
        }
        job.is_deleted = true;
        Ok(())
    })?;
    Ok(Json(json!({"id": seen.job.id, "object": "video.deleted", "deleted": true})).into_response())
}

/// The bytes of a variant, for an hour after the end.
async fn content(Shared(desk): Shared<Desk>, Path(id): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let number = match arrived.asks("variant") {
        "" | "video" => 1,
        "thumbnail" => 2,
        "spritesheet" => 3,
        _ => return Err(desk.refuse(&wrong("variant", "must be video, thumbnail or spritesheet"))),
    };
    let is_expired = |seen: Seen| seen.at.finished_ms.is_some_and(|ms| seen.at.now_ms > ms + show::EXPIRES_S * 1_000);
    if desk.find(&id).is_some_and(is_expired) {
        return Err(desk.refuse(&Refusal::NotFound(id)));
    }
    desk.download(&arrived, "content", &id, number).await
}

/// The page that is asked for, and whether more follows.
fn page(desk: &Desk, arrived: &Arrived) -> Result<(Vec<Seen>, bool), Refusal> {
    let limit = match arrived.asks("limit") {
        "" => Some(LIMIT),
        text => text.parse().ok().filter(|limit| *limit <= LIMIT_MAX),
    };
    let limit = limit.ok_or_else(|| wrong("limit", "must be from 0 to 100"))?;
    let mut known = desk.list(usize::MAX, |_| true);
    match arrived.asks("order") {
        "" | "desc" => {}
        "asc" => known.reverse(),
        _ => return Err(wrong("order", "must be asc or desc")),
    }
    let after = arrived.asks("after");
    let from = match known.iter().position(|seen| seen.job.id == after) {
        Some(place) => place + 1,
        None if after.is_empty() => 0,
        None => return Err(wrong("after", "names no video")),
    };
    let has_more = known.len() > from + limit;
    Ok((known.into_iter().skip(from).take(limit).collect(), has_more))
}

/// The video, and when to ask for it again while it is not over.
fn answer(desk: &Desk, seen: &Seen) -> Response {
    let after_ms = (desk.config().pace.video_ms / POLLS).clamp(*POLL_AFTER_MS.start(), *POLL_AFTER_MS.end());
    let mut answer = Json(show::video(seen)).into_response();
    if matches!(seen.at.state, State::Waiting { .. } | State::Working { .. }) {
        answer.headers_mut().insert(POLL_AFTER, after_ms.into());
    }
    answer
}
