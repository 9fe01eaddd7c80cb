//! Waiting for work, and counting it.

use super::wire::Question;
use super::{RedisScheduler, text};
use crate::scheduler::{Lane, LaneCounts, QueueError};
use futures::future::{join_all, try_join_all};
use std::time::Duration;

/// The longest wait before Redis is asked again while bells are heard: one may be lost.
const RECHECK: Duration = Duration::from_secs(1);

/// How often Redis is asked while no bells are heard. Short enough to see new work within 50 ms.
const POLL_WITHOUT_BELLS: Duration = Duration::from_millis(25);

/// The wait before Redis is asked again when it did not answer.
const AWAY_PAUSE: Duration = Duration::from_millis(250);

/// The most channels that one call counts.
const CENSUS_CHANNELS: usize = 200;

/// A lane's entries, counted.
#[derive(Debug, Default)]
pub(super) struct Census {
    /// How many there are.
    pub(super) counts: LaneCounts,
    /// When the oldest due one was due.
    pub(super) oldest_due_ms: Option<i64>,
}

impl RedisScheduler {
    /// Resolves when a claim may find something.
    pub(super) async fn wait_for_work(&self, lane: Lane) {
        loop {
            // Hears every ring from here on, polled or not; so what comes in after the look is heard.
            let bell = self.hub.bell(lane);
            let (wait, most) = match self.opens_in(lane).await {
                None => (AWAY_PAUSE, AWAY_PAUSE),
                Some(wait) if wait.is_zero() => return,
                Some(wait) if self.hub.is_alive() => (wait, RECHECK),
                Some(wait) => (wait, POLL_WITHOUT_BELLS),
            };
            tokio::select! {
                () = bell => {}
                () = tokio::time::sleep(wait.min(most)) => {}
            }
        }
    }

    /// In how long something can be claimed by what is known now; `None` if no shard answers.
    async fn opens_in(&self, lane: Lane) -> Option<Duration> {
        let looks = join_all(self.desk.keys.shards().map(|shard| self.peek(lane, shard, 0))).await;
        let waits = looks.into_iter().flatten().map(|line| {
            let is_in_sight = line.is_filled && line.opens_in_us >= 0;
            if is_in_sight { Duration::from_micros(line.opens_in_us.cast_unsigned()) } else { Duration::MAX }
        });
        waits.min()
    }

    /// Counts a lane's entries: a few steps for each channel, however many entries it has.
    pub(super) async fn census(&self, lane: Lane) -> Result<Census, QueueError> {
        let counting = self.desk.keys.shards().map(|shard| self.shard_census(lane, shard));
        let mut census = Census::default();
        for part in try_join_all(counting).await? {
            census.add(part);
        }
        Ok(census)
    }

    async fn shard_census(&self, lane: Lane, shard: usize) -> Result<Census, QueueError> {
        let mut command = redis::cmd("ZRANGE");
        command.arg(self.desk.keys.line(shard, lane)).arg(0).arg(-1);
        let channels: Vec<String> = self.adds.ask(Question::Command(&command)).await?;
        let names: Vec<_> = channels.iter().map(String::as_str).collect();
        let mut census = Census::default();
        for page in names.chunks(CENSUS_CHANNELS) {
            let call = self.desk.call(&self.scripts().census, shard, lane, page);
            let (scheduled, due, leased, oldest_us): (i64, i64, i64, i64) = self.adds.run(&call).await?;
            let oldest_due_ms = (oldest_us >= 0).then(|| text::ms_of(oldest_us));
            census.add(Census { counts: LaneCounts { scheduled, due, leased }, oldest_due_ms });
        }
        Ok(census)
    }
}

impl Census {
    fn add(&mut self, other: Self) {
        self.counts.scheduled += other.counts.scheduled;
        self.counts.due += other.counts.due;
        self.counts.leased += other.counts.leased;
        self.oldest_due_ms = self.oldest_due_ms.into_iter().chain(other.oldest_due_ms).min();
    }
}
