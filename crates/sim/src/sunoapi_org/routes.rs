//! Submissions, a query for each family of them, and the credits (sections 2.2 and 2.3).

use super::{show, success, wish};
use crate::job::{Answer, Desk, Refusal};
use axum::Router;
use axum::extract::{Request, State};
use axum::routing::{get, post};
use serde_json::json;

/// What the account still holds, at all times.
const CREDITS: i64 = 1_000;

/// What opens songs, and what opens words.
const SONGS: &[&str] = &["generate", "extend"];
const WORDS: &[&str] = &["lyrics"];

pub(super) fn routes() -> Router<Desk> {
    Router::new()
        .route("/api/v1/generate", post(generate))
        .route("/api/v1/generate/extend", post(extend))
        .route("/api/v1/generate/record-info", get(songs))
        .route("/api/v1/generate/credit", get(credit))
        .route("/api/v1/lyrics", post(lyrics))
        .route("/api/v1/lyrics/record-info", get(words))
}

async fn generate(State(desk): State<Desk>, request: Request) -> Answer {
    submit(&desk, "generate", request).await
}

async fn extend(State(desk): State<Desk>, request: Request) -> Answer {
    submit(&desk, "extend", request).await
}

async fn lyrics(State(desk): State<Desk>, request: Request) -> Answer {
    submit(&desk, "lyrics", request).await
}

async fn submit(desk: &Desk, route: &str, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let wish = wish::read(desk, route, &arrived);
    let seen = desk.submit(&arrived, route, wish).await?;
    Ok(success(&json!({"taskId": seen.job.id})))
}

async fn songs(State(desk): State<Desk>, request: Request) -> Answer {
    record(&desk, SONGS, request).await
}

async fn words(State(desk): State<Desk>, request: Request) -> Answer {
    record(&desk, WORDS, request).await
}

/// Each family has its own query, which knows nothing of the others' tasks.
async fn record(desk: &Desk, family: &[&str], request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    let id = arrived.asks("taskId");
    let seen = desk.poll_one(&arrived, "record-info", id).await?;
    if !family.contains(&seen.job.route.as_str()) {
        return Err(desk.refuse(&Refusal::NotFound(id.to_owned())));
    }
    Ok(success(&show::record(desk, &seen)))
}

async fn credit(State(desk): State<Desk>, request: Request) -> Answer {
    let arrived = desk.receive(request).await?;
    desk.poll(&arrived, "credit", &[]).await?;
    Ok(success(&CREDITS.into()))
}
