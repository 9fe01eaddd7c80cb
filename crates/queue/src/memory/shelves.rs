//! One channel's entries on one lane, in due order.

use std::collections::BTreeSet;
use task::TaskId;

/// An entry's place in the order: when it may be claimed (a leased one: when its lease ends), then its id.
pub(super) type Key = (i64, TaskId);

/// Where an entry stands. Which shelves a claim may take from depends on the lane and the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shelf {
    /// Nobody has it.
    Free,
    /// Leased; claimable again when the lease has ended.
    Leased,
    /// On the submit lane, a task that already holds a slot, leased or not: it needs no room.
    Member,
}

/// The three shelves of a channel.
#[derive(Debug, Default)]
pub(super) struct Shelves([BTreeSet<Key>; 3]);

impl Shelves {
    fn shelf(&self, shelf: Shelf) -> &BTreeSet<Key> {
        &self.0[shelf as usize]
    }

    /// Puts an entry on a shelf.
    pub(super) fn put(&mut self, shelf: Shelf, key: Key) {
        self.0[shelf as usize].insert(key);
    }

    /// Takes an entry off a shelf.
    pub(super) fn take(&mut self, shelf: Shelf, key: Key) {
        self.0[shelf as usize].remove(&key);
    }

    /// The first entry of a shelf.
    pub(super) fn first(&self, shelf: Shelf) -> Option<Key> {
        self.shelf(shelf).first().copied()
    }

    /// The earliest of the first entries of some shelves.
    pub(super) fn earliest(&self, among: &[Shelf]) -> Option<Key> {
        among.iter().filter_map(|shelf| self.first(*shelf)).min()
    }

    /// How many entries the channel has.
    pub(super) fn len(&self) -> usize {
        self.0.iter().map(BTreeSet::len).sum()
    }
}
