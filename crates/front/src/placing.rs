//! Which channel a new task is committed with.

use crate::api::Api;
use contracts::{Family, Order, Problem, QueuePosition};
use futures::future::join_all;
use providers::Fit;
use providers::routing::{self, Candidate};
use task::{Channel, Spec, Task, catalogue};

/// A place for a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The channel.
    pub channel: String,
    /// What its vendor calls the model.
    pub upstream_model: String,
    /// What its dialect makes of a request that the vendor would not take as it is.
    pub fit: Fit,
    /// How busy the channels are that could take it.
    pub position: QueuePosition,
}

/// Finds a place. A task with a parent stays with the parent's channel; anything else goes to the best channel
/// that has room, by weight, or else waits at the best one. 400 for a model that nobody knows, 503
/// when no enabled channel serves it.
pub async fn find(api: &Api, family: &dyn Family, order: &Order, parent: Option<&Task>) -> Result<Place, Problem> {
    let channels = api.front.channels.all();
    if !is_known(family, &channels, &order.model) {
        return Err(Problem::unknown_model(&order.model));
    }
    let mut candidates = routing::candidates(&channels, order.spec.kind, &order.model);
    if let Some(parent) = parent {
        candidates.retain(|candidate| candidate.channel.name == parent.channel);
    }
    leave_refusals(&mut candidates, order)?;
    let gates = candidates.iter().map(|candidate| api.gates.ahead(&*api.front.scheduler, candidate.channel));
    let ahead: Vec<i64> = join_all(gates).await;
    let with_room: Vec<Candidate<'_>> =
        candidates.iter().zip(&ahead).filter(|(_, ahead)| **ahead == 0).map(|(candidate, _)| *candidate).collect();
    let choice = if with_room.is_empty() { &candidates } else { &with_room };
    let mut chance = [0u8; 8];
    api.front.entropy.fill(&mut chance);
    let chosen = routing::pick(choice, u64::from_le_bytes(chance));
    let place = chosen.and_then(|candidate| Place::at(candidate, &order.model, &order.spec));
    let position = QueuePosition { ahead: ahead.into_iter().min().unwrap_or(0) };
    place.map(|place| Place { position, ..place }).ok_or_else(|| Problem::no_channel(&order.model))
}

/// Leaves only channels that can take it at all; 400 with the first one's reason when there are some, but none
/// of these can.
fn leave_refusals(candidates: &mut Vec<Candidate<'_>>, order: &Order) -> Result<(), Problem> {
    let mut told = None;
    candidates.retain(|candidate| {
        let refused = candidate.refusal(&order.model, &order.spec);
        let takes_it = refused.is_none();
        told = told.take().or(refused);
        takes_it
    });
    match told {
        Some(reason) if candidates.is_empty() => Err(Problem::refused("invalid_request", reason)),
        _ => Ok(()),
    }
}

impl Place {
    /// A place on this channel, as if nobody stood ahead. `None` when it does not serve the model.
    pub fn at(candidate: Candidate<'_>, model: &str, spec: &Spec) -> Option<Self> {
        let Candidate { channel, dialect } = candidate;
        let upstream_model = channel.upstream_model(model)?;
        let fit = dialect.fit(&channel.options, &upstream_model, spec);
        Some(Self { channel: channel.name.clone(), upstream_model, fit, position: QueuePosition::default() })
    }
}

/// Among the family's models, or, when it is in no catalogue at all, named by a channel: names are data.
/// Another family's model is unknown here.
fn is_known(family: &dyn Family, channels: &[Channel], model: &str) -> bool {
    let named = |entry: &String| entry.split_once('=').map_or(entry.as_str(), |(public, _)| public) == model;
    let is_shipped = catalogue::find(model).is_some();
    let is_offered = || channels.iter().any(|channel| !channel.removed && channel.models.iter().any(named));
    family.models().iter().any(|(name, _)| *name == model) || (!is_shipped && is_offered())
}
