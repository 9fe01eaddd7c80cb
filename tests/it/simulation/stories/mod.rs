//! Stories: one sentence each, told step by step in the simulation's world.

mod artifacts;
mod callbacks;
mod callers;
mod channels;
mod doubts;
mod ledgers;
mod modals;
mod orphans;
mod polls;
mod queues;
mod relays;
mod stops;

use task::Token;
use tests::{Shape, Tenant, World};

/// A world of one channel without limits.
async fn world() -> World {
    World::new(Shape::default()).await
}

/// A tenant's token as it stands.
async fn token(world: &World, tenant: Tenant) -> Token {
    let tokens = world.ledger().tokens().await.expect("the ledger is there");
    tokens.into_iter().find(|token| token.name == tenant.name()).expect("every tenant has a token")
}

/// The names of the steps that a task has taken, in order.
async fn steps(world: &World, id: &str) -> Vec<String> {
    let events = world.ledger().events(world.task(id).await.id).await.expect("the ledger is there");
    events.into_iter().map(|event| event.step).collect()
}

/// How often the upstream took the work of this task.
async fn accepted(world: &World, id: &str) -> u64 {
    let client = world.task(id).await.client.map(|client| client.to_string()).unwrap_or_default();
    world.sim.counts().submits.get(&client).map_or(0, |submits| submits.accepted)
}
