//! Leases: who has an entry, for how long, and what a finish is worth.

use super::{LEASE_MS, Rig, World, claims_of, id};
use queue::{Claim, Finish, Lane};

async fn claimed(world: &World) -> Claim {
    world.add(Lane::Poll, id(1), "a", 0).await;
    world.claim_one(Lane::Poll).await
}

/// The entry claimed by one worker and, after its lease, by another.
async fn claimed_by_two(world: &World) -> (Claim, Claim) {
    let first = claimed(world).await;
    world.advance(LEASE_MS + 1_000).await;
    (first, world.claim_one(Lane::Poll).await)
}

pub async fn a_leased_entry_is_nobody_elses(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    claimed(&world).await;
    world.advance(LEASE_MS - 1_000).await;
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty());
}

pub async fn a_lease_that_ends_gives_the_id_again(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let (first, second) = claimed_by_two(&world).await;
    assert_eq!(first.id, second.id);
    assert_ne!(first.fence, second.fence);
}

pub async fn a_stale_finish_is_refused(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let (stale, newest) = claimed_by_two(&world).await;
    for finish in [Finish::Done, Finish::GiveBack, Finish::At(world.now_ms())] {
        assert!(!world.finish(Lane::Poll, &stale, finish).await, "{finish:?}");
        assert!(world.claim_ids(Lane::Poll, 10).await.is_empty(), "{finish:?} changed the other's lease");
    }
    assert!(world.finish(Lane::Poll, &newest, Finish::Done).await);
    assert!(!world.finish(Lane::Poll, &newest, Finish::At(world.now_ms())).await, "finished twice");
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty(), "a finished entry came back");
}

pub async fn a_late_finish_counts_while_nobody_else_has_it(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let claim = claimed(&world).await;
    world.advance(LEASE_MS * 3).await;
    assert!(world.finish(Lane::Poll, &claim, Finish::Done).await);
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty());
}

pub async fn a_finish_can_mean_again(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let claim = claimed(&world).await;
    assert!(world.finish(Lane::Poll, &claim, Finish::At(world.now_ms() + 5_000)).await);
    world.advance(4_000).await;
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty());
    world.advance(2_000).await;
    assert_eq!(world.claim_ids(Lane::Poll, 10).await, [id(1)]);
}

pub async fn a_claim_can_be_given_back(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let claim = claimed(&world).await;
    assert!(world.finish(Lane::Poll, &claim, Finish::GiveBack).await);
    assert_eq!(world.claim_ids(Lane::Poll, 10).await, [id(1)]);
    assert!(!world.finish(Lane::Poll, &claim, Finish::Done).await, "the old claim still counts");
}

pub async fn finishing_many_tells_each(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for number in 0..4 {
        world.add(Lane::Poll, id(number), "a", -10).await;
    }
    let claims = claims_of(world.claim(Lane::Poll, 4, 4).await);
    world.queue.remove(Lane::Poll, &[id(2)]).await.expect("removed");
    assert_eq!(world.finish_all(Lane::Poll, claims, Finish::Done).await, [true, true, false, true]);
}

pub async fn an_extended_lease_lasts_longer(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let claim = claimed(&world).await;
    world.advance(LEASE_MS / 2).await;
    let renewed = world.queue.extend(Lane::Poll, &claim, LEASE_MS).await.expect("asked").expect("still held");
    assert_eq!(renewed.id, claim.id);
    assert!((renewed.lease_until_ms - world.now_ms() - LEASE_MS).abs() <= 500, "{renewed:?}");
    world.advance(LEASE_MS - 1_000).await;
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty());
    world.advance(2_000).await;
    assert_eq!(world.claim_ids(Lane::Poll, 10).await, [id(1)]);
}

pub async fn a_lost_lease_is_not_extended(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let (lost, newest) = claimed_by_two(&world).await;
    assert_eq!(world.queue.extend(Lane::Poll, &lost, LEASE_MS).await.expect("asked"), None);
    assert!(world.finish(Lane::Poll, &newest, Finish::Done).await);
    assert_eq!(world.queue.extend(Lane::Poll, &newest, LEASE_MS).await.expect("asked"), None, "it is finished");
}

pub async fn an_extended_claim_can_be_finished(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let claim = claimed(&world).await;
    world.advance(10_000).await;
    let renewed = world.queue.extend(Lane::Poll, &claim, LEASE_MS).await.expect("asked").expect("still held");
    assert!(world.finish(Lane::Poll, &renewed, Finish::Done).await);
    world.advance(LEASE_MS * 2).await;
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty());
}

pub async fn a_removed_entry_is_lost_to_its_holder(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let claim = claimed(&world).await;
    world.queue.remove(Lane::Poll, &[id(1)]).await.expect("removed");
    assert_eq!(world.queue.extend(Lane::Poll, &claim, LEASE_MS).await.expect("asked"), None);
    assert!(!world.finish(Lane::Poll, &claim, Finish::At(world.now_ms())).await);
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty(), "a removed entry came back");
}
