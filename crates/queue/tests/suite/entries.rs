//! Adding, hinting, removing, counting, announcing.

use super::{LEASE_MS, Rig, World, id};
use queue::{Finish, Lane, LaneCounts};

pub async fn adding_twice_is_harmless(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Poll, id(1), "a", 0).await;
    world.add(Lane::Poll, id(1), "a", 0).await;
    let claim = world.claim_one(Lane::Poll).await;
    assert!(world.finish(Lane::Poll, &claim, Finish::Done).await);
    world.advance(LEASE_MS * 2).await;
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty(), "a second entry of the same id");
}

pub async fn the_earlier_due_time_wins(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Archive, id(1), "a", 30_000).await;
    world.add(Lane::Archive, id(1), "a", 10_000).await;
    world.add(Lane::Archive, id(1), "a", 90_000).await;
    world.advance(9_000).await;
    assert!(world.claim_ids(Lane::Archive, 10).await.is_empty());
    world.advance(2_000).await;
    assert_eq!(world.claim_ids(Lane::Archive, 10).await, [id(1)]);
}

pub async fn a_scheduled_entry_takes_the_new_channel(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Submit, id(1), "old", 0).await;
    world.add(Lane::Submit, id(1), "new", 0).await;
    let batches = world.claim(Lane::Submit, 10, 1).await;
    assert_eq!(batches.len(), 1);
    assert_eq!((batches[0].channel.as_str(), batches[0].claims[0].channel.as_str()), ("new", "new"));
    assert_eq!(world.slots_taken("old").await, 0);
    assert_eq!(world.queue.gate("old").await.expect("gate").waiting, 0);
}

pub async fn adding_keeps_a_lease(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Poll, id(1), "a", 0).await;
    let claim = world.claim_one(Lane::Poll).await;
    world.add(Lane::Poll, id(1), "b", -5_000).await;
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty(), "leased twice");
    assert!(world.finish(Lane::Poll, &claim, Finish::Done).await);
}

pub async fn a_bell_during_a_lease_is_remembered(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for finish in [Finish::Done, Finish::At(world.now_ms() + 3_600_000)] {
        world.add(Lane::Notify, id(1), "a", 0).await;
        let claim = world.claim_one(Lane::Notify).await;
        world.add(Lane::Notify, id(1), "a", 0).await;
        assert!(world.finish(Lane::Notify, &claim, finish).await);
        let again = world.claim_one(Lane::Notify).await;
        assert_eq!(again.id, id(1), "work that came during {finish:?} was overlooked");
        assert!(world.finish(Lane::Notify, &again, Finish::Done).await);
        assert!(world.claim_ids(Lane::Notify, 10).await.is_empty(), "the bell is remembered once");
    }
}

pub async fn add_absent_adds_only_what_is_missing(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Poll, id(1), "a", 30_000).await;
    world.add(Lane::Poll, id(2), "a", 0).await;
    let leased = world.claim_one(Lane::Poll).await;
    let entries = [world.entry(id(1), "a", 0), world.entry(id(2), "a", 0), world.entry(id(3), "a", 0)];
    assert_eq!(world.queue.add_absent(Lane::Poll, &entries).await.expect("added"), 1);
    assert_eq!(world.claim_ids(Lane::Poll, 10).await, [id(3)], "one that was there was made due");
    assert!(world.finish(Lane::Poll, &leased, Finish::Done).await);
}

pub async fn a_hint_lowers_only_scheduled_entries(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Poll, id(1), "a", 0).await;
    let leased = world.claim_one(Lane::Poll).await;
    world.add(Lane::Poll, id(2), "a", 30_000).await;
    world.add(Lane::Poll, id(3), "a", 30_000).await;
    world.queue.hint(Lane::Poll, &[id(1), id(2), id(9)]).await.expect("hinted");
    assert_eq!(world.claim_ids(Lane::Poll, 10).await, [id(2)]);
    assert!(world.finish(Lane::Poll, &leased, Finish::Done).await, "the hint took the lease away");
    assert!(world.claim_ids(Lane::Poll, 10).await.is_empty(), "the hint added an id");
}

pub async fn removing_takes_an_entry_off(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.add(Lane::Notify, id(1), "host", 0).await;
    world.add(Lane::Notify, id(2), "host", 0).await;
    world.queue.remove(Lane::Notify, &[id(1), id(9)]).await.expect("removed");
    assert_eq!(world.claim_ids(Lane::Notify, 10).await, [id(2)]);
}

pub async fn lanes_are_apart(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for lane in Lane::ALL {
        world.add(lane, id(1), "a", 0).await;
    }
    for lane in Lane::ALL {
        let claim = world.claim_one(lane).await;
        assert!(world.finish(lane, &claim, Finish::Done).await, "{lane}");
    }
}

pub async fn nothing_is_claimed_before_it_is_filled(rig: Box<dyn Rig>) {
    let world = World::unfilled(rig);
    world.add(Lane::Submit, id(1), "a", 0).await;
    assert!(!world.queue.is_filled().await.expect("asked"));
    assert!(world.claim_ids(Lane::Submit, 10).await.is_empty());
    world.queue.set_filled().await.expect("filled");
    assert!(world.queue.is_filled().await.expect("asked"));
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(1)]);
}

pub async fn counts_tell_scheduled_due_and_leased(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    for number in 0..5 {
        world.add(Lane::Poll, id(number), "a", -1_000).await;
    }
    for number in 5..8 {
        world.add(Lane::Poll, id(number), "b", 30_000).await;
    }
    world.claim(Lane::Poll, 2, 2).await;
    let counts = world.queue.counts(Lane::Poll).await.expect("counted");
    assert_eq!(counts, LaneCounts { scheduled: 3, due: 3, leased: 2 });
    world.advance(LEASE_MS + 1_000).await;
    let counts = world.queue.counts(Lane::Poll).await.expect("counted");
    assert_eq!(counts, LaneCounts { scheduled: 0, due: 8, leased: 0 }, "ended leases are due again");
    assert_eq!(world.queue.counts(Lane::Submit).await.expect("counted"), LaneCounts::default());
}

pub async fn the_oldest_due_entry_is_known(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    assert_eq!(world.queue.oldest_due_ms(Lane::Submit).await.expect("asked"), None);
    world.add(Lane::Submit, id(1), "a", 30_000).await;
    assert_eq!(world.queue.oldest_due_ms(Lane::Submit).await.expect("asked"), None, "not due yet");
    world.add(Lane::Submit, id(2), "a", -7_000).await;
    world.add(Lane::Submit, id(3), "b", -3_000).await;
    let oldest_ms = world.queue.oldest_due_ms(Lane::Submit).await.expect("asked").expect("there is one");
    assert!((world.now_ms() - oldest_ms - 7_000).abs() <= 500, "{oldest_ms}");
    world.queue.set_paused("b", true).await.expect("paused");
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(2)]);
    let oldest_ms = world.queue.oldest_due_ms(Lane::Submit).await.expect("asked").expect("the paused one waits");
    assert!((world.now_ms() - oldest_ms - 3_000).abs() <= 500, "{oldest_ms}");
}

pub async fn announcements_reach_listeners(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.queue.announce(&[id(1)]).await;
    let (mut one, mut other) = (world.queue.changes(), world.queue.changes());
    world.queue.announce(&[id(2), id(3)]).await;
    for changes in [&mut one, &mut other] {
        assert_eq!(changes.recv().await.expect("heard"), id(2));
        assert_eq!(changes.recv().await.expect("heard"), id(3));
    }
}
