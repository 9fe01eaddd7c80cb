//! One submission's worth of test data, and bodies as JSON.

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use providers::{
    Account, Dialect, Encoding, Lost, Piece, PollItem, PollOutcome, Request, Response, Submission, SubmitOutcome,
    Target, Turn,
};
use serde_json::{Map, Value, json};
use std::sync::LazyLock;
use task::{ClientId, Failure, Input, InputData, Kind, Operation, Secret, Spec, clock::SeededEntropy};

pub const DIALECT: providers::kling::Kling = providers::kling::Kling;
pub const NOW_MS: i64 = 1_790_000_000_000;
pub const HOOK: &str = "https://our.test/hooks/kling/s/cl_1";

/// A channel's account.
pub struct Desk {
    pub key: Secret,
    pub options: Map<String, Value>,
    pub client: ClientId,
    pub hook_url: Option<String>,
}

impl Desk {
    pub fn legacy() -> Self {
        Self {
            key: Secret::new("ak-1:sk-2"),
            options: Map::new(),
            client: ClientId::new(NOW_MS, &SeededEntropy::new(11)),
            hook_url: None,
        }
    }

    pub fn new_generation() -> Self {
        let options = Map::from_iter([("generation".to_owned(), json!("new"))]);
        Self { key: Secret::new("api-key-3"), options, ..Self::legacy() }
    }

    pub fn keyed(mut self, key: &str) -> Self {
        self.key = Secret::new(key);
        self
    }

    /// A submission that got lost, of a plain kind.
    pub fn lost(&self, submitted_ms: i64) -> Lost<'static> {
        static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec::new(Kind::Video));
        Lost { client: self.client, spec: &SPEC, upstream_model: "kling-v3", submitted_ms }
    }

    /// A submission of this that got lost.
    pub fn lost_like<'a>(&self, spec: &'a Spec) -> Lost<'a> {
        Lost { spec, ..self.lost(0) }
    }

    pub fn account(&self) -> Account<'_> {
        Account {
            base_url: "https://api-singapore.klingai.com",
            key: &self.key,
            access: None,
            options: &self.options,
            now_ms: NOW_MS,
        }
    }

    pub fn submission<'a>(&'a self, model: &'a str, spec: &'a Spec) -> Submission<'a> {
        Submission {
            account: self.account(),
            spec,
            upstream_model: model,
            client: self.client,
            parent: None,
            hook_url: self.hook_url.as_deref(),
        }
    }

    pub fn submit(&self, model: &str, spec: &Spec) -> Result<Request, Failure> {
        DIALECT.submit(&self.submission(model, spec))
    }

    /// The path and the body of a submission that must work; our client id is checked and taken out.
    pub fn sent(&self, model: &str, spec: &Spec) -> (String, Value) {
        let request = self.submit(model, spec).expect("the submission can be put in this protocol");
        assert!(request.paid && request.method == Method::POST, "a submission is paid for");
        let mut body = body(&request);
        let within = if self.options.is_empty() { &mut body } else { &mut body["options"] };
        let client = within.as_object_mut().expect("is an object").remove("external_task_id");
        assert_eq!(client, Some(json!(self.client.to_string())), "our client id goes up");
        (path(&request), body)
    }

    /// A text film's submission, answered.
    pub fn answered(&self, status: u16, body: &str) -> Turn<SubmitOutcome> {
        self.answered_with(&Value::Null, &response(status, body))
    }

    pub fn answered_with(&self, memo: &Value, response: &Response) -> Turn<SubmitOutcome> {
        let spec = film("a cat", Vec::new());
        DIALECT.read_submit(&self.submission("kling-v3", &spec), memo, response)
    }

    pub fn polled(
        &self,
        operations: &[Operation],
        memo: &Value,
        response: &Response,
    ) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        DIALECT.read_poll(self.account(), &items(operations), memo, response)
    }

    /// The one outcome of asking for task `7`.
    pub fn fetched(&self, body: &str) -> PollOutcome {
        match self.polled(&[known("7")], &Value::Null, &response(200, body)).expect("the answer can be read") {
            Turn::End(mut outcomes) => outcomes.pop().expect("one for one"),
            Turn::Next(..) => panic!("one question is enough"),
        }
    }

    pub fn asked(&self, operations: &[Operation]) -> String {
        let request = DIALECT.poll(self.account(), &items(operations));
        assert!(!request.paid && request.method == Method::GET);
        assert!(request.headers[AUTHORIZATION].is_sensitive());
        path(&request)
    }
}

pub fn items(operations: &[Operation]) -> Vec<PollItem<'_>> {
    operations.iter().map(|operation| PollItem { operation, kind: Kind::Video }).collect()
}

/// An operation whose path is known.
pub fn known(id: &str) -> Operation {
    at(id, "/v1/videos/omni-video")
}

pub fn at(id: &str, query: &str) -> Operation {
    Operation { id: id.into(), memo: json!({ "query": query }) }
}

pub fn film(prompt: &str, inputs: Vec<Input>) -> Spec {
    Spec { prompt: prompt.into(), inputs, ..Spec::new(Kind::Video) }
}

pub fn with_bag(mut spec: Spec, bag: Value) -> Spec {
    let Value::Object(bag) = bag else { panic!("a bag is an object") };
    spec.extras.insert("kling".into(), bag);
    spec
}

pub fn stored(role: &str) -> Input {
    let data = InputData::Stored { key: "inputs/a".into(), content_type: "image/png".into(), bytes: 10 };
    Input { role: role.into(), data }
}

pub fn linked(role: &str, url: &str) -> Input {
    Input { role: role.into(), data: InputData::Url(url.into()) }
}

pub fn response(status: u16, body: &str) -> Response {
    Response { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

pub fn path(request: &Request) -> String {
    match &request.target {
        Target::Base(path) => path.clone(),
        other => panic!("not of the channel: {other:?}"),
    }
}

/// The body, with `<n base64>` or `<n link>` where the n-th input is written in.
pub fn body(request: &Request) -> Value {
    let mut text = String::new();
    for piece in &request.body {
        match piece {
            Piece::Bytes(bytes) => text.push_str(str::from_utf8(bytes).expect("JSON is UTF-8")),
            Piece::Input { position, encoding: Encoding::Base64 } => text.push_str(&format!("<{position} base64>")),
            Piece::Input { position, encoding: Encoding::Link } => text.push_str(&format!("<{position} link>")),
            Piece::Input { encoding, .. } => panic!("no {encoding:?} here: this vendor takes no data: prefix"),
        }
    }
    serde_json::from_str(&text).expect("the body is JSON")
}

pub fn accepted(turn: Turn<SubmitOutcome>) -> Operation {
    match turn {
        Turn::End(SubmitOutcome::Accepted { operation, warnings, .. }) => {
            assert!(warnings.is_empty(), "the fitting tells them all: {warnings:?}");
            operation
        }
        other => panic!("{other:?}"),
    }
}

pub fn refused(turn: Turn<SubmitOutcome>) -> Failure {
    match turn {
        Turn::End(SubmitOutcome::Refused(failure)) => failure,
        other => panic!("{other:?}"),
    }
}
