//! Asking how a task is (section 2.3): one at a time, songs and lyrics each at their own address.

use super::answer::{self, Answer};
use super::clips;
use super::errors::{self, Told};
use super::upstream_record::UpstreamRecord;
use crate::dialect::{Account, PollItem, PollOutcome};
use crate::http_call::{bearer, plain, segment};
use crate::wire::{Request, Response};
use http::Method;
use serde_json::Value;
use task::{Details, Failure, FailureKind, Kind, Phase};

/// How much of a word that no sheet knows is passed on.
const UNKNOWN_WORD_MAX_CHARS: usize = 40;

/// Asks for the one operation.
pub(super) fn request(account: Account<'_>, items: &[PollItem<'_>]) -> Request {
    let (id, kind) = items.first().map_or(("", Kind::Music), |item| (item.operation.id.as_str(), item.kind));
    let path = if kind == Kind::Lyrics { "/api/v1/lyrics/record-info" } else { "/api/v1/generate/record-info" };
    plain(Method::GET, format!("{path}?taskId={}", segment(id)), bearer(account.key))
}

/// The one outcome.
pub(super) fn read(items: &[PollItem<'_>], response: &Response) -> Result<Vec<PollOutcome>, Failure> {
    items.iter().map(|item| outcome(item, response)).collect()
}

fn outcome(item: &PollItem<'_>, response: &Response) -> Result<PollOutcome, Failure> {
    let status = response.status;
    if status >= 500 {
        return Err(answer::bare_failure(response));
    }
    let is_2xx = (200..300).contains(&status);
    let answer = match Answer::read(&response.body) {
        Some(answer) => answer,
        None if is_2xx => return Err(nonsense("the answer to a poll is no JSON of the protocol")),
        None => return Err(answer::bare_failure(response)),
    };
    if answer.says_missing() {
        return Ok(PollOutcome::Missing);
    }
    if answer.code != 200 {
        return Err(answer.failure(response));
    }
    if !is_2xx {
        return Err(answer::bare_failure(response));
    }
    match &answer.data {
        Value::Null => Ok(PollOutcome::Missing),
        Value::Object(record) => {
            let record = UpstreamRecord(record);
            if record.id().is_some_and(|id| id != item.operation.id) {
                return Err(nonsense("the answer to a poll is about another task"));
            }
            Ok(verdict(record, item.kind))
        }
        _ => Err(nonsense("the answer to a poll holds no record")),
    }
}

fn nonsense(what: &str) -> Failure {
    errors::failure(Told::Nonsense { what })
}

fn verdict(record: UpstreamRecord<'_>, kind: Kind) -> PollOutcome {
    let status = record.status();
    match status.as_str() {
        "" | "PENDING" => pending(Phase::Waiting, None),
        "TEXT_SUCCESS" | "FIRST_SUCCESS" => pending(Phase::Working, None),
        // Our address could not be called, or one of two songs failed: what is there is taken.
        "SUCCESS" | "CALLBACK_EXCEPTION" | "GENERATE_AUDIO_FAILED" => done(record, kind, &status),
        "CREATE_TASK_FAILED" | "GENERATE_LYRICS_FAILED" | "SENSITIVE_WORD_ERROR" => failed(record, &status),
        // A word that no sheet knows is still running, as far as anybody can tell.
        unknown => pending(Phase::Working, Some(unknown.chars().take(UNKNOWN_WORD_MAX_CHARS).collect())),
    }
}

fn pending(phase: Phase, unknown_word: Option<String>) -> PollOutcome {
    PollOutcome::Pending { phase, percent: None, poll_after_ms: None, unknown_word }
}

fn done(record: UpstreamRecord<'_>, kind: Kind, status: &str) -> PollOutcome {
    let found = if kind == Kind::Lyrics { lyrics(record) } else { songs(record) };
    match found {
        Some(done) => done,
        None if status == "SUCCESS" && record.error_message().is_empty() => {
            let public = "the upstream finished without a result";
            PollOutcome::Failed(Failure::never(FailureKind::Upstream, public, "SUCCESS without sound or text"))
        }
        None => failed(record, status),
    }
}

fn failed(record: UpstreamRecord<'_>, status: &str) -> PollOutcome {
    let told = Told::Verdict { status, code: record.error_code(), text: record.error_message() };
    PollOutcome::Failed(errors::failure(told))
}

fn songs(record: UpstreamRecord<'_>) -> Option<PollOutcome> {
    let (clips, outputs) = clips::finished(&record.songs());
    let details = Details { clips, ..Details::default() };
    (!outputs.is_empty()).then_some(PollOutcome::Done { outputs, details })
}

fn lyrics(record: UpstreamRecord<'_>) -> Option<PollOutcome> {
    let all = record.lyrics();
    let written: Vec<_> = all.iter().filter(|words| !words.text("text").trim().is_empty()).collect();
    let title = Some(written.first()?.text("title").to_owned()).filter(|title| !title.is_empty());
    let texts = written.iter().map(|words| words.text("text").to_owned()).collect();
    Some(PollOutcome::Done { outputs: Vec::new(), details: Details { title, texts, ..Details::default() } })
}
