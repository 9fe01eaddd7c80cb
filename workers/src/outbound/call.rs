//! One request to an upstream, and its answer read whole.

use super::Outbound;
use super::deadline::{Limits, collect, elapsed_ms, millis};
use super::link::Links;
use super::target;
use super::wire::{Connection, Timings, WireError, WireErrorKind, WireRequest, WireResponse};
use crate::trace::{note_answer, request_span};
use providers::{Request, Response};
use std::time::Duration;
use task::Input;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};
use tracing::Instrument;

/// How much longer than its own limit a wire is waited for before it counts as stuck.
const WIRE_GRACE: Duration = Duration::from_secs(1);

/// A call.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The channel's base URL.
    pub base_url: &'a str,
    /// What the dialect wants sent.
    pub request: &'a Request,
    /// The inputs that its body's pieces name by position.
    pub inputs: &'a [Input],
    /// Where inputs are put that go as links of ours; none: a piece that needs one is refused.
    pub links: Option<Links<'a>>,
    /// Limit from connecting to the last byte of the answer. Getting hold of the inputs comes before and
    /// has a limit of its own (`OutboundSettings::input_timeout_ms`).
    pub timeout_ms: i64,
    /// The most bytes of the answer.
    pub body_max_bytes: usize,
    /// The latest time (ms since the epoch) to begin sending; past it the call is [`WireErrorKind::Late`].
    pub start_by_ms: Option<i64>,
}

impl<'a> Call<'a> {
    /// A call without inputs that costs nothing and may begin at any time.
    pub fn question(base_url: &'a str, request: &'a Request, timeout_ms: i64, body_max_bytes: usize) -> Self {
        Self { base_url, request, inputs: &[], links: None, timeout_ms, body_max_bytes, start_by_ms: None }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Answered {
    /// What came back.
    pub response: Response,
    /// How long it took.
    pub timings: Timings,
    /// The memory that a large answer holds in the share of all of them: to be kept for as long as the
    /// answer, or anything made of it, is.
    pub room: Option<OwnedSemaphorePermit>,
}

impl Outbound {
    /// Sends one request and reads the answer. Follows no redirect: a 3xx is an answer. A paid request
    /// goes out on a connection of its own and is written at most once.
    ///
    /// Errors before the first byte: a refused address, a name, a connection, an input
    /// ([`WireErrorKind::Input`]: no retry helps; [`WireErrorKind::Link`]: none on this channel), or the time to begin ([`WireErrorKind::Late`]).
    pub async fn call(&self, call: Call<'_>) -> Result<Answered, WireError> {
        let request = call.request;
        let base = target::base(call.base_url)?;
        let url = target::url_of(&base, &request.target)?;
        let home = target::home(&base, &request.target, &url);
        let reach = target::reach(Some(home), &url, &self.settings.artifact_ranges);
        target::admit(&url, &reach)?;
        let at_home = home.origin() == url.origin();
        let headers = if at_home { request.headers.clone() } else { target::without_credentials(&request.headers) };
        let ready = self.ready_body(&request.body, call.inputs, &base, call.links).await?;

        let started_ms = self.clock.now_ms();
        if call.start_by_ms.is_some_and(|start_by_ms| started_ms > start_by_ms) {
            return Err(WireError::before(
                WireErrorKind::Late,
                "the time to begin had passed when the inputs were ready",
            ));
        }
        let started = Instant::now();
        let sent = self.send(WireRequest {
            method: request.method.clone(),
            url,
            headers,
            body: ready.body,
            reach,
            connection: if request.paid { Connection::Own } else { Connection::Pooled },
            connect_timeout_ms: self.settings.connect_timeout_ms.min(call.timeout_ms),
            header_timeout_ms: call.timeout_ms,
        });
        let answer = sent.await?;
        if request.paid {
            task::fail_point!("submit.before_answer_read");
        }
        let limit = millis(call.timeout_ms);
        let limits = Limits { max_bytes: call.body_max_bytes as u64, idle: limit, until: started + limit };
        // What was paid for is read at once: nobody could ask for it again.
        let (body, room) = match request.paid {
            true => (collect(answer.body, limits).await?, None),
            false => self.collect_with_room(answer.body, &answer.headers, limits).await?,
        };
        drop(ready.held);
        let timings = Timings { started_ms, total_ms: Some(elapsed_ms(started)), ..answer.timings };
        Ok(Answered { response: Response { status: answer.status, headers: answer.headers, body }, timings, room })
    }

    /// Sends over the wire, and gives up on one that does not keep its own limit.
    pub(super) async fn send(&self, request: WireRequest) -> Result<WireResponse, WireError> {
        let limit = millis(request.header_timeout_ms) + WIRE_GRACE;
        let stuck = |_| WireError::after(WireErrorKind::Timeout, "no answer within the time limit");
        let span = request_span(&request);
        let sent = timeout(limit, self.wire.send(request)).instrument(span.clone()).await;
        let answer = sent.unwrap_or_else(|late| Err(stuck(late)));
        note_answer(&span, &answer);
        answer
    }
}
