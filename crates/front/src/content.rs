//! `Call::Content`: answers an artifact's bytes; never a redirect.

use crate::api::Api;
use crate::asked::Asked;
use crate::{object, views};
use axum::response::Response;
use contracts::Problem;
use task::{Artifact, Role, State, Task};

/// Streams the main output of the task that the request names; 404 before there is one.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let seen = views::named(api, asked).await?;
    let missing = || Problem::not_found("content_not_ready", "the task has no file to show (yet)");
    let artifact = main_output(seen.latest()).ok_or_else(missing)?;
    object::answer(&*api.front.store, &artifact.key, &asked.headers, asked.is_head).await
}

/// The first output that was asked for; covers and single pictures only if there is no other.
fn main_output(task: &Task) -> Option<&Artifact> {
    let wanted = |artifact: &&Artifact| matches!(artifact.role, Role::Image | Role::Video | Role::Audio);
    let known = || task.artifacts.iter().filter(|artifact| !artifact.late);
    (task.state == State::Succeeded).then(|| known().find(wanted).or_else(|| known().next())).flatten()
}
