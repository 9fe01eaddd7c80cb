//! Volcengine Ark's content generation, which makes Seedance films (`upstream/seedance.md`). The base URL
//! ends where `/contents` begins, such as `https://ark.cn-beijing.volces.com/api/v3`.
//!
//! A submission in this protocol's own words comes in the bag `extras["ark"]`: its fields as they are to
//! go up, and in `content` its items, each file's URL `null` in place of the next of `Spec::inputs`. Such a
//! submission goes up as it came; any other is made from the common fields, and fitted.

mod answer;
mod callback;
mod cancel;
mod content;
mod details;
mod errors;
mod fit;
mod lookup;
mod model;
mod options;
mod poll;
mod submit;

use crate::dialect::{
    Account, CancelOutcome, Capabilities, Dialect, Fit, Hint, LookupOutcome, Lost, PollItem, PollOutcome, Submission,
    SubmitOutcome, Turn,
};
use crate::http_call::{fetch_link, segment};
use crate::wire::{Request, Response};
use http::HeaderMap;
use options::Options;
use serde_json::{Map, Value};
use task::{ClientId, Failure, Kind, Operation, Output, Spec};

/// The name that channels give, and the key of this dialect's raw fields in `Spec::extras`.
pub const NAME: &str = "ark";

/// Where everything happens (sections 2 to 5).
const TASKS: &str = "/contents/generations/tasks";

/// The most ids of one poll. The vendor takes pages of 500 (section 4), but an id takes some 50 bytes of
/// the address, and what stands in between often takes no address of more than 8 KiB.
const POLL_BATCH: usize = 100;

/// The most tasks of one page (section 4).
const PAGE_MAX: usize = 500;

/// The most bytes of an answer that are read: a page of 500 tasks with two signed links each.
const POLL_BODY_MAX_BYTES: usize = 8 << 20;

/// Links live for 24 h (section 6).
const COPY_DEADLINE_MS: i64 = 24 * 3_600_000;

/// Tasks are told of for 7 days (section 4).
const RETENTION_MS: i64 = 7 * 24 * 3_600_000;

/// A body may hold 64 MB of pictures (section 2).
const SUBMIT_TIMEOUT_MS: i64 = 90_000;

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct Ark;

impl Dialect for Ark {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, options: &Map<String, Value>) -> Capabilities {
        let options = Options::read(options);
        Capabilities {
            kinds: &[Kind::Video],
            poll_batch: POLL_BATCH,
            callback: true,
            cancel: true,
            stops_waiting_only: true,
            lookup: options.sends_client,
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
        submit::fit(Options::read(options), upstream_model, spec)
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
        _account: Account<'_>,
        items: &[PollItem<'_>],
        _memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        poll::read(items, response).map(Turn::End)
    }

    fn cancel(&self, account: Account<'_>, operation: &Operation) -> Option<Request> {
        Some(cancel::request(account, operation))
    }

    fn read_cancel(&self, response: &Response) -> Result<CancelOutcome, Failure> {
        cancel::read(response)
    }

    fn fetch(&self, _account: Account<'_>, output: &Output) -> Result<Request, Failure> {
        fetch_link(output, HeaderMap::new())
    }

    fn lookup(&self, account: Account<'_>, _lost: &Lost<'_>) -> Option<Request> {
        Options::read(account.options).sends_client.then(|| lookup::request(account))
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
}

/// The path of one task.
fn task_path(id: &str) -> String {
    format!("{TASKS}/{}", segment(id))
}

/// A text field that is not blank.
fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// The longest id that is taken for one; the vendor's have some 30 characters.
const ID_MAX_CHARS: usize = 255;

/// The task's own id.
fn id_of(task: &Map<String, Value>) -> Option<&str> {
    text(task, "id").filter(|id| id.len() <= ID_MAX_CHARS)
}
