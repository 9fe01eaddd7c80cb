//! The paid call: a dialect's submission driven to its end, within the lease.

use crate::ask::unreachable_upstream;
use crate::copy::link_stem;
use crate::core::{Core, Line};
use crate::outbound::{Answered, Call, Links, Stage, WireError, WireErrorKind};
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

/// How far a drive came.
enum Driven {
    Ended(Sent),
    /// A request that costs nothing was answered 401 before anything was paid for.
    TokenRefused,
}

impl Core {
    /// Sends the paid request and what goes before it, to the end of the dialect's machine. Where the
    /// channel's token is refused on the way to the paid request, it begins once more with a new one.
    pub(crate) async fn drive(
        &self,
        line: &Line,
        submission: &Submission<'_>,
        first: Request,
        leased: &Task,
        claim: &Claim,
    ) -> Sent {
        let refused = submission.account.access;
        match self.drive_once(line, submission, first, leased, claim, refused.is_some()).await {
            Driven::Ended(sent) => return sent,
            Driven::TokenRefused => {}
        }
        let access = match self.access(line).await {
            Ok(access) => access,
            Err(failure) => return Sent::Outcome(SubmitOutcome::Refused(failure), Value::Null),
        };
        let account = line.account(self.clock.now_ms(), access.as_ref());
        let again = Submission { account, ..*submission };
        let first = match line.dialect.submit(&again) {
            Ok(first) => first,
            Err(failure) => return Sent::Outcome(SubmitOutcome::Refused(failure), Value::Null),
        };
        match self.drive_once(line, &again, first, leased, claim, false).await {
            Driven::Ended(sent) => sent,
            Driven::TokenRefused => {
                Sent::Outcome(SubmitOutcome::Refused(unreachable_upstream("401 twice")), Value::Null)
            }
        }
    }

    async fn drive_once(
        &self,
        line: &Line,
        submission: &Submission<'_>,
        first: Request,
        leased: &Task,
        claim: &Claim,
        renews: bool,
    ) -> Driven {
        let timeout_ms = self.submit_timeout_ms(line);
        let lease_until_ms = leased.lease_until_ms.unwrap_or(0).min(claim.lease_until_ms);
        let stem = link_stem(leased);
        let links = Links { media_base: &self.settings.media_base, stem: &stem };
        let mut request = first;
        let mut memo = Value::Null;
        let mut has_paid = false;
        for _ in 0..MAX_TURNS {
            if request.paid && !self.under_way.pay(leased.id) {
                let error = WireError::before(WireErrorKind::Late, "the process ends at once");
                return Driven::Ended(Sent::Error(error));
            }
            has_paid |= request.paid;
            let call = Call {
                base_url: &line.channel.base_url,
                request: &request,
                inputs: &leased.spec.inputs,
                links: Some(links),
                timeout_ms,
                body_max_bytes: ANSWER_MAX_BYTES,
                start_by_ms: Some(lease_until_ms - timeout_ms),
            };
            let Answered { response, timings, room: _room } = match self.outbound.call(call).await {
                Ok(answered) => answered,
                Err(mut error) => {
                    if !request.paid {
                        // A question costs nothing; but once something is paid for, nothing undoes it.
                        error.stage = if has_paid { Stage::AfterFirstByte } else { Stage::BeforeFirstByte };
                    }
                    return Driven::Ended(Sent::Error(error));
                }
            };
            if response.status == 401 {
                // A paid request is answered for good; what it says is the dialect's to read.
                let may_help = self.drop_access(line, submission.account.access).await;
                if may_help && renews && !has_paid {
                    return Driven::TokenRefused;
                }
            }
            match line.dialect.read_submit(submission, &memo, &response) {
                Turn::Next(next, noted) => (request, memo) = (next, noted),
                Turn::End(outcome) => {
                    let note = json!({ "status": response.status, "timings": timings });
                    return Driven::Ended(Sent::Outcome(outcome, note));
                }
            }
        }
        let outcome = SubmitOutcome::Unclear(format!("no end after {MAX_TURNS} requests"));
        Driven::Ended(Sent::Outcome(outcome, Value::Null))
    }
}
