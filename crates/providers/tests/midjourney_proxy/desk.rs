//! One submission's worth of test data, and bodies as text.

use bytes::Bytes;
use http::HeaderMap;
use providers::{
    Account, Dialect, Encoding, Lost, Parent, Piece, PollItem, PollOutcome, Request, Response, Submission,
    SubmitOutcome, Target, Turn,
};
use serde_json::{Map, Value};
use std::sync::LazyLock;
use task::{ClientId, Details, Failure, Input, InputData, Kind, Operation, Secret, Spec, clock::SeededEntropy};

pub const DIALECT: providers::midjourney_proxy::MidjourneyProxy = providers::midjourney_proxy::MidjourneyProxy;

/// A channel's account and what a follow-up needs.
pub struct Desk {
    pub key: Secret,
    pub options: Map<String, Value>,
    pub client: ClientId,
    pub parent: Option<(Operation, Details, Spec)>,
    pub hook_url: Option<String>,
}

impl Desk {
    /// A desk with these channel options, as JSON.
    pub fn new(options: &str) -> Self {
        Self {
            key: Secret::new("hush-77"),
            options: object(options),
            client: ClientId::new(1_790_000_000_000, &SeededEntropy::new(11)),
            parent: None,
            hook_url: None,
        }
    }

    pub fn trueai() -> Self {
        Self::new("{}")
    }

    pub fn novicezk() -> Self {
        Self::new(r#"{"flavour":"novicezk"}"#)
    }

    /// The same desk with a finished parent of this upstream id.
    pub fn after(mut self, id: &str) -> Self {
        let operation = Operation { id: id.into(), memo: Value::Null };
        self.parent = Some((operation, Details::default(), Spec::new(Kind::Image)));
        self
    }

    /// A submission that got lost, of a plain kind.
    pub fn lost(&self, submitted_ms: i64) -> Lost<'static> {
        static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec::new(Kind::Video));
        Lost { client: self.client, spec: &SPEC, upstream_model: "m", submitted_ms }
    }

    pub fn account(&self) -> Account<'_> {
        Account {
            base_url: "http://mj.test:8080",
            key: &self.key,
            access: None,
            options: &self.options,
            now_ms: 1_790_000_000_000,
        }
    }

    fn submission<'a>(&'a self, spec: &'a Spec) -> Submission<'a> {
        Submission {
            account: self.account(),
            spec,
            upstream_model: "mj_imagine",
            client: self.client,
            parent: self.parent.as_ref().map(|(operation, details, spec)| Parent { operation, details, spec }),
            hook_url: self.hook_url.as_deref(),
        }
    }

    pub fn submit(&self, spec: &Spec) -> Result<Request, Failure> {
        DIALECT.submit(&self.submission(spec))
    }

    /// The path and the JSON body of a submission that must work; `state` is checked and taken out.
    pub fn sent(&self, spec: &Spec) -> (String, Value) {
        let request = self.submit(spec).expect("the submission can be put in this protocol");
        assert!(request.paid, "a submission is paid for");
        assert_eq!(request.method, http::Method::POST);
        let mut body: Value = serde_json::from_str(&text(&request)).expect("the body is JSON");
        let state = body.as_object_mut().expect("the body is an object").remove("state");
        assert_eq!(state, Some(Value::from(self.client.to_string())), "our client id goes up as state");
        (path(&request), body)
    }

    pub fn answered(&self, status: u16, body: &str) -> SubmitOutcome {
        let spec = Spec { prompt: "a cat".into(), ..Spec::new(Kind::Image) };
        self.answered_to(&spec, status, body)
    }

    pub fn answered_to(&self, spec: &Spec, status: u16, body: &str) -> SubmitOutcome {
        match DIALECT.read_submit(&self.submission(spec), &Value::Null, &response(status, body)) {
            Turn::End(outcome) => outcome,
            Turn::Next(..) => panic!("one request is all it takes"),
        }
    }

    pub fn polled(&self, kind: Kind, ids: &[&str], status: u16, body: &str) -> Result<Vec<PollOutcome>, Failure> {
        let operations: Vec<Operation> =
            ids.iter().map(|id| Operation { id: (*id).into(), memo: Value::Null }).collect();
        let items: Vec<PollItem<'_>> = operations.iter().map(|operation| PollItem { operation, kind }).collect();
        let turn = DIALECT.read_poll(self.account(), &items, &Value::Null, &response(status, body))?;
        match turn {
            Turn::End(outcomes) => Ok(outcomes),
            Turn::Next(..) => panic!("one request is all it takes"),
        }
    }

    /// What a fetch of task `7` makes of a response.
    pub fn polled_with(&self, response: &Response) -> Result<Turn<Vec<PollOutcome>>, Failure> {
        let operation = operation("7");
        let items = [PollItem { operation: &operation, kind: Kind::Image }];
        DIALECT.read_poll(self.account(), &items, &Value::Null, response)
    }

    /// The one outcome of a fetch of task `7` that answers `body`.
    pub fn fetched(&self, kind: Kind, body: &str) -> PollOutcome {
        let mut outcomes = self.polled(kind, &["7"], 200, body).expect("the answer can be read");
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }
}

pub fn operation(id: &str) -> Operation {
    Operation { id: id.into(), memo: Value::Null }
}

pub fn picture(role: &str) -> Input {
    let data = InputData::Stored { key: "inputs/a".into(), content_type: "image/png".into(), bytes: 10 };
    Input { role: role.into(), data }
}

pub fn object(text: &str) -> Map<String, Value> {
    serde_json::from_str(text).expect("the test gives a JSON object")
}

pub fn json(text: &str) -> Value {
    serde_json::from_str(text).expect("the test gives JSON")
}

pub fn response(status: u16, body: &str) -> Response {
    Response { status, headers: HeaderMap::new(), body: Bytes::copy_from_slice(body.as_bytes()) }
}

pub fn path(request: &Request) -> String {
    match &request.target {
        Target::Base(path) => path.clone(),
        Target::FromAnswer(url) => panic!("not of the channel: {url}"),
        Target::Configured(url) => panic!("not of the channel: {url}"),
    }
}

/// The body, with `<data uri n>` where the n-th input is streamed in.
pub fn text(request: &Request) -> String {
    let mut text = String::new();
    for piece in &request.body {
        match piece {
            Piece::Bytes(bytes) => text.push_str(str::from_utf8(bytes).expect("JSON is UTF-8")),
            Piece::Input { position, encoding: Encoding::DataUri } => text.push_str(&format!("<data uri {position}>")),
            Piece::Input { encoding, .. } => panic!("inputs go up as data URIs, not {encoding:?}"),
        }
    }
    text
}
