//! `GET …/requests/{id}`: the result, or the error with the status that it had (`README.md`, sections 3 and 8).

use super::{errors, object, remix};
use crate::dialect::PollOutcome;
use crate::wire::Response;
use serde_json::{Map, Value};
use task::{Details, Failure, FailureKind, Output, Role, Source};

/// Reads the result of a request whose status was `COMPLETED`; `told` is what the status said of an error.
pub(super) fn read(told: &Value, response: &Response) -> Result<PollOutcome, Failure> {
    let told = |name: &str| told.get(name).and_then(Value::as_str).unwrap_or_default();
    if (200..300).contains(&response.status) {
        let Some(result) = object(response) else { return Err(errors::nonsense("no result")) };
        if !told("error").is_empty() {
            return Ok(errors::verdict(told("error_type"), told("error")));
        }
        return Ok(done(&result));
    }
    if response.status == 404 {
        return Ok(PollOutcome::Missing);
    }
    match errors::of_result(response) {
        Some(outcome) => Ok(outcome),
        // Something in between speaks; but what the status said of an error stands.
        None if !told("error_type").is_empty() => Ok(errors::verdict(told("error_type"), told("error"))),
        None => Err(errors::of_response(response)),
    }
}

fn done(result: &Map<String, Value>) -> PollOutcome {
    let mut outputs: Vec<Output> = Vec::new();
    for (piece, url) in files(result, "video", "videos").into_iter().enumerate() {
        outputs.push(Output::new(Role::Video, Source::Url(url)).of_piece(piece as i64));
    }
    if outputs.is_empty() {
        for (piece, url) in files(result, "image", "images").into_iter().enumerate() {
            outputs.push(Output::new(Role::Image, Source::Url(url)).of_piece(piece as i64));
        }
    }
    if outputs.is_empty() {
        let public = "the upstream finished without a file";
        return PollOutcome::Failed(Failure::never(FailureKind::Upstream, public, "no file in the result"));
    }
    outputs.extend(link(result.get("thumbnail")).map(|url| Output::new(Role::Cover, Source::Url(url))));
    PollOutcome::Done { outputs, details: details(result) }
}

fn details(result: &Map<String, Value>) -> Details {
    let mut details = Details {
        seed: result.get("seed").and_then(Value::as_i64).map(|seed| seed.to_string()),
        prompt_used: result.get("actual_prompt").and_then(Value::as_str).map(str::to_owned),
        ..Details::default()
    };
    if let Some(id) = result.get(remix::VIDEO_ID).and_then(Value::as_str) {
        details.extras.insert(remix::VIDEO_ID.to_owned(), id.into());
    }
    details
}

/// Links of one file, or of a list of them.
fn files(result: &Map<String, Value>, one: &str, many: &str) -> Vec<String> {
    let list = result.get(many).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    result.get(one).into_iter().chain(list).filter_map(|file| link(Some(file))).collect()
}

fn link(file: Option<&Value>) -> Option<String> {
    let file = file?;
    let url = file.get("url").unwrap_or(file).as_str()?;
    (url.starts_with("https://") || url.starts_with("http://")).then(|| url.to_owned())
}
