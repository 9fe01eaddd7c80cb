//! A ledger that is in trouble itself: rows that can't be read, a disk that is full.

use super::doubts::frozen_with_answer;
use super::{accepted, steps, token, world};
use queue::Lane;
use task::{FailureKind, State};
use tests::wire::{Fault, Peer};
use tests::{Frozen, Stepped, Tenant, World};

/// Makes the rows of these callers' pictures unreadable.
const SPOIL: &str = "/* spoil */ UPDATE task SET spec = '{' WHERE spec LIKE '%a spoilt row%'";

/// From now on every change of a task meets a full disk. SQLite says so of a table whose last row has
/// the largest number that there is (`sqlite.org/autoinc.html`).
const FILL_DISK: &str = "/* fill_disk */ CREATE TABLE brim (n INTEGER PRIMARY KEY AUTOINCREMENT); \
     INSERT INTO brim VALUES (9223372036854775807); \
     CREATE TRIGGER full_disk BEFORE UPDATE ON task BEGIN INSERT INTO brim (n) VALUES (NULL); END";
const FREE_DISK: &str = "/* free_disk */ DROP TRIGGER full_disk; DROP TABLE brim";
/// The same of every change of a callback.
const FILL_CALLBACKS: &str = "/* fill_callbacks */ CREATE TABLE brim (n INTEGER PRIMARY KEY AUTOINCREMENT); \
     INSERT INTO brim VALUES (9223372036854775807); \
     CREATE TRIGGER full_disk BEFORE UPDATE ON callback BEGIN INSERT INTO brim (n) VALUES (NULL); END";

/// Thaws a stage while the disk is full; there is room again once the ledger has refused it.
async fn thaw_with_full_disk(world: &World, frozen: Frozen, fill: &'static str) {
    world.behind_the_ledger(fill).await;
    let tried = || world.ledger().write_counts().units;
    let before = tried();
    let freed = async {
        // The second try begins when the first was refused.
        while tried() < before + 2 {
            tokio::task::yield_now().await;
        }
        world.behind_the_ledger(FREE_DISK).await;
    };
    let mut thawed = std::pin::pin!(world.thaw(frozen));
    tokio::select! {
        _ = &mut thawed => panic!("it gave up at the first refusal"),
        () = freed => {}
    }
    thawed.await;
}

#[tokio::test]
async fn an_answer_that_comes_while_the_ledger_refuses_is_recorded_once_it_takes_it() {
    let world = world().await;
    let (id, frozen) = frozen_with_answer(&world, "a lighthouse").await;
    thaw_with_full_disk(&world, frozen, FILL_DISK).await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.operation.is_some()), (State::Running, true), "{task:?}");
    assert_eq!(steps(&world, &id).await, ["open", "take_lease", "accept"], "it never was in doubt");
    assert_eq!(world.run_to_end(&id).await.state, State::Succeeded);
    assert_eq!(accepted(&world, &id).await, 1);
    world.end().await;
}

#[tokio::test]
async fn a_refusal_that_comes_while_the_ledger_refuses_is_recorded_once_it_takes_it() {
    let world = world().await;
    let (id, frozen) = frozen_with_answer(&world, "a lighthouse [sim:moderation]").await;
    thaw_with_full_disk(&world, frozen, FILL_DISK).await;
    let task = world.task(&id).await;
    assert_eq!((task.state, task.failure.map(|failure| failure.kind)), (State::Failed, Some(FailureKind::Moderation)));
    assert_eq!(token(&world, Tenant::Limited).await.reserved, 0);
    world.end().await;
}

#[tokio::test]
async fn a_callback_that_arrives_while_the_ledger_refuses_stays_with_who_sent_it_until_it_is_recorded() {
    let mut world = world().await;
    let id = world.imagine_with_callback(Tenant::Limited, "a lighthouse").await;
    let Stepped::Frozen(frozen) = world.step_until_held(Lane::Notify, Peer::Caller, Fault::HoldAfter).await else {
        panic!("a callback should be under way");
    };
    thaw_with_full_disk(&world, frozen, FILL_CALLBACKS).await;
    // Nobody remembers it now but the ledger.
    world.restart(true).await;
    world.run_to_end(&id).await;
    let heard: Vec<String> = world.receiver.heard().into_iter().map(|heard| heard.word).collect();
    assert_eq!(heard, ["NOT_START", "SUBMITTED", "IN_PROGRESS", "SUCCESS"]);
    world.end().await;
}

#[tokio::test]
async fn a_running_row_that_cannot_be_read_does_not_stop_its_neighbours() {
    let world = world().await;
    let spoilt = world.imagine(Tenant::Limited, "a spoilt row").await;
    let id = world.imagine(Tenant::Limited, "a lighthouse").await;
    world.run_all().await;
    for id in [&spoilt, &id] {
        assert_eq!(world.task(id).await.state, State::Running);
    }
    world.behind_the_ledger(SPOIL).await;
    assert_eq!(world.run_to_end(&id).await.state, State::Succeeded);
    world.sweep(true).await;
    world.run_all().await;
    let next = world.imagine(Tenant::Limited, "two cats").await;
    assert_eq!(world.run_to_end(&next).await.state, State::Succeeded);
    world.end().await;
}

#[tokio::test]
async fn a_submission_under_way_that_cannot_be_read_does_not_stop_the_sweep_or_a_start() {
    let mut world = world().await;
    world.imagine(Tenant::Limited, "a spoilt row").await;
    let held = world.step_until_held(Lane::Submit, Peer::Paid, Fault::HoldAfter).await;
    let Stepped::Frozen(frozen) = held else { panic!("a submission should be under way") };
    drop(frozen);
    world.behind_the_ledger(SPOIL).await;
    world.forward_ms(200_000);
    let id = world.imagine_with_callback(Tenant::Limited, "a lighthouse").await;
    // Its bells are lost, and the row whose lease ran out comes first: only the sweep tells of it.
    world.scheduler.empty();
    let task = world.run_to_end(&id).await;
    assert_eq!(task.state, State::Succeeded);
    assert!(world.receiver.heard().iter().any(|heard| heard.task == id && heard.word == "SUCCESS"));
    world.restart(false).await;
    let next = world.imagine(Tenant::Limited, "two cats").await;
    assert_eq!(world.run_to_end(&next).await.state, State::Succeeded);
    world.end().await;
}
