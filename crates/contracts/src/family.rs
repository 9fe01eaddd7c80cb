//! The seam: what every public contract is asked, and what it may answer.
//!
//! `front` has one handler for each [`Call`]; a family only reads and writes. Input is neutral, so
//! that no family sees the web framework.

use crate::problem::Problem;
use http::{HeaderMap, Method};
use serde_json::Value;
use task::{Shown, Spec, State, Task};

/// What a route does; `front` has one handler for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// Opens a task.
    Submit,
    /// Shows one task.
    Show,
    /// Shows the tasks that the request names.
    ShowMany,
    /// Lists the caller's tasks, newest first.
    List,
    /// Stops a task.
    Cancel,
    /// Stops or hides a task.
    Delete,
    /// Answers an artifact's bytes.
    Content,
    /// Takes files in and answers their URLs at once.
    Upload,
    /// Asks upstream about a finished task (its seed).
    Lookup,
    /// Tells of a task's changes as server-sent events.
    Events,
}

/// One public route.
#[derive(Debug, Clone)]
pub struct Route {
    /// Method.
    pub method: Method,
    /// Path with `{name}` for a parameter.
    pub path: String,
    /// What it does.
    pub call: Call,
    /// The family's own name for it, by which it tells its routes apart (`imagine`).
    pub name: &'static str,
    /// A sentence for the API page.
    pub summary: &'static str,
    /// Whether it answers without a key (pictures in `<img>`).
    pub open: bool,
    /// A request body that works as it stands, for the API page; null when it takes none.
    pub example: Value,
    /// JSON Schema of the request body; null when it takes none.
    pub schema: Value,
}

/// A file in a multipart body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Field name.
    pub field: String,
    /// File name, as given.
    pub file_name: Option<String>,
    /// Type, as given; not to be trusted.
    pub content_type: Option<String>,
    /// Bytes.
    pub bytes: bytes::Bytes,
}

/// A request's body, parsed.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// None.
    Empty,
    /// JSON of any kind, within the depth limit.
    Json(Value),
    /// A multipart form: text fields in order, then files.
    Form(Vec<(String, String)>, Vec<Upload>),
}

/// A request, as a family sees it.
#[derive(Debug)]
pub struct Input<'a> {
    /// The route that matched.
    pub route: &'a Route,
    /// Path parameters, decoded.
    pub path: &'a [(String, String)],
    /// Query parameters, decoded, in order.
    pub query: &'a [(String, String)],
    /// Headers; the credential is not among them.
    pub headers: &'a HeaderMap,
    /// Body.
    pub body: &'a Body,
}

impl Input<'_> {
    /// A path parameter.
    pub fn path(&self, name: &str) -> Option<&str> {
        self.path.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The first query parameter of this name.
    pub fn query(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }
}

/// A submission, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// What is asked for. With `spec.parent`, front loads that task and calls [`Family::follow`].
    pub spec: Spec,
    /// The family's word for it.
    pub action: String,
    /// Public model name, for routing, limits and price.
    pub model: String,
    /// Where to call back to; only its form has been checked.
    pub callback_url: Option<String>,
    /// The caller's own text.
    pub external_id: Option<String>,
    /// At most one such task may exist for the parent (a modal's answer): the second caller gets the first.
    pub only_child: bool,
}

/// How busy the channels that could take a task are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueuePosition {
    /// Tasks that stand ahead on the least busy of them; 0 when it starts at once.
    pub ahead: i64,
}

/// A task with everything that is needed to show it.
#[derive(Clone, Copy)]
pub struct View<'a> {
    /// The task.
    pub task: &'a Task,
    /// The task that took its operation over, when it was handed over.
    pub child: Option<&'a Task>,
    /// Turns a store key into a link that callers may use.
    pub link: &'a dyn Fn(&str) -> String,
    /// The time, for families that let progress rise by the clock.
    pub now_ms: i64,
}

impl View<'_> {
    /// The task whose status and results callers see: the child that took the operation over, once
    /// it runs; before that, and for every other task, the task itself (`contract/DECISIONS.md`, modal).
    pub fn face(&self) -> &Task {
        let runs = |child: &&Task| self.task.state == State::HandedOver && child.shown >= Shown::InProgress;
        self.child.filter(runs).unwrap_or(self.task)
    }
}

/// What is answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body; `None` for an empty one.
    pub body: Option<Value>,
}

impl Answer {
    /// 200 with a body.
    pub fn ok(body: Value) -> Self {
        Self { status: 200, body: Some(body) }
    }
}

/// Which tasks a list asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// Only this public state.
    pub shown: Option<Shown>,
    /// With `shown`: this state too, where one public word stands for both.
    pub also_shown: Option<Shown>,
    /// Only this family.
    pub family: Option<String>,
    /// Only this model.
    pub model: Option<String>,
    /// Only tasks older than this one.
    pub after: Option<String>,
    /// At most so many, 1 to 100.
    pub limit: usize,
}

/// What upstream answered to a look-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupResult {
    /// This.
    Found(String),
    /// It has none.
    None,
    /// It could not be asked, or failed; public reason.
    Failed(String),
}

/// A query parameter, for the API page.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Name.
    pub name: &'static str,
    /// A sentence.
    pub summary: &'static str,
    /// JSON Schema.
    pub schema: Value,
}

/// What the API page says of a route beside its request body.
#[derive(Debug, Clone, Default)]
pub struct RouteDoc {
    /// Query parameters.
    pub query: Vec<Parameter>,
    /// JSON Schema of the answer that goes with status 200 (of one event, for a stream); null when
    /// the answer is no JSON.
    pub answer: Value,
    /// An answer; null when none is shown.
    pub answer_example: Value,
    /// JSON Schema of an error.
    pub error: Value,
}

/// A public contract.
pub trait Family: Send + Sync {
    /// The name, also the folder's.
    fn name(&self) -> &'static str;

    /// Every route.
    fn routes(&self) -> Vec<Route>;

    /// Every public model name, with the kind of work that it stands for.
    fn models(&self) -> &'static [(&'static str, task::Kind)];

    /// Whether this family's routes may show a task of that family.
    fn serves(&self, family: &str) -> bool {
        family == self.name()
    }

    /// Reads a submission. Nothing is decoded, fetched or resolved: only counts, lengths and forms.
    fn read(&self, input: &Input<'_>) -> Result<Order, Problem>;

    /// Completes a follow-up from its parent (`None`: missing, or another tenant's). When the order
    /// that comes back names another parent (the child that took this one over), front loads that
    /// one and asks again.
    fn follow(&self, order: Order, parent: Option<&Task>) -> Result<Order, Problem>;

    /// The answer to a submission, once it is safely on disk.
    fn accepted(&self, task: &Task, position: QueuePosition) -> Answer;

    /// The answer when `first` already is the one child that the parent may have.
    fn existing(&self, first: &Task) -> Answer;

    /// The ids that a Show, ShowMany, Cancel, Delete, Content, Lookup or Events request names, in the
    /// order asked. Text that is no id is kept: it is a missing task, not a bad request.
    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem>;

    /// The page that a List request asks for.
    fn page(&self, input: &Input<'_>) -> Result<Page, Problem>;

    /// The files of an Upload request, as the caller gave them (base64 or `data:` text).
    fn uploads(&self, input: &Input<'_>) -> Result<Vec<String>, Problem>;

    /// Shows one task.
    fn show(&self, view: &View<'_>) -> Value;

    /// Shows the tasks that were asked for by id.
    fn show_many(&self, views: &[View<'_>]) -> Value;

    /// Shows a page of a list.
    fn list(&self, views: &[View<'_>], has_more: bool) -> Value;

    /// The answer to Cancel.
    fn cancelled(&self, view: &View<'_>) -> Answer;

    /// The answer to Upload.
    fn uploaded(&self, urls: &[String]) -> Answer;

    /// Whether a look-up makes sense on this task, and if so what is known already.
    fn known(&self, task: &Task) -> Result<Option<String>, Problem>;

    /// The answer to Lookup.
    fn looked_up(&self, task: &Task, result: &LookupResult) -> Result<Answer, Problem>;

    /// The callback shape's word for a public state. A callback is due when it changes.
    fn callback_word(&self, shown: Shown) -> &'static str;

    /// The callback's body.
    fn callback(&self, view: &View<'_>) -> Value;

    /// An error in this family's shape: HTTP status and body.
    fn error(&self, problem: &Problem, request_id: &str) -> (u16, Value);

    /// What the API page says of one of this family's routes.
    fn doc(&self, route: &Route) -> RouteDoc {
        let _ = route;
        RouteDoc::default()
    }
}
