//! One submission's worth of test data, and bodies as text.

use bytes::Bytes;
use http::HeaderMap;
use providers::suno_api::SunoApi;
use providers::{
    Account, Dialect, Encoding, Parent, Piece, PollItem, PollOutcome, Request, Response, Submission, SubmitOutcome,
    Target, Turn,
};
use serde_json::{Map, Value};
use task::clock::SeededEntropy;
use task::{ClientId, Details, Failure, Input, InputData, Kind, Operation, Secret, Song, Spec};

pub const DIALECT: SunoApi = SunoApi;

/// A channel's account and what a submission needs beside the spec.
pub struct Desk {
    pub key: Secret,
    pub options: Map<String, Value>,
    pub parent: Option<(Operation, Details, Spec)>,
    pub hook_url: Option<String>,
}

impl Desk {
    /// A desk with these channel options, as JSON.
    pub fn new(options: &str) -> Self {
        Self { key: Secret::new("hush-77"), options: object(options), parent: None, hook_url: None }
    }

    pub fn extended() -> Self {
        Self::new("{}")
    }

    pub fn original() -> Self {
        Self::new(r#"{"flavour":"original"}"#)
    }

    /// The same desk with the finished task that owns the clip, by its upstream id.
    pub fn after(mut self, id: &str) -> Self {
        self.parent = Some((operation(id), Details::default(), Spec::new(Kind::Music)));
        self
    }

    pub fn account(&self) -> Account<'_> {
        let now_ms = 1_790_000_000_000;
        Account { base_url: "http://suno.test", key: &self.key, access: None, options: &self.options, now_ms }
    }

    fn submission<'a>(&'a self, spec: &'a Spec) -> Submission<'a> {
        Submission {
            account: self.account(),
            spec,
            upstream_model: "music",
            client: ClientId::new(1, &SeededEntropy::new(11)),
            parent: self.parent.as_ref().map(|(operation, details, spec)| Parent { operation, details, spec }),
            hook_url: self.hook_url.as_deref(),
        }
    }

    pub fn submit(&self, spec: &Spec) -> Result<Request, Failure> {
        DIALECT.submit(&self.submission(spec))
    }

    /// The path and the JSON body of a submission that must work.
    pub fn sent(&self, spec: &Spec) -> (String, Value) {
        let request = self.submit(spec).expect("the submission can be put in this protocol");
        assert!(request.paid, "a submission is paid for");
        assert_eq!(request.method, http::Method::POST);
        (path(&request), json(&text(&request)))
    }

    pub fn answered(&self, status: u16, body: &str) -> SubmitOutcome {
        let spec = described("a cat");
        match DIALECT.read_submit(&self.submission(&spec), &Value::Null, &response(status, body)) {
            Turn::End(outcome) => outcome,
            Turn::Next(..) => panic!("one request is all it takes"),
        }
    }

    pub fn polled(&self, kind: Kind, ids: &[&str], status: u16, body: &str) -> Result<Vec<PollOutcome>, Failure> {
        let operations: Vec<Operation> = ids.iter().map(|id| operation(id)).collect();
        let items: Vec<PollItem<'_>> = operations.iter().map(|operation| PollItem { operation, kind }).collect();
        match DIALECT.read_poll(self.account(), &items, &Value::Null, &response(status, body))? {
            Turn::End(outcomes) => Ok(outcomes),
            Turn::Next(..) => panic!("one action takes one request"),
        }
    }

    /// The one outcome of a poll of task `7` that answers this task.
    pub fn told(&self, kind: Kind, task: &str) -> PollOutcome {
        let body = format!(r#"{{"code":"success","message":"","data":[{task}]}}"#);
        let mut outcomes = self.polled(kind, &["7"], 200, &body).expect("the answer can be read");
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }
}

pub fn operation(id: &str) -> Operation {
    Operation { id: id.into(), memo: Value::Null }
}

pub fn described(prompt: &str) -> Spec {
    Spec { prompt: prompt.into(), song: Some(Box::default()), ..Spec::new(Kind::Music) }
}

pub fn sung(song: Song) -> Spec {
    Spec { song: Some(Box::new(song)), ..Spec::new(Kind::Music) }
}

pub fn sound() -> Input {
    Input { role: "reference_audio".into(), data: InputData::Url("https://example.com/melody.mp3".into()) }
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
        Target::FromAnswer(url) | Target::Configured(url) => panic!("not of the channel: {url}"),
    }
}

/// The body, with `<link n>` where the n-th input's link goes.
pub fn text(request: &Request) -> String {
    let written = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => str::from_utf8(bytes).expect("JSON is UTF-8").to_owned(),
        Piece::Input { position, encoding: Encoding::Link } => format!("<link {position}>"),
        Piece::Input { encoding, .. } => panic!("sounds go up as links, not {encoding:?}"),
    };
    request.body.iter().map(written).collect()
}
