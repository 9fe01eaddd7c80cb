//! Guarantee 2: a paid job is submitted at most once, or was visibly uncertain.

use super::Book;
use task::{Kind, UncertainPolicy};
use tests::World;
use tests::peer::take_in;

/// What the task's paid requests are told apart by (`tests::peer::key_of`); `None` before the first.
fn key_of(book: &Book) -> Option<String> {
    let client = book.task.client?;
    let words = serde_json::to_string(&book.task.spec).unwrap_or_default();
    let is_picture = book.task.family == "midjourney";
    if is_picture { Some(client.to_string()) } else { take_in(&words) }
}

/// How often the upstream began to work for it.
fn accepted(world: &World, key: &str) -> u64 {
    let counts = world.sim.counts();
    let takes = counts.prompts.iter().filter(|(prompt, _)| prompt.contains(key));
    counts.submits.get(key).map_or(0, |submits| submits.accepted)
        + takes.map(|(_, submits)| submits.accepted).sum::<u64>()
}

/// At most one request set out for each attempt row.
pub(super) fn one_request_for_each_attempt(world: &World, book: &Book) -> Result<(), String> {
    let Some(client) = book.task.client else {
        return if book.attempts.is_empty() { Ok(()) } else { Err("attempts without a client id".to_owned()) };
    };
    if let Some(other) = book.attempts.iter().find(|attempt| attempt.client != client) {
        return Err(format!("attempt {} carries {} and not {client}", other.id, other.client));
    }
    let key = key_of(book).ok_or("its words name no take")?;
    let requests = world.wire.set_out().get(&key).copied().unwrap_or(0);
    let attempts = book.attempts.len() as u64;
    if requests > attempts {
        return Err(format!("{requests} paid requests for {attempts} attempts"));
    }
    Ok(())
}

/// The upstream took the work at most once. Twice only where the record shows that it was submitted
/// again, and then only because the channel's operator accepts that or the upstream itself denied it.
pub(super) fn accepted_once(world: &World, policy: UncertainPolicy, book: &Book) -> Result<(), String> {
    let Some(key) = key_of(book) else { return Ok(()) };
    let accepted = accepted(world, &key);
    let resubmits = book.events.iter().filter(|event| event.part == 0 && event.step == "resubmit").count() as u64;
    let forgotten = serde_json::to_string(&book.task.spec).unwrap_or_default().contains("[sim:forget");
    let may = if policy == UncertainPolicy::Resubmit || forgotten { 1 + resubmits } else { 1 };
    if accepted > may {
        return Err(format!("the upstream took it {accepted} times, with {resubmits} resubmissions"));
    }
    // An upscale that was done before is answered with the earlier one, which costs the upstream nothing.
    if book.task.charged > 0 && accepted == 0 && book.task.spec.kind != Kind::FollowUp {
        return Err("it was charged and the upstream never had it".to_owned());
    }
    resubmitted_only_in_doubt(book)
}

/// What the upstream answered is kept, however late: as the task's operation, or on its record.
pub(super) fn answers_are_kept(world: &World, book: &Book) -> Result<(), String> {
    let Some(key) = key_of(book) else { return Ok(()) };
    let answered = world.wire.answered().into_iter().filter(|paid| paid.client == key);
    for operation in answered.filter_map(|paid| paid.operation) {
        let is_its_own = book.task.operation.as_ref().is_some_and(|known| known.id == operation);
        let is_noted = book.events.iter().any(|event| event.note.to_string().contains(&operation));
        if !is_its_own && !is_noted {
            return Err(format!("the upstream answered with {operation}, and nobody knows it"));
        }
    }
    Ok(())
}

fn resubmitted_only_in_doubt(book: &Book) -> Result<(), String> {
    for pair in book.events.windows(2).filter(|pair| pair[1].step == "resubmit") {
        if pair[0].state != task::State::Uncertain && pair[1].part == 0 {
            return Err(format!("resubmitted from {}", pair[0].state));
        }
    }
    Ok(())
}
