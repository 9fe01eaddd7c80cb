//! A submission that goes on from a clip: when the caller's own task made it, that task is the parent,
//! so that the work goes to the channel and account that has the clip (`contract/DECISIONS.md`, Suno: clip ids).

use crate::api::Api;
use crate::asked::Asked;
use crate::reply;
use contracts::{Order, Problem};
use providers::routing;
use std::sync::Arc;
use task::{State, Task};

/// The task that made the order's clip, if a submission can go on from it. Any other clip (unknown,
/// another tenant's, of a channel that is gone) is left to the vendor: it is no reason to refuse.
pub async fn parent(api: &Api, asked: &Asked, order: &Order) -> Result<Option<Arc<Task>>, Problem> {
    let Some(clip) = order.clip.as_deref().filter(|_| order.spec.parent.is_none()) else { return Ok(None) };
    let found = api.front.ledger.clip_task(asked.token()?.id, clip).await;
    let Some(id) = found.map_err(|error| reply::ledger_problem(&error))? else { return Ok(None) };
    let task = api.reader.task(id).await?;
    Ok(task.filter(|task| asked.may_see(task) && can_go_on(api, order, task)))
}

/// As the submit stage will ask for it: a parent that succeeded and has its handle, on a channel that
/// still takes this work.
fn can_go_on(api: &Api, order: &Order, parent: &Task) -> bool {
    let channels = api.front.channels.all();
    parent.state == State::Succeeded
        && parent.operation.is_some()
        && routing::candidates(&channels, order.spec.kind, &order.model)
            .iter()
            .any(|candidate| candidate.channel.name == parent.channel)
}
