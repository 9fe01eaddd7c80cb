//! `GET /sim/files/{name}`: files that were made (`<id>.png`, `<id>-1.png`, `<id>-preview.png` of a
//! Midjourney task, `<id>-1.mp4` … of a job) and files that came in (`in-….png`). No key is asked for.

use crate::cut::Cut;
use crate::effect::{ArtifactFault, Planned};
use crate::job::{self, Job};
use crate::media::MediaError;
use crate::midjourney::{Record, snapshot};
use crate::picture::Picture;
use crate::script::unmarked;
use crate::troubles::Troubles;
use crate::world::{Memory, World};
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
    let cut = Cut::of(&request);
    if let Some(bytes) = world.kept(&name) {
        return whole(&name, bytes);
    }
    if let Some((job, number)) = named(&world, &name) {
        return output(&world, &job, number, &name, &cut).await.unwrap_or_else(missing);
    }
    let Some((picture, fault)) = painting(&world, &name) else { return missing() };
    match make(&world, &name, move || Ok(picture.png()?)).await {
        Some(bytes) => sent(&name, bytes, fault, &cut),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// An output of a job, from 1, with the troubles of its download; `None` before it is there.
pub(crate) async fn output(
    world: &Arc<World>,
    job: &Arc<Job>,
    number: usize,
    name: &str,
    cut: &Cut,
) -> Option<Response> {
    let bytes = made(world, job, number, name).await?;
    let fault = struck(&mut world.memory(), name, &job.troubles);
    Some(sent(name, bytes, fault, cut))
}

/// The bytes of a job's output, from 1; `None` before it is there.
pub(crate) async fn made(world: &Arc<World>, job: &Arc<Job>, number: usize, name: &str) -> Option<Bytes> {
    let output = *job.outputs.get(number.checked_sub(1)?)?;
    let at = job::snapshot(job, world.now_ms());
    let is_there = at.is_done() || (output.from_percent < 100 && at.percent() >= output.from_percent && !at.is_over());
    if !is_there || job.is_gone(at.now_ms) {
        return None;
    }
    let (seed, caption) = (job.seed, unmarked(&job.prompt));
    make(world, name, move || output.media.make(seed, number as u64, &caption)).await
}

/// The job and the number of its output that this name means.
fn named(world: &World, name: &str) -> Option<(Arc<Job>, usize)> {
    let (id, number) = name.rsplit_once('.')?.0.rsplit_once('-')?;
    let (job, number) = (world.memory().jobs.get(id)?.clone(), number.parse().ok()?);
    (job.file_name(number).as_deref() == Some(name)).then_some((job, number))
}

/// The picture of this name, once it may be seen, and what is wrong with this download of it.
fn painting(world: &World, name: &str) -> Option<(Picture, Option<ArtifactFault>)> {
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
    let troubles = record.troubles.clone();
    Some((picture, struck(&mut memory, name, &troubles)))
}

/// What is wrong with this download, which counts as one more.
fn struck(memory: &mut Memory, name: &str, troubles: &[Planned]) -> Option<ArtifactFault> {
    let (fault, times) = Troubles(troubles).artifact_fault()?;
    memory.strikes("artifact", name, times, false).unwrap_or(true).then_some(fault)
}

/// The bytes of this name, made aside unless they are at hand; `None` when they can't be made.
async fn make(
    world: &Arc<World>,
    name: &str,
    make: impl FnOnce() -> Result<Bytes, MediaError> + Send + 'static,
) -> Option<Bytes> {
    let (maker, title) = (world.clone(), name.to_owned());
    match tokio::task::spawn_blocking(move || maker.made(&title, make)).await {
        Ok(Ok(bytes)) => Some(bytes),
        Ok(Err(error)) => {
            tracing::error!(%error, name, "a file could not be encoded");
            None
        }
        Err(error) => {
            tracing::error!(%error, name, "a file could not be made");
            None
        }
    }
}

fn missing() -> Response {
    StatusCode::NOT_FOUND.into_response()
}

fn sent(name: &str, bytes: Bytes, fault: Option<ArtifactFault>, cut: &Cut) -> Response {
    match fault {
        None => whole(name, bytes),
        Some(fault) => faulty(name, bytes, fault, cut),
    }
}

fn whole(name: &str, bytes: Bytes) -> Response {
    ([(header::CONTENT_TYPE, content_type(name))], bytes).into_response()
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("png", |(_, ending)| ending) {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "gif" => "image/gif",
        "mp4" => "video/mp4",
        "mp3" => "audio/mpeg",
        "wav" => "audio/wav",
        _ => "application/octet-stream",
    }
}

fn faulty(name: &str, bytes: Bytes, fault: ArtifactFault, cut: &Cut) -> Response {
    let (kind, length) = (content_type(name), bytes.len());
    let streamed = |body: Body| {
        let headers = [(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_LENGTH, length.to_string())];
        (headers, body).into_response()
    };
    match fault {
        ArtifactFault::Missing => StatusCode::NOT_FOUND.into_response(),
        ArtifactFault::Denied => StatusCode::FORBIDDEN.into_response(),
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
