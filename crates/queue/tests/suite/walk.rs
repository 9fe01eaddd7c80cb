//! A long walk of mixed steps in which no rule may break.

use super::{Rig, World, id};
use queue::{Claim, Finish, Lane};
use std::collections::HashMap;
use task::TaskId;
use task::clock::SeededEntropy;

const STEPS: usize = 4_000;
const LEASE_MS: i64 = 5_000;
const SLOTS: i64 = 7;

/// What the walk knows: entries that must still be there, and claims that nobody has finished.
#[derive(Default)]
struct Walk {
    waiting: HashMap<TaskId, String>,
    claims: Vec<Claim>,
    added: u64,
}

impl Walk {
    async fn add(&mut self, world: &World, chance: &SeededEntropy) {
        let task = id(self.added);
        self.added += 1;
        let channel = format!("channel-{}", chance.below(4));
        world.add(Lane::Submit, task, &channel, chance.below(3_000).cast_signed() - 500).await;
        self.waiting.insert(task, channel);
    }

    async fn claim(&mut self, world: &World, chance: &SeededEntropy) {
        let most = usize::try_from(chance.below(6)).expect("small");
        for batch in world.queue.claim(Lane::Submit, most, 2, LEASE_MS).await.expect("claimed") {
            for claim in batch.claims {
                assert_eq!(self.waiting.get(&claim.id), Some(&claim.channel), "{claim:?} is not on the lane");
                // Half a second for a scheduler whose time goes on by itself.
                let live = |old: &&Claim| old.id == claim.id && old.lease_until_ms > world.now_ms() + 500;
                assert_eq!(self.claims.iter().find(live), None, "leased twice");
                self.claims.push(claim);
            }
        }
    }

    async fn finish(&mut self, world: &World, chance: &SeededEntropy) {
        if self.claims.is_empty() {
            return;
        }
        let place = usize::try_from(chance.below(self.claims.len() as u64)).expect("an index");
        let claim = self.claims.swap_remove(place);
        let finish = match chance.below(3) {
            0 => Finish::Done,
            1 => Finish::GiveBack,
            _ => Finish::At(world.now_ms() + 1_000),
        };
        let newer = self.claims.iter().any(|other| other.id == claim.id && other.fence > claim.fence);
        let held = world.finish(Lane::Submit, &claim, finish).await;
        assert!(!(held && newer), "a stale finish counted: {claim:?}");
        if held && finish == Finish::Done {
            self.waiting.remove(&claim.id);
            world.queue.leave_slots(&claim.channel, &[claim.id]).await.expect("left");
        }
        if held {
            self.claims.retain(|other| other.id != claim.id);
        }
    }

    async fn check(&self, world: &World) {
        for number in 0..4 {
            let taken = world.slots_taken(&format!("channel-{number}")).await;
            assert!(taken <= SLOTS, "{taken} slots of {SLOTS}");
        }
        let counts = world.queue.counts(Lane::Submit).await.expect("counted");
        let there = counts.scheduled + counts.due + counts.leased;
        assert_eq!(there, i64::try_from(self.waiting.len()).expect("small"), "entries were lost or doubled");
    }
}

pub async fn a_long_walk_breaks_no_rule(rig: Box<dyn Rig>) {
    let world = World::new(rig).await;
    let chance = SeededEntropy::new(20_261_122);
    let mut walk = Walk::default();
    for number in 0..4 {
        world.limit(&format!("channel-{number}"), SLOTS, 600, 20).await;
    }
    for step in 0..STEPS {
        match chance.below(10) {
            0..=2 => walk.add(&world, &chance).await,
            3..=5 => walk.claim(&world, &chance).await,
            6..=8 => walk.finish(&world, &chance).await,
            _ => world.advance(chance.below(1_500).cast_signed()).await,
        }
        if step % 50 == 0 {
            walk.check(&world).await;
        }
    }
    drain(&world, &mut walk).await;
}

/// Everything that is still there comes in the end.
async fn drain(world: &World, walk: &mut Walk) {
    for _ in 0..1_000 {
        if walk.waiting.is_empty() {
            return;
        }
        world.advance(LEASE_MS + 1_000).await;
        for batch in world.queue.claim(Lane::Submit, 100, 10, LEASE_MS).await.expect("claimed") {
            for claim in batch.claims {
                assert!(world.finish(Lane::Submit, &claim, Finish::Done).await);
                world.queue.leave_slots(&claim.channel, &[claim.id]).await.expect("left");
                walk.waiting.remove(&claim.id);
            }
        }
    }
    panic!("{} entries never came", walk.waiting.len());
}
