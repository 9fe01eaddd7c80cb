//! Vendor errors and failure texts, translated in one function: [`failure`] (`upstream/kling.md` section 10).

use crate::http_call::{clean, retry_after_ms};
use http::HeaderMap;
use task::{Failure, FailureKind};

/// The least pause after "too many requests", ms.
const BUSY_MS: i64 = 1_000;

/// Where an error stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told<'a> {
    /// `code` of an answer, with its `message`. It counts more than the HTTP status: some 429 are final.
    Code {
        /// The number.
        code: i64,
        /// `message`.
        text: &'a str,
        /// Headers, for `Retry-After`.
        headers: &'a HeaderMap,
    },
    /// An HTTP status without a code that means anything.
    Status {
        /// The status.
        status: u16,
        /// Headers, for `Retry-After`.
        headers: &'a HeaderMap,
    },
    /// The text of a task that was accepted and failed.
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
        Told::Code { code, text, headers } => of_code(code, text, headers),
        Told::Status { status, headers } => of_status(status, headers),
        Told::Verdict { text } => of_verdict(text),
        Told::Nonsense { what } => {
            Failure::later(FailureKind::Upstream, None, "the upstream's answer could not be read", what)
        }
    }
}

/// Whether a code is a refusal: nothing was started for it. 5000 and up may come after the start.
pub(super) fn is_refusal(code: i64) -> bool {
    (1_000..2_000).contains(&code)
}

/// Whether a code, in the answer to a question, says that there is no such task.
pub(super) fn is_unknown_task(code: i64, text: &str) -> bool {
    let lower = text.to_lowercase();
    let says = ["not found", "not exist", "no such"].iter().any(|words| lower.contains(words));
    code == 1_203 || (matches!(code, 1_200 | 1_201) && says)
}

/// Whether a refusal says that our id was used before. Its code is not documented (expected 1201), so the
/// text decides; a false alarm costs one question.
pub(super) fn is_duplicate(code: i64, text: &str) -> bool {
    let lower = text.to_lowercase();
    matches!(code, 1_200 | 1_201)
        && ["external_task_id", "external task id", "external_id"].iter().any(|name| lower.contains(name))
}

/// The account's troubles are the operator's business, so the caller is told little.
pub(super) fn account(private: impl Into<String>) -> Failure {
    Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private)
}

fn of_code(code: i64, text: &str, headers: &HeaderMap) -> Failure {
    let text = clean(text);
    let private = format!("code {code}: {text}");
    match code {
        // Clocks out of step, or a token that aged on the way: the next try signs a new one.
        1_003 | 1_004 => Failure::later(FailureKind::Refused, Some(BUSY_MS), "the upstream account is busy", private),
        1_302 => busy(Some(retry_after_ms(headers).unwrap_or(BUSY_MS).max(BUSY_MS)), private),
        // Too many tasks at the same time: a slot has to come free, and nobody knows when.
        1_303 => busy(retry_after_ms(headers), private),
        1_200 | 1_201 => {
            Failure::never(FailureKind::InvalidInput, or(&text, "the upstream refused a parameter"), private)
        }
        1_202 | 1_203 => Failure::elsewhere(FailureKind::Refused, "the upstream does not offer this model", private),
        1_300 | 1_301 => {
            Failure::never(FailureKind::Moderation, or(&text, "the content was refused by moderation"), private)
        }
        // 1000–1002 credentials, 1100–1103 money and rights, 1304 our address, and whatever joins them.
        1_000..2_000 => account(private),
        _ => Failure::later(
            FailureKind::Upstream,
            retry_after_ms(headers),
            "the upstream had an internal error",
            private,
        ),
    }
}

fn of_status(status: u16, headers: &HeaderMap) -> Failure {
    let private = format!("HTTP {status}");
    match status {
        400 | 413 | 415 | 422 => Failure::never(FailureKind::InvalidInput, "the upstream refused the request", private),
        429 => busy(retry_after_ms(headers), private),
        408 | 500.. => Failure::later(
            FailureKind::Upstream,
            retry_after_ms(headers),
            "the upstream had an internal error",
            private,
        ),
        _ => account(private),
    }
}

/// Free text, so it is matched loosely; moderation may come as late as this.
fn of_verdict(text: &str) -> Failure {
    const MODERATION: &[&str] = &[
        "risk control",
        "moderat",
        "sensitive",
        "safety",
        "violat",
        "policy",
        "inappropriate",
        "nsfw",
        "prohibited",
        "敏感",
        "违规",
        "审核",
        "风控",
    ];
    const INVALID: &[&str] = &["invalid", "unsupported", "not supported", "resolution of the image", "参数", "格式"];
    let text = clean(text);
    let lower = text.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let public = or(&text, "the upstream failed without giving a reason");
    let private = format!("failed upstream: {}", or(&text, "no reason given"));
    let kind = if says(MODERATION) {
        FailureKind::Moderation
    } else if says(INVALID) {
        FailureKind::InvalidInput
    } else {
        FailureKind::Upstream
    };
    Failure::never(kind, public, private)
}

fn busy(after_ms: Option<i64>, private: String) -> Failure {
    Failure::later(FailureKind::Refused, after_ms, "the upstream is busy", private)
}

fn or(text: &str, usual: &str) -> String {
    if text.is_empty() { usual.to_owned() } else { text.to_owned() }
}
