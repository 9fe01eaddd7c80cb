//! `POST /{endpoint}` (`README.md`, section 2).

use super::choice::{self, Choice};
use super::fit::{self, Plan};
use super::options::{self, Options};
use super::{errors, models, object, remix, request_id, stills};
use crate::dialect::{Fit, Submission, SubmitOutcome, Turn};
use crate::film;
use crate::http_call::{post_json, segment};
use crate::json_tree::JsonTree;
use crate::wire::{Encoding, Request, Response};
use serde_json::{Value, json};
use task::{Failure, InputData, Kind, Operation, Spec};

/// What is made of a request; nothing is told of one that can't be sent.
pub(super) fn fit(upstream_model: &str, spec: &Spec) -> Fit {
    if spec.kind == Kind::Remix {
        return Fit::default();
    }
    if stills::makes(spec) {
        return stills::of(upstream_model, spec).map(|still| still.fit).unwrap_or_default();
    }
    let Ok(choice) = choice::of(upstream_model, spec) else { return Fit::default() };
    let mut fit = plan(&choice, spec).fit;
    fit.warnings.extend(choice.warnings);
    fit
}

/// The first request: the paid one, but for a remix whose film has yet to be named.
pub(super) fn request(submission: &Submission<'_>) -> Result<Request, Failure> {
    if submission.spec.kind == Kind::Remix {
        return remix::request(submission);
    }
    if stills::makes(submission.spec) {
        let still = stills::of(submission.upstream_model, submission.spec)?;
        return Ok(posted(submission, &still.endpoint, still.body));
    }
    let choice = choice::of(submission.upstream_model, submission.spec)?;
    let body = body(submission, &choice);
    Ok(posted(submission, &choice.id, body))
}

/// What a request is asked for below: the app that it was sent to (section 1).
pub(super) fn memo(upstream_model: &str, spec: &Spec) -> Value {
    let still = Some(spec).filter(|spec| stills::makes(spec)).and_then(|spec| stills::of(upstream_model, spec).ok());
    json!({ "app": models::app(still.as_ref().map_or(upstream_model, |still| &still.endpoint)) })
}

/// The paid request to this endpoint.
pub(super) fn posted(submission: &Submission<'_>, endpoint: &str, mut body: JsonTree) -> Request {
    // What the caller sent beside the fields that are known; never over ours.
    for (name, value) in submission.spec.extras.get("fal_queue").into_iter().flatten() {
        if !body.has(name) {
            body.put(name, value.clone());
        }
    }
    let hook = submission.hook_url.map(|url| format!("?fal_webhook={}", segment(url))).unwrap_or_default();
    // An endpoint of slashes alone has no path of its own; it is the upstream's to refuse.
    let path = Some(models::path(endpoint)).filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
    let path = format!("{path}{hook}");
    post_json(path, options::headers(submission.account), body.into_pieces(), true)
}

fn plan(choice: &Choice, spec: &Spec) -> Plan {
    choice.endpoint.map_or_else(|| fit::as_asked(spec), |endpoint| fit::plan(endpoint, spec))
}

fn body(submission: &Submission<'_>, choice: &Choice) -> JsonTree {
    let spec = submission.spec;
    let mut body = JsonTree::object();
    body.put("prompt", film::joined_prompt(spec));
    for (field, place) in &choice.single {
        body.put(field, picture(spec, *place));
    }
    if let Some((field, places)) = &choice.list {
        body.put(field, JsonTree::Array(places.iter().map(|place| picture(spec, *place)).collect()));
    }
    for (name, value) in plan(choice, spec).fields {
        body.put(name, value);
    }
    if remix::is_sora(&choice.id) {
        body.put("delete_video", !Options::read(submission.account.options).unwrap_or_default().keep_films);
    }
    body
}

/// A link as it came, else a data URI (section 2).
pub(super) fn picture(spec: &Spec, position: usize) -> JsonTree {
    match spec.inputs.get(position).map(|input| &input.data) {
        Some(InputData::Url(url)) => JsonTree::from(url.as_str()),
        _ => JsonTree::Input { position, encoding: Encoding::DataUri },
    }
}

/// Reads the answer. Only the protocol's own words count as a yes or a no: a 5xx may come from something
/// in between, after the submission has passed it.
pub(super) fn read(submission: &Submission<'_>, memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
    if memo.is_null() && remix::asks_first(submission) {
        return remix::read(submission, response);
    }
    Turn::End(outcome(submission, response))
}

fn outcome(submission: &Submission<'_>, response: &Response) -> SubmitOutcome {
    let status = response.status;
    if status >= 500 || status == 408 {
        return SubmitOutcome::Unclear(format!("HTTP {status}"));
    }
    if !(200..300).contains(&status) {
        return SubmitOutcome::Refused(errors::of_response(response));
    }
    let id = object(response).and_then(|answer| request_id(&Value::Object(answer)));
    let Some(id) = id else {
        return SubmitOutcome::Unclear(format!("HTTP {status} without a request's id"));
    };
    let memo = memo(submission.upstream_model, submission.spec);
    let warnings = fit(submission.upstream_model, submission.spec).warnings;
    SubmitOutcome::Accepted { operation: Operation { id, memo }, poll_after_ms: None, warnings }
}
