//! The Suno-API protocol (`upstream/suno.md`, part 1): a self-hosted bridge to Suno and its commercial
//! descendants. A channel's option `flavour` says which: `original` is the published source, `extended`
//! (the default) also joins clips, calls back, and takes a sound to start from.
//!
//! Options: `flavour`; `version`, sent as `mv` when the caller names none; `wav`, whether the file beside
//! each `.mp3` is archived too (no protocol promises it); `poll_period_ms`.

mod answer;
mod callback;
mod clips;
mod errors;
mod options;
mod poll;
mod submit;
mod upstream_task;

use crate::dialect::{
    Account, Capabilities, Dialect, Fit, Hint, PollItem, PollOutcome, Submission, SubmitOutcome, Turn,
};
use crate::http_call::fetch_link;
use crate::wire::{Request, Response};
use http::HeaderMap;
use options::{Flavour, Options};
use serde_json::{Map, Value};
use task::{Failure, Kind, Output, Spec};

/// The name that channels give, and the key of this dialect's raw fields in `Spec::extras`.
pub const NAME: &str = "suno_api";

/// The most ids in one batch. The sheet knows no published cap; this one keeps the answer, at some 10 KB a
/// task, well inside [`POLL_BODY_MAX_BYTES`].
const POLL_BATCH: usize = 50;

/// The most bytes of a poll's answer that are read.
const POLL_BODY_MAX_BYTES: usize = 8 << 20;

/// The sheet finds the CDN's links long-lived in practice and knows no expiry (section 1.4): a day is safe.
const COPY_DEADLINE_MS: i64 = 24 * 3_600_000;

/// Lyrics are written before the submission is answered, in up to 2 min (section 1.2). With the lease's margin
/// this still fits into the usual lease of a submission, 150 s: a call that did not would never go out.
const SUBMIT_TIMEOUT_MS: i64 = 130_000;

/// The Suno-API protocol.
#[derive(Debug, Clone, Copy)]
pub struct SunoApi;

impl Dialect for SunoApi {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, options: &Map<String, Value>) -> Capabilities {
        let options = Options::read(options);
        let kinds: &'static [Kind] = match options.flavour {
            Flavour::Extended => &[Kind::Music, Kind::Lyrics, Kind::Concat],
            Flavour::Original => &[Kind::Music, Kind::Lyrics],
        };
        Capabilities {
            kinds,
            poll_batch: POLL_BATCH,
            callback: options.flavour == Flavour::Extended,
            percent: options.flavour == Flavour::Extended,
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

    fn fit(&self, options: &Map<String, Value>, _upstream_model: &str, spec: &Spec) -> Fit {
        Fit { warnings: submit::warnings(&Options::read(options), spec), ..Fit::default() }
    }

    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure> {
        submit::request(submission)
    }

    fn read_submit(&self, _submission: &Submission<'_>, _memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        Turn::End(answer::read(response))
    }

    fn poll(&self, account: Account<'_>, items: &[PollItem<'_>]) -> Request {
        poll::first_request(account, items)
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

    fn fetch(&self, _account: Account<'_>, output: &Output) -> Result<Request, Failure> {
        fetch_link(output, HeaderMap::new())
    }

    fn read_callback(&self, _account: Account<'_>, _headers: &HeaderMap, body: &[u8]) -> Option<Hint> {
        callback::read(body)
    }
}
