//! Vendor errors, translated in one function: [`failure`] (section 9).

use crate::http_call::{clean, json, retry_after_ms};
use crate::wire::Response;
use serde_json::Value;
use task::{Failure, FailureKind};

/// Where an error stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told<'a> {
    /// An answer other than a success.
    Answer {
        /// HTTP status.
        status: u16,
        /// `error.code`, `""` when there is none.
        code: &'a str,
        /// `error.message`, `""` when there is none.
        message: &'a str,
        /// `Retry-After`.
        after_ms: Option<i64>,
    },
    /// `error` of a task that was accepted and failed.
    Verdict {
        /// `code`.
        code: &'a str,
        /// `message`.
        message: &'a str,
    },
    /// An answer that is not what the protocol says.
    Nonsense(&'a str),
}

/// What an answer other than a success means.
pub(super) fn of_response(response: &Response) -> Failure {
    let body = json(response);
    let error = body.as_ref().and_then(|body| body.get("error"));
    let (code, message) = code_and_message(error);
    let after_ms = retry_after_ms(&response.headers);
    failure(Told::Answer { status: response.status, code, message, after_ms })
}

/// `code` and `message` of an error object.
pub(super) fn code_and_message(error: Option<&Value>) -> (&str, &str) {
    let field = |name: &str| error.and_then(|error| error.get(name)).and_then(Value::as_str).unwrap_or_default();
    (field("code"), field("message"))
}

/// What a code stands for, whether it comes with an answer or with a failed task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sense {
    /// What was given is refused.
    Input,
    /// What came out is refused; another try may come out otherwise.
    Output,
    /// A parameter is wrong.
    Parameter,
    /// The account, its rights or its quota: no 429 of this kind passes by waiting.
    Account,
    /// Too much at once.
    Busy,
    /// The vendor's own trouble.
    Trouble,
    /// A code that no sheet knows.
    Unknown,
}

/// How codes begin.
const SENSES: &[(&str, Sense)] = &[
    ("OutputTextSensitive", Sense::Output),
    ("OutputImageSensitive", Sense::Output),
    ("OutputVideoSensitive", Sense::Output),
    ("OutputAudioSensitive", Sense::Output),
    ("InputTextSensitive", Sense::Input),
    ("InputImageSensitive", Sense::Input),
    ("InputVideoSensitive", Sense::Input),
    ("InputAudioSensitive", Sense::Input),
    ("SensitiveContentDetected", Sense::Input),
    ("InvalidEndpointOrModel", Sense::Account),
    ("ModelNotOpen", Sense::Account),
    ("AuthenticationError", Sense::Account),
    ("AccountOverdueError", Sense::Account),
    ("AccessDenied", Sense::Account),
    ("QuotaExceeded", Sense::Account),
    ("SetLimitExceeded", Sense::Account),
    ("MissingParameter", Sense::Parameter),
    ("InvalidParameter", Sense::Parameter),
    ("RateLimitExceeded", Sense::Busy),
    ("ModelAccountRpmRateLimitExceeded", Sense::Busy),
    ("APIAccountRpmRateLimitExceeded", Sense::Busy),
    ("AccountRateLimitExceeded", Sense::Busy),
    ("RequestBurstTooFast", Sense::Busy),
    ("ServerOverloaded", Sense::Busy),
    ("ModelLoadingError", Sense::Busy),
    ("InflightBatchsizeExceeded", Sense::Busy),
    ("InternalServiceError", Sense::Trouble),
    ("InternalError", Sense::Trouble),
];

/// What a vendor's words mean for us.
pub(super) fn failure(told: Told<'_>) -> Failure {
    match told {
        Told::Answer { status, code, message, after_ms } => {
            let sense = match sense(code) {
                Sense::Unknown => by_status(status),
                sense => sense,
            };
            let private = private(&format!("HTTP {status}"), code, message);
            let text = clean(message);
            match sense {
                Sense::Account => account(private),
                Sense::Busy => Failure::later(FailureKind::Refused, after_ms, "the upstream is busy", private),
                Sense::Trouble => {
                    let public = "the upstream had an internal error";
                    Failure::later(FailureKind::Upstream, after_ms, public, private)
                }
                Sense::Input | Sense::Output => moderation(sense, &text, private),
                Sense::Parameter | Sense::Unknown => {
                    let public = or(&text, "the upstream refused the request");
                    Failure::never(FailureKind::InvalidInput, public, private)
                }
            }
        }
        Told::Verdict { code, message } => {
            let (text, private) = (clean(message), private("failed upstream", code, message));
            let public = or(&text, "the upstream failed without giving a reason");
            match sense(code) {
                sense @ (Sense::Input | Sense::Output) => moderation(sense, &text, private),
                Sense::Parameter => Failure::never(FailureKind::InvalidInput, public, private),
                Sense::Account => {
                    Failure::never(FailureKind::Refused, "the upstream account is not available", private)
                }
                Sense::Busy | Sense::Trouble => Failure::later(FailureKind::Upstream, None, public, private),
                Sense::Unknown => Failure::never(FailureKind::Upstream, public, private),
            }
        }
        Told::Nonsense(what) => {
            Failure::later(FailureKind::Upstream, None, "the upstream's answer could not be read", what)
        }
    }
}

fn sense(code: &str) -> Sense {
    SENSES.iter().find(|(begin, _)| code.starts_with(begin)).map_or(Sense::Unknown, |(_, sense)| *sense)
}

fn by_status(status: u16) -> Sense {
    match status {
        400 | 413 | 415 | 422 => Sense::Parameter,
        429 => Sense::Busy,
        500.. | 408 => Sense::Trouble,
        _ => Sense::Account,
    }
}

/// What came out of chance may come out otherwise; what was given stays refused.
fn moderation(sense: Sense, text: &str, private: String) -> Failure {
    let public = or(text, "the content was refused by moderation");
    match sense {
        Sense::Output => Failure::later(FailureKind::Moderation, None, public, private),
        _ => Failure::never(FailureKind::Moderation, public, private),
    }
}

/// The account's troubles are the operator's business, so the caller is told little.
fn account(private: String) -> Failure {
    Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private)
}

fn private(place: &str, code: &str, message: &str) -> String {
    format!("{place} {}: {}", or(&clean(code), "without a code"), clean(message))
}

fn or(text: &str, usual: &str) -> String {
    if text.is_empty() { usual.to_owned() } else { text.to_owned() }
}
