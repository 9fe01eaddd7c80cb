//! The lanes and the gates together: what a claim may take and what becomes of it.

use super::gate::Gate;
use super::lane::{Item, LaneQueue, Lease};
use super::shelves::{Key, Shelf};
use crate::scheduler::{Batch, Claim, Entry, Finish, Lane, Limits};
use std::collections::HashMap;
use std::sync::Arc;
use task::TaskId;

/// How far ahead of time a poll may be taken to fill a batch that has a due one.
const POLL_FILL_MS: i64 = 250;

/// How much one claim may hand out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portion {
    /// Ids in all.
    pub(super) ids: usize,
    /// Batches in all.
    pub(super) batches: usize,
    /// Ids in one batch.
    pub(super) batch: usize,
    /// How long the leases last.
    pub(super) lease_ms: i64,
}

/// Everything that the scheduler knows.
#[derive(Debug, Default)]
pub(super) struct State {
    /// Whether everything that the ledger knows has been added.
    pub(super) filled: bool,
    lanes: [LaneQueue; 4],
    gates: HashMap<Arc<str>, Gate>,
    last_fence: i64,
}

impl State {
    /// A lane.
    pub(super) fn lane(&self, lane: Lane) -> &LaneQueue {
        &self.lanes[lane as usize]
    }

    fn lane_mut(&mut self, lane: Lane) -> &mut LaneQueue {
        &mut self.lanes[lane as usize]
    }

    /// A channel's gate, if it has one that matters.
    pub(super) fn gate(&self, channel: &str) -> Option<&Gate> {
        self.gates.get(channel)
    }

    /// The earliest time at which a claim on each lane may find something.
    pub(super) fn opens_ms(&self, lane: Lane) -> i64 {
        if self.filled { self.lane(lane).opens_ms() } else { i64::MAX }
    }

    /// Adds an entry; tells whether its id is new on the lane.
    pub(super) fn add(&mut self, lane: Lane, entry: &Entry, now_ms: i64) -> bool {
        let channel: Arc<str> = Arc::from(entry.channel.as_str());
        let before = self.lane(lane).item(entry.id).cloned();
        if let Some(item) = before.as_ref().filter(|item| item.lease.is_some()) {
            let rung_ms = Some(item.rung_ms.map_or(entry.due_ms, |rung_ms| rung_ms.min(entry.due_ms)));
            self.lane_mut(lane).put(entry.id, Item { rung_ms, ..item.clone() });
            return false;
        }
        let due_ms = before.as_ref().map_or(entry.due_ms, |item| item.due_ms.min(entry.due_ms));
        let member = self.is_member(lane, &channel, entry.id);
        self.lane_mut(lane)
            .put(entry.id, Item { channel: channel.clone(), due_ms, lease: None, member, rung_ms: None });
        if let Some(item) = &before
            && item.channel != channel
        {
            self.settle(lane, &item.channel, now_ms);
        }
        self.settle(lane, &channel, now_ms);
        before.is_none()
    }

    /// Adds an entry whose id is not on the lane; tells whether it did.
    pub(super) fn add_absent(&mut self, lane: Lane, entry: &Entry, now_ms: i64) -> bool {
        self.lane(lane).item(entry.id).is_none() && self.add(lane, entry, now_ms)
    }

    /// Takes an entry off a lane, leased or not.
    pub(super) fn remove(&mut self, lane: Lane, id: TaskId, now_ms: i64) {
        if let Some(item) = self.lane_mut(lane).take(id) {
            self.settle(lane, &item.channel, now_ms);
        }
    }

    /// Makes an entry due now if it is scheduled for later.
    pub(super) fn hint(&mut self, lane: Lane, id: TaskId, now_ms: i64) {
        let Some(item) = self.lane(lane).item(id) else { return };
        if item.lease.is_some() || item.due_ms <= now_ms {
            return;
        }
        let item = Item { due_ms: now_ms, ..item.clone() };
        self.put_settled(lane, id, item, now_ms);
    }

    /// Leases what is due: one batch from each channel in turn until the portion is used up.
    pub(super) fn claim(&mut self, lane: Lane, portion: Portion, now_ms: i64) -> Vec<Batch> {
        let mut batches = Vec::new();
        let mut ids_left = portion.ids;
        while self.filled && ids_left > 0 && batches.len() < portion.batches {
            let Some(channel) = self.lane_mut(lane).first_in_line(now_ms) else { break };
            let most = portion.batch.min(ids_left);
            let claims = self.claim_from(lane, &channel, most, portion.lease_ms, now_ms);
            self.lane_mut(lane).leave_line(&channel);
            self.settle(lane, &channel, now_ms);
            if !claims.is_empty() {
                ids_left -= claims.len();
                batches.push(Batch { channel: channel.to_string(), claims });
            }
        }
        batches
    }

    fn claim_from(&mut self, lane: Lane, channel: &Arc<str>, most: usize, lease_ms: i64, now_ms: i64) -> Vec<Claim> {
        let mut claims = Vec::new();
        while claims.len() < most {
            let fill_ms = if lane == Lane::Poll && !claims.is_empty() { POLL_FILL_MS } else { 0 };
            let Some((due_ms, id)) = self.next_claimable(lane, channel, now_ms, fill_ms) else { break };
            if lane == Lane::Submit && !self.gates.get_mut(channel).is_none_or(|gate| gate.take_token(now_ms)) {
                break;
            }
            let joined = lane == Lane::Submit && self.gates.entry(channel.clone()).or_default().join(id);
            self.last_fence += 1;
            let lease = Lease { fence: self.last_fence, joined };
            let lease_until_ms = now_ms.saturating_add(lease_ms);
            let member = lane == Lane::Submit;
            let (channel_held, lease_held) = (channel.clone(), Some(lease));
            let item = Item { channel: channel_held, due_ms: lease_until_ms, lease: lease_held, member, rung_ms: None };
            self.lane_mut(lane).put(id, item);
            claims.push(Claim { id, channel: channel.to_string(), fence: lease.fence, due_ms, lease_until_ms });
        }
        claims
    }

    /// The next entry of a channel that may be claimed, tokens aside.
    fn next_claimable(&self, lane: Lane, channel: &str, now_ms: i64, fill_ms: i64) -> Option<Key> {
        let shelves = self.lane(lane).shelves(channel)?;
        let has_it = |key: &Key| key.0 <= now_ms;
        if lane != Lane::Submit {
            let free = shelves.first(Shelf::Free).filter(|key| key.0 <= now_ms.saturating_add(fill_ms));
            let ended = shelves.first(Shelf::Leased).filter(has_it);
            return free.into_iter().chain(ended).min();
        }
        let gate = self.gates.get(channel);
        if gate.is_some_and(|gate| gate.paused) {
            return None;
        }
        shelves.earliest(open_shelves(gate)).filter(has_it)
    }

    /// Ends a lease; tells whether it was the newest one of its entry.
    pub(super) fn finish(&mut self, lane: Lane, claim: &Claim, finish: Finish, now_ms: i64) -> bool {
        let Some(item) = self.lane(lane).item(claim.id).cloned() else { return false };
        let Some(lease) = item.lease.filter(|lease| lease.fence == claim.fence) else { return false };
        let due_ms = match (finish, item.rung_ms) {
            (Finish::Done, None) => {
                self.remove(lane, claim.id, now_ms);
                return true;
            }
            (Finish::Done, Some(rung_ms)) => rung_ms,
            (Finish::At(due_ms), rung_ms) => rung_ms.map_or(due_ms, |rung_ms| rung_ms.min(due_ms)),
            (Finish::GiveBack, _) => now_ms,
        };
        if lane == Lane::Submit && finish == Finish::GiveBack {
            self.undo_submit_claim(&item.channel, claim.id, lease);
        }
        let member = self.is_member(lane, &item.channel, claim.id);
        let item = Item { due_ms, lease: None, member, rung_ms: None, ..item };
        self.put_settled(lane, claim.id, item, now_ms);
        true
    }

    /// A look that does not count gives its token back, and its slot if it was the one to take it.
    fn undo_submit_claim(&mut self, channel: &Arc<str>, id: TaskId, lease: Lease) {
        let Some(gate) = self.gates.get_mut(channel) else { return };
        gate.put_token_back();
        if lease.joined {
            gate.leave(id);
        }
    }

    /// Renews a lease that is still the newest one of its entry.
    pub(super) fn extend(&mut self, lane: Lane, claim: &Claim, lease_ms: i64, now_ms: i64) -> Option<Claim> {
        let item = self.lane(lane).item(claim.id)?.clone();
        let lease = item.lease.filter(|lease| lease.fence == claim.fence)?;
        self.last_fence += 1;
        let lease = Lease { fence: self.last_fence, ..lease };
        let lease_until_ms = now_ms.saturating_add(lease_ms);
        let renewed = Item { due_ms: lease_until_ms, lease: Some(lease), ..item };
        self.put_settled(lane, claim.id, renewed, now_ms);
        Some(Claim { fence: lease.fence, lease_until_ms, ..claim.clone() })
    }

    /// Gives slots to tasks, limit or not.
    pub(super) fn join_slots(&mut self, channel: &str, ids: &[TaskId], now_ms: i64) {
        let gate = self.gates.entry(Arc::from(channel)).or_default();
        let joined: Vec<_> = ids.iter().copied().filter(|id| gate.join(*id)).collect();
        self.change_members(channel, &joined, now_ms);
    }

    /// Takes slots away from tasks.
    pub(super) fn leave_slots(&mut self, channel: &str, ids: &[TaskId], now_ms: i64) {
        let Some(gate) = self.gates.get_mut(channel) else { return };
        let left: Vec<_> = ids.iter().copied().filter(|id| gate.leave(*id)).collect();
        self.change_members(channel, &left, now_ms);
    }

    /// Stops or starts a channel's submissions.
    pub(super) fn set_paused(&mut self, channel: &str, paused: bool, now_ms: i64) {
        self.gates.entry(Arc::from(channel)).or_default().paused = paused;
        self.change_members(channel, &[], now_ms);
    }

    /// Sets a channel's limits.
    pub(super) fn set_limits(&mut self, channel: &str, limits: Limits, now_ms: i64) {
        self.gates.entry(Arc::from(channel)).or_default().set_limits(limits, now_ms);
        self.change_members(channel, &[], now_ms);
    }

    /// After a change of a gate: moves the entries whose slots changed, forgets a gate that stops
    /// nothing, and places the channel anew.
    fn change_members(&mut self, channel: &str, ids: &[TaskId], now_ms: i64) {
        for id in ids {
            let Some(item) = self.lane(Lane::Submit).item(*id).filter(|item| &*item.channel == channel) else {
                continue;
            };
            let member = self.is_member(Lane::Submit, channel, *id);
            let item = Item { member, ..item.clone() };
            self.lane_mut(Lane::Submit).put(*id, item);
        }
        if self.gates.get(channel).is_some_and(Gate::is_plain) {
            self.gates.remove(channel);
        }
        self.settle(Lane::Submit, &Arc::from(channel), now_ms);
    }

    fn is_member(&self, lane: Lane, channel: &str, id: TaskId) -> bool {
        lane == Lane::Submit && self.gates.get(channel).is_some_and(|gate| gate.holds(id))
    }

    fn put_settled(&mut self, lane: Lane, id: TaskId, item: Item, now_ms: i64) {
        let channel = item.channel.clone();
        self.lane_mut(lane).put(id, item);
        self.settle(lane, &channel, now_ms);
    }

    /// Places a channel by what it has and what its gate lets through.
    fn settle(&mut self, lane: Lane, channel: &Arc<str>, now_ms: i64) {
        let opens_ms = self.channel_opens_ms(lane, channel, now_ms);
        self.lane_mut(lane).place(channel, opens_ms, now_ms);
    }

    fn channel_opens_ms(&mut self, lane: Lane, channel: &str, now_ms: i64) -> Option<i64> {
        let shelves = self.lanes[lane as usize].shelves(channel)?;
        if lane != Lane::Submit {
            return shelves.earliest(&[Shelf::Free, Shelf::Leased]).map(|key| key.0);
        }
        let Some(gate) = self.gates.get_mut(channel) else {
            return shelves.earliest(open_shelves(None)).map(|key| key.0);
        };
        if gate.paused {
            return None;
        }
        let (due_ms, _) = shelves.earliest(open_shelves(Some(gate)))?;
        let token_ms = gate.token_ms(now_ms);
        Some(if token_ms > now_ms { due_ms.max(token_ms) } else { due_ms })
    }
}

/// The shelves that a submission may be taken from: without a free slot only from those that hold one.
fn open_shelves(gate: Option<&Gate>) -> &'static [Shelf] {
    if gate.is_none_or(Gate::has_room) { &[Shelf::Free, Shelf::Leased, Shelf::Member] } else { &[Shelf::Member] }
}
