//! Callbacks that fail.

use super::world;
use ledger::{Callback, CallbackState};
use queue::Lane;
use tests::wire::{Fault, Peer};
use tests::{Mood, Stepped, Tenant, World};

async fn rows(world: &World, id: &str) -> Vec<Callback> {
    world.ledger().callbacks(world.task(id).await.id).await.expect("the ledger is there")
}

fn states(rows: &[Callback]) -> Vec<(&str, CallbackState)> {
    rows.iter().map(|row| (row.word.as_str(), row.state)).collect()
}

#[tokio::test]
async fn every_change_of_the_word_is_told_in_order_and_once() {
    let world = world().await;
    let id = world.imagine_with_callback(Tenant::Limited, "a lighthouse").await;
    world.run_to_end(&id).await;
    let heard: Vec<String> = world.receiver.heard().into_iter().map(|heard| heard.word).collect();
    assert_eq!(heard, ["NOT_START", "SUBMITTED", "IN_PROGRESS", "SUCCESS"]);
    world.end().await;
}

#[tokio::test]
async fn a_callback_that_failed_gives_way_to_a_newer_one() {
    let world = world().await;
    world.receiver.set_mood(Mood::Failing);
    let id = world.imagine_with_callback(Tenant::Limited, "a lighthouse [sim:slow=10m]").await;
    world.step(Lane::Notify).await;
    assert_eq!(states(&rows(&world, &id).await), [("NOT_START", CallbackState::Pending)]);
    world.step(Lane::Submit).await;
    world.receiver.set_mood(Mood::Well);
    world.step(Lane::Notify).await;
    let told = rows(&world, &id).await;
    assert_eq!(told[0].state, CallbackState::Superseded);
    assert_eq!(told.last().map(|row| (row.word.as_str(), row.state)), Some(("IN_PROGRESS", CallbackState::Delivered)));
    let heard: Vec<String> = world.receiver.heard().into_iter().map(|heard| heard.word).collect();
    assert_eq!(heard, ["NOT_START", "IN_PROGRESS"], "the newest went out at once");
    world.end().await;
}

#[tokio::test]
async fn the_last_word_is_sent_four_times_and_is_then_visibly_dead() {
    let world = world().await;
    world.receiver.set_mood(Mood::Failing);
    let id = world.imagine_with_callback(Tenant::Limited, "a lighthouse").await;
    world.run_to_end(&id).await;
    let ended_ms = world.now_ms();
    let dead = async |world: &World| rows(world, &id).await.last().is_some_and(|row| row.state == CallbackState::Dead);
    assert!(world.run_until(40, 5_000, dead).await, "{:?}", states(&rows(&world, &id).await));
    let last = rows(&world, &id).await.pop().expect("there are callbacks");
    assert_eq!((last.word.as_str(), last.attempts, last.terminal), ("SUCCESS", 4, true));
    assert!(world.now_ms() - ended_ms >= 95_000, "10, 30 and 60 s lie between the sends");
    let sends: Vec<_> = world.receiver.heard().into_iter().filter(|heard| heard.id == last.id.to_string()).collect();
    assert_eq!(sends.len(), 4);
    assert!(sends.iter().all(|send| send.body == last.body), "the same bytes each time");
    world.end().await;
}

#[tokio::test]
async fn a_callback_under_way_is_not_sent_again_beside_itself_when_the_queue_is_emptied() {
    let world = world().await;
    let id = world.imagine_with_callback(Tenant::Limited, "a lighthouse").await;
    let Stepped::Frozen(frozen) = world.step_until_held(Lane::Notify, Peer::Caller, Fault::HoldBefore).await else {
        panic!("a callback should be under way");
    };
    world.scheduler.empty();
    world.forward_ms(2_500);
    world.sweep(false).await;
    assert_eq!(world.step(Lane::Notify).await, 0, "whoever sends it may still be at it");
    world.thaw(frozen).await;
    world.run_to_end(&id).await;
    assert_eq!(world.receiver.overlaps(), Vec::<String>::new());
    let heard: Vec<String> = world.receiver.heard().into_iter().map(|heard| heard.word).collect();
    assert_eq!(heard, ["NOT_START", "SUBMITTED", "IN_PROGRESS", "SUCCESS"]);
    world.end().await;
}
