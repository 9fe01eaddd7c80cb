//! Names of keys. Every key of a shard carries the shard's hash tag, so that a Cluster keeps them together.

use crate::scheduler::Lane;

/// How the keys of one queue are named, and how its channels are spread over shards.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    prefix: String,
    shards: usize,
}

impl Keys {
    /// Keys that begin with `prefix`. The number of shards stands in each key: a queue with another number
    /// is another queue, which begins empty and is filled from the ledger.
    pub(super) fn new(prefix: &str, shards: usize) -> Self {
        // Braces would move the hash tag.
        let prefix = prefix.replace(['{', '}'], "_");
        Self { prefix, shards: shards.max(1) }
    }

    /// Every shard's number.
    pub(super) fn shards(&self) -> std::ops::Range<usize> {
        0..self.shards
    }

    /// The shard that a channel's keys are on: the same in every process.
    pub(super) fn shard_of(&self, channel: &str) -> usize {
        // FNV-1a, 64 bits: stable, unlike the standard library's hash.
        let hash = channel
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
        usize::try_from(hash % self.shards as u64).unwrap_or(0)
    }

    fn tagged(&self, shard: usize, rest: &str) -> String {
        format!("{{{}:{shard}/{}}}:{rest}", self.prefix, self.shards)
    }

    /// Present while the shard has everything that the ledger knows.
    pub(super) fn epoch(&self, shard: usize) -> String {
        self.tagged(shard, "epoch")
    }

    /// The channels that have entries, by when they can be claimed from.
    pub(super) fn line(&self, shard: usize, lane: Lane) -> String {
        self.tagged(shard, &format!("line:{lane}"))
    }

    /// Which channel an id is on.
    pub(super) fn index(&self, shard: usize, lane: Lane) -> String {
        self.tagged(shard, &format!("index:{lane}"))
    }

    /// Bells that rang for leased ids.
    pub(super) fn rung(&self, shard: usize, lane: Lane) -> String {
        self.tagged(shard, &format!("rung:{lane}"))
    }

    /// The keys of one channel on one lane, in the order that the scripts take them in.
    pub(super) fn of_channel(&self, shard: usize, lane: Lane, channel: &str) -> Vec<String> {
        let entries = self.tagged(shard, &format!("entries:{lane}:{channel}"));
        if lane != Lane::Submit {
            return vec![entries];
        }
        let gate = |what: &str| self.tagged(shard, &format!("{what}:{channel}"));
        vec![entries, gate("members"), gate("slots"), gate("gate")]
    }

    /// Who holds a channel's slots.
    pub(super) fn slots(&self, channel: &str) -> String {
        self.tagged(self.shard_of(channel), &format!("slots:{channel}"))
    }

    /// The pub/sub channel that tells which lane has something to claim.
    pub(super) fn bell(&self) -> String {
        format!("{}:bell", self.prefix)
    }

    /// The pub/sub channel that tells which tasks changed.
    pub(super) fn changes(&self) -> String {
        format!("{}:changes", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_shard_share_one_tag() {
        let keys = Keys::new("back{lot}", 4);
        let shard = keys.shard_of("kling-1");
        let tag = format!("{{back_lot_:{shard}/4}}:");
        let mut all = keys.of_channel(shard, Lane::Submit, "kling-{1}");
        all.extend([keys.epoch(shard), keys.line(shard, Lane::Poll), keys.slots("kling-1")]);
        assert!(all.iter().all(|key| key.starts_with(&tag)), "{all:?}");
    }

    #[test]
    fn channels_are_spread_the_same_way_for_ever() {
        let keys = Keys::new("b", 16);
        assert_eq!(["a", "kling-1", "mj"].map(|channel| keys.shard_of(channel)), [12, 8, 6]);
        let used: std::collections::HashSet<_> = (0..200).map(|n| keys.shard_of(&format!("c-{n}"))).collect();
        assert_eq!(used.len(), 16);
    }
}
