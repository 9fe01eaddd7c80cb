//! Short-lived tokens for channels whose protocol needs one beside the credential: exchanged once for all
//! who wait, kept while they are good, dropped when the upstream refuses them.
//!
//! A failed exchange is a failure of the request that wanted the token, never of a task.

use crate::core::{Core, Line};
use crate::outbound::Call;
use providers::{Account, Request, Response};
use serde_json::{Map, Value};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use task::{Channel, Failure, Retry, Secret};

/// A token counts as run out this long before it does, so that none runs out on its way.
const MARGIN_MS: i64 = 60_000;
/// No token is kept for longer, whatever the upstream says.
const KEEP_MAX_MS: i64 = 86_400_000;
/// After a token was refused and another one made, the next refusal is not the token's fault.
const RENEWAL_PERIOD_MS: i64 = 10_000;
/// The most bytes of an exchange's answer that are read.
const ANSWER_MAX_BYTES: usize = 256 << 10;

/// The tokens of this process, by channel.
#[derive(Debug, Default)]
pub(crate) struct Accesses(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Held>>>>);

/// What is known of one channel's token.
#[derive(Debug, Default)]
struct Held {
    /// What it was exchanged for: with another credential another token.
    credential: Option<(String, Secret, Map<String, Value>)>,
    /// The token, and until when it counts.
    token: Option<(Secret, i64)>,
    /// When the upstream last refused one that still counted.
    refused_ms: Option<i64>,
    /// Exchanges that failed in a row.
    failures: i64,
    /// The last of them, and when to try again.
    failed: Option<(Failure, i64)>,
}

impl Held {
    /// Forgets everything when the channel was configured anew.
    fn belongs_to(&mut self, channel: &Channel) {
        let Channel { base_url, key, options, .. } = channel;
        let is_same = self
            .credential
            .as_ref()
            .is_some_and(|(url, secret, set)| url == base_url && secret == key && set == options);
        if !is_same {
            let credential = Some((base_url.clone(), key.clone(), options.clone()));
            *self = Self { credential, ..Self::default() };
        }
    }
}

impl Accesses {
    fn of(&self, channel: &str) -> Arc<tokio::sync::Mutex<Held>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(channel.to_owned()).or_default().clone()
    }
}

impl Core {
    /// The channel's token, exchanged now if there is no good one; `None` when its protocol needs none.
    /// An error says in `retry` when to come again; until then nobody asks the upstream.
    pub(crate) async fn access(&self, line: &Line) -> Result<Option<Secret>, Failure> {
        let held = self.accesses.of(&line.channel.name);
        // Whoever holds this exchanges for all; who gives up meanwhile leaves the exchange to the next one.
        let mut held = held.lock().await;
        held.belongs_to(&line.channel);
        let now_ms = self.clock.now_ms();
        if let Some((token, until_ms)) = &held.token
            && now_ms < *until_ms
        {
            return Ok(Some(token.clone()));
        }
        if let Some((failure, retry_ms)) = &held.failed
            && now_ms < *retry_ms
        {
            return Err(Failure { retry: Retry::Later(Some(retry_ms - now_ms)), ..failure.clone() });
        }
        let Some(request) = line.dialect.exchange(line.account(now_ms, None)) else { return Ok(None) };
        match self.exchange(line, request).await {
            Ok(access) => {
                let good_for_ms = access.good_for_ms.clamp(0, KEEP_MAX_MS);
                // One that is good for a moment only is kept for half of it.
                let until_ms = self.clock.now_ms() + (good_for_ms - MARGIN_MS).max(good_for_ms / 2);
                let kept = Some((access.token.clone(), until_ms));
                *held = Held {
                    credential: held.credential.take(),
                    token: kept,
                    refused_ms: held.refused_ms,
                    ..Held::default()
                };
                Ok(Some(access.token))
            }
            Err(failure) => {
                held.failures += 1;
                let pause_ms = match failure.retry {
                    Retry::Later(Some(after_ms)) => after_ms.clamp(1_000, 60_000),
                    _ => self.backoff_ms(held.failures),
                };
                let channel = &line.channel.name;
                tracing::warn!(channel, error = failure.private, "no token for this channel; its tasks wait");
                metrics::counter!("exchange_errors_total", "channel" => channel.clone()).increment(1);
                held.token = None;
                held.failed = Some((failure.clone(), self.clock.now_ms() + pause_ms));
                Err(Failure { retry: Retry::Later(Some(pause_ms)), ..failure })
            }
        }
    }

    async fn exchange(&self, line: &Line, request: Result<Request, Failure>) -> Result<providers::Access, Failure> {
        let request = request?;
        let timeout_ms = self.settings.call_timeout_ms;
        let call = Call::question(&line.channel.base_url, &request, timeout_ms, ANSWER_MAX_BYTES);
        let answered =
            self.outbound.call(call).await.map_err(|error| crate::ask::unreachable_upstream(&error.private))?;
        line.dialect.read_exchange(&answered.response)
    }

    /// The upstream refused this token (401): it is dropped. Tells whether asking again with a new one
    /// may help.
    pub(crate) async fn drop_access(&self, line: &Line, refused: Option<&Secret>) -> bool {
        let Some(refused) = refused else { return false };
        let held = self.accesses.of(&line.channel.name);
        let mut held = held.lock().await;
        if held.token.as_ref().is_none_or(|(token, _)| token != refused) {
            // Another request has dropped it already.
            return true;
        }
        let now_ms = self.clock.now_ms();
        if held.refused_ms.is_some_and(|refused_ms| now_ms - refused_ms < RENEWAL_PERIOD_MS) {
            return false;
        }
        held.refused_ms = Some(now_ms);
        held.token = None;
        true
    }

    /// Asks a question of one request, and once more when the channel's token was refused. `None` when the
    /// protocol has no such question.
    pub(crate) async fn question(
        &self,
        line: &Line,
        body_max_bytes: usize,
        build: impl Fn(Account<'_>) -> Option<Request> + Send + Sync,
    ) -> Option<Result<Response, Failure>> {
        let mut is_first = true;
        loop {
            let access = match self.access(line).await {
                Ok(access) => access,
                Err(failure) => return Some(Err(failure)),
            };
            let request = build(line.account(self.clock.now_ms(), access.as_ref()))?;
            let timeout_ms = self.settings.call_timeout_ms;
            let call = Call::question(&line.channel.base_url, &request, timeout_ms, body_max_bytes);
            let answered = match self.outbound.call(call).await {
                Ok(answered) => answered,
                Err(error) => return Some(Err(crate::ask::unreachable_upstream(&error.private))),
            };
            let refused = is_first && answered.response.status == 401;
            is_first = false;
            if !(refused && self.drop_access(line, access.as_ref()).await) {
                return Some(Ok(answered.response));
            }
        }
    }
}
