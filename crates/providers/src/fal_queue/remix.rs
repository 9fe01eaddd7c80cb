//! Remixes of Sora's films (`README.md`, section 7.2): named by the vendor's `video_id`, which stands in the
//! result of the film that is remixed.

use super::choice::invalid;
use super::options::{self, Options};
use super::{errors, object, request_path, submit};
use crate::dialect::{Submission, SubmitOutcome, Turn};
use crate::http_call::plain;
use crate::json_tree::JsonTree;
use crate::wire::{Request, Response};
use http::Method;
use serde_json::{Value, json};
use task::Failure;

/// Where remixes are sent.
const ENDPOINT: &str = "fal-ai/sora-2/video-to-video/remix";

/// The field of a result that names the film.
pub(super) const VIDEO_ID: &str = "video_id";

/// Whether an endpoint is one of Sora's.
pub(super) fn is_sora(endpoint: &str) -> bool {
    endpoint.starts_with("fal-ai/sora-2/")
}

/// The paid request, or first the question for the film's name.
pub(super) fn request(submission: &Submission<'_>) -> Result<Request, Failure> {
    let Some(parent) = submission.parent else { return Err(invalid("there is no video to remix")) };
    match noted(submission) {
        Some(video_id) => Ok(paid(submission, &video_id)),
        None => Ok(plain(Method::GET, request_path(parent.operation), options::headers(submission.account))),
    }
}

/// Whether the submission begins with that question.
pub(super) fn asks_first(submission: &Submission<'_>) -> bool {
    submission.spec.kind == task::Kind::Remix && noted(submission).is_none()
}

/// Reads the answer to it. Nothing is paid for yet.
pub(super) fn read(submission: &Submission<'_>, response: &Response) -> Turn<SubmitOutcome> {
    if response.status >= 500 || response.status == 408 {
        return Turn::End(SubmitOutcome::Unclear(format!("HTTP {}", response.status)));
    }
    if !(200..300).contains(&response.status) {
        return Turn::End(SubmitOutcome::Refused(errors::of_response(response)));
    }
    let video_id = object(response).and_then(|result| Some(result.get(VIDEO_ID)?.as_str()?.to_owned()));
    match video_id.filter(|id| !id.is_empty()) {
        Some(video_id) => Turn::Next(paid(submission, &video_id), json!({ VIDEO_ID: video_id })),
        None => Turn::End(SubmitOutcome::Refused(invalid("the upstream has no film to remix"))),
    }
}

/// The name as it was noted with the parent's result.
fn noted(submission: &Submission<'_>) -> Option<String> {
    let extras = &submission.parent?.details.extras;
    extras.get(VIDEO_ID)?.as_str().map(str::to_owned)
}

fn paid(submission: &Submission<'_>, video_id: &str) -> Request {
    let keep = Options::read(submission.account.options).unwrap_or_default().keep_films;
    let mut body = JsonTree::object();
    body.put("prompt", submission.spec.prompt.as_str()).put(VIDEO_ID, video_id).put("delete_video", Value::Bool(!keep));
    submit::posted(submission, ENDPOINT, body)
}
