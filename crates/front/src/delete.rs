//! `Call::Delete`: stops a task that is not over, hides one that is.

use crate::api::Api;
use crate::asked::Asked;
use crate::views;
use crate::{cancel, reply};
use axum::response::Response;
use contracts::Problem;

/// A queued or stoppable task is stopped, a finished one hidden from its caller; 409 when it runs and
/// can't be stopped (`contract/DECISIONS.md`, cancel and delete).
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let mut seen = views::named(api, asked).await?;
    if seen.latest().is_over() {
        let hidden = api.front.ledger.hide_task(seen.task.id).await;
        hidden.map_err(|error| reply::ledger_problem(&error))?;
    } else {
        seen = cancel::stop(api, asked, seen).await?;
    }
    let link = |key: &str| api.front.link(key);
    let view = seen.view(&link, api);
    Ok(reply::about(asked.family, view.face(), &asked.family.deleted(&view)))
}
