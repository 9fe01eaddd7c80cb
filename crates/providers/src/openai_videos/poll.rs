//! `GET /videos/{id}` (`upstream/sora.md`, section 3).

use super::{errors, video};
use crate::dialect::PollOutcome;
use crate::wire::Response;
use serde_json::{Value, json};
use task::{Details, Failure, Output, Phase, Role, Source};

/// The longest id that is taken for one.
pub(super) const ID_MAX_CHARS: usize = 255;

/// A video's id.
pub(super) fn id(video: &Value) -> Option<String> {
    video.get("id")?.as_str().filter(|id| !id.is_empty() && id.chars().count() <= ID_MAX_CHARS).map(str::to_owned)
}

/// `openai-poll-after-ms`, between half a second and a minute.
pub(super) fn after_ms(response: &Response) -> Option<i64> {
    let text = response.headers.get("openai-poll-after-ms")?.to_str().ok()?;
    text.trim().parse::<i64>().ok().map(|ms| ms.clamp(500, 60_000))
}

/// Reads one outcome.
pub(super) fn read(response: &Response, thumbnail: bool) -> Result<PollOutcome, Failure> {
    if response.status == 404 {
        return Ok(PollOutcome::Missing);
    }
    if !(200..300).contains(&response.status) {
        return Err(errors::of_response(response));
    }
    let Some(video) = video(response) else { return Err(errors::nonsense("no video object")) };
    let word = video.get("status").and_then(Value::as_str).unwrap_or_default();
    let percent = video.get("progress").and_then(Value::as_f64).map(|percent| percent.clamp(0.0, 100.0) as i64);
    let pending =
        |phase, unknown_word| PollOutcome::Pending { phase, percent, poll_after_ms: after_ms(response), unknown_word };
    Ok(match word {
        "queued" => pending(Phase::Waiting, None),
        "in_progress" => pending(Phase::Working, None),
        "completed" => done(&video, thumbnail),
        "failed" => PollOutcome::Failed(errors::of_verdict(video.get("error"))),
        "cancelled" | "canceled" => PollOutcome::Cancelled,
        other => pending(Phase::Working, Some(other.to_owned())),
    })
}

/// The official object holds no URL; relays put one into it.
fn done(video: &Value, thumbnail: bool) -> PollOutcome {
    let id = id(video).unwrap_or_default();
    let url = ["url", "video_url"].iter().find_map(|name| link(video.get(*name)));
    let url = url.or_else(|| link(video.get("video").and_then(|inner| inner.get("url"))));
    let content = |variant: &str| Source::Refetch(json!({ "id": id, "variant": variant }));
    let mut outputs = vec![Output::new(Role::Video, url.map_or_else(|| content("video"), Source::Url))];
    if thumbnail {
        outputs.push(Output::new(Role::Cover, content("thumbnail")));
    }
    PollOutcome::Done { outputs, details: Details::default() }
}

fn link(value: Option<&Value>) -> Option<String> {
    value?.as_str().filter(|url| url.starts_with("http://") || url.starts_with("https://")).map(str::to_owned)
}
