//! What went wrong before a task existed: the error table of `contract/DECISIONS.md`, as data.
//! Each family writes it in its own shape.

/// The most characters of a message: it may quote what the caller sent, but never all of it.
pub const MESSAGE_MAX_CHARS: usize = 1_000;
/// The most characters of a field's name, which may be the caller's own.
pub const PARAM_MAX_CHARS: usize = 200;

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// `error.code`.
    pub code: &'static str,
    /// `error.type`.
    pub kind: &'static str,
    /// What is wrong, and what would be accepted. No secret.
    pub message: String,
    /// The field that is wrong.
    pub param: Option<String>,
    /// `Retry-After`, whole seconds, at most 60.
    pub retry_after_s: Option<u32>,
    /// The methods that a 405 names in `Allow`.
    pub allow: Option<String>,
    /// The task that exists all the same (an error after the commit); goes with `x-should-retry: false`.
    pub task: Option<task::TaskId>,
}

impl Problem {
    fn new(status: u16, code: &'static str, kind: &'static str, message: impl Into<String>) -> Self {
        let message = clipped(message.into(), MESSAGE_MAX_CHARS);
        Self { status, code, kind, message, param: None, retry_after_s: None, allow: None, task: None }
    }

    /// Names the field.
    pub fn at(mut self, param: impl Into<String>) -> Self {
        self.param = Some(clipped(param.into(), PARAM_MAX_CHARS));
        self
    }

    /// 400: a field is missing, of the wrong type, or out of range.
    pub fn invalid(param: &str, message: impl Into<String>) -> Self {
        Self::new(400, "invalid_request", "invalid_request_error", message).at(param)
    }

    /// 400: the body is no JSON.
    pub fn invalid_json(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_json", "invalid_request_error", message)
    }

    /// 400 with a code of the family's own (`task_status_not_success` …).
    pub fn refused(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(400, code, "invalid_request_error", message)
    }

    /// 400: the name is in no catalogue.
    pub fn unknown_model(model: &str) -> Self {
        Self::new(400, "model_not_found", "invalid_request_error", format!("model {model} does not exist")).at("model")
    }

    /// 401.
    pub fn invalid_api_key() -> Self {
        Self::new(401, "invalid_api_key", "authentication_error", "Invalid API key")
    }

    /// 403: this token may not use the model.
    pub fn model_not_allowed(model: &str) -> Self {
        Self::new(403, "model_not_found", "permission_error", format!("this API key may not use model {model}"))
            .at("model")
    }

    /// 403: nothing left.
    pub fn insufficient_quota() -> Self {
        Self::new(403, "insufficient_quota", "insufficient_quota", "Insufficient quota")
    }

    /// 404: no such task, or another tenant's.
    pub fn no_task() -> Self {
        Self::new(404, "task_not_exist", "invalid_request_error", "task_not_exist")
    }

    /// 404: no such route.
    pub fn no_route(path: &str) -> Self {
        Self::new(404, "endpoint_not_found", "invalid_request_error", format!("no such endpoint: {path}"))
    }

    /// 404 with other words (a seed that upstream does not have, a file that is not there yet).
    pub fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(404, code, "invalid_request_error", message)
    }

    /// 405.
    pub fn method_not_allowed(allow: impl Into<String>) -> Self {
        let allow = allow.into();
        let mut problem = Self::new(
            405,
            "method_not_allowed",
            "invalid_request_error",
            format!("method not allowed; this path takes {allow}"),
        );
        problem.allow = Some(allow);
        problem
    }

    /// 409: the same key came with another body.
    pub fn idempotency_conflict() -> Self {
        Self::new(
            409,
            "idempotency_conflict",
            "invalid_request_error",
            "this Idempotency-Key was used with another body",
        )
        .at("Idempotency-Key")
    }

    /// 409: it has ended, or can't be stopped any more.
    pub fn not_cancellable(message: impl Into<String>) -> Self {
        Self::new(409, "task_not_cancellable", "invalid_request_error", message)
    }

    /// 413.
    pub fn too_large(param: Option<&str>, message: impl Into<String>) -> Self {
        let mut problem = Self::new(413, "payload_too_large", "invalid_request_error", message);
        problem.param = param.map(|param| clipped(param.to_owned(), PARAM_MAX_CHARS));
        problem
    }

    /// 415.
    pub fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "unsupported_media_type", "invalid_request_error", message).at("content-type")
    }

    /// 429.
    pub fn rate_limited(retry_after_s: u32) -> Self {
        let mut problem = Self::new(429, "rate_limit_exceeded", "rate_limit_error", "Rate limit exceeded");
        problem.retry_after_s = Some(retry_after_s.clamp(1, 60));
        problem
    }

    /// 500. The log has the reason.
    pub fn internal() -> Self {
        Self::new(500, "internal_error", "server_error", "internal error; the log has the reason under this request id")
    }

    /// 502: the upstream could not be asked, or its answer makes no sense.
    pub fn upstream(message: impl Into<String>) -> Self {
        Self::new(502, "upstream_error", "upstream_error", message)
    }

    /// 503: the model is known, but no enabled channel serves it.
    pub fn no_channel(model: &str) -> Self {
        let message = format!("model {model} is temporarily unavailable, please try again later");
        let mut problem = Self::new(503, "get_channel_failed", "server_error", message).at("model");
        problem.retry_after_s = Some(30);
        problem
    }

    /// 503: something of ours is away (ledger, store); nothing was accepted.
    pub fn unavailable(message: impl Into<String>) -> Self {
        let mut problem = Self::new(503, "service_unavailable", "server_error", message);
        problem.retry_after_s = Some(5);
        problem
    }
}

/// At most `max_chars` characters of a text, with a mark where the rest was.
fn clipped(mut text: String, max_chars: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(max_chars) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_callers_make_up_are_quoted_in_part() {
        let name = "é".repeat(100_000);
        let problem = Problem::invalid(&name, format!("{name} is unknown"));
        assert_eq!(problem.message.chars().count(), MESSAGE_MAX_CHARS + 1);
        assert_eq!(problem.param.map(|param| param.chars().count()), Some(PARAM_MAX_CHARS + 1));
        assert_eq!(Problem::too_large(Some("f"), "short").message, "short");
    }
}
