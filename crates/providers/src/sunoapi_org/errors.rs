//! Vendor errors and failure texts, translated in one function: [`failure`].

use crate::http_call::{clean, retry_after_ms};
use http::HeaderMap;
use task::{Failure, FailureKind};

/// How long maintenance is given before the next try.
const MAINTENANCE_MS: i64 = 60_000;

/// Where an error stands.
#[derive(Debug, Clone, Copy)]
pub(super) enum Told<'a> {
    /// A code of section 2.5, or an HTTP status where there is no code.
    Code {
        /// The number.
        code: i64,
        /// Headers, for `Retry-After`.
        headers: &'a HeaderMap,
        /// `msg`; may be empty.
        text: &'a str,
    },
    /// A record that was accepted and failed.
    Verdict {
        /// Its status word, in upper case.
        status: &'a str,
        /// `errorCode`, where it is a number.
        code: Option<i64>,
        /// `errorMessage`; may be empty.
        text: &'a str,
    },
    /// An answer that is not what the protocol says.
    Nonsense {
        /// What is wrong with it.
        what: &'a str,
    },
}

/// Words of a refused content. The vendor's own: lyrics under copyright, an upload that is a known work.
const MODERATION: &[&str] = &[
    "sensitive",
    "moderat",
    "copyright",
    "existing work",
    "existing art",
    "prohibited",
    "inappropriate",
    "artist name",
    "violat",
];

/// What a vendor's words mean for us.
pub(super) fn failure(told: Told<'_>) -> Failure {
    match told {
        Told::Code { code, headers, text } => of_code(code, headers, text),
        Told::Verdict { status, code, text } => of_verdict(status, code, text),
        Told::Nonsense { what } => {
            Failure::later(FailureKind::Upstream, None, "the upstream's answer could not be read", what)
        }
    }
}

fn of_code(code: i64, headers: &HeaderMap, text: &str) -> Failure {
    let text = clean(text);
    let private = format!("code {code}: {text}");
    let busy = |after_ms| Failure::later(FailureKind::Refused, after_ms, "the upstream is busy", private.clone());
    match code {
        400 | 413 | 415 | 422 | 451 if is_moderation(&text) => {
            Failure::never(FailureKind::Moderation, or(&text, "refused by moderation"), private)
        }
        400 | 415 | 422 | 451 => {
            Failure::never(FailureKind::InvalidInput, or(&text, "the upstream refused the request"), private)
        }
        413 => Failure::never(FailureKind::InvalidInput, or(&text, "a text is too long for the upstream"), private),
        405 | 409 | 430 => busy(retry_after_ms(headers)),
        455 => busy(retry_after_ms(headers).or(Some(MAINTENANCE_MS))),
        500.. => {
            let public = "the upstream had an internal error";
            Failure::later(FailureKind::Upstream, retry_after_ms(headers), public, private)
        }
        // 429 is an account without credits, which waiting does not fill (section 2.5); so is 402. 401, 403
        // and 404 are a wrong key or address.
        _ => Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private),
    }
}

/// A failure after acceptance is never submitted again by itself, so `Later` only tells the operator that a
/// retry may help.
fn of_verdict(status: &str, code: Option<i64>, text: &str) -> Failure {
    let text = clean(text);
    let told = code.map(|code| format!(" {code}")).unwrap_or_default();
    let private = format!("{status}{told}: {text}");
    if status == "SENSITIVE_WORD_ERROR" || is_moderation(&text) {
        return Failure::never(FailureKind::Moderation, or(&text, "refused by moderation"), private);
    }
    let public = or(&text, "the upstream failed without giving a reason");
    match code {
        Some(429) => Failure::elsewhere(FailureKind::Refused, "the upstream account is not available", private),
        Some(400 | 413 | 422) => Failure::never(FailureKind::InvalidInput, public, private),
        _ => Failure::later(FailureKind::Upstream, None, public, private),
    }
}

fn is_moderation(text: &str) -> bool {
    let text = text.to_lowercase();
    MODERATION.iter().any(|word| text.contains(word))
}

fn or(text: &str, usual: &str) -> String {
    if text.is_empty() { usual.to_owned() } else { text.to_owned() }
}
