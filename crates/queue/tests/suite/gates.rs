//! Pauses, slots and tokens on the submit lane.

use super::{LEASE_MS, Rig, World, claims_of, id};
use queue::{Finish, Lane, SubmitGate};

async fn with_submissions(rig: Box<dyn Rig>, many: u64) -> World {
    let world = World::new(rig).await;
    for number in 0..many {
        world.add(Lane::Submit, id(number), "a", -1_000).await;
    }
    world
}

pub async fn a_paused_channel_stays_silent(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 3).await;
    world.queue.set_paused("a", true).await.expect("paused");
    world.add(Lane::Submit, id(10), "a", 0).await;
    world.add(Lane::Submit, id(11), "b", 0).await;
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(11)]);
    world.advance(3_600_000).await;
    world.queue.remove(Lane::Submit, &[id(11)]).await.expect("removed");
    assert!(world.claim_ids(Lane::Submit, 10).await.is_empty());
    world.queue.set_paused("a", false).await.expect("resumed");
    assert_eq!(world.claim_ids(Lane::Submit, 10).await.len(), 4);
}

pub async fn a_pause_stops_submissions_only(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.queue.set_paused("a", true).await.expect("paused");
    for lane in [Lane::Poll, Lane::Archive, Lane::Notify] {
        world.add(lane, id(1), "a", 0).await;
        assert_eq!(world.claim_ids(lane, 10).await, [id(1)], "{lane}");
    }
}

pub async fn slots_are_never_exceeded(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 10).await;
    world.limit("a", 3, 0, 1).await;
    let claims = claims_of(world.claim(Lane::Submit, 10, 10).await);
    assert_eq!(claims.len(), 3);
    // The submissions are over, but the tasks run on.
    world.finish_all(Lane::Submit, claims, Finish::Done).await;
    assert!(world.claim_ids(Lane::Submit, 10).await.is_empty());
    world.advance(LEASE_MS * 2).await;
    assert!(world.claim_ids(Lane::Submit, 10).await.is_empty());
    assert_eq!(world.slots_taken("a").await, 3);
    let mut members = world.queue.slot_members("a").await.expect("asked");
    members.sort_unstable();
    assert_eq!(members, [id(0), id(1), id(2)]);
}

pub async fn a_slot_that_comes_free_lets_one_more_in(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 5).await;
    world.limit("a", 2, 0, 1).await;
    let claims = claims_of(world.claim(Lane::Submit, 10, 1).await);
    world.finish_all(Lane::Submit, claims, Finish::Done).await;
    world.queue.leave_slots("a", &[id(1), id(77)]).await.expect("left");
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(2)]);
    world.queue.leave_slots("a", &[id(0), id(2)]).await.expect("left");
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(3), id(4)]);
}

pub async fn a_task_with_a_slot_needs_no_room(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 4).await;
    world.limit("a", 2, 0, 1).await;
    let died = claims_of(world.claim(Lane::Submit, 2, 1).await);
    assert_eq!(died.len(), 2);
    world.advance(LEASE_MS + 1_000).await;
    // Both worker and leases are gone; others wait, but only the two that hold the slots may go again.
    let mut again: Vec<_> = world.claim_ids(Lane::Submit, 10).await;
    again.sort_unstable();
    assert_eq!(again, [id(0), id(1)]);
    assert_eq!(world.slots_taken("a").await, 2, "a slot was counted twice");
}

pub async fn of_several_added_together_only_holders_need_no_room(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 0).await;
    world.limit("a", 1, 0, 1).await;
    world.queue.join_slots("a", &[id(1)]).await.expect("joins");
    let entries = [0, 1, 2].map(|number| world.entry(id(number), "a", 0));
    world.queue.add(Lane::Submit, &entries).await.expect("adds");
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(1)]);
    assert_eq!(world.slots_taken("a").await, 1);
    world.queue.leave_slots("a", &[id(1)]).await.expect("leaves");
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(0)], "there is room for one");
}

pub async fn slots_can_be_joined_without_a_claim(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 3).await;
    world.limit("a", 2, 0, 1).await;
    world.queue.join_slots("a", &[id(50), id(2)]).await.expect("joined");
    world.queue.join_slots("a", &[id(50)]).await.expect("joined");
    assert_eq!(world.slots_taken("a").await, 2);
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(2)], "only the task that holds a slot");
    world.queue.leave_slots("a", &[id(50)]).await.expect("left");
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(0)]);
}

pub async fn lowering_the_limit_throws_nobody_out(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 6).await;
    world.limit("a", 4, 0, 1).await;
    assert_eq!(world.claim_ids(Lane::Submit, 10).await.len(), 4);
    world.limit("a", 1, 0, 1).await;
    assert_eq!(world.slots_taken("a").await, 4);
    world.queue.leave_slots("a", &[id(0), id(1), id(2)]).await.expect("left");
    assert!(world.claim_ids(Lane::Submit, 10).await.is_empty(), "one is still taken of one");
    world.limit("a", 0, 0, 1).await;
    assert_eq!(world.claim_ids(Lane::Submit, 10).await, [id(4), id(5)], "0 means no limit");
}

pub async fn lanes_but_submit_take_no_slots(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    world.limit("a", 1, 1, 1).await;
    for number in 0..5 {
        world.add(Lane::Poll, id(number), "a", -1_000).await;
    }
    assert_eq!(world.claim_ids(Lane::Poll, 10).await.len(), 5);
    assert_eq!(world.slots_taken("a").await, 0);
}

pub async fn giving_back_frees_the_slot_that_the_claim_took(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 1).await;
    world.limit("a", 1, 0, 1).await;
    let claim = world.claim_one(Lane::Submit).await;
    assert_eq!(world.slots_taken("a").await, 1);
    assert!(world.finish(Lane::Submit, &claim, Finish::GiveBack).await);
    assert_eq!(world.slots_taken("a").await, 0);
}

pub async fn giving_back_leaves_a_slot_that_was_held_before(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 1).await;
    world.limit("a", 1, 0, 1).await;
    world.queue.join_slots("a", &[id(0)]).await.expect("joined");
    let claim = world.claim_one(Lane::Submit).await;
    assert!(world.finish(Lane::Submit, &claim, Finish::GiveBack).await);
    assert_eq!(world.slots_taken("a").await, 1);
}

pub async fn the_bucket_is_never_exceeded(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 200).await;
    world.limit("a", 0, 30, 5).await;
    let mut claimed = 0;
    for second in 0..240 {
        claimed += world.claim_ids(Lane::Submit, 50).await.len();
        // A token every two seconds on top of the burst; one more for the time that the calls take.
        assert!(claimed <= 5 + second / 2 + 1, "{claimed} after {second} s");
        world.advance(1_000).await;
    }
    assert!(claimed >= 5 + 118, "only {claimed} in four minutes");
}

pub async fn the_bucket_holds_its_burst_and_no_more(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 50).await;
    world.limit("a", 0, 60, 4).await;
    assert_eq!(world.claim_ids(Lane::Submit, 50).await.len(), 4);
    world.advance(3_600_000).await;
    world.queue.remove(Lane::Submit, &[id(0), id(1), id(2), id(3)]).await.expect("removed");
    assert_eq!(world.claim(Lane::Submit, 50, 50).await[0].claims.len(), 4, "an idle hour filled more than the burst");
}

pub async fn giving_back_gives_the_token_back(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 3).await;
    world.limit("a", 0, 1, 1).await;
    let claim = world.claim_one(Lane::Submit).await;
    assert!(world.claim_ids(Lane::Submit, 10).await.is_empty());
    assert!(world.finish(Lane::Submit, &claim, Finish::GiveBack).await);
    assert_eq!(world.claim_ids(Lane::Submit, 10).await.len(), 1);
}

pub async fn a_full_channel_does_not_stop_others(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 50).await;
    world.limit("a", 1, 0, 1).await;
    world.limit("dry", 0, 1, 1).await;
    for number in 100..110 {
        world.add(Lane::Submit, id(number), "dry", -5_000).await;
        world.add(Lane::Submit, id(number + 100), "free", 0).await;
    }
    let batches = world.claim(Lane::Submit, 100, 1).await;
    let of = |channel: &str| batches.iter().filter(|batch| batch.channel == channel).count();
    assert_eq!((of("a"), of("dry"), of("free")), (1, 1, 10));
}

pub async fn the_gate_tells_what_stands_before(rig: Box<dyn Rig>) {
    let world = with_submissions(rig, 3).await;
    world.limit("a", 2, 0, 1).await;
    world.queue.set_paused("a", true).await.expect("paused");
    let gate = world.queue.gate("a").await.expect("gate");
    assert_eq!(gate, SubmitGate { waiting: 3, slots_taken: 0, paused: true });
    world.queue.set_paused("a", false).await.expect("resumed");
    let claims = claims_of(world.claim(Lane::Submit, 10, 1).await);
    world.finish_all(Lane::Submit, claims, Finish::Done).await;
    let gate = world.queue.gate("a").await.expect("gate");
    assert_eq!(gate, SubmitGate { waiting: 1, slots_taken: 2, paused: false });
    assert_eq!(world.queue.gate("unknown").await.expect("gate"), SubmitGate::default());
}
