//! `Call::Lookup`: asks upstream about a finished task (its seed), once; then it is known.

use crate::api::Api;
use crate::asked::Asked;
use crate::errand::{self, ERRAND_LIMIT};
use crate::{reply, views};
use axum::response::Response;
use contracts::{LookupResult, Problem};
use ledger::{ErrandKind, ErrandResult};
use task::Task;
use tokio::time::Instant;

/// Answers what is known, or asks for it and waits at most [`ERRAND_LIMIT`].
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let seen = views::named(api, asked).await?;
    // A task that was handed over has its result, and so its seed, in the child.
    let task = seen.latest();
    let result = match asked.family.known(task)? {
        Some(known) => LookupResult::Found(known),
        None => ask(api, task).await?,
    };
    asked.family.looked_up(&seen.task, &result).map(|answer| reply::answer(&answer))
}

async fn ask(api: &Api, task: &Task) -> Result<LookupResult, Problem> {
    let Some(channel) = api.front.channels.get(&task.channel) else {
        return Ok(LookupResult::Failed("the channel of this task is gone".to_owned()));
    };
    let can = providers::find(&channel.dialect).is_some_and(|dialect| dialect.capabilities(&channel.options).seed);
    if !can || task.operation.is_none() {
        return Ok(LookupResult::None);
    }
    let result = match errand::ask(api, task, ErrandKind::Seed, Instant::now() + ERRAND_LIMIT).await? {
        Some(ErrandResult::Done(Some(found))) => LookupResult::Found(found),
        Some(ErrandResult::Done(None) | ErrandResult::None) => LookupResult::None,
        Some(ErrandResult::TooLate(reason) | ErrandResult::Failed(reason)) => LookupResult::Failed(reason),
        None => LookupResult::Failed("the provider did not answer in time".to_owned()),
    };
    if let LookupResult::Found(found) = &result
        && let Err(error) = api.front.ledger.keep_seed(task.id, found).await
    {
        // The answer is good all the same; the next caller asks again.
        tracing::warn!(%error, task = %task.id, "a seed could not be kept");
    }
    Ok(result)
}
