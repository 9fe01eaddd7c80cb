//! `POST /videos` and `POST /videos/{id}/remix` (`upstream/sora.md`, section 2).

use super::options::{self, Options};
use super::{NAME, errors, fit, poll, video};
use crate::dialect::{Submission, SubmitOutcome};
use crate::film;
use crate::http_call::{post_json, segment};
use crate::json_tree::JsonTree;
use crate::wire::{Encoding, Piece, Request, Response, Target};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Method};
use serde_json::{Value, json};
use task::{Failure, FailureKind, InputData, Kind, Operation, Spec};

/// The field that holds the picture.
const REFERENCE: &str = "input_reference";

/// The submission's only request, and the paid one.
pub(super) fn request(submission: &Submission<'_>) -> Result<Request, Failure> {
    let spec = submission.spec;
    if spec.inputs.len() > 1 {
        return Err(invalid("the upstream takes one picture at most"));
    }
    if let Some(InputData::Broken(reason)) = spec.inputs.first().map(|input| &input.data) {
        return Err(invalid(reason));
    }
    let headers = options::headers(submission.account);
    if spec.kind == Kind::Remix {
        let Some(parent) = submission.parent else { return Err(invalid("there is no video to remix")) };
        let path = format!("/videos/{}/remix", segment(&parent.operation.id));
        return Ok(post_json(path, headers, JsonTree::from(json!({ "prompt": spec.prompt })).into_pieces(), true));
    }
    let fields = fields(submission);
    if Options::read(submission.account.options).unwrap_or_default().json {
        return Ok(post_json("/videos", headers, as_json(spec, fields), true));
    }
    let boundary = format!("backlot-{}", submission.client);
    let mut request = Request {
        method: Method::POST,
        target: Target::Base("/videos".to_owned()),
        headers,
        body: Vec::new(),
        paid: true,
    };
    if let Ok(value) = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}")) {
        request.headers.insert(CONTENT_TYPE, value);
    }
    request.body = as_form(spec, &fields, &boundary);
    Ok(request)
}

/// Everything but the picture.
fn fields(submission: &Submission<'_>) -> Vec<(String, Value)> {
    let (spec, model) = (submission.spec, submission.upstream_model);
    let fitted = fit::fit(model, spec).fitted;
    let mut fields: Vec<(String, Value)> = Vec::new();
    let mut put = |name: &str, value: Value| fields.push((name.to_owned(), value));
    put("model", json!(model));
    put("prompt", json!(film::joined_prompt(spec)));
    if let Some(seconds) = fitted.seconds.or(spec.seconds) {
        put("seconds", json!(seconds.to_string()));
    }
    if let Some(size) = fitted.size.or(spec.size) {
        put("size", json!(size.to_string()));
    }
    if !fit::is_sora(model) {
        let shape = spec.aspect_ratio.as_ref().filter(|_| spec.size.is_none());
        let others = [
            ("aspect_ratio", shape.map(|text| json!(text))),
            ("resolution", spec.resolution.as_ref().map(|text| json!(text))),
            ("negative_prompt", spec.negative_prompt.as_ref().map(|text| json!(text))),
            ("seed", spec.seed.map(|seed| json!(seed))),
            ("generate_audio", spec.sound.map(|sound| json!(sound))),
        ];
        others.into_iter().for_each(|(name, value)| value.into_iter().for_each(|value| put(name, value)));
    }
    // What the caller sent beside the fields that are known; never over ours.
    for (name, value) in spec.extras.get(NAME).into_iter().flatten().filter(|(name, _)| fit::passes(model, name)) {
        if name != REFERENCE && !fields.iter().any(|(known, _)| known == name) {
            fields.push((name.clone(), value.clone()));
        }
    }
    fields
}

fn as_json(spec: &Spec, fields: Vec<(String, Value)>) -> Vec<Piece> {
    let mut body = JsonTree::object();
    for (name, value) in fields {
        body.put(&name, value);
    }
    if let Some(input) = spec.inputs.first() {
        let image = match &input.data {
            InputData::Url(url) => JsonTree::from(url.as_str()),
            _ => JsonTree::Input { position: 0, encoding: Encoding::DataUri },
        };
        body.put(REFERENCE, JsonTree::Object(vec![("image_url".to_owned(), image)]));
    }
    body.into_pieces()
}

fn as_form(spec: &Spec, fields: &[(String, Value)], boundary: &str) -> Vec<Piece> {
    let mut text = String::new();
    for (name, value) in fields {
        let name = name.replace(['"', '\r', '\n'], "_");
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        text.push_str(&format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    }
    if spec.inputs.is_empty() {
        text.push_str(&format!("--{boundary}--\r\n"));
        return vec![Piece::Bytes(Bytes::from(text))];
    }
    text.push_str(&format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{REFERENCE}\"; filename=\"reference\"\r\nContent-Type: "
    ));
    vec![
        Piece::Bytes(Bytes::from(text)),
        Piece::Input { position: 0, encoding: Encoding::MediaType },
        Piece::Bytes(Bytes::from_static(b"\r\n\r\n")),
        Piece::Input { position: 0, encoding: Encoding::Raw },
        Piece::Bytes(Bytes::from(format!("\r\n--{boundary}--\r\n"))),
    ]
}

/// Reads the answer. Only the protocol's own words count as a yes or a no: a 5xx may come from something
/// in between, after the submission has passed it.
pub(super) fn read(submission: &Submission<'_>, response: &Response) -> SubmitOutcome {
    let status = response.status;
    if status >= 500 || status == 408 {
        return SubmitOutcome::Unclear(format!("HTTP {status}"));
    }
    if !(200..300).contains(&status) {
        return SubmitOutcome::Refused(errors::of_response(response));
    }
    let id = video(response).and_then(|video| poll::id(&video));
    let Some(id) = id else {
        return SubmitOutcome::Unclear(format!("HTTP {status} without a video's id"));
    };
    let warnings = fit::fit(submission.upstream_model, submission.spec).warnings;
    SubmitOutcome::Accepted {
        operation: Operation { id, memo: Value::Null },
        poll_after_ms: poll::after_ms(response),
        warnings,
    }
}

fn invalid(why: &str) -> Failure {
    Failure::never(FailureKind::InvalidInput, why, why)
}
