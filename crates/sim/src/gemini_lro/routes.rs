//! `/v1beta/models/{model}:predictLongRunning`, its operations and their files (sections A2, A3, A5).

use super::show;
use crate::job::{Answer, Arrived, Desk, Refusal, Wish};
use crate::veo::{self, Surface};
use axum::extract::{Path, Request, State as Shared};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

/// How long files are kept, ms: two days.
const FILES_KEPT_MS: i64 = 2 * 24 * 3_600_000;

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/v1beta/models/{model}", post(predict))
        .route("/v1beta/models/{model}/operations/{id}", get(operation))
        .route("/v1beta/files/{*file}", get(file))
}

/// The last part of the path holds the model and the verb, with a colon between them.
async fn predict(Shared(desk): Shared<Desk>, Path(call): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let Some(model) = call.strip_suffix(":predictLongRunning") else {
        return Err(desk.refuse(&Refusal::NotFound(format!("models/{call}"))));
    };
    let wish = read(&desk, model, &arrived);
    let seen = desk.submit(&arrived, "predict", wish).await?;
    Ok(Json(json!({"name": show::name(&seen.job)})).into_response())
}

async fn operation(Shared(desk): Shared<Desk>, Path((model, id)): Path<(String, String)>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let seen = desk.poll_one(&arrived, "operations", &id).await?;
    if seen.job.memo["model"] != model {
        return Err(desk.refuse(&Refusal::NotFound(format!("models/{model}/operations/{id}"))));
    }
    Ok(Json(show::operation(&desk, &seen)).into_response())
}

/// Only what follows the last slash counts: the Python SDK puts a whole `http://…` link in the place of
/// the id (`upstream/sdk-requests.md`, 0.1, fact 7).
async fn file(Shared(desk): Shared<Desk>, Path(file): Path<String>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let last = file.rsplit('/').next().unwrap_or_default();
    let missing = || desk.refuse(&Refusal::NotFound(format!("files/{last}")));
    let (id, number) = last.strip_suffix(":download").and_then(show::sample_of).ok_or_else(missing)?;
    if !is_kept(&desk, id) {
        return Err(missing());
    }
    if !arrived.uri.query().unwrap_or_default().contains("alt=media") {
        return Err(desk.refuse(&Refusal::Invalid("alt=media is missing".to_owned())));
    }
    desk.download(&arrived, "files", id, number).await
}

fn read(desk: &Desk, model: &str, arrived: &Arrived) -> Result<Wish, Refusal> {
    let order = veo::read(Surface::Developer, model, &arrived.body)?;
    if !order.extends.is_empty() && !is_own(desk, &order.extends) {
        return Err(Refusal::Invalid("The value of `video.uri` names no video that was made here.".to_owned()));
    }
    Ok(Wish {
        prompt: order.prompt,
        memo: json!({"model": model, "samples": order.outputs.len()}),
        outputs: order.outputs,
        take_ms: desk.config().pace.video_ms,
        ..Wish::default()
    })
}

/// Whether a link leads to a video of ours that is still kept.
fn is_own(desk: &Desk, link: &str) -> bool {
    let id = link.rsplit('/').next().and_then(|last| last.split(':').next()).and_then(show::sample_of);
    id.is_some_and(|(id, _)| is_kept(desk, id))
}

fn is_kept(desk: &Desk, id: &str) -> bool {
    let ends = |seen: crate::job::Seen| seen.at.finished_ms.filter(|_| seen.at.is_done());
    desk.find(id).and_then(ends).is_some_and(|ended_ms| desk.now_ms() < ended_ms + FILES_KEPT_MS)
}
