//! Google's long-running film operations, as the developer API and Vertex share them (`upstream/veo.md`):
//! the body of a submission, what is fitted, how an operation is read, and what errors mean.

use crate::dialect::{Fit, PollOutcome, Submission, SubmitOutcome};
use crate::film;
use crate::http_call::{clean, json, retry_after_ms};
use crate::json_tree::JsonTree;
use crate::wire::{Encoding, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use task::{Details, Failure, FailureKind, Fitted, InputData, Operation, Output, Phase, Role, Size, Source, Spec};

/// Lengths that are taken, s (section A2).
const SECONDS: [f64; 3] = [4.0, 6.0, 8.0];
/// The most pictures to go by.
const REFERENCES_MAX: usize = 3;
/// The longest operation name that is taken for one.
const NAME_MAX_CHARS: usize = 1_000;

/// What one surface can that another can't.
#[derive(Debug, Clone, Copy)]
pub struct Surface {
    /// Whether `seed` and `generateAudio` are taken.
    pub takes_seed_and_sound: bool,
    /// The most films of one submission.
    pub samples_max: i64,
}

/// What is made of a request.
pub fn fit(surface: Surface, spec: &Spec) -> Fit {
    let mut warnings: Vec<String> = film::joined_warning(spec).into_iter().collect();
    let resolution = resolution(spec);
    let asked_s = spec.seconds.unwrap_or(8.0);
    let needs_eight = resolution != "720p" || spec.inputs.iter().any(|input| input.role != "first_frame");
    let seconds = if needs_eight { 8.0 } else { film::next_longer(asked_s, &SECONDS) };
    warnings.extend(spec.seconds.and_then(|asked| film::length_warning(asked, seconds)));
    let short = match resolution {
        "4k" => 2160,
        "1080p" => 1080,
        _ => 720,
    };
    let long = short * 16 / 9;
    let size = match aspect_ratio(spec) {
        "9:16" => Size { width: short, height: long },
        _ => Size { width: long, height: short },
    };
    warnings.extend(spec.size.and_then(|asked| film::size_warning(asked, size)));
    let shape = spec.aspect_ratio.as_deref().filter(|_| spec.size.is_none());
    if let Some(shape) = shape.filter(|shape| *shape != aspect_ratio(spec) && *shape != "adaptive") {
        warnings.push(format!("{shape} was asked for; the upstream makes {}", aspect_ratio(spec)));
    }
    if !surface.takes_seed_and_sound {
        if spec.seed.is_some() {
            warnings.push("the upstream does not know seed; it was left out".to_owned());
        }
        if spec.sound == Some(false) {
            warnings.push("the upstream always makes sound".to_owned());
        }
    }
    Fit { fitted: Fitted { seconds: Some(seconds), size: Some(size) }, warnings }
}

fn aspect_ratio(spec: &Spec) -> &'static str {
    if film::lies(spec) == Some(false) { "9:16" } else { "16:9" }
}

fn resolution(spec: &Spec) -> &'static str {
    match film::short_side(spec) {
        Some(2160..) => "4k",
        Some(1080..) => "1080p",
        _ => "720p",
    }
}

/// The body of a submission: one instance and its parameters. Pictures go as base64, wherever they came
/// from (trap 13). `extra` are parameters of the surface's own.
pub fn body(surface: Surface, submission: &Submission<'_>, extra: Vec<(&str, Value)>) -> Result<JsonTree, Failure> {
    let spec = submission.spec;
    let fit = fit(surface, spec);
    let mut parameters = JsonTree::object();
    parameters
        .put("aspectRatio", aspect_ratio(spec))
        .put("resolution", resolution(spec))
        .put("durationSeconds", fit.fitted.seconds.unwrap_or(8.0) as i64)
        .put("sampleCount", spec.count.unwrap_or(1).clamp(1, surface.samples_max));
    if let Some(text) = &spec.negative_prompt {
        parameters.put("negativePrompt", text.as_str());
    }
    if surface.takes_seed_and_sound {
        parameters.put("generateAudio", spec.sound.unwrap_or(true));
        if let Some(seed) = spec.seed {
            parameters.put("seed", seed);
        }
    }
    for (name, value) in extra {
        parameters.put(name, value);
    }
    let mut body = JsonTree::object();
    body.put("instances", JsonTree::Array(vec![instance(spec)?])).put("parameters", parameters);
    Ok(body)
}

fn instance(spec: &Spec) -> Result<JsonTree, Failure> {
    let mut instance = JsonTree::object();
    instance.put("prompt", film::joined_prompt(spec));
    let mut references = Vec::new();
    for (position, input) in spec.inputs.iter().enumerate() {
        if let InputData::Broken(reason) = &input.data {
            return Err(invalid(reason.clone()));
        }
        match input.role.as_str() {
            "first_frame" if !instance.has("image") => drop(instance.put("image", picture(position))),
            "last_frame" if !instance.has("lastFrame") => drop(instance.put("lastFrame", picture(position))),
            "reference_image" | "reference" if references.len() < REFERENCES_MAX => {
                let mut reference = JsonTree::object();
                reference.put("image", picture(position)).put("referenceType", "asset");
                references.push(reference);
            }
            "reference_image" | "reference" => {
                return Err(invalid(format!("the upstream takes at most {REFERENCES_MAX} pictures to go by")));
            }
            role => return Err(invalid(format!("the upstream has no place for another input of the role {role}"))),
        }
    }
    if !references.is_empty() {
        instance.put("referenceImages", JsonTree::Array(references));
    }
    Ok(instance)
}

fn picture(position: usize) -> JsonTree {
    let mut picture = JsonTree::object();
    picture
        .put("bytesBase64Encoded", JsonTree::Input { position, encoding: Encoding::Base64 })
        .put("mimeType", JsonTree::Input { position, encoding: Encoding::MediaType });
    picture
}

/// Reads the answer to a submission: the operation's name and nothing else is promised.
pub fn read_submit(warnings: Vec<String>, response: &Response) -> SubmitOutcome {
    let status = response.status;
    if status >= 500 || status == 408 {
        return SubmitOutcome::Unclear(format!("HTTP {status}"));
    }
    if !(200..300).contains(&status) {
        return SubmitOutcome::Refused(of_response(response));
    }
    let name = json(response).and_then(|body| body.get("name")?.as_str().map(str::to_owned));
    match name.filter(|name| !name.is_empty() && name.chars().count() <= NAME_MAX_CHARS) {
        Some(id) => {
            let operation = Operation { id, memo: Value::Null };
            SubmitOutcome::Accepted { operation, poll_after_ms: None, warnings }
        }
        None => SubmitOutcome::Unclear(format!("HTTP {status} without an operation's name")),
    }
}

/// Reads an operation, in the order error, films, filtered (section A3).
pub fn read_poll(response: &Response) -> Result<PollOutcome, Failure> {
    if response.status == 404 {
        return Ok(PollOutcome::Missing);
    }
    if !(200..300).contains(&response.status) {
        return Err(of_response(response));
    }
    let Some(Value::Object(operation)) = json(response) else { return Err(nonsense("no operation")) };
    if operation.get("done").and_then(Value::as_bool) != Some(true) {
        let phase = Phase::Working;
        return Ok(PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word: None });
    }
    if let Some(error) = operation.get("error").filter(|error| !error.is_null()) {
        return Ok(PollOutcome::Failed(of_operation(error)));
    }
    let result = operation.get("response").cloned().unwrap_or_default();
    let inner = result.get("generateVideoResponse").unwrap_or(&result);
    let mut outputs = Vec::new();
    for list in ["generatedSamples", "generatedVideos", "videos"] {
        for item in inner.get(list).and_then(Value::as_array).into_iter().flatten() {
            outputs.extend(source(item.get("video").unwrap_or(item)).map(|source| Output::new(Role::Video, source)));
        }
    }
    if !outputs.is_empty() {
        return Ok(PollOutcome::Done { outputs, details: Details::default() });
    }
    let filtered = inner.get("raiMediaFilteredCount").and_then(Value::as_i64).unwrap_or(0);
    let reasons = inner.get("raiMediaFilteredReasons").and_then(Value::as_array).cloned().unwrap_or_default();
    if filtered > 0 || !reasons.is_empty() {
        let told: Vec<String> = reasons.iter().filter_map(Value::as_str).map(clean).collect();
        let public = if told.is_empty() { "the film was refused by moderation".to_owned() } else { told.join(" ") };
        let private = format!("{filtered} filtered: {public}");
        return Ok(PollOutcome::Failed(Failure::never(FailureKind::Moderation, public, private)));
    }
    let public = "the upstream ended without a film";
    Ok(PollOutcome::Failed(Failure::never(FailureKind::Upstream, public, "done without films, error or filter")))
}

/// Where one film is: bytes, a bucket's object, or a link.
fn source(video: &Value) -> Option<Source> {
    let text = |name: &str| video.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    if let Some(encoded) = text("bytesBase64Encoded").or_else(|| text("encodedVideo")) {
        return STANDARD.decode(encoded).ok().map(|bytes| Source::Inline(bytes.into()));
    }
    if let Some(object) = text("gcsUri") {
        return Some(Source::Refetch(json!({ "gcs": object })));
    }
    text("uri").map(|uri| {
        if uri.starts_with("gs://") { Source::Refetch(json!({ "gcs": uri })) } else { Source::Url(uri.to_owned()) }
    })
}

/// Why an operation failed: `google.rpc` codes (section A7).
fn of_operation(error: &Value) -> Failure {
    let code = error.get("code").and_then(Value::as_i64).unwrap_or(0);
    let message = clean(error.get("message").and_then(Value::as_str).unwrap_or_default());
    let private = format!("operation error {code}: {message}");
    let public = if message.is_empty() { "the upstream failed without giving a reason".to_owned() } else { message };
    if is_safety(&public) {
        return Failure::never(FailureKind::Moderation, public, private);
    }
    match code {
        3 | 9 => Failure::never(FailureKind::InvalidInput, public, private),
        8 | 13 | 14 => Failure::later(FailureKind::Upstream, None, public, private),
        _ => Failure::never(FailureKind::Upstream, public, private),
    }
}

/// What an answer with an error status means.
pub fn of_response(response: &Response) -> Failure {
    let body = json(response).unwrap_or_default();
    let error = body.get("error").or_else(|| body.get(0)?.get("error")).cloned().unwrap_or_default();
    let text = |name: &str| clean(error.get(name).and_then(Value::as_str).unwrap_or_default());
    let (message, word) = (text("message"), text("status"));
    let private = format!("HTTP {}: {word}: {message}", response.status);
    let or = |usual: &str| if message.is_empty() { usual.to_owned() } else { message.clone() };
    match response.status {
        400 if is_safety(&message) => {
            Failure::never(FailureKind::Moderation, or("the prompt was refused by moderation"), private)
        }
        400 if word == "FAILED_PRECONDITION" => account(private),
        401 | 403 | 404 => account(private),
        408 | 429 => Failure::later(FailureKind::Refused, pause_ms(response, &error), "the upstream is busy", private),
        500.. => {
            let pause_ms = retry_after_ms(&response.headers);
            Failure::later(FailureKind::Upstream, pause_ms, "the upstream had an internal error", private)
        }
        _ => Failure::never(FailureKind::InvalidInput, or("the upstream refused the request"), private),
    }
}

/// The pause that the vendor asks for: `Retry-After`, else `details[].retryDelay` such as `"30s"`.
fn pause_ms(response: &Response, error: &Value) -> Option<i64> {
    let told = || {
        let details = error.get("details")?.as_array()?;
        let delay = details.iter().find_map(|detail| detail.get("retryDelay")?.as_str())?;
        let seconds: f64 = delay.strip_suffix('s')?.parse().ok()?;
        Some((seconds.clamp(0.0, 600.0) * 1_000.0) as i64)
    };
    retry_after_ms(&response.headers).or_else(told)
}

fn is_safety(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["safety", "responsible ai", "usage guidelines", "violate", "sensitive words", "prohibited use"]
        .iter()
        .any(|word| lower.contains(word))
}

fn account(private: String) -> Failure {
    Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private)
}

/// An answer that is not what the protocol says.
pub fn nonsense(what: &str) -> Failure {
    Failure::later(FailureKind::Upstream, None, "the upstream's answer could not be read", what)
}

fn invalid(why: impl Into<String>) -> Failure {
    let why = why.into();
    Failure::never(FailureKind::InvalidInput, why.clone(), why)
}
