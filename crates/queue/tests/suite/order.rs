//! What comes when, in which groups, and in whose turn.

use super::{LEASE_MS, Rig, World, claims_of, id, ids_of};
use queue::{Entry, Finish, Lane, Scheduler};
use std::collections::HashSet;
use std::sync::Arc;
use task::TaskId;

pub async fn entries_come_in_due_order(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for (number, in_ms) in [(1, -10), (2, -500), (3, -100), (4, -9_000)] {
        world.add(Lane::Submit, id(number), "a", in_ms).await;
    }
    assert_eq!(world.claim_ids(Lane::Submit, 2).await, [id(4), id(2)]);
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(3), id(1)]);
}

pub async fn nothing_comes_before_it_is_due(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Submit, id(1), "a", 10_000).await;
    world.add(Lane::Submit, id(2), "b", 20_000).await;
    assert!(world.claim_ids(Lane::Submit, 10).await.is_empty());
    world.advance(9_000).await;
    assert!(world.claim_ids(Lane::Submit, 10).await.is_empty());
    world.advance(2_000).await;
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(1)]);
    world.advance(10_000).await;
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(2)]);
}

pub async fn a_claim_tells_when_it_was_due(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Archive, id(1), "a", -4_000).await;
    let claim = world.claim_one(Lane::Archive).await;
    assert!((world.now_ms() - claim.due_ms - 4_000).abs() <= 500, "late by {}", world.now_ms() - claim.due_ms);
    assert!((claim.lease_until_ms - world.now_ms() - LEASE_MS).abs() <= 500, "{claim:?}");
}

pub async fn a_batch_is_of_one_channel(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for number in 0..25 {
        let channel = if number % 5 == 0 { "small" } else { "big" };
        world.add(Lane::Poll, id(number), channel, -1_000).await;
    }
    let batches = world.claim(Lane::Poll, 100, 8).await;
    let mut sizes = Vec::new();
    for batch in &batches {
        assert!(batch.claims.iter().all(|claim| claim.channel == batch.channel), "{batch:?}");
        sizes.push((batch.channel.as_str(), batch.claims.len()));
    }
    sizes.sort_unstable();
    assert_eq!(sizes, [("big", 4), ("big", 8), ("big", 8), ("small", 5)]);
}

pub async fn a_poll_batch_is_filled_ahead_of_time(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Poll, id(1), "a", 150).await;
    world.add(Lane::Poll, id(2), "b", 150).await;
    assert!(world.claim(Lane::Poll, 10, 10).await.is_empty(), "nothing is due, so there is no batch to fill");
    world.add(Lane::Poll, id(3), "a", 0).await;
    world.add(Lane::Poll, id(4), "a", 5_000).await;
    assert_eq!(ids_of(&world.claim(Lane::Poll, 10, 10).await), [id(3), id(1)]);
    assert!(world.claim(Lane::Poll, 10, 10).await.is_empty(), "a leased one filled a batch");
}

pub async fn other_lanes_are_not_filled_ahead_of_time(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for lane in [Lane::Submit, Lane::Archive, Lane::Notify] {
        world.add(lane, id(1), "a", 0).await;
        world.add(lane, id(2), "a", 200).await;
        assert_eq!(ids_of(&world.claim(lane, 10, 10).await), [id(1)], "{lane}");
    }
}

pub async fn a_claim_keeps_to_what_was_asked_for(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let entries: Vec<_> = (0..1_200).map(|number| world.entry(id(number), "a", -1_000)).collect();
    world.queue.add(Lane::Poll, &entries).await.expect("added");
    assert!(world.claim(Lane::Poll, 0, 10).await.is_empty());
    let batches = world.claim(Lane::Poll, 7, 3).await;
    assert_eq!(batches.iter().map(|batch| batch.claims.len()).collect::<Vec<_>>(), [3, 3, 1]);
    assert_eq!(ids_of(&world.claim(Lane::Poll, 5_000, 5_000).await).len(), 500, "never more than 500");
}

pub async fn batches_keep_to_what_was_asked_for(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for number in 0..30 {
        world.add(Lane::Poll, id(number), &format!("channel-{}", number % 10), -1_000).await;
    }
    for (batches, batch) in [(0, 5), (1, 5), (4, 2)] {
        let claimed = world.queue.claim_batches(Lane::Poll, batches, batch, LEASE_MS).await.expect("claimed");
        assert!(claimed.len() <= batches, "{batches} asked for: {claimed:?}");
        assert!(claimed.iter().all(|claimed| claimed.claims.len() <= batch), "{batch} asked for: {claimed:?}");
        assert_eq!(claimed.is_empty(), batches == 0);
    }
}

pub async fn no_channel_starves(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for number in 0..2_000 {
        world.add(Lane::Submit, id(number), "busy", -60_000).await;
    }
    for number in 2_000..2_010 {
        world.add(Lane::Submit, id(number), "quiet", -1_000).await;
        world.add(Lane::Submit, id(number + 100), "calm", -1_000).await;
    }
    // One at a time, as a worker with one free place claims.
    let mut served = Vec::new();
    for _ in 0..30 {
        let batches = world.claim(Lane::Submit, 1, 1).await;
        served.push(batches[0].channel.clone());
    }
    for channel in ["busy", "quiet", "calm"] {
        assert_eq!(served.iter().filter(|served| *served == channel).count(), 10, "{channel}: {served:?}");
    }
}

pub async fn a_late_channel_waits_one_round(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for number in 0..5_000 {
        world.add(Lane::Notify, id(number), &format!("host-{}", number % 5), -60_000).await;
    }
    world.claim(Lane::Notify, 23, 1).await;
    world.add(Lane::Notify, id(9_000), "late", 0).await;
    let served = world.claim(Lane::Notify, 6, 1).await;
    assert!(served.iter().any(|batch| batch.channel == "late"), "{served:?}");
}

pub async fn many_claimers_share_without_overlap(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for number in 0..3_000 {
        world.add(Lane::Archive, id(number), &format!("channel-{}", number % 7), -1_000).await;
    }
    let claimers: Vec<_> = (0..8).map(|_| tokio::spawn(drain(world.queue.clone()))).collect();
    let mut seen = HashSet::new();
    for claimer in claimers {
        for task in claimer.await.expect("drained") {
            assert!(seen.insert(task), "{task} was handed out twice");
        }
    }
    assert_eq!(seen.len(), 3_000);
}

async fn drain(queue: Arc<dyn Scheduler>) -> Vec<TaskId> {
    let mut seen = Vec::new();
    loop {
        let batches = queue.claim(Lane::Archive, 20, 3, LEASE_MS).await.expect("claimed");
        if batches.is_empty() {
            return seen;
        }
        seen.extend(ids_of(&batches));
        let outcomes: Vec<_> = claims_of(batches).into_iter().map(|claim| (claim, Finish::Done)).collect();
        queue.finish(Lane::Archive, &outcomes).await.expect("finished");
        tokio::task::yield_now().await;
    }
}

pub async fn eight_thousand_due_at_once(rig: Box<dyn Rig>) {
    all_come_once(World::new(rig).await, 8_000).await;
}

pub async fn a_hundred_thousand_due_at_once(rig: Box<dyn Rig>) {
    all_come_once(World::new(rig).await, 100_000).await;
}

/// Adds `many` entries of 100 channels that are all due at the same millisecond, and drains them.
async fn all_come_once(world: World, many: u64) {
    let due_ms = world.now_ms();
    let entry = |number| Entry { id: id(number), channel: format!("channel-{}", number % 100), due_ms };
    let entries: Vec<_> = (0..many).map(entry).collect();
    for page in entries.chunks(1_000) {
        world.queue.add(Lane::Poll, page).await.expect("added");
    }
    let mut seen = HashSet::new();
    loop {
        let claims = claims_of(world.claim(Lane::Poll, 500, 50).await);
        if claims.is_empty() {
            break;
        }
        for claim in &claims {
            assert!(seen.insert(claim.id), "{} came twice", claim.id);
        }
        let held = world.finish_all(Lane::Poll, claims, Finish::Done).await;
        assert!(held.iter().all(|held| *held));
    }
    assert_eq!(seen.len() as u64, many);
}
