//! Whatever an upstream answers, a dialect reads an outcome of bounded size out of it.

use crate::account::{Bench, KEYS, KINDS};
use crate::budget::try_cases;
use crate::corpus::ANSWERS;
use crate::edits::{Case, Edit, case, edit};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use proptest::prelude::*;
use proptest::sample::Index;
use providers::{
    CancelOutcome, Dialect, LookupOutcome, Lost, Parent, PollItem, PollOutcome, Response, Submission, SubmitOutcome,
    Turn,
};
use serde_json::{Map, Value, json};
use std::fmt::Debug;
use task::clock::SeededEntropy;
use task::{ClientId, Details, Failure, Kind, Operation, Song, Spec};

const STATUSES: [u16; 12] = [200, 200, 200, 200, 201, 204, 302, 400, 404, 429, 500, 503];
/// An outcome may be so many times larger than the answer, as `Debug` writes it, plus [`OUTCOME_MORE_BYTES`].
const OUTCOME_TIMES: usize = 8;
/// What an outcome may have beside that.
const OUTCOME_MORE_BYTES: usize = 8_192;
/// The most characters of a failure's public words: they go into callbacks and pages.
const PUBLIC_MAX_CHARS: usize = 2_000;

/// An answer, and what was asked for.
#[derive(Debug, Clone)]
struct Answer {
    dialect: Index,
    body: Case,
    memo: Case,
    options: Case,
    status: Index,
    kind: Index,
    header: Edit,
}

fn answer() -> impl Strategy<Value = Answer> {
    (any::<Index>(), case(), case(), case(), any::<Index>(), any::<Index>(), edit()).prop_map(
        |(dialect, body, memo, options, status, kind, header)| Answer {
            dialect,
            body,
            memo,
            options,
            status,
            kind,
            header,
        },
    )
}

fn headers(text: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for name in ["retry-after", "x-signature", "webhook-signature", "content-type"] {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(name, value);
        }
    }
    headers
}

fn bounded(what: &impl Debug, answer_bytes: usize) -> Result<(), TestCaseError> {
    let (length, most) = (format!("{what:?}").len(), answer_bytes * OUTCOME_TIMES + OUTCOME_MORE_BYTES);
    prop_assert!(length <= most, "an outcome of {length} bytes out of {answer_bytes}");
    Ok(())
}

fn told(failure: &Failure) -> Result<(), TestCaseError> {
    prop_assert!(!failure.public.is_empty(), "{failure:?}");
    let length = failure.public.chars().count();
    prop_assert!(length <= PUBLIC_MAX_CHARS, "{length} characters are told in public");
    Ok(())
}

fn check_submit(
    dialect: &dyn Dialect,
    submission: &Submission<'_>,
    memo: &Value,
    response: &Response,
) -> Result<(), TestCaseError> {
    let read = dialect.read_submit(submission, memo, response);
    bounded(&read, response.body.len() + memo.to_string().len())?;
    match read {
        Turn::End(SubmitOutcome::Accepted { operation, .. }) => {
            prop_assert!(!operation.id.is_empty() && response.status < 300);
        }
        Turn::End(SubmitOutcome::Refused(failure)) => {
            prop_assert!(response.status < 500, "a 5xx is no refusal");
            told(&failure)?;
        }
        _ => {}
    }
    Ok(())
}

fn check_poll(bench: &Bench, kind: Kind, memo: &Value, response: &Response) -> Result<(), TestCaseError> {
    let operation = Operation { id: "op-0".into(), memo: memo.clone() };
    let items = [PollItem { operation: &operation, kind }];
    let read = bench.dialect.read_poll(bench.account(), &items, memo, response);
    bounded(&read, response.body.len() + memo.to_string().len())?;
    if let Ok(Turn::End(outcomes)) = &read {
        prop_assert_eq!(outcomes.len(), 1);
        // A second answer may repeat with its status what the first one has told of an error.
        prop_assert!(response.status < 500 || !memo.is_null(), "a 5xx is no verdict");
        for outcome in outcomes {
            match outcome {
                PollOutcome::Failed(failure) => told(failure)?,
                PollOutcome::Pending { percent, poll_after_ms, .. } => {
                    prop_assert!(percent.is_none_or(|percent| (0..=100).contains(&percent)), "{percent:?}");
                    prop_assert!(poll_after_ms.is_none_or(|ms| (0..=3_600_000).contains(&ms)), "{poll_after_ms:?}");
                }
                _ => {}
            }
        }
    }
    Ok(())
}

fn ask(bench: &Bench, kind: Kind, memo: &Value, response: &Response) -> Result<(), TestCaseError> {
    let (dialect, account) = (bench.dialect, bench.account());
    let mut spec = Spec::new(kind);
    spec.song = Some(Box::<Song>::default());
    let operation = Operation { id: "op-p".into(), memo: memo.clone() };
    let details = Details::default();
    let client = ClientId::new(1, &SeededEntropy::new(1));
    let submission = Submission {
        account,
        spec: &spec,
        upstream_model: "some-model",
        client,
        parent: kind.needs_parent().then_some(Parent { operation: &operation, details: &details, spec: &spec }),
        hook_url: None,
    };
    check_submit(dialect, &submission, memo, response)?;
    check_poll(bench, kind, memo, response)?;
    let lost = Lost { client, spec: &spec, upstream_model: "some-model", submitted_ms: 5 };
    let found = dialect.read_lookup(account, &lost, response);
    bounded(&found, response.body.len())?;
    prop_assert!(response.status < 500 || !matches!(found, Ok(LookupOutcome::Absent)), "a 5xx proves nothing");
    if let Ok(CancelOutcome::TooLate(why)) = dialect.read_cancel(response) {
        prop_assert!(why.chars().count() <= PUBLIC_MAX_CHARS);
    }
    bounded(&dialect.read_seed(response), response.body.len())?;
    bounded(&dialect.read_exchange(response).map(|access| access.good_for_ms), response.body.len())?;
    let _ = dialect.carries_client(client, response);
    if let Some(hint) = dialect.read_callback(account, &response.headers, &response.body) {
        prop_assert!(!hint.operation_id.is_empty());
    }
    Ok(())
}

/// What an operation may have been remembered with.
fn memos() -> Vec<Value> {
    vec![Value::Null, json!("text2video"), json!({ "kind": "video", "path": "/v1/videos" }), json!([1])]
}

#[test]
fn the_corpus_of_answers_is_read_by_every_dialect() {
    for dialect in providers::all() {
        let bench = Bench { dialect: *dialect, options: Map::new(), key: task::Secret::new(KEYS[0]) };
        for body in ANSWERS.iter() {
            for (status, kind) in [(200, Kind::Video), (200, Kind::Music), (400, Kind::Image), (500, Kind::Video)] {
                let body = Bytes::from(body.to_string());
                let response = Response { status, headers: HeaderMap::new(), body };
                ask(&bench, kind, &Value::Null, &response)
                    .unwrap_or_else(|why| panic!("{} {status} {kind:?}: {why}\n{response:?}", dialect.name()));
            }
        }
    }
}

#[test]
fn odd_answers_are_read() {
    let parts = |answer: &Answer| {
        let kind = *answer.kind.get(&KINDS);
        let response = Response {
            status: *answer.status.get(&STATUSES),
            headers: headers(&answer.header.text()),
            body: Bytes::from(answer.body.bytes(&ANSWERS)),
        };
        (kind, answer.memo.value(&memos()), response)
    };
    let tell = |answer: &Answer| {
        let (kind, memo, response) = parts(answer);
        let body = String::from_utf8_lossy(&response.body).into_owned();
        let dialect = answer.dialect.get(providers::all()).name();
        format!("{dialect} {kind:?} memo: {memo} status: {} {:?}\n{body:.20000}", response.status, response.headers)
    };
    try_cases("answers", &answer(), tell, |answer| {
        let (kind, memo, response) = parts(answer);
        let bench = Bench::new(*answer.dialect.get(providers::all()), &answer.options, KEYS[0]);
        ask(&bench, kind, &memo, &response)
    });
}
