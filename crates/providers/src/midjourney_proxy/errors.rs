//! Vendor errors and failure texts, translated in one function: [`failure`].

use crate::http_call::{clean, retry_after_ms};
use http::HeaderMap;
use task::{Failure, FailureKind};

/// Where an error stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told<'a> {
    /// `code` of an answer (`upstream/midjourney.md` section 3).
    Code {
        /// The number.
        code: i64,
        /// `description`.
        text: &'a str,
        /// `properties.bannedWord`.
        banned_word: Option<&'a str>,
    },
    /// An HTTP status without a code that means anything.
    Status {
        /// The status.
        status: u16,
        /// Headers, for `Retry-After`.
        headers: &'a HeaderMap,
    },
    /// `failReason` of a task that was accepted and failed (section 10).
    Verdict {
        /// The text; may be empty.
        text: &'a str,
    },
    /// An answer that is not what the protocol says.
    Nonsense {
        /// What is wrong with it.
        what: &'a str,
    },
}

/// What a vendor's words mean for us.
pub(super) fn failure(told: Told<'_>) -> Failure {
    match told {
        Told::Code { code, text, banned_word } => of_code(code, text, banned_word),
        Told::Status { status, headers } => of_status(status, headers),
        Told::Verdict { text } => of_verdict(text),
        Told::Nonsense { what } => {
            Failure::later(FailureKind::Upstream, None, "the upstream's answer could not be read", what)
        }
    }
}

/// Whether [`failure`] knows this code as a refusal: nothing was started for it.
pub(super) fn is_refusal(code: i64) -> bool {
    matches!(code, 3 | 4 | 9 | 23 | 24 | 30 | 429)
}

fn of_code(code: i64, text: &str, banned_word: Option<&str>) -> Failure {
    let text = clean(text);
    let private = format!("code {code}: {text}");
    match code {
        3 if names_account(&text) => elsewhere(private),
        3 => Failure::never(FailureKind::InvalidInput, or(&text, "the upstream does not know the task"), private),
        4 => Failure::never(FailureKind::InvalidInput, or(&text, "the upstream refused a parameter"), private),
        24 => {
            let public = match banned_word.map(clean).filter(|word| !word.is_empty()) {
                Some(word) => format!("{} (banned word: {word})", or(&text, "the prompt was refused by moderation")),
                None => or(&text, "the prompt was refused by moderation"),
            };
            Failure::never(FailureKind::Moderation, public, private)
        }
        23 | 30 | 429 => Failure::later(FailureKind::Refused, None, "the upstream is busy", private),
        _ => Failure::later(FailureKind::Upstream, None, "the upstream had an internal error", private),
    }
}

fn of_status(status: u16, headers: &HeaderMap) -> Failure {
    let private = format!("HTTP {status}");
    match status {
        400 | 413 | 415 | 422 => Failure::never(FailureKind::InvalidInput, "the upstream refused the request", private),
        429 => Failure::later(FailureKind::Refused, retry_after_ms(headers), "the upstream is busy", private),
        500.. => Failure::later(
            FailureKind::Upstream,
            retry_after_ms(headers),
            "the upstream had an internal error",
            private,
        ),
        _ => elsewhere(private),
    }
}

/// Free text, so it is matched loosely; both proxies write English and Chinese. A failure after
/// acceptance is never submitted again by itself, so `Later` only tells the operator that a retry may help.
fn of_verdict(text: &str) -> Failure {
    const MODERATION: &[&str] = &[
        "banned",
        "moderat",
        "flagged",
        "inappropriate",
        "sensitive",
        "nsfw",
        "community",
        "violat",
        "敏感",
        "违规",
        "违禁",
        "审核",
    ];
    const PERMANENT: &[&str] = &["invalid", "unrecognized", "unsupported", "not supported", "参数", "链接无效", "格式"];
    const PASSING: &[&str] =
        &["timeout", "timed out", "time out", "queue full", "queue is full", "interaction failed", "超时", "队列"];
    let text = clean(text);
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let public = or(&text, "the upstream failed without giving a reason");
    let private = format!("failed upstream: {}", or(&text, "no reason given"));
    if says(MODERATION) {
        return Failure::never(FailureKind::Moderation, public, private);
    }
    if says(PASSING) {
        return Failure::later(FailureKind::Upstream, None, public, private);
    }
    if says(PERMANENT) {
        return Failure::never(FailureKind::InvalidInput, public, private);
    }
    Failure::never(FailureKind::Upstream, public, private)
}

/// The account's troubles are the operator's business, so the caller is told little.
fn elsewhere(private: String) -> Failure {
    Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private)
}

/// Code 3 stands for a missing parent task and for a proxy without an account alike.
fn names_account(text: &str) -> bool {
    let lower = text.to_lowercase();
    ["account", "instance", "账号", "实例"].iter().any(|word| lower.contains(word))
}

fn or(text: &str, usual: &str) -> String {
    if text.is_empty() { usual.to_owned() } else { text.to_owned() }
}
