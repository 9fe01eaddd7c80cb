//! Kling's own protocol (`upstream/kling.md`), in both generations that run side by side: `legacy` (a path
//! for each sort of task) and `new` (the model in the path, one path for all questions). Which one a channel
//! speaks is its option `generation`. What its key may hold is told in the module of credentials: an API key
//! or `ak:sk`, and behind either a webhook secret (`ak:sk:whsec_…`).

mod answer;
mod callback;
mod credential;
mod endpoint;
mod errors;
mod files;
mod fit;
mod legacy;
mod lookup;
mod models;
mod new_generation;
mod options;
mod poll;
mod shots;
mod submit;
mod upstream_task;

use crate::dialect::{
    Account, Capabilities, Dialect, Fit, Hint, LookupOutcome, Lost, PollItem, PollOutcome, Submission, SubmitOutcome,
    Turn,
};
use crate::http_call::fetch_link;
use crate::wire::{Request, Response};
use http::HeaderMap;
use options::{Generation, Options};
use serde_json::{Map, Value};
use task::{ClientId, Failure, Kind, Output, Spec};

/// The name that channels give, and the key of this dialect's raw fields in `Spec::extras`.
pub const NAME: &str = "kling";

/// The most ids in one question of the new generation. The sheet knows no published cap; this many make a
/// query of about a kilobyte.
const POLL_BATCH: usize = 50;

/// The most bytes of a poll's answer that are read.
const POLL_BODY_MAX_BYTES: usize = 4 << 20;

/// Results are cleared after 30 days (section 7).
const COPY_DEADLINE_MS: i64 = 30 * 86_400_000;

/// A submission may carry pictures of 10 MB each.
const SUBMIT_TIMEOUT_MS: i64 = 60_000;

/// Kling's own protocol.
#[derive(Debug, Clone, Copy)]
pub struct Kling;

impl Dialect for Kling {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, options: &Map<String, Value>) -> Capabilities {
        let options = Options::read(options);
        let (kinds, poll_batch): (&'static [Kind], usize) = match options.generation {
            Generation::Legacy => (&[Kind::Video, Kind::Image, Kind::TryOn], 1),
            Generation::New => (&[Kind::Video], POLL_BATCH),
        };
        Capabilities {
            kinds,
            poll_batch,
            callback: true,
            lookup: true,
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

    fn fit(&self, options: &Map<String, Value>, upstream_model: &str, spec: &Spec) -> Fit {
        fit::fit(options, upstream_model, spec)
    }

    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure> {
        submit::request(submission)
    }

    fn read_submit(&self, submission: &Submission<'_>, memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        submit::read(submission, memo, response)
    }

    fn memo(&self, options: &Map<String, Value>, upstream_model: &str, spec: &Spec) -> Value {
        endpoint::memo(options, spec, upstream_model)
    }

    fn poll(&self, account: Account<'_>, items: &[PollItem<'_>]) -> Request {
        poll::request(account, items)
    }

    fn read_poll(
        &self,
        account: Account<'_>,
        items: &[PollItem<'_>],
        memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        poll::read(account, items, memo, response)
    }

    /// A plain GET, never with the key (section 7).
    fn fetch(&self, _account: Account<'_>, output: &Output) -> Result<Request, Failure> {
        fetch_link(output, HeaderMap::new())
    }

    fn lookup(&self, account: Account<'_>, lost: &Lost<'_>) -> Option<Request> {
        let memo = self.memo(account.options, lost.upstream_model, lost.spec);
        Some(lookup::request(account, lost.client, &memo))
    }

    fn read_lookup(
        &self,
        _account: Account<'_>,
        lost: &Lost<'_>,
        response: &Response,
    ) -> Result<LookupOutcome, Failure> {
        lookup::read(lost.client, response)
    }

    fn read_callback(&self, account: Account<'_>, headers: &HeaderMap, body: &[u8]) -> Option<Hint> {
        callback::read(account, headers, body)
    }

    fn carries_client(&self, client: ClientId, response: &Response) -> bool {
        lookup::carries_client(client, response)
    }
}
