//! Buckets: `GET /storage/v1/b/{bucket}/o/{object}` (`alt=media` for the bytes), and the list of what
//! stands below a prefix, by which a result can be found whose submission's answer was lost (section D).
//! An object's name is one part of the path, its slashes as `%2F`.

use super::{show, token};
use crate::job::{Answer, Desk, Job, Refusal, Seen};
use axum::extract::{Path, Request, State as Shared};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

/// The most objects of one list.
const OBJECTS_MAX: usize = 1_000;

pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/storage/v1/b/{bucket}/o", get(list)).route("/storage/v1/b/{bucket}/o/{object}", get(object))
}

async fn list(Shared(desk): Shared<Desk>, Path(bucket): Path<String>, request: Request) -> Answer {
    let arrived = token::receive(&desk, request).await?;
    desk.poll(&arrived, "storage", &[]).await?;
    let prefix = format!("gs://{bucket}/{}", arrived.asks("prefix"));
    let mine = |job: &Job| show::stored_at(job, 1).is_some_and(|uri| uri.starts_with(&prefix));
    let known = desk.list(OBJECTS_MAX, mine);
    let done = known.iter().filter(|seen| seen.at.is_done());
    let items: Vec<Value> = done
        .flat_map(|seen| (1..=seen.job.outputs.len()).filter_map(|number| show::stored_at(&seen.job, number)))
        .filter_map(|uri| described(&bucket, &uri))
        .take(OBJECTS_MAX)
        .collect();
    Ok(Json(json!({"kind": "storage#objects", "items": items})).into_response())
}

async fn object(
    Shared(desk): Shared<Desk>,
    Path((bucket, object)): Path<(String, String)>,
    request: Request,
) -> Answer {
    let arrived = token::receive(&desk, request).await?;
    let uri = format!("gs://{bucket}/{object}");
    let missing = || desk.refuse(&Refusal::NotFound(format!("{bucket}/{object}")));
    let (seen, number) = find(&desk, &uri).ok_or_else(missing)?;
    if arrived.asks("alt") == "media" {
        return desk.download(&arrived, "storage", &seen.job.id, number).await;
    }
    desk.poll(&arrived, "storage", &[]).await?;
    Ok(Json(described(&bucket, &uri)).into_response())
}

/// The job and the number of its sample that are stored at `uri`.
fn find(desk: &Desk, uri: &str) -> Option<(Seen, usize)> {
    let (folder, file) = uri.rsplit_once('/')?;
    let place: usize = file.strip_prefix("sample_")?.strip_suffix(".mp4")?.parse().ok()?;
    let seen = desk.find(folder.rsplit('/').next()?).filter(|seen| seen.at.is_done())?;
    let number = place.checked_add(1).filter(|number| *number <= seen.job.outputs.len())?;
    (show::stored_at(&seen.job, number)? == uri).then_some((seen, number))
}

fn described(bucket: &str, uri: &str) -> Option<Value> {
    let name = uri.strip_prefix(&format!("gs://{bucket}/"))?;
    Some(json!({"kind": "storage#object", "bucket": bucket, "name": name, "contentType": "video/mp4"}))
}
