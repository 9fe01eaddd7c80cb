//! A task in whatever state, and requests on whatever route.

use contracts::{Body, Family, Input, Order, Problem, Route, View};
use http::HeaderMap;
use serde_json::Value;
use task::clock::SeededEntropy;
use task::{
    Artifact, Button, Details, Failure, FailureKind, Kind, Phase, Role, Shown, Spec, State, Task, TaskId, TokenId,
};

/// 2024-02-28, 12:30:56 UTC.
pub const CREATED_MS: i64 = 1_709_123_456_000;
pub const STARTED_MS: i64 = CREATED_MS + 1_000;
pub const FINISHED_MS: i64 = CREATED_MS + 64_000;

/// The same number gives the same id.
pub fn id(number: u64) -> TaskId {
    TaskId::new(CREATED_MS, &SeededEntropy::new(number))
}

/// An imagine in this state, as the ledger would hold it.
pub fn task(state: State) -> Task {
    let mut spec = Spec::new(Kind::Image);
    spec.prompt = "a beautiful sunset over the ocean --ar 16:9 --v 6".into();
    let begun = !matches!(state, State::Queued | State::Submitting | State::Uncertain);
    let over = state.is_terminal();
    let succeeded = state == State::Succeeded;
    Task {
        id: id(1),
        version: 3,
        token: TokenId::new(CREATED_MS, &SeededEntropy::new(9)),
        family: "midjourney".into(),
        action: "IMAGINE".into(),
        model: "mj_imagine".into(),
        spec,
        state,
        shown: Shown::of(state),
        phase: Phase::Working,
        progress: match state {
            State::Queued => 0,
            State::Submitting | State::Uncertain => 10,
            State::Succeeded | State::Failed | State::Cancelled => 100,
            _ => 65,
        },
        channel: "one".into(),
        upstream_model: "mj_imagine".into(),
        attempt: None,
        attempts: 1,
        client: None,
        operation: None,
        details: Details::default(),
        outputs: Vec::new(),
        artifacts: if succeeded { vec![artifact(0, Role::Image, "png")] } else { Vec::new() },
        failure: (state == State::Failed)
            .then(|| Failure::never(FailureKind::Upstream, "the vendor gave up", "key 7 of rack 3")),
        warnings: Vec::new(),
        child: None,
        retry_of: None,
        callback_url: None,
        external_id: None,
        due_ms: None,
        lease_until_ms: None,
        deadline_ms: CREATED_MS + 3_600_000,
        missing_ms: None,
        created_ms: CREATED_MS,
        started_ms: begun.then_some(STARTED_MS),
        finished_ms: over.then_some(FINISHED_MS),
        answered_ms: succeeded.then_some(FINISHED_MS),
        shown_ms: FINISHED_MS,
        updated_ms: FINISHED_MS,
        reserved: if over { 0 } else { 50 },
        charged: if succeeded { 50 } else { 0 },
        hidden: false,
        trace: None,
    }
}

/// A succeeded grid with its buttons.
pub fn grid() -> Task {
    let mut task = task(State::Succeeded);
    task.details.buttons = grid_buttons();
    task
}

/// U1–U4, V1–V4 and reroll as upstream sends them.
pub fn grid_buttons() -> Vec<Button> {
    let button = |custom_id: String, emoji: &str, label: String| Button {
        custom_id,
        emoji: emoji.into(),
        label,
        style: 2,
        kind: 2,
    };
    let mut buttons = Vec::new();
    for index in 1..=4 {
        buttons.push(button(format!("MJ::JOB::upsample::{index}::abc123"), "", format!("U{index}")));
    }
    buttons.push(button("MJ::JOB::reroll::0::abc123::SOLO".into(), "🔄", String::new()));
    for index in 1..=4 {
        buttons.push(button(format!("MJ::JOB::variation::{index}::abc123"), "", format!("V{index}")));
    }
    buttons
}

pub fn artifact(position: i64, role: Role, extension: &str) -> Artifact {
    Artifact {
        position,
        role,
        piece: 0,
        key: format!("task-artifacts/2024/02/28/midjourney/IMAGINE/{}-{position}.{extension}", id(1)),
        content_type: format!("image/{extension}"),
        bytes: 1_234,
        sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
        width: Some(2048),
        height: Some(1024),
        duration_ms: None,
        late: false,
    }
}

pub fn link(key: &str) -> String {
    format!("https://media.test/{key}")
}

pub fn view(task: &Task) -> View<'_> {
    View { task, child: None, link: &link, now_ms: FINISHED_MS, retention_ms: None }
}

pub fn view_with_child<'a>(task: &'a Task, child: &'a Task) -> View<'a> {
    View { child: Some(child), ..view(task) }
}

/// The route at this path.
pub fn route(family: &dyn Family, path: &str) -> Route {
    family.routes().into_iter().find(|route| route.path == path).unwrap_or_else(|| panic!("no route {path}"))
}

/// A request that asks for something of the family.
pub struct Request {
    pub route: Route,
    pub path: Vec<(String, String)>,
    pub query: Vec<(String, String)>,
    pub headers: HeaderMap,
    pub body: Body,
}

impl Request {
    pub fn new(route: Route) -> Self {
        Self { route, path: Vec::new(), query: Vec::new(), headers: HeaderMap::new(), body: Body::Empty }
    }

    pub fn at(family: &dyn Family, path: &str) -> Self {
        Self::new(route(family, path))
    }

    pub fn json(mut self, body: Value) -> Self {
        self.body = Body::Json(body);
        self
    }

    pub fn id(mut self, id: &str) -> Self {
        self.path.push(("id".into(), id.into()));
        self
    }

    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query.push((name.into(), value.into()));
        self
    }

    pub fn input(&self) -> Input<'_> {
        Input { route: &self.route, path: &self.path, query: &self.query, headers: &self.headers, body: &self.body }
    }
}

/// Reads a submission.
pub fn read(family: &dyn Family, path: &str, body: Value) -> Result<Order, Problem> {
    family.read(&Request::at(family, path).json(body).input())
}
