//! One submission's worth of test data, and bodies as text.

use bytes::Bytes;
use http::HeaderMap;
use providers::sunoapi_org::SunoapiOrg;
use providers::{
    Account, Dialect, Encoding, Parent, Piece, PollItem, PollOutcome, Request, Response, Submission, SubmitOutcome,
    Target, Turn,
};
use serde_json::{Map, Value};
use task::clock::SeededEntropy;
use task::{ClientId, Clip, Details, Failure, Input, InputData, Kind, Operation, Secret, Song, Spec};

pub const DIALECT: SunoapiOrg = SunoapiOrg;
pub const HOOK: &str = "https://our.test/hook/1";

/// A channel's account and what a submission needs beside the spec.
pub struct Desk {
    key: Secret,
    pub options: Map<String, Value>,
    pub upstream_model: String,
    parent: Option<(Operation, Details, Spec)>,
    pub hook_url: Option<String>,
}

impl Desk {
    /// A desk with these channel options, as JSON.
    pub fn with(options: &str) -> Self {
        let key = Secret::new("hush-77");
        Self {
            key,
            options: object(options),
            upstream_model: "music".into(),
            parent: None,
            hook_url: Some(HOOK.into()),
        }
    }

    pub fn new() -> Self {
        Self::with("{}")
    }

    /// The same desk with the finished task that made this clip.
    pub fn after(mut self, clip: Clip) -> Self {
        let details = Details { clips: vec![clip], ..Details::default() };
        self.parent = Some((operation("up-9"), details, Spec::new(Kind::Music)));
        self
    }

    pub fn account(&self) -> Account<'_> {
        let now_ms = 1_790_000_000_000;
        Account { base_url: "https://api.test", key: &self.key, access: None, options: &self.options, now_ms }
    }

    fn submission<'a>(&'a self, spec: &'a Spec) -> Submission<'a> {
        Submission {
            account: self.account(),
            spec,
            upstream_model: &self.upstream_model,
            client: ClientId::new(1, &SeededEntropy::new(11)),
            parent: self.parent.as_ref().map(|(operation, details, spec)| Parent { operation, details, spec }),
            hook_url: self.hook_url.as_deref(),
        }
    }

    pub fn submit(&self, spec: &Spec) -> Result<Request, Failure> {
        DIALECT.submit(&self.submission(spec))
    }

    /// The path and the JSON body of a submission that must work; our address is checked and taken out.
    pub fn sent(&self, spec: &Spec) -> (String, Value) {
        let request = self.submit(spec).expect("the submission can be put in this protocol");
        assert!(request.paid, "a submission is paid for");
        assert_eq!(request.method, http::Method::POST);
        assert_eq!(request.headers["authorization"], "Bearer hush-77");
        let mut body: Value = serde_json::from_str(&text(&request)).expect("the body is JSON");
        let hook = body.as_object_mut().expect("is an object").remove("callBackUrl");
        assert_eq!(hook, self.hook_url.clone().map(Value::from), "the vendor requires an address");
        (path(&request), body)
    }

    /// What is told at the door.
    pub fn warned(&self, spec: &Spec) -> Vec<String> {
        DIALECT.fit(&self.options, &self.upstream_model, spec).warnings
    }

    pub fn answered(&self, status: u16, body: &str) -> SubmitOutcome {
        self.answered_to(&described("a cat"), status, body)
    }

    pub fn answered_to(&self, spec: &Spec, status: u16, body: &str) -> SubmitOutcome {
        match DIALECT.read_submit(&self.submission(spec), &Value::Null, &response(status, body)) {
            Turn::End(outcome) => outcome,
            Turn::Next(..) => panic!("one request is all it takes"),
        }
    }

    pub fn polled(&self, kind: Kind, status: u16, body: &str) -> Result<PollOutcome, Failure> {
        let operation = operation("7");
        let items = [PollItem { operation: &operation, kind }];
        match DIALECT.read_poll(self.account(), &items, &Value::Null, &response(status, body))? {
            Turn::End(mut outcomes) => Ok(outcomes.remove(0)),
            Turn::Next(..) => panic!("one request is all it takes"),
        }
    }

    /// The outcome of a poll that answers this record.
    pub fn told(&self, kind: Kind, record: &str) -> PollOutcome {
        let body = format!(r#"{{"code":200,"msg":"success","data":{record}}}"#);
        self.polled(kind, 200, &body).expect("the answer can be read")
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

/// Words, a title and a style.
pub fn custom() -> Song {
    let text = |text: &str| Some(text.to_owned());
    Song { lyrics: text("[Verse]\nla"), title: text("La"), tags: text("pop"), ..Song::default() }
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
