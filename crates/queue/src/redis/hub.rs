//! What goes by pub/sub: which lane has something to claim, and which tasks changed.
//!
//! All of it is hints. While the subscription is down, workers ask Redis more often, and callers that
//! wait are served by their reads of the ledger.

use super::address::Address;
use super::link;
use super::text;
use crate::scheduler::{Changes, Lane};
use futures::{FutureExt, StreamExt};
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Msg, RedisError};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use task::TaskId;
use tokio::sync::{Notify, broadcast, futures::Notified};

/// How many hints a slow listener may lag behind before it loses the oldest.
const CHANGES_CAPACITY: usize = 4_096;

/// How long subscribing may take.
const SUBSCRIBE_LIMIT: Duration = Duration::from_secs(2);

/// How often the subscription is asked whether it still lives.
const PING_EVERY: Duration = Duration::from_secs(2);

/// How long it may take to say so.
const PING_LIMIT: Duration = Duration::from_secs(3);

/// The pause before subscribing again.
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(200);

/// Spreads what comes in to whoever listens in this process.
#[derive(Debug)]
pub(super) struct Hub {
    /// Marks what this process itself has announced: it is told at once, not by way of Redis.
    origin: String,
    /// One for each lane.
    bells: [Notify; 4],
    changes: broadcast::Sender<TaskId>,
    is_alive: AtomicBool,
}

impl Hub {
    /// A hub that hears nothing yet. `origin` is unlike that of any other process.
    pub(super) fn new(origin: String) -> Self {
        let (changes, _) = broadcast::channel(CHANGES_CAPACITY);
        Self { origin, bells: Default::default(), changes, is_alive: AtomicBool::new(false) }
    }

    /// Whether bells of other processes are heard.
    pub(super) fn is_alive(&self) -> bool {
        self.is_alive.load(Ordering::Relaxed)
    }

    /// Resolves when a lane's bell rings. Hears every ring from its making on.
    pub(super) fn bell(&self, lane: Lane) -> Notified<'_> {
        self.bells[lane as usize].notified()
    }

    /// Hears of changed tasks.
    pub(super) fn changes(&self) -> Changes {
        self.changes.subscribe()
    }

    /// Tells this process's listeners.
    pub(super) fn announce(&self, id: TaskId) {
        // Nobody listening is no failure: it is only a hint.
        let _ = self.changes.send(id);
    }

    /// What tells other processes of these.
    pub(super) fn message(&self, ids: &[TaskId]) -> String {
        let mut message = self.origin.clone();
        for id in ids {
            message.push(' ');
            message.push_str(&text::of_id(*id));
        }
        message
    }

    fn ring_all(&self) {
        for bell in &self.bells {
            bell.notify_waiters();
        }
    }

    fn hear(&self, message: &Msg, bell: &str) {
        let Ok(payload) = str::from_utf8(message.get_payload_bytes()) else { return };
        if message.get_channel_name() == bell {
            if let Some(lane) = Lane::ALL.into_iter().find(|lane| lane.as_str() == payload) {
                self.bells[lane as usize].notify_waiters();
            }
        } else if !payload.starts_with(&self.origin) {
            self.hear_changes(payload);
        }
    }

    fn hear_changes(&self, payload: &str) {
        for id in payload.split(' ').skip(1).filter_map(text::to_id) {
            let _ = self.changes.send(id);
        }
    }

    fn set_alive(&self, is_alive: bool) {
        self.is_alive.store(is_alive, Ordering::Relaxed);
        // Whoever waits looks again: something may have been missed, or must be looked for more often.
        self.ring_all();
    }
}

/// Listens for ever, subscribing again whenever the subscription is lost.
pub(super) async fn listen(hub: Arc<Hub>, address: Arc<Address>, bell: String, changes: String) {
    for attempt in 0.. {
        match tokio::time::timeout(SUBSCRIBE_LIMIT, subscribe(&address, attempt, &bell, &changes).boxed()).await {
            Ok(Ok((sink, stream))) => {
                hub.set_alive(true);
                hear_until_lost(&hub, sink, stream, &bell).await;
                hub.set_alive(false);
                tracing::warn!("the queue's subscription was lost; subscribing again");
            }
            Ok(Err(error)) => tracing::debug!(kind = error.category(), "not subscribed"),
            Err(_) => tracing::debug!("not subscribed in time"),
        }
        tokio::time::sleep(RESUBSCRIBE_PAUSE).await;
    }
}

async fn subscribe(
    address: &Address,
    attempt: usize,
    bell: &str,
    changes: &str,
) -> Result<(PubSubSink, PubSubStream), RedisError> {
    let client = link::one_server(address, attempt).await?;
    let (mut sink, stream) = client.get_async_pubsub().await?.split();
    sink.subscribe(&[bell, changes]).await?;
    Ok((sink, stream))
}

async fn hear_until_lost(hub: &Hub, mut sink: PubSubSink, mut stream: PubSubStream, bell: &str) {
    let pinging = async {
        loop {
            tokio::time::sleep(PING_EVERY).await;
            // A connection whose other end is gone without a word never ends by itself.
            let alive = tokio::time::timeout(PING_LIMIT, sink.ping::<redis::Value>()).await;
            if !matches!(alive, Ok(Ok(_))) {
                return;
            }
        }
    };
    let hearing = async {
        while let Some(message) = stream.next().await {
            hub.hear(&message, bell);
        }
    };
    tokio::select! {
        () = pinging => {}
        () = hearing => {}
    }
}
