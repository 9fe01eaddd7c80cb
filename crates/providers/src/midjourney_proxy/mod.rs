//! The Midjourney proxy protocol (`upstream/midjourney.md`), in both flavours that are in use:
//! `trueai` (buttons are pressed by `customId`) and `novicezk` (upscale, variation and reroll by
//! name). Which one a channel speaks is its option `flavour`.

mod answer;
mod buttons;
mod callback;
mod cancel;
mod details;
mod errors;
mod lookup;
mod options;
mod outputs;
mod poll;
mod request;
mod seed;
mod submit;
mod upstream_task;

use crate::dialect::{
    Account, CancelOutcome, Capabilities, Dialect, Hint, LookupOutcome, Lost, PollItem, PollOutcome, Submission,
    SubmitOutcome, Turn,
};
use crate::http_call::fetch_link;
use crate::wire::{Request, Response};
use http::HeaderMap;
use options::{Flavour, Options};
use serde_json::{Map, Value};
use task::{ClientId, Failure, Kind, Operation, Output};

/// The name that channels give, and the key of this dialect's raw fields in `Spec::extras`.
pub const NAME: &str = "midjourney_proxy";

/// The most ids in one `list-by-condition`. The sheet knows no published cap; this one keeps the
/// answer well inside [`POLL_BODY_MAX_BYTES`].
const POLL_BATCH: usize = 100;

/// The most bytes of a poll's or list's answer that are read: 100 tasks of some kilobytes each,
/// with room for a `novicezk` list, which holds every task that the proxy remembers.
const POLL_BODY_MAX_BYTES: usize = 8 << 20;

/// Links are signed by Discord for about 24 h (`upstream/midjourney.md` section 7).
const COPY_DEADLINE_MS: i64 = 24 * 3_600_000;

/// A submission may upload pictures to Discord before it answers.
const SUBMIT_TIMEOUT_MS: i64 = 60_000;

/// The Midjourney proxy protocol.
#[derive(Debug, Clone, Copy)]
pub struct MidjourneyProxy;

impl Dialect for MidjourneyProxy {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, options: &Map<String, Value>) -> Capabilities {
        let options = Options::read(options);
        let kinds: &'static [Kind] = match options.flavour {
            Flavour::TrueAi => &[Kind::Image, Kind::Blend, Kind::Describe, Kind::Shorten, Kind::FollowUp, Kind::Modal],
            Flavour::NoviceZk => &[Kind::Image, Kind::Blend, Kind::Describe, Kind::FollowUp],
        };
        Capabilities {
            kinds,
            poll_batch: POLL_BATCH,
            callback: true,
            cancel: options.flavour == Flavour::TrueAi,
            lookup: true,
            seed: true,
            percent: true,
            copy_deadline_ms: COPY_DEADLINE_MS,
            poll_body_max_bytes: POLL_BODY_MAX_BYTES,
            poll_period_ms: options.poll_period_ms,
            submit_timeout_ms: SUBMIT_TIMEOUT_MS,
            ..Capabilities::default()
        }
    }

    fn check_options(&self, options: &Map<String, Value>) -> Result<(), String> {
        options::check(options)
    }

    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure> {
        submit::request(submission)
    }

    fn read_submit(&self, submission: &Submission<'_>, _memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        Turn::End(answer::read(submission, response))
    }

    fn poll(&self, account: Account<'_>, items: &[PollItem<'_>]) -> Request {
        poll::request(account, items)
    }

    fn read_poll(
        &self,
        account: Account<'_>,
        items: &[PollItem<'_>],
        _memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        poll::read(account, items, response).map(Turn::End)
    }

    fn cancel(&self, account: Account<'_>, operation: &Operation) -> Option<Request> {
        cancel::request(account, operation)
    }

    fn read_cancel(&self, response: &Response) -> Result<CancelOutcome, Failure> {
        cancel::read(response)
    }

    fn fetch(&self, _account: Account<'_>, output: &Output) -> Result<Request, Failure> {
        fetch_link(output, HeaderMap::new())
    }

    fn lookup(&self, account: Account<'_>, _lost: &Lost<'_>) -> Option<Request> {
        Some(lookup::request(account))
    }

    fn read_lookup(
        &self,
        account: Account<'_>,
        lost: &Lost<'_>,
        response: &Response,
    ) -> Result<LookupOutcome, Failure> {
        lookup::read(account, lost.client, lost.submitted_ms, response)
    }

    fn read_callback(&self, _account: Account<'_>, _headers: &HeaderMap, body: &[u8]) -> Option<Hint> {
        callback::read(body)
    }

    fn carries_client(&self, client: ClientId, response: &Response) -> bool {
        callback::carries_client(client, response)
    }

    fn seed(&self, account: Account<'_>, operation: &Operation) -> Option<Request> {
        Some(seed::request(account, operation))
    }

    fn read_seed(&self, response: &Response) -> Result<Option<String>, Failure> {
        seed::read(response)
    }
}
