//! `GET /sim/files/{name}`: pictures that were made (`<id>.png`, `<id>-1.png`, `<id>-preview.png`)
//! and pictures that came in (`in-….png`). No secret is asked for.

use crate::cut::Cut;
use crate::effect::ArtifactFault;
use crate::midjourney::{Record, snapshot};
use crate::picture::Picture;
use crate::world::World;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::{StreamExt, stream};
use std::io;
use std::sync::Arc;
use std::time::Duration;

/// Into how many parts a slow file is cut, and the pause before each.
const SLOW_PARTS: usize = 8;
const SLOW_PAUSE: Duration = Duration::from_millis(250);

/// Answers a file.
pub(crate) async fn file(State(world): State<Arc<World>>, Path(name): Path<String>, request: Request) -> Response {
    *world.memory().counts.routes.entry("files".to_owned()).or_default() += 1;
    if let Some(bytes) = world.kept(&name) {
        return whole(&name, bytes);
    }
    let Some((picture, fault)) = wanted(&world, &name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let (cut, painter, title) = (Cut::of(&request), world.clone(), name.clone());
    let painted = tokio::task::spawn_blocking(move || painter.painted(&title, || picture.png())).await;
    match (painted, fault) {
        (Ok(Ok(bytes)), None) => whole(&name, bytes),
        (Ok(Ok(bytes)), Some(fault)) => faulty(&name, bytes, fault, &cut),
        (Ok(Err(error)), _) => {
            tracing::error!(%error, name, "a picture could not be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        (Err(error), _) => {
            tracing::error!(%error, name, "a picture could not be painted");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The picture of this name, once it may be seen, and what is wrong with this download of it.
fn wanted(world: &World, name: &str) -> Option<(Picture, Option<ArtifactFault>)> {
    let stem = name.strip_suffix(".png")?;
    let (id, part) = stem.split_once('-').map_or((stem, None), |(id, part)| (id, Some(part)));
    let (now_ms, mut memory) = (world.now_ms(), world.memory());
    let record: &Record = memory.tasks.get(id)?;
    let at = snapshot(record, now_ms);
    let picture = record.picture.as_ref()?;
    let picture = match part {
        Some("preview") if !at.is_over() => return Some((picture.preview(), None)),
        _ if !at.is_success() => return None,
        None => picture.clone(),
        Some(number) => picture.single(number.parse().ok()?)?,
    };
    let fault = record.artifact_fault();
    let struck = fault.filter(|(_, times)| memory.strikes("artifact", name, *times, false).unwrap_or(true));
    Some((picture, struck.map(|(fault, _)| fault)))
}

fn whole(name: &str, bytes: Bytes) -> Response {
    ([(header::CONTENT_TYPE, content_type(name))], bytes).into_response()
}

fn content_type(name: &str) -> String {
    let extension = name.rsplit_once('.').map_or("png", |(_, extension)| extension);
    format!("image/{extension}")
}

fn faulty(name: &str, bytes: Bytes, fault: ArtifactFault, cut: &Cut) -> Response {
    let (kind, length) = (content_type(name), bytes.len());
    let streamed = |body: Body| {
        let headers = [(header::CONTENT_TYPE, kind.clone()), (header::CONTENT_LENGTH, length.to_string())];
        (headers, body).into_response()
    };
    match fault {
        ArtifactFault::Missing => StatusCode::NOT_FOUND.into_response(),
        ArtifactFault::Away => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        ArtifactFault::Empty => whole(name, Bytes::new()),
        ArtifactFault::Html => whole(name, Bytes::from_static(b"<html><body>please sign in</body></html>")),
        ArtifactFault::Cut => {
            let (half, cut) = (bytes.slice(..length / 2), cut.clone());
            let end = stream::once(async move {
                // A moment for the first half to leave, so that the peer really sees a half.
                tokio::time::sleep(SLOW_PAUSE).await;
                cut.now();
                Err(io::Error::from(io::ErrorKind::ConnectionAborted))
            });
            streamed(Body::from_stream(stream::iter([Ok(half)]).chain(end)))
        }
        ArtifactFault::Slow => {
            let step = length.div_ceil(SLOW_PARTS).max(1);
            let parts: Vec<Bytes> =
                (0..length).step_by(step).map(|at| bytes.slice(at..(at + step).min(length))).collect();
            let slow = stream::iter(parts).then(|part| async move {
                tokio::time::sleep(SLOW_PAUSE).await;
                Ok::<_, io::Error>(part)
            });
            streamed(Body::from_stream(slow))
        }
    }
}
