//! Finding a lost submission: the protocol has no id of ours, so the newest videos are compared with what was
//! asked for (`upstream/sora.md`, section 8). Equal requests can't be told apart; then nobody is sure.

use super::{errors, fit, poll};
use crate::dialect::{LookupOutcome, Lost};
use crate::film;
use crate::http_call::json;
use crate::wire::Response;
use serde_json::Value;
use task::{Failure, Kind, Operation};

/// The newest videos, as many as a page holds.
pub(super) const PATH: &str = "/videos?limit=100&order=desc";

/// How far the vendor's clock may be behind ours, s.
const MARGIN_S: i64 = 60;

/// What the list says.
pub(super) fn read(lost: &Lost<'_>, response: &Response) -> Result<LookupOutcome, Failure> {
    if !(200..300).contains(&response.status) {
        return Err(errors::of_response(response));
    }
    let body = json(response).ok_or_else(|| errors::nonsense("no list"))?;
    let videos = body.get("data").and_then(Value::as_array).ok_or_else(|| errors::nonsense("no list"))?;
    let since_s = lost.submitted_ms.div_euclid(1_000) - MARGIN_S;
    let created_s = |video: &Value| video.get("created_at").and_then(Value::as_i64);
    let is_new = |video: &&Value| created_s(video).is_some_and(|at_s| at_s >= since_s);
    let mut found = videos.iter().filter(is_new).filter(|video| is_like(lost, video)).filter_map(poll::id);
    match (found.next(), found.next()) {
        (Some(id), None) => return Ok(LookupOutcome::Found(Operation { id, memo: Value::Null })),
        (Some(_), Some(_)) => return Ok(LookupOutcome::Unsure("several videos are like it".to_owned())),
        (None, _) => {}
    }
    let is_whole = body.get("has_more").and_then(Value::as_bool) == Some(false);
    let reaches_back = videos.iter().filter_map(created_s).any(|at_s| at_s < since_s);
    let undated = videos.iter().any(|video| created_s(video).is_none());
    Ok(match (is_whole || reaches_back) && !undated {
        true => LookupOutcome::Absent,
        false => LookupOutcome::Unsure("the list does not reach back far enough".to_owned()),
    })
}

/// Whether a video could be what was asked for. What a video does not say does not count.
fn is_like(lost: &Lost<'_>, video: &Value) -> bool {
    let fitted = fit::fit(lost.upstream_model, lost.spec).fitted;
    let text = |name: &str| video.get(name).and_then(Value::as_str);
    let says = |name: &str, expected: Option<String>| match (text(name), expected) {
        (Some(told), Some(expected)) => told == expected,
        _ => true,
    };
    let is_remix = video.get("remixed_from_video_id").is_some_and(Value::is_string);
    text("prompt") == Some(&film::joined_prompt(lost.spec))
        && is_remix == (lost.spec.kind == Kind::Remix)
        && says("model", Some(lost.upstream_model.to_owned()))
        && says("seconds", fitted.seconds.or(lost.spec.seconds).map(|seconds| seconds.to_string()))
        && says("size", fitted.size.or(lost.spec.size).map(|size| size.to_string()))
}
