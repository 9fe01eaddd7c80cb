//! Vendor errors and failure texts, translated in one function: [`failure`].

use crate::http_call::{clean, retry_after_ms};
use http::HeaderMap;
use task::{Failure, FailureKind};

/// Where an error stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told<'a> {
    /// `code` and `message` of an answer; the HTTP status is often Suno's own, passed on (section 1.2).
    Code {
        /// The HTTP status.
        status: u16,
        /// Headers, for `Retry-After`.
        headers: &'a HeaderMap,
        /// The code, in lower case.
        code: &'a str,
        /// `message`.
        text: &'a str,
    },
    /// An HTTP status without a code.
    Status {
        /// The status.
        status: u16,
        /// Headers, for `Retry-After`.
        headers: &'a HeaderMap,
    },
    /// A task that was accepted and failed: `fail_reason`, and a clip's `error_type` and `error_message`.
    Verdict {
        /// The kind of error, where a clip tells one; may be empty.
        kind: &'a str,
        /// The reason; may be empty.
        text: &'a str,
    },
    /// An answer that is not what the protocol says.
    Nonsense {
        /// What is wrong with it.
        what: &'a str,
    },
}

/// Words of a refused content: Suno's `moderation_failure`, and what it writes beside it.
const MODERATION: &[&str] = &[
    "moderat",
    "sensitive",
    "inappropriate",
    "banned",
    "flagged",
    "copyright",
    "artist name",
    "violat",
    "违规",
    "敏感",
];

/// Words of an account that is of no use for now; the task is fine.
const ACCOUNT: &[&str] =
    &["credit", "insufficient", "quota", "unauthorized", "session", "expired token", "account", "forbidden"];

/// Words of a server with too much to do.
const BUSY: &[&str] = &["too many", "rate limit", "rate_limit", "concurren", "busy"];

/// What a vendor's words mean for us.
pub(super) fn failure(told: Told<'_>) -> Failure {
    match told {
        Told::Code { status, headers, code, text } => of_code(status, headers, code, text),
        Told::Status { status, headers } => of_status(status, headers, ""),
        Told::Verdict { kind, text } => of_verdict(kind, text),
        Told::Nonsense { what } => {
            Failure::later(FailureKind::Upstream, None, "the upstream's answer could not be read", what)
        }
    }
}

/// Whether this code in an answer of HTTP 200 says that nothing was started. Any other word, the server's
/// own `internal_error` among them, leaves that open.
pub(super) fn is_refusal(code: &str) -> bool {
    code.starts_with("invalid") || says(code, MODERATION) || says(code, ACCOUNT) || says(code, BUSY)
}

fn of_code(status: u16, headers: &HeaderMap, code: &str, text: &str) -> Failure {
    let text = clean(text);
    let private = format!("HTTP {status}, code {}: {text}", clean(code));
    let told = format!("{code} {text}").to_lowercase();
    if says(&told, MODERATION) {
        return Failure::never(FailureKind::Moderation, or(&text, "refused by moderation"), private);
    }
    // Passed-on statuses say more than the code, which is `invalid_request` for all of them.
    if !matches!(status, 200..300 | 400 | 413 | 422) {
        return of_status(status, headers, &private);
    }
    if told.contains("invalid action") || told.contains("invalid_action") || says(&told, ACCOUNT) {
        return elsewhere(private);
    }
    if says(&told, BUSY) {
        return Failure::later(FailureKind::Refused, retry_after_ms(headers), "the upstream is busy", private);
    }
    if code.starts_with("invalid") || status >= 400 {
        return Failure::never(FailureKind::InvalidInput, or(&text, "the upstream refused the request"), private);
    }
    Failure::later(FailureKind::Upstream, None, "the upstream had an internal error", private)
}

fn of_status(status: u16, headers: &HeaderMap, private: &str) -> Failure {
    let private = or(private, &format!("HTTP {status}"));
    match status {
        400 | 413 | 415 | 422 => Failure::never(FailureKind::InvalidInput, "the upstream refused the request", private),
        429 => Failure::later(FailureKind::Refused, retry_after_ms(headers), "the upstream is busy", private),
        500.. => {
            let public = "the upstream had an internal error";
            Failure::later(FailureKind::Upstream, retry_after_ms(headers), public, private)
        }
        // 401 among them: an account of the server has lost its session (section 1.4).
        _ => elsewhere(private),
    }
}

/// Free text, so it is matched loosely. A failure after acceptance is never submitted again by itself, so
/// `Later` only tells the operator that a retry may help.
fn of_verdict(kind: &str, text: &str) -> Failure {
    let (kind, text) = (clean(kind), clean(text));
    let told = format!("{kind} {text}").to_lowercase();
    let public = or(&text, &or(&kind, "the upstream failed without giving a reason"));
    let private = format!("failed upstream: {kind} {text}");
    if says(&told, MODERATION) {
        return Failure::never(FailureKind::Moderation, public, private);
    }
    if says(&told, ACCOUNT) {
        return Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private);
    }
    if says(&told, BUSY) || says(&told, &["time out", "timeout", "timed out"]) {
        return Failure::later(FailureKind::Upstream, None, public, private);
    }
    if says(&told, &["invalid", "too long", "not supported"]) {
        return Failure::never(FailureKind::InvalidInput, public, private);
    }
    Failure::never(FailureKind::Upstream, public, private)
}

/// The account's troubles are the operator's business, so the caller is told little.
fn elsewhere(private: String) -> Failure {
    Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private)
}

fn says(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn or(text: &str, usual: &str) -> String {
    if text.is_empty() { usual.to_owned() } else { text.to_owned() }
}
