//! The OpenAI videos protocol, as OpenAI had it until its API closed, and as Azure and many relays go on
//! speaking it (`upstream/sora.md`). The base URL ends where `/videos` begins, such as `https://host/v1`.
//!
//! Options: `body` (`form`, the default, or `json`), `auth` (`bearer`, the default, or `api-key` for Azure),
//! `thumbnail` (whether the upstream has `variant=thumbnail`; false by default).

mod errors;
mod fit;
mod lookup;
mod options;
mod poll;
mod submit;

use crate::dialect::{
    Account, Capabilities, Dialect, Fit, Hint, LookupOutcome, Lost, PollItem, PollOutcome, Submission, SubmitOutcome,
    Turn,
};
use crate::http_call::{json, segment};
use crate::wire::{Request, Response, Target};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue, Method};
use options::Options;
use serde_json::{Map, Value};
use task::{Failure, FailureKind, Kind, Output, Source, Spec};

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct OpenaiVideos;

/// The name that channels give, and the bag of raw fields.
const NAME: &str = "openai_videos";

const KINDS: &[Kind] = &[Kind::Video, Kind::Remix];

impl Dialect for OpenaiVideos {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self, _options: &Map<String, Value>) -> Capabilities {
        Capabilities {
            kinds: KINDS,
            lookup: true,
            percent: true,
            artifact_key: true,
            // At most an hour after the end (section 6).
            copy_deadline_ms: 3_600_000,
            poll_body_max_bytes: 1 << 20,
            poll_period_ms: 10_000,
            // A picture of 30 MB goes along.
            submit_timeout_ms: 90_000,
            ..Capabilities::default()
        }
    }

    fn check_options(&self, options: &Map<String, Value>) -> Result<(), String> {
        Options::read(options).map(|_| ())
    }

    fn fit(&self, _options: &Map<String, Value>, upstream_model: &str, spec: &Spec) -> Fit {
        fit::fit(upstream_model, spec)
    }

    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure> {
        submit::request(submission)
    }

    fn read_submit(&self, submission: &Submission<'_>, _memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        Turn::End(submit::read(submission, response))
    }

    fn poll(&self, account: Account<'_>, items: &[PollItem<'_>]) -> Request {
        let id = items.first().map(|item| segment(&item.operation.id)).unwrap_or_default();
        get(account, format!("/videos/{id}"))
    }

    fn read_poll(
        &self,
        account: Account<'_>,
        _items: &[PollItem<'_>],
        _memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        let thumbnail = Options::read(account.options).unwrap_or_default().thumbnail;
        poll::read(response, thumbnail).map(|outcome| Turn::End(vec![outcome]))
    }

    fn fetch(&self, account: Account<'_>, output: &Output) -> Result<Request, Failure> {
        let mut request = match &output.source {
            Source::Url(url) => Request { target: Target::FromAnswer(url.clone()), ..get(account, String::new()) },
            Source::Refetch(pointer) => {
                let text = |name: &str| pointer.get(name).and_then(Value::as_str).unwrap_or_default();
                get(account, format!("/videos/{}/content?variant={}", segment(text("id")), segment(text("variant"))))
            }
            Source::Stored(_) | Source::Inline(_) => {
                let private = "the output is no file of this upstream";
                return Err(Failure::never(FailureKind::Internal, "internal error", private));
            }
        };
        request.headers.insert(ACCEPT, HeaderValue::from_static("application/binary"));
        Ok(request)
    }

    fn lookup(&self, account: Account<'_>, _lost: &Lost<'_>) -> Option<Request> {
        Some(get(account, lookup::PATH.to_owned()))
    }

    fn read_lookup(
        &self,
        _account: Account<'_>,
        lost: &Lost<'_>,
        response: &Response,
    ) -> Result<LookupOutcome, Failure> {
        lookup::read(lost, response)
    }

    /// A project's webhook: `{type, data: {id}}` (section 7). It only names a video to be asked for.
    fn read_callback(&self, _account: Account<'_>, _headers: &HeaderMap, body: &[u8]) -> Option<Hint> {
        let event: Value = serde_json::from_slice(body).ok()?;
        let id =
            event.get("data")?.get("id")?.as_str().filter(|id| !id.is_empty() && id.len() <= poll::ID_MAX_CHARS)?;
        Some(Hint { operation_id: id.to_owned(), client: None })
    }
}

fn get(account: Account<'_>, path: String) -> Request {
    crate::http_call::plain(Method::GET, path, options::headers(account))
}

/// The video object of an answer.
fn video(response: &Response) -> Option<Value> {
    json(response).filter(|value| value.get("id").is_some_and(Value::is_string))
}
