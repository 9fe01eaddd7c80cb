//! The paid call: a dialect's submission driven to its end, within the lease.

use crate::core::{Core, Line};
use crate::outbound::{Answered, Call, Stage, WireError};
use providers::dialect::MAX_TURNS;
use providers::{Request, Submission, SubmitOutcome, Turn};
use queue::Claim;
use serde_json::{Value, json};
use task::Task;

/// The most bytes of a submission's answer that are read.
const ANSWER_MAX_BYTES: usize = 16 << 20;

/// What the paid call came to.
pub(crate) enum Sent {
    Outcome(SubmitOutcome, Value),
    Error(WireError),
}

impl Core {
    /// Sends the paid request and what goes before it, to the end of the dialect's machine.
    pub(crate) async fn drive(
        &self,
        line: &Line,
        submission: &Submission<'_>,
        first: Request,
        leased: &Task,
        claim: &Claim,
    ) -> Sent {
        let timeout_ms = line.dialect.capabilities(&line.channel.options).submit_timeout_ms;
        let lease_until_ms = leased.lease_until_ms.unwrap_or(0).min(claim.lease_until_ms);
        let mut request = first;
        let mut memo = Value::Null;
        for _ in 0..MAX_TURNS {
            let call = Call {
                base_url: &line.channel.base_url,
                request: &request,
                inputs: &leased.spec.inputs,
                timeout_ms,
                body_max_bytes: ANSWER_MAX_BYTES,
                start_by_ms: Some(lease_until_ms - timeout_ms),
            };
            let Answered { response, timings } = match self.outbound.call(call).await {
                Ok(answered) => answered,
                Err(mut error) => {
                    if !request.paid {
                        error.stage = Stage::BeforeFirstByte;
                    }
                    return Sent::Error(error);
                }
            };
            match line.dialect.read_submit(submission, &memo, &response) {
                Turn::Next(next, noted) => (request, memo) = (next, noted),
                Turn::End(outcome) => {
                    return Sent::Outcome(outcome, json!({ "status": response.status, "timings": timings }));
                }
            }
        }
        let outcome = SubmitOutcome::Unclear(format!("no end after {MAX_TURNS} requests"));
        Sent::Outcome(outcome, Value::Null)
    }
}
