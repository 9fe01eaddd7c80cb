//! A channel, and short ways to ask the dialect.

use bytes::Bytes;
use http::HeaderMap;
use providers::fal_queue::FalQueue;
use providers::{Account, Dialect, Piece, PollItem, PollOutcome, Request, Response, Submission, SubmitOutcome, Turn};
use serde_json::{Map, Value, json};
use task::clock::SeededEntropy;
use task::{ClientId, Failure, Input, InputData, Kind, Operation, Secret, Spec};

pub const KLING: &str = "fal-ai/kling-video/v2.5-turbo/pro";

pub struct Desk {
    key: Secret,
    options: Map<String, Value>,
}

impl Desk {
    pub fn new() -> Self {
        Self::with(json!({}))
    }

    pub fn with(options: Value) -> Self {
        let options = options.as_object().cloned().expect("is an object");
        Self { key: Secret::new("fal-key"), options }
    }

    pub fn account(&self) -> Account<'_> {
        let base_url = "https://queue.fal.test";
        Account { base_url, key: &self.key, access: None, options: &self.options, now_ms: 0 }
    }

    pub fn submission<'a>(&'a self, spec: &'a Spec, upstream_model: &'a str) -> Submission<'a> {
        let client = ClientId::new(1, &SeededEntropy::new(1));
        Submission { account: self.account(), spec, upstream_model, client, parent: None, hook_url: None }
    }

    /// The request of a submission, and its body.
    pub fn sent(&self, spec: &Spec, upstream_model: &str) -> (Request, Value) {
        let request = FalQueue.submit(&self.submission(spec, upstream_model)).expect("can be sent");
        let body = serde_json::from_str(&text(&request)).expect("is JSON");
        (request, body)
    }

    pub fn accepted(&self, spec: &Spec, upstream_model: &str, response: &Response) -> SubmitOutcome {
        match FalQueue.read_submit(&self.submission(spec, upstream_model), &Value::Null, response) {
            Turn::End(outcome) => outcome,
            Turn::Next(..) => panic!("one request is enough"),
        }
    }

    /// The first turn of a poll.
    pub fn status(&self, response: &Response) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        self.read(&Value::Null, response)
    }

    /// What became of a request whose status was `COMPLETED`, with these words in it.
    pub fn result(&self, told: &Value, response: &Response) -> Result<PollOutcome, Failure> {
        let mut status = json!({ "status": "COMPLETED", "request_id": "r-1" });
        for (name, value) in told.as_object().expect("is an object") {
            status[name] = value.clone();
        }
        let Turn::Next(request, memo) = self.status(&answer(200, &status))? else { panic!("the result is asked for") };
        assert!(!request.paid);
        match self.read(&memo, response)? {
            Turn::End(mut outcomes) => Ok(outcomes.remove(0)),
            Turn::Next(..) => panic!("two requests are enough"),
        }
    }

    fn read(&self, memo: &Value, response: &Response) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        let operation = operation();
        let items = [PollItem { operation: &operation, kind: Kind::Video }];
        FalQueue.read_poll(self.account(), &items, memo, response)
    }
}

pub fn operation() -> Operation {
    Operation { id: "r-1".into(), memo: json!({ "app": "fal-ai/kling-video" }) }
}

pub fn film() -> Spec {
    Spec { prompt: "a cat".into(), ..Spec::new(Kind::Video) }
}

pub fn stored(role: &str) -> Input {
    let data = InputData::Stored { key: "inputs/a".into(), content_type: "image/png".into(), bytes: 3 };
    Input { role: role.into(), data }
}

pub fn linked(role: &str) -> Input {
    Input { role: role.into(), data: InputData::Url(format!("https://a.test/{role}.png")) }
}

pub fn text(request: &Request) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => String::from_utf8(bytes.to_vec()).expect("is text"),
        Piece::Input { position, encoding } => format!("<{position} {encoding:?}>"),
    };
    request.body.iter().map(piece).collect()
}

pub fn answer(status: u16, body: &Value) -> Response {
    Response { status, headers: HeaderMap::new(), body: Bytes::from(body.to_string()) }
}
