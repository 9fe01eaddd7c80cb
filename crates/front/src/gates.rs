//! How busy channels are, as of a moment ago. A hint for placing and for `QueuePosition`; never a limit.

use queue::{Scheduler, SubmitGate};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use task::Channel;
use tokio::time::{Instant, timeout};

/// How long a gate that was read is believed; submissions of this process are added to it meanwhile.
pub const GATE_TTL: Duration = Duration::from_millis(200);

/// How long the queue may take to tell; after that the channel counts as idle.
pub const GATE_LIMIT: Duration = Duration::from_millis(100);

/// How long a queue that did not tell is left alone.
pub const AWAY_TTL: Duration = Duration::from_secs(2);

/// Gates by channel.
#[derive(Debug, Default)]
pub struct Gates(Mutex<HashMap<String, Known>>);

#[derive(Debug, Clone, Copy)]
struct Known {
    gate: SubmitGate,
    until: Instant,
}

impl Gates {
    /// Tasks that stand ahead of a new one on this channel; 0 when it would start at once. When the
    /// queue is away the channel counts as idle: a submission never waits for the queue.
    pub async fn ahead(&self, scheduler: &dyn Scheduler, channel: &Channel) -> i64 {
        let gate = match self.known(&channel.name) {
            Some(gate) => gate,
            None => self.ask(scheduler, &channel.name).await,
        };
        ahead(gate, channel)
    }

    /// One task more stands before this channel.
    pub fn joined(&self, channel: &str) {
        if let Some(known) = self.lock().get_mut(channel) {
            known.gate.waiting += 1;
        }
    }

    async fn ask(&self, scheduler: &dyn Scheduler, channel: &str) -> SubmitGate {
        let told = timeout(GATE_LIMIT, scheduler.gate(channel)).await;
        let (gate, ttl) = match told {
            Ok(Ok(gate)) => (gate, GATE_TTL),
            _ => (SubmitGate::default(), AWAY_TTL),
        };
        self.lock().insert(channel.to_owned(), Known { gate, until: Instant::now() + ttl });
        gate
    }

    /// `None` to the first who finds it outdated: while that one asks, the others go on believing it.
    fn known(&self, channel: &str) -> Option<SubmitGate> {
        let (mut gates, now) = (self.lock(), Instant::now());
        let known = gates.get_mut(channel)?;
        if now < known.until {
            return Some(known.gate);
        }
        known.until = now + GATE_LIMIT;
        None
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn ahead(gate: SubmitGate, channel: &Channel) -> i64 {
    let limits = channel.limits;
    let before_slots = match limits.slots {
        slots if slots > 0 => (gate.slots_taken + gate.waiting + 1 - slots).max(0),
        _ => 0,
    };
    let before_tokens = if limits.rate_per_min > 0 && gate.waiting >= limits.burst.max(1) { gate.waiting } else { 0 };
    let before_pause = if gate.paused || channel.paused { gate.waiting.max(1) } else { 0 };
    before_slots.max(before_tokens).max(before_pause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::ChannelLimits;

    fn channel(slots: i64, rate_per_min: i64, burst: i64) -> Channel {
        let json = serde_json::json!({
            "name": "one", "dialect": "d", "base_url": "http://u", "key": "", "hook_secret": "", "models": ["*"],
            "weight": 1, "priority": 0, "limits": {}, "uncertain": "fail", "options": {}, "paused": false,
            "removed": false, "created_ms": 0,
        });
        let mut channel: Channel = serde_json::from_value(json).expect("is a channel");
        channel.limits = ChannelLimits { slots, rate_per_min, burst };
        channel
    }

    #[test]
    fn a_task_stands_behind_what_has_to_go_first() {
        let gate = |waiting, slots_taken, paused| SubmitGate { waiting, slots_taken, paused };
        for (given, channel, expected) in [
            (gate(0, 0, false), channel(1, 0, 1), 0),
            (gate(0, 1, false), channel(1, 0, 1), 1),
            (gate(2, 1, false), channel(1, 0, 1), 3),
            (gate(1, 1, false), channel(3, 0, 1), 0),
            (gate(9, 0, false), channel(0, 0, 1), 0),
            (gate(9, 0, false), channel(0, 60, 5), 9),
            (gate(4, 0, false), channel(0, 60, 5), 0),
            (gate(0, 0, true), channel(0, 0, 1), 1),
            (gate(3, 0, true), channel(5, 0, 1), 3),
        ] {
            assert_eq!(ahead(given, &channel), expected, "{given:?} {:?}", channel.limits);
        }
    }
}
