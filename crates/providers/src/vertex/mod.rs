//! Veo on Vertex (`upstream/veo.md`, part B). The base URL is
//! `https://{location}-aiplatform.googleapis.com/v1/projects/{project}/locations/{location}/publishers/google`.
//!
//! The key is a service account's JSON file, exchanged for a token; `Bearer TOKEN` for a gateway with a token
//! of its own; any other text is an express-mode API key. Options: `storage_uri` (`gs://bucket/prefix`: films go there, each submission below a folder of its
//! own; without it their bytes come inside the answer) and `storage_base` (the bucket's host,
//! `https://storage.googleapis.com` by default).

mod exchange;
mod options;

use crate::dialect::{
    Access, Account, Capabilities, Dialect, Fit, PollItem, PollOutcome, Submission, SubmitOutcome, Turn,
};
use crate::google_video::{self, Surface};
use crate::http_call::{JSON, bearer, plain, post_json, segment};
use crate::json_tree::JsonTree;
use crate::wire::{Request, Response, Target};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use options::Options;
use serde_json::{Map, Value, json};
use task::{Failure, FailureKind, Kind, Output, Secret, Source, Spec};

/// The dialect.
#[derive(Debug, Clone, Copy)]
pub struct Vertex;

const KEY_HEADER: HeaderName = HeaderName::from_static("x-goog-api-key");

const SURFACE: Surface = Surface { takes_seed_and_sound: true, samples_max: 4 };

/// Bytes inside an answer: films of tens of MB, a third more as base64 (part B).
const INLINE_MAX_BYTES: usize = 160 << 20;

impl Dialect for Vertex {
    fn name(&self) -> &'static str {
        "vertex"
    }

    fn capabilities(&self, options: &Map<String, Value>) -> Capabilities {
        let in_bucket = Options::read(options).is_ok_and(|options| options.storage_uri.is_some());
        Capabilities {
            kinds: &[Kind::Video],
            artifact_key: true,
            // Our own bucket keeps it; an answer's bytes are there for as long as the operation is.
            copy_deadline_ms: 2 * 3_600_000,
            poll_body_max_bytes: if in_bucket { 1 << 20 } else { INLINE_MAX_BYTES },
            poll_period_ms: 10_000,
            submit_timeout_ms: 90_000,
            ..Capabilities::default()
        }
    }

    fn check_options(&self, options: &Map<String, Value>) -> Result<(), String> {
        Options::read(options).map(|_| ())
    }

    fn fit(&self, _options: &Map<String, Value>, _upstream_model: &str, spec: &Spec) -> Fit {
        google_video::fit(SURFACE, spec)
    }

    fn exchange(&self, account: Account<'_>) -> Option<Result<Request, Failure>> {
        exchange::request(account)
    }

    fn read_exchange(&self, response: &Response) -> Result<Access, Failure> {
        exchange::read(response)
    }

    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure> {
        let options = Options::read(submission.account.options).unwrap_or_default();
        let storage = options.storage_uri.map(|uri| ("storageUri", json!(format!("{uri}/{}/", submission.client))));
        let body = google_video::body(SURFACE, submission, storage.into_iter().collect())?;
        let path = format!("/models/{}:predictLongRunning", segment(submission.upstream_model));
        Ok(post_json(path, headers(submission.account), body.into_pieces(), true))
    }

    fn read_submit(&self, submission: &Submission<'_>, _memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        let warnings = google_video::fit(SURFACE, submission.spec).warnings;
        Turn::End(google_video::read_submit(warnings, response))
    }

    fn poll(&self, account: Account<'_>, items: &[PollItem<'_>]) -> Request {
        let name = items.first().map_or("", |item| item.operation.id.as_str());
        let body = JsonTree::from(json!({ "operationName": name }));
        let path = format!("/models/{}:fetchPredictOperation", segment(model_of(name)));
        post_json(path, headers(account), body.into_pieces(), false)
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

    fn fetch(&self, account: Account<'_>, output: &Output) -> Result<Request, Failure> {
        let target = match &output.source {
            Source::Url(url) => Target::FromAnswer(url.clone()),
            Source::Refetch(pointer) => object_target(account, pointer)?,
            Source::Stored(_) | Source::Inline(_) => return Err(internal("the output is no file of this upstream")),
        };
        Ok(Request { target, ..plain(Method::GET, "", headers(account)) })
    }
}

/// The model in `projects/…/models/{model}/operations/…`.
fn model_of(name: &str) -> &str {
    let mut parts = name.split('/').skip_while(|part| *part != "models");
    parts.nth(1).unwrap_or_default()
}

/// `gs://bucket/object` as a download from the bucket's host.
fn object_target(account: Account<'_>, pointer: &Value) -> Result<Target, Failure> {
    let uri = pointer.get("gcs").and_then(Value::as_str).unwrap_or_default();
    let path = uri.strip_prefix("gs://").and_then(|rest| rest.split_once('/'));
    let Some((bucket, object)) = path else { return Err(internal("the output names no object of a bucket")) };
    let base = Options::read(account.options).unwrap_or_default().storage_base;
    let url = format!("{base}/storage/v1/b/{}/o/{}?alt=media", segment(bucket), segment(object));
    Ok(Target::Configured(url))
}

fn headers(account: Account<'_>) -> HeaderMap {
    if let Some(access) = account.access {
        return bearer(access);
    }
    if let Some(token) = account.key.expose().strip_prefix("Bearer ") {
        return bearer(&Secret::new(token));
    }
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, JSON);
    if !exchange::is_service_account(account.key)
        && let Ok(mut value) = HeaderValue::from_str(account.key.expose())
        && !account.key.is_empty()
    {
        value.set_sensitive(true);
        headers.insert(KEY_HEADER, value);
    }
    headers
}

fn internal(private: &str) -> Failure {
    Failure::never(FailureKind::Internal, "internal error", private)
}
