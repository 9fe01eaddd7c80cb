//! The question how operations are doing, driven to its end for whoever asks it.

use crate::core::{Core, Line};
use crate::outbound::{Call, ORDINARY_MAX_BYTES};
use providers::dialect::MAX_TURNS;
use providers::{PollItem, PollOutcome, Turn};
use serde_json::Value;
use task::{Failure, FailureKind, Secret};
use tokio::sync::OwnedSemaphorePermit;

/// The slowest that a large answer may arrive.
const LEAST_BYTES_PER_MS: usize = 4_000;

/// What a poll told: one outcome for each item.
pub(crate) struct Asked {
    pub(crate) outcomes: Vec<PollOutcome>,
    /// Held until the outcomes have been followed: their bytes may be many.
    _room: Option<OwnedSemaphorePermit>,
}

/// How much longer than an ordinary answer a large one may take: as if it came at [`LEAST_BYTES_PER_MS`].
fn reading_ms(body_max_bytes: usize) -> i64 {
    let is_large = body_max_bytes as u64 > ORDINARY_MAX_BYTES;
    if is_large { i64::try_from(body_max_bytes / LEAST_BYTES_PER_MS).unwrap_or(i64::MAX) } else { 0 }
}

impl Core {
    /// Drives the dialect's poll machine, and once more when the channel's token was refused. `Err` speaks
    /// of the request, never of a task.
    pub(crate) async fn ask(&self, line: &Line, items: &[PollItem<'_>]) -> Result<Asked, Failure> {
        let mut renews = true;
        loop {
            let access = self.access(line).await?;
            match self.ask_with(line, items, access.as_ref(), renews).await? {
                Some(asked) => return Ok(asked),
                None => renews = false,
            }
        }
    }

    /// `None` when the token was refused and a new one may help.
    async fn ask_with(
        &self,
        line: &Line,
        items: &[PollItem<'_>],
        access: Option<&Secret>,
        renews: bool,
    ) -> Result<Option<Asked>, Failure> {
        let account = line.account(self.clock.now_ms(), access);
        let body_max_bytes = line.dialect.capabilities(&line.channel.options).poll_body_max_bytes;
        let timeout_ms = self.settings.call_timeout_ms + reading_ms(body_max_bytes);
        let mut request = line.dialect.poll(account, items);
        let mut memo = Value::Null;
        for _ in 0..MAX_TURNS {
            let call = Call::question(&line.channel.base_url, &request, timeout_ms, body_max_bytes);
            let answered = self.outbound.call(call).await.map_err(|error| unreachable_upstream(&error.private))?;
            if answered.response.status == 401 && renews && self.drop_access(line, access).await {
                return Ok(None);
            }
            match line.dialect.read_poll(account, items, &memo, &answered.response)? {
                Turn::Next(next, noted) => (request, memo) = (next, noted),
                Turn::End(outcomes) if outcomes.len() == items.len() => {
                    return Ok(Some(Asked { outcomes, _room: answered.room }));
                }
                Turn::End(_) => return Err(unreachable_upstream("the answer does not cover the tasks asked for")),
            }
        }
        Err(unreachable_upstream("no end to the poll"))
    }
}

/// A question that got no answer: it fails nothing, and is asked again.
pub(crate) fn unreachable_upstream(private: &str) -> Failure {
    Failure::later(FailureKind::Upstream, None, "the upstream could not be asked", private)
}
