//! Veo over Google's developer API, `predictLongRunning` (`upstream/veo.md`, part A). Google closed it on
//! 2026-10-22; relays go on speaking it. The base URL ends in the version, such as `https://host/v1beta`.
//!
//! No options.

use crate::dialect::{Account, Capabilities, Dialect, Fit, PollItem, PollOutcome, Submission, SubmitOutcome, Turn};
use crate::google_video::{self, Surface};
use crate::http_call::{JSON, fetch_link, plain, post_json, segment};
use crate::wire::{Request, Response};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value};
use task::{Failure, Kind, Output, Spec};

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct GeminiLro;

/// The header that carries the key (section A1).
const KEY_HEADER: HeaderName = HeaderName::from_static("x-goog-api-key");

const SURFACE: Surface = Surface { takes_seed_and_sound: false, samples_max: 1 };

impl Dialect for GeminiLro {
    fn name(&self) -> &'static str {
        "gemini_lro"
    }

    fn capabilities(&self, _options: &Map<String, Value>) -> Capabilities {
        Capabilities {
            kinds: &[Kind::Video],
            artifact_key: true,
            // Two days by the vendor's word; two hours were measured (section A5).
            copy_deadline_ms: 2 * 3_600_000,
            poll_body_max_bytes: 1 << 20,
            poll_period_ms: 10_000,
            submit_timeout_ms: 90_000,
            ..Capabilities::default()
        }
    }

    fn check_options(&self, options: &Map<String, Value>) -> Result<(), String> {
        match options.keys().next() {
            Some(name) => Err(format!("unknown option {name}; this dialect has none")),
            None => Ok(()),
        }
    }

    fn fit(&self, _options: &Map<String, Value>, _upstream_model: &str, spec: &Spec) -> Fit {
        google_video::fit(SURFACE, spec)
    }

    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure> {
        let body = google_video::body(SURFACE, submission, Vec::new())?;
        let path = format!("/models/{}:predictLongRunning", segment(submission.upstream_model));
        Ok(post_json(path, headers(submission.account), body.into_pieces(), true))
    }

    fn read_submit(&self, submission: &Submission<'_>, _memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        let warnings = google_video::fit(SURFACE, submission.spec).warnings;
        Turn::End(google_video::read_submit(warnings, response))
    }

    fn poll(&self, account: Account<'_>, items: &[PollItem<'_>]) -> Request {
        let name = items.first().map_or("", |item| item.operation.id.as_str());
        let path: Vec<String> = name.split('/').map(segment).collect();
        plain(Method::GET, format!("/{}", path.join("/")), headers(account))
    }

    fn read_poll(
        &self,
        _account: Account<'_>,
        _items: &[PollItem<'_>],
        _memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        google_video::read_poll(response).map(|outcome| Turn::End(vec![outcome]))
    }

    /// The key goes along only when the file is at home; outbound sees to that.
    fn fetch(&self, account: Account<'_>, output: &Output) -> Result<Request, Failure> {
        fetch_link(output, headers(account))
    }
}

fn headers(account: Account<'_>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, JSON);
    if let Ok(mut value) = HeaderValue::from_str(account.key.expose())
        && !account.key.is_empty()
    {
        value.set_sensitive(true);
        headers.insert(KEY_HEADER, value);
    }
    headers
}
