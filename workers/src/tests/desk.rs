//! A dialect that says what the tests want said.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Method};
use providers::{
    Access, Account, Capabilities, Dialect, Piece, PollItem, PollOutcome, Request, Response, Submission, SubmitOutcome,
    Target, Turn,
};
use serde_json::{Map, Value, json};
use task::{Details, Failure, FailureKind, Kind, Operation, Output, Phase, Role, Secret, Source};

/// The dialect. Options: `tokens` (requests need one), `upload` (an upload comes before the paid request).
pub(super) struct Desk;

fn request(account: Account<'_>, method: Method, path: &str, body: Vec<Piece>) -> Request {
    let mut headers = HeaderMap::new();
    let credential = account.access.unwrap_or(account.key);
    let mut value = HeaderValue::from_str(credential.expose()).expect("is a header");
    value.set_sensitive(true);
    headers.insert(AUTHORIZATION, value);
    Request { method, target: Target::Base(path.to_owned()), headers, body, paid: false }
}

fn paid(submission: &Submission<'_>) -> Request {
    let parent = submission.parent.map(|parent| parent.operation.id.clone()).unwrap_or_default();
    let body = vec![Piece::Bytes(Bytes::from(format!("{} after [{parent}]", submission.spec.prompt)))];
    Request { paid: true, ..request(submission.account, Method::POST, "/submit", body) }
}

fn option(options: &Map<String, Value>, name: &str) -> bool {
    options.get(name).and_then(Value::as_bool).unwrap_or(false)
}

impl Dialect for Desk {
    fn name(&self) -> &'static str {
        "desk"
    }

    fn capabilities(&self, _options: &Map<String, Value>) -> Capabilities {
        Capabilities { kinds: &[Kind::Image], poll_body_max_bytes: 200 << 20, ..Capabilities::default() }
    }

    fn check_options(&self, _options: &Map<String, Value>) -> Result<(), String> {
        Ok(())
    }

    fn exchange(&self, account: Account<'_>) -> Option<Result<Request, Failure>> {
        let body = vec![Piece::Bytes(Bytes::copy_from_slice(account.key.expose().as_bytes()))];
        let asked = Request {
            target: Target::Configured("http://tokens.test/token".to_owned()),
            ..request(account, Method::POST, "", body)
        };
        option(account.options, "tokens").then_some(Ok(asked))
    }

    fn read_exchange(&self, response: &Response) -> Result<Access, Failure> {
        if response.status != 200 {
            return Err(Failure::elsewhere(FailureKind::Refused, "no account", "the token was refused"));
        }
        let token = String::from_utf8(response.body.to_vec()).expect("is text");
        Ok(Access { token: Secret::new(token), good_for_ms: 600_000 })
    }

    fn submit(&self, submission: &Submission<'_>) -> Result<Request, Failure> {
        if option(submission.account.options, "upload") {
            return Ok(request(submission.account, Method::POST, "/upload", Vec::new()));
        }
        Ok(paid(submission))
    }

    fn read_submit(&self, submission: &Submission<'_>, memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        let uploads = option(submission.account.options, "upload") && memo.is_null();
        match response.status {
            200 if uploads => Turn::Next(paid(submission), json!("uploaded")),
            200 => Turn::End(SubmitOutcome::Accepted {
                operation: Operation { id: "op".to_owned(), memo: Value::Null },
                poll_after_ms: None,
                warnings: vec!["5 s instead of 4 s".to_owned()],
            }),
            _ => {
                let failure = Failure::later(FailureKind::Refused, Some(1_000), "refused", "refused");
                Turn::End(SubmitOutcome::Refused(failure))
            }
        }
    }

    fn poll(&self, account: Account<'_>, _items: &[PollItem<'_>]) -> Request {
        request(account, Method::GET, "/poll", Vec::new())
    }

    fn read_poll(
        &self,
        _account: Account<'_>,
        items: &[PollItem<'_>],
        _memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        if response.status != 200 {
            return Err(Failure::later(FailureKind::Upstream, None, "busy", "busy"));
        }
        let outcome = match &response.body[..] {
            b"" => {
                PollOutcome::Pending { phase: Phase::Working, percent: None, poll_after_ms: None, unknown_word: None }
            }
            bytes => {
                let picture = Output::new(Role::Image, Source::Inline(Bytes::copy_from_slice(bytes)));
                PollOutcome::Done { outputs: vec![picture], details: Details::default() }
            }
        };
        Ok(Turn::End(vec![outcome; items.len()]))
    }

    fn fetch(&self, account: Account<'_>, _output: &Output) -> Result<Request, Failure> {
        Ok(request(account, Method::GET, "/file", Vec::new()))
    }

    fn seed(&self, account: Account<'_>, _operation: &Operation) -> Option<Request> {
        Some(request(account, Method::GET, "/seed", Vec::new()))
    }
}
