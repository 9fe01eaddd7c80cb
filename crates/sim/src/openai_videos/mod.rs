//! OpenAI's videos from the vendor's side (`upstream/sora.md`).

mod fields;
mod picture;
mod routes;
mod show;
mod wish;

use crate::job::{Desk, Letter, Moment, Protocol, Refusal, Seen, webhook};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};

/// The protocol.
#[derive(Debug)]
pub(crate) struct OpenaiVideos;

impl Protocol for OpenaiVideos {
    fn name(&self) -> &'static str {
        "openai_videos"
    }

    fn base(&self) -> &'static str {
        "/openai"
    }

    fn channel_path(&self) -> &'static str {
        "/v1"
    }

    fn routes(&self) -> Router<Desk> {
        routes::routes()
    }

    fn id(&self, number: i64, print: u64) -> String {
        format!("video_{number:014x}{print:016x}")
    }

    /// The envelope of section 9. A text that begins with a field's name tells it in `param` too.
    fn refuse(&self, refusal: &Refusal) -> Response {
        let code = |word: &str| Value::from(word);
        let (status, code, message) = match refusal {
            Refusal::NoKey => (401, Value::Null, "You didn't provide an API key.".to_owned()),
            Refusal::WrongKey => (401, code("invalid_api_key"), "Incorrect API key provided.".to_owned()),
            Refusal::Invalid(text) if text.ends_with(fields::WRONG_TYPE) => (400, code("invalid_type"), text.clone()),
            Refusal::Invalid(text) => (400, Value::Null, text.clone()),
            Refusal::Moderation => {
                (400, code("moderation_blocked"), "Your request was blocked by our moderation system.".to_owned())
            }
            Refusal::QueueFull => (429, code("rate_limit_exceeded"), "Rate limit reached for requests.".to_owned()),
            Refusal::Code(code) => (u16::try_from(*code).unwrap_or(400), Value::Null, format!("code {code}")),
            Refusal::Error(word) => (status_of(word), code(word), "refused by script".to_owned()),
            Refusal::NotFound(id) => (404, Value::Null, format!("Video with id '{id}' not found.")),
            Refusal::Duplicate(text) | Refusal::WrongState(text) => (400, Value::Null, text.clone()),
        };
        let param = match (refusal, message.split_once(' ')) {
            (Refusal::Invalid(_), Some((first, _))) if first != "the" => Value::from(first),
            _ => Value::Null,
        };
        let kind = match status {
            429 => code_word(&code).unwrap_or("requests"),
            500.. => "server_error",
            _ => "invalid_request_error",
        };
        let error = json!({"message": message, "type": kind, "param": param, "code": code});
        let status = StatusCode::from_u16(status).ok().filter(|status| status.as_u16() >= 400);
        let body = Json(json!({"error": error}));
        match status.unwrap_or(StatusCode::BAD_REQUEST) {
            StatusCode::TOO_MANY_REQUESTS => {
                (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "1")], body).into_response()
            }
            status => (status, body).into_response(),
        }
    }

    /// Webhooks are the project's: `SimConfig::hook_url` (section 7).
    fn told(&self) -> &'static [Moment] {
        &[Moment::Over]
    }

    /// Only the id; Standard Webhooks headers when there is a secret.
    fn letter(&self, desk: &Desk, seen: &Seen, delivery: &str) -> Option<Letter> {
        let kind = if seen.at.is_done() { "video.completed" } else { "video.failed" };
        let at_s = seen.at.now_ms / 1_000;
        let event = json!({
            "id": format!("evt_{delivery}"),
            "object": "event",
            "created_at": at_s,
            "type": kind,
            "data": {"id": seen.job.id},
        });
        let mut letter = Letter::plain(&event);
        if let Some(secret) = &desk.config().hook_secret {
            letter.headers = webhook::signed(secret.expose(), delivery, desk.now_ms() / 1_000, &letter.body);
        }
        Some(letter)
    }
}

/// The HTTP status of an error code (section 9).
fn status_of(code: &str) -> u16 {
    match code {
        "invalid_api_key" => 401,
        "rate_limit_exceeded" | "insufficient_quota" => 429,
        "server_error" => 500,
        _ => 400,
    }
}

fn code_word(code: &Value) -> Option<&str> {
    code.as_str().filter(|word| *word == "insufficient_quota")
}
