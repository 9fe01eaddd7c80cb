//! One lane: its entries, and whose turn it is.
//!
//! Channels that have something to claim stand in a line. The first one is served one group, then
//! goes to the end of the line if it has more: no channel waits longer than one round of the others.

use super::shelves::{Key, Shelf, Shelves};
use crate::scheduler::LaneCounts;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use task::TaskId;

/// A lease that was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lease {
    /// Its number: unique in this scheduler.
    pub(super) fence: i64,
    /// Whether the claim took a slot that the task did not hold before.
    pub(super) joined: bool,
}

/// An entry.
#[derive(Debug, Clone)]
pub(super) struct Item {
    /// Its channel.
    pub(super) channel: Arc<str>,
    /// When it may be claimed; while leased, when the lease ends.
    pub(super) due_ms: i64,
    /// Its newest lease, ended or not.
    pub(super) lease: Option<Lease>,
    /// Whether its task holds one of the channel's slots (submit lane only).
    pub(super) member: bool,
    /// A bell that rang while somebody had it: when it asked to be looked at.
    pub(super) rung_ms: Option<i64>,
}

impl Item {
    fn shelf(&self) -> Shelf {
        match (self.member, self.lease) {
            (true, _) => Shelf::Member,
            (false, Some(_)) => Shelf::Leased,
            (false, None) => Shelf::Free,
        }
    }
}

/// Where a channel stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Place {
    /// Nothing can be claimed from it until something changes.
    #[default]
    Closed,
    /// Something can be claimed from this time on.
    Waiting(i64),
    /// In line, by number.
    InLine(u64),
}

#[derive(Debug, Default)]
struct Channel {
    shelves: Shelves,
    place: Place,
}

/// A lane's entries. Every step costs O(log n) but for `counts`.
#[derive(Debug, Default)]
pub(super) struct LaneQueue {
    items: HashMap<TaskId, Item>,
    channels: HashMap<Arc<str>, Channel>,
    waiting: BTreeSet<(i64, Arc<str>)>,
    line: BTreeMap<u64, Arc<str>>,
    last_number: u64,
}

impl LaneQueue {
    /// An entry, if it is on the lane.
    pub(super) fn item(&self, id: TaskId) -> Option<&Item> {
        self.items.get(&id)
    }

    /// A channel's entries in order.
    pub(super) fn shelves(&self, channel: &str) -> Option<&Shelves> {
        self.channels.get(channel).map(|held| &held.shelves)
    }

    /// Adds an entry or replaces the one with its id. The caller places the channel afterwards.
    pub(super) fn put(&mut self, id: TaskId, item: Item) {
        self.take(id);
        let held = self.channels.entry(item.channel.clone()).or_default();
        held.shelves.put(item.shelf(), (item.due_ms, id));
        self.items.insert(id, item);
    }

    /// Takes an entry off the lane. The caller places the channel afterwards.
    pub(super) fn take(&mut self, id: TaskId) -> Option<Item> {
        let item = self.items.remove(&id)?;
        if let Some(held) = self.channels.get_mut(&item.channel) {
            held.shelves.take(item.shelf(), (item.due_ms, id));
        }
        Some(item)
    }

    /// Says from when on something can be claimed from a channel; `None`: not until something changes.
    pub(super) fn place(&mut self, channel: &Arc<str>, opens_ms: Option<i64>, now_ms: i64) {
        let Some(held) = self.channels.get_mut(channel) else { return };
        let before = held.place;
        let after = match (opens_ms, before) {
            (None, _) => Place::Closed,
            (Some(at), _) if at > now_ms => Place::Waiting(at),
            (Some(_), Place::InLine(number)) => Place::InLine(number),
            (Some(_), _) => {
                self.last_number += 1;
                Place::InLine(self.last_number)
            }
        };
        held.place = after;
        let is_empty = held.shelves.len() == 0;
        if before != after {
            self.leave(channel, before);
            self.enter(channel, after);
        }
        if is_empty {
            self.leave(channel, after);
            self.channels.remove(channel);
        }
    }

    /// Takes a channel out of the line. Placed again, it stands at the end, and the others come first.
    pub(super) fn leave_line(&mut self, channel: &Arc<str>) {
        let Some(held) = self.channels.get_mut(channel) else { return };
        let before = std::mem::take(&mut held.place);
        self.leave(channel, before);
    }

    /// Whose turn it is at `now_ms`. Asking does not move anybody.
    pub(super) fn first_in_line(&mut self, now_ms: i64) -> Option<Arc<str>> {
        while let Some((at, channel)) = self.waiting.first().cloned() {
            if at > now_ms {
                break;
            }
            self.place(&channel, Some(at), now_ms);
        }
        self.line.first_key_value().map(|(_, channel)| channel.clone())
    }

    /// The earliest time at which a claim may find something; the far past if it may now, the far
    /// future if nothing is in sight.
    pub(super) fn opens_ms(&self) -> i64 {
        if !self.line.is_empty() {
            return i64::MIN;
        }
        self.waiting.first().map_or(i64::MAX, |(at, _)| *at)
    }

    /// How many entries there are at `now_ms`; looks at each of them.
    pub(super) fn counts(&self, now_ms: i64) -> LaneCounts {
        let mut counts = LaneCounts::default();
        for item in self.items.values() {
            match (item.due_ms <= now_ms, item.lease.is_some()) {
                (true, _) => counts.due += 1,
                (false, true) => counts.leased += 1,
                (false, false) => counts.scheduled += 1,
            }
        }
        counts
    }

    /// The due time of the oldest entry that is due and that nobody has.
    pub(super) fn oldest_due_ms(&self, now_ms: i64) -> Option<i64> {
        let every = [Shelf::Free, Shelf::Leased, Shelf::Member];
        let firsts = self.channels.values().filter_map(|held| held.shelves.earliest(&every));
        firsts.map(|key: Key| key.0).min().filter(|due_ms| *due_ms <= now_ms)
    }

    fn enter(&mut self, channel: &Arc<str>, place: Place) {
        match place {
            Place::Closed => {}
            Place::Waiting(at) => {
                self.waiting.insert((at, channel.clone()));
            }
            Place::InLine(number) => {
                self.line.insert(number, channel.clone());
            }
        }
    }

    fn leave(&mut self, channel: &Arc<str>, place: Place) {
        match place {
            Place::Closed => {}
            Place::Waiting(at) => {
                self.waiting.remove(&(at, channel.clone()));
            }
            Place::InLine(number) => {
                self.line.remove(&number);
            }
        }
    }
}
