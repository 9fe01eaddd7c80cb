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

pub const DIALECT: providers::ark::Ark = providers::ark::Ark;

pub const NOW_MS: i64 = 1_790_000_000_000;

/// A channel's account and what goes with a submission.
pub struct Desk {
    pub key: Secret,
    pub options: Map<String, Value>,
    pub client: ClientId,
    pub model: String,
    pub parent: Option<(Operation, Details, Spec)>,
    pub hook_url: Option<String>,
}

impl Desk {
    /// A desk whose channel makes this model.
    pub fn of(model: &str) -> Self {
        Self {
            key: Secret::new("hush-77"),
            options: Map::new(),
            client: ClientId::new(NOW_MS, &SeededEntropy::new(11)),
            model: model.into(),
            parent: None,
            hook_url: None,
        }
    }

    pub fn second() -> Self {
        Self::of("doubao-seedance-2-0-260128")
    }

    pub fn with(mut self, options: &str) -> Self {
        self.options = object(options);
        self
    }

    /// A submission that got lost, of a plain kind.
    pub fn lost(&self, submitted_ms: i64) -> Lost<'static> {
        static SPEC: LazyLock<Spec> = LazyLock::new(|| Spec::new(Kind::Video));
        Lost { client: self.client, spec: &SPEC, upstream_model: "m", submitted_ms }
    }

    pub fn account(&self) -> Account<'_> {
        Account {
            base_url: "http://ark.test/api/v3",
            key: &self.key,
            access: None,
            options: &self.options,
            now_ms: NOW_MS,
        }
    }

    fn submission<'a>(&'a self, spec: &'a Spec) -> Submission<'a> {
        Submission {
            account: self.account(),
            spec,
            upstream_model: &self.model,
            client: self.client,
            parent: self.parent.as_ref().map(|(operation, details, spec)| Parent { operation, details, spec }),
            hook_url: self.hook_url.as_deref(),
        }
    }

    pub fn submit(&self, spec: &Spec) -> Result<Request, Failure> {
        DIALECT.submit(&self.submission(spec))
    }

    /// The JSON body of a submission that must work.
    pub fn sent(&self, spec: &Spec) -> Value {
        let request = self.submit(spec).expect("the submission can be put in this protocol");
        assert!(request.paid, "a submission is paid for");
        assert_eq!((request.method.as_str(), path(&request).as_str()), ("POST", "/contents/generations/tasks"));
        let body: Value = serde_json::from_str(&text(&request)).expect("the body is JSON");
        assert_eq!(body["model"], self.model.as_str());
        body
    }

    /// The same without what every submission has: the model and our client id.
    pub fn asked(&self, spec: &Spec) -> Value {
        let mut body = self.sent(spec);
        let fields = body.as_object_mut().expect("the body is an object");
        fields.remove("model");
        assert_eq!(fields.remove("safety_identifier"), Some(Value::from(self.client.to_string())));
        body
    }

    pub fn fitted(&self, spec: &Spec) -> providers::Fit {
        DIALECT.fit(&self.options, &self.model, spec)
    }

    pub fn answered(&self, status: u16, body: &str) -> SubmitOutcome {
        self.answered_to(&prompted("a cat"), status, body)
    }

    pub fn answered_to(&self, spec: &Spec, status: u16, body: &str) -> SubmitOutcome {
        match DIALECT.read_submit(&self.submission(spec), &Value::Null, &response(status, body)) {
            Turn::End(outcome) => outcome,
            Turn::Next(..) => panic!("one request is all it takes"),
        }
    }

    pub fn polled(&self, ids: &[&str], status: u16, body: &str) -> Result<Vec<PollOutcome>, Failure> {
        let operations: Vec<Operation> = ids.iter().map(|id| operation(id)).collect();
        let items: Vec<PollItem<'_>> =
            operations.iter().map(|operation| PollItem { operation, kind: Kind::Video }).collect();
        match DIALECT.read_poll(self.account(), &items, &Value::Null, &response(status, body))? {
            Turn::End(outcomes) => Ok(outcomes),
            Turn::Next(..) => panic!("one request is all it takes"),
        }
    }

    /// The one outcome of asking for task `cgt-7` that answers `body`.
    pub fn told(&self, body: &str) -> PollOutcome {
        let mut outcomes = self.polled(&["cgt-7"], 200, body).expect("the answer can be read");
        assert_eq!(outcomes.len(), 1);
        outcomes.remove(0)
    }
}

pub fn prompted(prompt: &str) -> Spec {
    Spec { prompt: prompt.into(), ..Spec::new(Kind::Video) }
}

/// A submission in the protocol's own words.
pub fn own(fields: &str) -> Spec {
    let mut spec = prompted("a cat");
    spec.extras.insert("ark".into(), object(fields));
    spec
}

pub fn operation(id: &str) -> Operation {
    Operation { id: id.into(), memo: Value::Null }
}

pub fn stored(role: &str) -> Input {
    let data = InputData::Stored { key: "inputs/a".into(), content_type: "image/png".into(), bytes: 10 };
    Input { role: role.into(), data }
}

pub fn linked(role: &str, url: &str) -> Input {
    Input { role: role.into(), data: InputData::Url(url.into()) }
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

/// The body, with `<data uri n>` or `<link n>` where the n-th input is written in.
pub fn text(request: &Request) -> String {
    let written = |piece: &Piece| match piece {
        Piece::Bytes(bytes) => str::from_utf8(bytes).expect("JSON is UTF-8").to_owned(),
        Piece::Input { position, encoding: Encoding::DataUri } => format!("<data uri {position}>"),
        Piece::Input { position, encoding: Encoding::Link } => format!("<link {position}>"),
        Piece::Input { encoding, .. } => panic!("inputs don't go up as {encoding:?}"),
    };
    request.body.iter().map(written).collect()
}
