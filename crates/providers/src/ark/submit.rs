//! A submission as a request (section 2).

use super::options::Options;
use super::{NAME, TASKS, content, fit};
use crate::dialect::{Fit, Submission};
use crate::http_call::{bearer, post_json};
use crate::json_tree::JsonTree;
use crate::wire::Request;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use serde_json::Value;
use task::{Failure, FailureKind, InputData, Spec};

/// A trace of ours in the vendor's logs; nothing is known to be told apart by it (sections 1 and 8).
const REQUEST_ID: HeaderName = HeaderName::from_static("x-client-request-id");

/// The field that the vendor echoes in lists, and so the place of our client id (section 8).
pub(super) const ECHO: &str = "safety_identifier";

/// Fields that the submission itself decides. A caller's raw field of that name never goes up.
const OWNED: [&str; 3] = ["model", "content", "callback_url"];

/// The submission's only request, and the paid one.
pub(super) fn request(submission: &Submission<'_>) -> Result<Request, Failure> {
    let spec = submission.spec;
    for input in &spec.inputs {
        if let InputData::Broken(reason) = &input.data {
            return Err(content::invalid(reason));
        }
    }
    let mut headers = bearer(submission.account.key);
    if !headers.contains_key(AUTHORIZATION) {
        let private = "the channel's key is empty or can't be sent in a header";
        return Err(Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private));
    }
    if let Ok(value) = HeaderValue::from_str(&submission.client.to_string()) {
        headers.insert(REQUEST_ID, value);
    }
    Ok(post_json(TASKS, headers, body(submission)?.into_pieces(), true))
}

fn body(submission: &Submission<'_>) -> Result<JsonTree, Failure> {
    let spec = submission.spec;
    let mut body = JsonTree::object();
    body.put("model", submission.upstream_model);
    body.put("content", content::build(submission)?);
    if let Some(hook) = submission.hook_url {
        body.put("callback_url", hook);
    }
    if Options::read(submission.account.options).sends_client {
        body.put(ECHO, submission.client.to_string());
    }
    for (name, value) in raw_fields(spec) {
        if !body.has(name) {
            body.put(name, value.clone());
        }
    }
    for (name, value) in fit::make(submission.upstream_model, spec).fields {
        if !body.has(name) {
            body.put(name, value);
        }
    }
    Ok(body)
}

/// Raw fields that may go up. Nulls count as absent.
fn raw_fields(spec: &Spec) -> impl Iterator<Item = (&str, &Value)> {
    let bag = spec.extras.get(NAME).into_iter().flatten();
    bag.map(|(name, value)| (name.as_str(), value)).filter(|(name, value)| !OWNED.contains(name) && !value.is_null())
}

/// What is fitted or left out.
pub(super) fn fit(options: Options, upstream_model: &str, spec: &Spec) -> Fit {
    let mut fit = fit::make(upstream_model, spec).fit;
    if options.sends_client && spec.extra(NAME, ECHO).is_some_and(Value::is_string) {
        fit.warnings.push(format!("{ECHO} was kept here; the upstream got an id of this service's own in its place"));
    }
    fit
}
