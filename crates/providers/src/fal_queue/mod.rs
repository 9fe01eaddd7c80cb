//! The queue of fal.ai, a relay of many vendors' models (`README.md` beside this file is its sheet). The base
//! URL is `https://queue.fal.run`; the key goes as `Authorization: Key …`.
//!
//! A model's upstream name is a row of [`models`]: the dialect picks the endpoint by what is sent along. Any
//! other endpoint id is posted to as it is.
//!
//! Options: `keep_films` (whether Sora's films stay with the vendor so that they can be remixed; true by
//! default).

mod choice;
mod errors;
mod fit;
mod models;
mod options;
mod poll;
mod remix;
mod result;
mod stills;
mod submit;

use crate::dialect::{
    Account, CancelOutcome, Capabilities, Dialect, Fit, Hint, PollItem, PollOutcome, Submission, SubmitOutcome, Turn,
};
use crate::http_call::{json, plain};
use crate::wire::{Request, Response, Target};
use http::{HeaderMap, Method};
use options::Options;
use serde_json::{Map, Value};
use task::{Failure, FailureKind, Kind, Operation, Output, Source, Spec};

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct FalQueue;

const KINDS: &[Kind] = &[Kind::Video, Kind::Remix, Kind::Image, Kind::TryOn];

/// How long files are kept at least, ms (section 6).
const COPY_DEADLINE_MS: i64 = 7 * 24 * 3_600_000;

impl Dialect for FalQueue {
    fn name(&self) -> &'static str {
        "fal_queue"
    }

    fn capabilities(&self, _options: &Map<String, Value>) -> Capabilities {
        Capabilities {
            kinds: KINDS,
            callback: true,
            cancel: true,
            copy_deadline_ms: COPY_DEADLINE_MS,
            poll_period_ms: 5_000,
            // Pictures go along inside the JSON.
            submit_timeout_ms: 90_000,
            ..Capabilities::default()
        }
    }

    fn check_options(&self, options: &Map<String, Value>) -> Result<(), String> {
        Options::read(options).map(|_| ())
    }

    fn fit(&self, _options: &Map<String, Value>, upstream_model: &str, spec: &Spec) -> Fit {
        submit::fit(upstream_model, spec)
    }

    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure> {
        submit::request(submission)
    }

    fn read_submit(&self, submission: &Submission<'_>, memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        submit::read(submission, memo, response)
    }

    fn memo(&self, _options: &Map<String, Value>, upstream_model: &str, spec: &Spec) -> Value {
        submit::memo(upstream_model, spec)
    }

    fn poll(&self, account: Account<'_>, items: &[PollItem<'_>]) -> Request {
        let path = items.first().map(|item| request_path(item.operation)).unwrap_or_default();
        plain(Method::GET, format!("{path}/status"), options::headers(account))
    }

    fn read_poll(
        &self,
        account: Account<'_>,
        items: &[PollItem<'_>],
        memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        let Some(item) = items.first() else { return Ok(Turn::End(Vec::new())) };
        if !memo.is_null() {
            return result::read(memo, response).map(|outcome| Turn::End(vec![outcome]));
        }
        poll::read(account, item.operation, response)
    }

    fn cancel(&self, account: Account<'_>, operation: &Operation) -> Option<Request> {
        Some(plain(Method::PUT, format!("{}/cancel", request_path(operation)), options::headers(account)))
    }

    /// 202 while it can still be stopped, 400 when it is over (section 4).
    fn read_cancel(&self, response: &Response) -> Result<CancelOutcome, Failure> {
        match response.status {
            200..=299 => Ok(CancelOutcome::Stopped),
            400 | 404 => Ok(CancelOutcome::TooLate("the upstream has finished it already".to_owned())),
            _ => Err(errors::of_response(response)),
        }
    }

    /// Files lie behind open links; the key is not for them.
    fn fetch(&self, _account: Account<'_>, output: &Output) -> Result<Request, Failure> {
        let Source::Url(url) = &output.source else {
            let private = "the output is no file of this upstream";
            return Err(Failure::never(FailureKind::Internal, "internal error", private));
        };
        Ok(Request { target: Target::FromAnswer(url.clone()), ..plain(Method::GET, "", HeaderMap::new()) })
    }

    /// `{request_id, status, payload}` (section 5): it only names a request to be asked for.
    fn read_callback(&self, _account: Account<'_>, _headers: &HeaderMap, body: &[u8]) -> Option<Hint> {
        let letter: Value = serde_json::from_slice(body).ok()?;
        Some(Hint { operation_id: request_id(&letter)?, client: None })
    }
}

/// The path of a request: the app that it was sent to, without the endpoint's own words (section 1).
fn request_path(operation: &Operation) -> String {
    let app = operation.memo.get("app").and_then(Value::as_str).unwrap_or_default();
    format!("{}/requests/{}", models::path(app), crate::http_call::segment(&operation.id))
}

/// The longest id that is taken for one.
const ID_MAX_CHARS: usize = 255;

fn request_id(answer: &Value) -> Option<String> {
    let id = answer.get("request_id")?.as_str()?;
    (!id.is_empty() && id.chars().count() <= ID_MAX_CHARS).then(|| id.to_owned())
}

/// An answer's body as an object.
fn object(response: &Response) -> Option<Map<String, Value>> {
    match json(response) {
        Some(Value::Object(fields)) => Some(fields),
        _ => None,
    }
}
