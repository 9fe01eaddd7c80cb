//! Section 4 of `DESIGN.md`, a function for each guarantee, read from the ledger's rows and events,
//! from what the upstream received and from what the callers' host heard.

mod artifacts;
mod callbacks;
mod events;
mod money;
mod results;
mod submissions;
mod tenants;

use super::scenario::{Reached, Scenario};
use super::submissions::look;
use ledger::{Attempt, Callback, Event};
use task::{Kind, State, Task};

/// A task with everything that the ledger has of it.
pub(super) struct Book {
    pub(super) task: Task,
    pub(super) events: Vec<Event>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) callbacks: Vec<Callback>,
}

/// What holds at every moment.
pub(super) async fn while_it_runs(scenario: &mut Scenario) -> Result<(), String> {
    let written = (scenario.world.restarts, scenario.world.ledger().write_counts().units);
    if scenario.checked == Some(written) {
        return Ok(());
    }
    scenario.checked = Some(written);
    let tasks = scenario.world.tasks().await;
    let tokens = scenario.world.ledger().tokens().await.map_err(|error| error.to_string())?;
    money::adds_up(&tokens, &tasks)?;
    slots_are_not_exceeded(scenario.shape.slots, &tasks)?;
    let early = scenario.world.scheduler.early_bells();
    if !early.is_empty() {
        return Err(format!("bells before the commit: {early:?}"));
    }
    let stale = scenario.world.wire.stale_tokens();
    if !stale.is_empty() {
        return Err(format!("tokens used after their end: {stale:?}"));
    }
    let overlaps = scenario.world.receiver.overlaps();
    if overlaps.is_empty() { Ok(()) } else { Err(format!("two callbacks at once: {overlaps:?}")) }
}

/// What holds once nothing is left.
pub(super) async fn at_the_end(scenario: &mut Scenario) -> Result<(), String> {
    scenario.checked = None;
    while_it_runs(scenario).await?;
    let books = books(scenario).await?;
    everything_accepted_has_ended(scenario, &books)?;
    for book in &books {
        let more = results::reached(scenario, book);
        note_what_was_reached(&mut scenario.reached, book, more);
        let of = |why: String| format!("{} ({}): {why}", scenario.name_of(&book.task.id.to_string()), book.task.id);
        events::make_a_chain(book).map_err(of)?;
        submissions::one_request_for_each_attempt(&scenario.world, book).map_err(of)?;
        submissions::accepted_once(&scenario.world, scenario.shape.uncertain, book).map_err(of)?;
        submissions::answers_are_kept(&scenario.world, book).map_err(of)?;
        callbacks::never_go_backwards(&scenario.world, book).map_err(of)?;
        artifacts::are_whole(&scenario.world, book).await.map_err(of)?;
        results::are_as_promised(scenario, &books, book).map_err(of)?;
    }
    let tokens = scenario.world.ledger().tokens().await.map_err(|error| error.to_string())?;
    money::is_settled(&tokens, &books)?;
    nobody_holds_a_slot(scenario).await?;
    nothing_waits_in_the_folder(scenario)?;
    tenants::are_strangers(scenario).await?;
    for place in 0..scenario.told.len() {
        look(scenario, place).await?;
    }
    Ok(())
}

fn note_what_was_reached(reached: &mut Reached, book: &Book, more: Vec<String>) {
    let steps = book.events.iter().map(|event| event.step.clone());
    let callbacks = book.callbacks.iter().map(|row| format!("callback {}", row.state.as_str()));
    let failure = book.task.failure.iter().map(|failure| format!("failed {}", failure.kind.as_str()));
    for what in steps.chain(callbacks).chain(failure).chain(more) {
        *reached.entry(what).or_default() += 1;
    }
}

async fn books(scenario: &Scenario) -> Result<Vec<Book>, String> {
    let ledger = scenario.world.ledger();
    let mut books = Vec::new();
    for task in scenario.world.tasks().await {
        let events = ledger.events(task.id).await.map_err(|error| error.to_string())?;
        let attempts = ledger.attempts(task.id).await.map_err(|error| error.to_string())?;
        let callbacks = ledger.callbacks(task.id).await.map_err(|error| error.to_string())?;
        let task = ledger.task(task.id).await.map_err(|error| error.to_string())?.ok_or("a task vanished")?;
        books.push(Book { task, events, attempts, callbacks });
    }
    Ok(books)
}

/// Guarantee 3: every task that a caller was given the id of exists and has ended.
fn everything_accepted_has_ended(scenario: &Scenario, books: &[Book]) -> Result<(), String> {
    for told in &scenario.told {
        let book = books.iter().find(|book| book.task.id.to_string() == told.id);
        let name = scenario.name_of(&told.id);
        let book = book.ok_or_else(|| format!("{name} was accepted and is not there"))?;
        if !book.task.is_over() {
            return Err(format!("{name} has not ended: {}", book.task.state));
        }
        if book.task.state == State::HandedOver && book.task.child.is_none() {
            return Err(format!("{name} was handed over to nobody"));
        }
    }
    if books.len() == scenario.told.len() {
        return Ok(());
    }
    Err(format!("{} tasks exist, {} were accepted", books.len(), scenario.told.len()))
}

/// A channel never has more tasks upstream than it has slots. The answer to a question and the task that
/// asked it are one piece of work there.
fn slots_are_not_exceeded(slots: i64, tasks: &[Task]) -> Result<(), String> {
    let mut channels: Vec<&str> = tasks.iter().map(|task| task.channel.as_str()).collect();
    channels.sort_unstable();
    channels.dedup();
    for channel in channels {
        let holds = |task: &&Task| task.channel == channel && task.state.holds_slot() && !shares_a_slot(task, tasks);
        let held = tasks.iter().filter(holds).count();
        if slots > 0 && i64::try_from(held).unwrap_or(i64::MAX) > slots {
            return Err(format!("{held} tasks hold slots of {channel}, which has {slots}"));
        }
    }
    Ok(())
}

/// Whether it is an answer whose parent holds the slot for both.
fn shares_a_slot(task: &Task, tasks: &[Task]) -> bool {
    let parent = task.spec.parent.filter(|_| task.spec.kind == Kind::Modal);
    parent.is_some_and(|parent| tasks.iter().any(|other| other.id == parent && other.state.holds_slot()))
}

/// At the end nothing waits on the process's own disk, once the walk over it has come by.
fn nothing_waits_in_the_folder(scenario: &Scenario) -> Result<(), String> {
    match scenario.world.spilled() {
        0 => Ok(()),
        files => Err(format!("{files} outputs still wait for the store")),
    }
}

/// At the end no slot is held, once the sweep has gone the long way.
async fn nobody_holds_a_slot(scenario: &Scenario) -> Result<(), String> {
    use queue::Scheduler;
    scenario.world.sweep(true).await;
    let own = [tests::world::FIRST_CHANNEL, tests::world::SECOND_CHANNEL];
    let others = tests::world::OTHER_CHANNELS.into_iter().chain(tests::world::RELAY_CHANNELS);
    for channel in own.into_iter().chain(others) {
        let members = scenario.world.scheduler.slot_members(channel).await.map_err(|error| error.to_string())?;
        if !members.is_empty() {
            return Err(format!("slots of {channel} are still held by {members:?}"));
        }
    }
    Ok(())
}
