//! The notify stage: callbacks, in order per task, one in flight, the same bytes on each send.

use crate::core::Core;
use crate::patience::Patience;
use crate::trace::note_error;
use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use ledger::{Callback, CallbackAttempt, LedgerError};
use queue::{Batch, Claim, Finish, Handler, Lease, LeaseKeeper};
use serde_json::json;
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
            let pending = match self.ledger.pending_callbacks(claim.id).await {
                Ok(pending) => pending,
                Err(error) => {
                    tracing::warn!(task = %claim.id, %error, "callbacks not read; trying again");
                    return (claim, self.later());
                }
            };
            if let Some(finish) = self.send_all(&mut claim, lease, &pending).await {
                return (claim, finish);
            }
        }
    }

    /// Sends these as far as they are due and arrive. `None`: one did not arrive; what goes next has to be read
    /// again. When all did, what was written meanwhile has rung for the task again.
    async fn send_all(&self, claim: &mut Claim, lease: &LeaseKeeper, pending: &[Callback]) -> Option<Finish> {
        let mut arrived = self.delivered.take(claim.id, pending.first());
        for callback in pending {
            let attempt = match arrived.take() {
                Some(attempt) => attempt,
                None => {
                    if let Some(finish) = self.held_up(claim, lease, callback).await {
                        return Some(finish);
                    }
                    self.send(callback).instrument(self.callback_span(callback)).await
                }
            };
            let is_there = has_arrived(&attempt);
            if !self.record_send(lease, callback, attempt).await {
                return Some(self.later());
            }
            self.scheduler.announce(&[callback.task]).await;
            if !is_there {
                return None;
            }
        }
        Some(Finish::Done)
    }

    /// What becomes of the claim when the callback can't go out now: it is not due yet, or the lease is too short
    /// for a send and could not be renewed.
    async fn held_up(&self, claim: &mut Claim, lease: &LeaseKeeper, callback: &Callback) -> Option<Finish> {
        let now_ms = self.clock.now_ms();
        if callback.due_ms > now_ms {
            return Some(Finish::At(callback.due_ms));
        }
        if claim.lease_until_ms - now_ms >= SEND_MAX_MS {
            return None;
        }
        match lease.extend(claim).await {
            Lease::Held(renewed) => {
                *claim = renewed;
                None
            }
            Lease::Lost => Some(Finish::Done),
            Lease::Unknown => Some(Finish::GiveBack),
        }
    }

    fn later(&self) -> Finish {
        Finish::At(self.clock.now_ms() + RETRY_MS)
    }

    /// Sends one callback and tells what came of it.
    async fn send(&self, callback: &Callback) -> CallbackAttempt {
        let body = Bytes::copy_from_slice(&callback.body);
        task::fail_point!("notify.before_send");
        let sent = self.outbound.post_callback(&callback.url, self.headers(callback), body).await;
        metrics::counter!("callbacks_sent_total", "class" => sent.class).increment(1);
        let attempt = CallbackAttempt {
            at_ms: self.clock.now_ms(),
            status: sent.status,
            class: sent.class.to_owned(),
            note: json!({ "ms": sent.ms, "note": sent.note }),
        };
        if !has_arrived(&attempt) {
            note_error(&Span::current(), &attempt.class);
            log_failure(callback, &attempt.class, self.next_send_ms(callback, &attempt));
        }
        task::fail_point!("notify.before_record");
        attempt
    }

    /// Writes down what a send came to. `false`: that could not be done.
    async fn record_send(&self, lease: &LeaseKeeper, callback: &Callback, attempt: CallbackAttempt) -> bool {
        if has_arrived(&attempt) {
            return self.record_arrival(lease, callback, attempt).await;
        }
        // Not insisted on: it may be written down although its answer was lost, and would count twice.
        let next_ms = self.next_send_ms(callback, &attempt);
        let failed = self.ledger.callback_failed(callback.id, attempt, next_ms).await;
        failed.inspect_err(|error| not_recorded(callback, error)).is_ok()
    }

    /// Writes down that the receiver has it, and holds the claim until the ledger has taken that: whoever got
    /// the claim meanwhile would not know of it, and would send the same again. `false`: it could not be
    /// written down for long, or the claim is held no more; this process remembers it.
    async fn record_arrival(&self, lease: &LeaseKeeper, callback: &Callback, attempt: CallbackAttempt) -> bool {
        let insisting = async {
            let mut patience = Patience::default();
            while let Err(error) = self.ledger.callback_sent(callback, &attempt).await {
                not_recorded(callback, &error);
                if !error.may_retry() || !patience.wait().await {
                    return false;
                }
            }
            true
        };
        let is_recorded = tokio::select! {
            biased;
            is_recorded = insisting => is_recorded,
            () = lease.keep() => false,
        };
        if !is_recorded {
            self.delivered.keep(callback, attempt);
        }
        is_recorded
    }

    /// The ladder of `contract/callback.md`: so many milliseconds after the failure; none: no more sends.
    fn next_send_ms(&self, callback: &Callback, failed: &CallbackAttempt) -> Option<i64> {
        let rung = usize::try_from(callback.attempts).ok()?;
        let pause_ms = self.settings.callback_ladder_ms.get(rung)?;
        Some(failed.at_ms + pause_ms)
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

fn has_arrived(attempt: &CallbackAttempt) -> bool {
    attempt.status.is_some_and(|status| (200..300).contains(&status))
}

fn not_recorded(callback: &Callback, error: &LedgerError) {
    tracing::warn!(task = %callback.task, %error, "callback not recorded");
}

fn log_failure(callback: &Callback, class: &str, next_ms: Option<i64>) {
    let task = callback.task;
    match next_ms {
        Some(_) => tracing::warn!(%task, host = callback.host, class, word = callback.word, "callback failed"),
        None => {
            metrics::counter!("callbacks_dead_total").increment(1);
            tracing::error!(%task, host = callback.host, class, word = callback.word, "callback dead");
        }
    }
}
