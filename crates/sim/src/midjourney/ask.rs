//! Questions about tasks (sections 4 to 6).

use super::envelope::Envelope;
use super::gate::Reply;
use super::order::Door;
use super::record::{Flavour, Record};
use super::{show, snapshot};
use crate::fingerprint::fingerprint;
use crate::log::Event;
use crate::question::{Question, Strike};
use crate::script::Asked;
use crate::world::{Memory, World};
use serde_json::{Map, Value};
use std::io;

/// How many tasks `trueai` lists, the newest.
const TRUEAI_LIST: usize = 100;

/// A trouble that meets a question before it is answered, and how long the answer is held back, ms.
/// Also counts the question.
pub(super) fn trouble(world: &World, route: &str, ids: &[&str]) -> io::Result<(Option<Reply>, i64)> {
    let mut memory = world.memory();
    *memory.counts.routes.entry(route.to_owned()).or_default() += 1;
    let key = ids.first().copied().unwrap_or_default();
    let story = memory.tasks.get(key).map(|record| record.prompt.clone()).unwrap_or_default();
    let asked = Asked { protocol: super::NAME, route, action: route, prompt: "", story: &story, key };
    let polls = matches!(route, "fetch" | "list-by-condition" | "list-by-ids");
    let known = |id: &&str| memory.tasks.get(*id).map(|record| record.troubles.clone());
    let troubles: Vec<_> = ids.iter().filter(|_| polls).filter_map(|id| Some((*id, known(id)?))).collect();
    let tasks = troubles.iter().map(|(id, planned)| (*id, planned.as_slice())).collect();
    let (strike, delay_ms) = memory.meet(&Question { asked, tasks }, world.config.seed)?;
    let reply = strike.map(|strike| match strike {
        Strike::Http(status) => Reply::Http(status),
        Strike::Dropped => Reply::Dropped,
    });
    Ok((reply, delay_ms))
}

/// The task, unless the proxy does not know it.
pub(super) fn fetch(world: &World, door: Door, id: &str) -> Option<Map<String, Value>> {
    let (now_ms, memory) = (world.now_ms(), world.memory());
    let record = known(&memory, door, id, now_ms)?;
    Some(show(&world.config, world.origin(), record, now_ms))
}

/// The tasks with these ids, in an order of the proxy's own; those that it does not know are left out.
pub(super) fn list_by_ids(world: &World, door: Door, ids: &[&str]) -> Vec<Map<String, Value>> {
    let (now_ms, memory) = (world.now_ms(), world.memory());
    let mut found: Vec<&Record> = ids.iter().filter_map(|id| known(&memory, door, id, now_ms)).collect();
    found.sort_by_key(|record| fingerprint(world.config.seed, &["order", &record.id]));
    found.dedup_by_key(|record| &record.id);
    found.into_iter().map(|record| show(&world.config, world.origin(), record, now_ms)).collect()
}

/// The newest tasks first; `novicezk` lists all that it has, or only those that are not over.
pub(super) fn list(world: &World, door: Door, unfinished: bool) -> Vec<Map<String, Value>> {
    let (now_ms, memory) = (world.now_ms(), world.memory());
    let limit = if door.flavour == Flavour::TrueAi { TRUEAI_LIST } else { usize::MAX };
    let ours = |record: &&Record| record.flavour == door.flavour && !record.is_forgotten(now_ms);
    let wanted = |record: &&Record| !unfinished || !snapshot(record, now_ms).is_over();
    let newest = memory.tasks.values().rev().filter(ours).filter(wanted).take(limit);
    newest.map(|record| show(&world.config, world.origin(), record, now_ms)).collect()
}

/// The seed of a finished picture.
pub(super) fn image_seed(world: &World, door: Door, id: &str) -> Envelope {
    let (now_ms, memory) = (world.now_ms(), world.memory());
    match known(&memory, door, id, now_ms) {
        None => missing(),
        Some(record) if record.picture.is_none() || !snapshot(record, now_ms).is_success() => {
            Envelope::of(4, "the task has no seed")
        }
        Some(record) => Envelope::success(record.seed.to_string()),
    }
}

/// Stops a task that is not over.
pub(super) fn cancel(world: &World, door: Door, id: &str) -> io::Result<Envelope> {
    let (now_ms, mut memory) = (world.now_ms(), world.memory());
    let Some(mut record) = known(&memory, door, id, now_ms).cloned() else {
        return Ok(missing());
    };
    if snapshot(&record, now_ms).is_over() {
        return Ok(Envelope::of(4, "the task is over"));
    }
    record.cancelled_ms = Some(now_ms);
    memory.write(Event::Task { record: Box::new(record) })?;
    Ok(Envelope::success(id))
}

fn known<'a>(memory: &'a Memory, door: Door, id: &str, now_ms: i64) -> Option<&'a Record> {
    memory.tasks.get(id).filter(|record| record.flavour == door.flavour && !record.is_forgotten(now_ms))
}

fn missing() -> Envelope {
    Envelope::of(3, "the task does not exist or has expired")
}
