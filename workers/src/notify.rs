//! The notify stage: callbacks, in order per task, one in flight, the same bytes on each send.

use crate::core::Core;
use crate::trace::note_error;
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use ledger::{Callback, CallbackAttempt, LedgerError};
use queue::{Batch, Claim, Finish, Handler, Lease, LeaseKeeper};
use serde_json::json;
use task::TaskId;
use tracing::{Instrument, Span};

/// The longest that one send takes, connection and answer included, with a margin for the record.
const SEND_MAX_MS: i64 = 8_000;
/// The pause when the ledger could not be asked.
const RETRY_MS: i64 = 2_000;

/// Handles the notify lane.
pub struct Notify(pub Core);

#[async_trait]
impl Handler for Notify {
    async fn handle(&self, batch: Batch, lease: LeaseKeeper) -> Vec<(Claim, Finish)> {
        let mut finished = Vec::with_capacity(batch.claims.len());
        for claim in batch.claims {
            let (claim, end) = self.0.notify(claim, &lease).await;
            finished.push((claim, end));
        }
        finished
    }
}

impl Core {
    /// Sends what is due for one task, one after another.
    async fn notify(&self, mut claim: Claim, lease: &LeaseKeeper) -> (Claim, Finish) {
        loop {
            let next = match self.ledger.next_callback(claim.id).await {
                Ok(next) => next,
                Err(error) => {
                    tracing::warn!(task = %claim.id, %error, "callbacks not read; trying again");
                    return self.later(claim, RETRY_MS);
                }
            };
            let arrived = self.delivered.take(claim.id, next.as_ref());
            let Some(callback) = next else { return (claim, Finish::Done) };
            if let Some(attempt) = arrived {
                if !self.record_delivery(&callback, attempt).await {
                    return self.later(claim, RETRY_MS);
                }
                continue;
            }
            let now_ms = self.clock.now_ms();
            if callback.due_ms > now_ms {
                return (claim, Finish::At(callback.due_ms));
            }
            if claim.lease_until_ms - now_ms < SEND_MAX_MS {
                match lease.extend(&claim).await {
                    Lease::Held(renewed) => claim = renewed,
                    Lease::Lost => return (claim, Finish::Done),
                    Lease::Unknown => return (claim, Finish::GiveBack),
                }
            }
            let span = self.callback_span(&callback);
            if !self.send(&callback).instrument(span).await {
                return self.later(claim, RETRY_MS);
            }
        }
    }

    fn later(&self, claim: Claim, pause_ms: i64) -> (Claim, Finish) {
        let due_ms = self.clock.now_ms() + pause_ms;
        (claim, Finish::At(due_ms))
    }

    /// Sends one callback and writes down what came of it. `false`: it could not be written down.
    async fn send(&self, callback: &Callback) -> bool {
        let body = Bytes::copy_from_slice(&callback.body);
        task::fail_point!("notify.before_send");
        let sent = self.outbound.post_callback(&callback.url, self.headers(callback), body).await;
        let delivered = sent.status.is_some_and(|status| (200..300).contains(&status));
        let attempt = CallbackAttempt {
            at_ms: self.clock.now_ms(),
            status: sent.status,
            class: sent.class.to_owned(),
            note: json!({ "ms": sent.ms, "note": sent.note }),
        };
        metrics::counter!("callbacks_sent_total", "class" => sent.class).increment(1);
        task::fail_point!("notify.before_record");
        let recorded = if delivered {
            self.record_delivery(callback, attempt).await
        } else {
            let next_ms = self.next_send_ms(callback);
            note_error(&Span::current(), &attempt.class);
            log_failure(callback.task, callback, &attempt.class, next_ms);
            let failed = self.ledger.callback_failed(callback.id, attempt, next_ms).await;
            failed.inspect_err(|error| not_recorded(callback, error)).is_ok()
        };
        self.scheduler.announce(&[callback.task]).await;
        recorded
    }

    /// Writes down that the receiver has it. `false`: that could not be done, and is remembered.
    async fn record_delivery(&self, callback: &Callback, attempt: CallbackAttempt) -> bool {
        let recorded = self.ledger.callback_sent(callback.id, attempt.clone()).await;
        if let Err(error) = &recorded {
            not_recorded(callback, error);
            self.delivered.keep(callback, attempt);
        }
        recorded.is_ok()
    }

    /// The ladder of `contract/callback.md`: so many milliseconds after the failure; none: no more sends.
    fn next_send_ms(&self, callback: &Callback) -> Option<i64> {
        let rung = usize::try_from(callback.attempts).ok()?;
        let pause_ms = self.settings.callback_ladder_ms.get(rung)?;
        Some(self.clock.now_ms() + pause_ms)
    }

    /// The body's bytes are the same on each send; the place in the trace is that of this send.
    fn headers(&self, callback: &Callback) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static("Backlot"));
        if let Ok(id) = HeaderValue::from_str(&callback.id.to_string()) {
            headers.insert("webhook-id", id);
        }
        let place = self.traces.traceparent(&Span::current()).or_else(|| callback.trace.clone());
        if let Some(place) = place.and_then(|place| HeaderValue::from_str(&place).ok()) {
            headers.insert("traceparent", place);
        }
        headers
    }
}

fn not_recorded(callback: &Callback, error: &LedgerError) {
    tracing::warn!(task = %callback.task, %error, "callback not recorded");
}

fn log_failure(task: TaskId, callback: &Callback, class: &str, next_ms: Option<i64>) {
    match next_ms {
        Some(_) => tracing::warn!(%task, host = callback.host, class, word = callback.word, "callback failed"),
        None => {
            metrics::counter!("callbacks_dead_total").increment(1);
            tracing::error!(%task, host = callback.host, class, word = callback.word, "callback dead");
        }
    }
}
