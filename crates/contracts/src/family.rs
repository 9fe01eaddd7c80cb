//! The seam: what every public contract is asked, and what it may answer.
//!
//! `front` has one handler for each [`Call`]; a family only reads and writes. Input is neutral, so
//! that no family sees the web framework.

use crate::problem::Problem;
use http::{HeaderMap, Method};
use serde_json::Value;
use task::{Artifact, Role, Shown, Spec, State, Task};

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
    /// Lists the models that the caller may use, or shows one.
    Models,
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

/// A submission, read. [`Order::new`] has what every one needs.
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
    /// The vendor's id of a clip that it goes on from. When it is one of the caller's own, front makes that
    /// clip's task the parent, so that the work goes to the same channel; any other is left alone
    /// (`contract/DECISIONS.md`, Suno: clip ids).
    pub clip: Option<String>,
}

impl Order {
    /// An order with nothing beside what is asked for.
    pub fn new(spec: Spec, action: impl Into<String>, model: impl Into<String>) -> Self {
        Self {
            spec,
            action: action.into(),
            model: model.into(),
            callback_url: None,
            external_id: None,
            only_child: false,
            clip: None,
        }
    }
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
    /// How long an ended task and its results are kept; `None` for ever.
    pub retention_ms: Option<i64>,
}

impl View<'_> {
    /// The task whose status and results callers see: the child that took the operation over, once
    /// it runs; before that, and for every other task, the task itself (`contract/DECISIONS.md`, modal).
    pub fn face(&self) -> &Task {
        let runs = |child: &&Task| self.task.state == State::HandedOver && child.shown >= Shown::InProgress;
        self.child.filter(runs).unwrap_or(self.task)
    }

    /// When the results of a task that has succeeded go, in ms since the epoch; `None` for never.
    pub fn expires_ms(&self) -> Option<i64> {
        let ended_ms = self.task.finished_ms.filter(|_| self.task.state == State::Succeeded)?;
        ended_ms.checked_add(self.retention_ms?)
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
    /// Only these public states; empty for all.
    pub shown: Vec<Shown>,
    /// Only these families; empty for all.
    pub families: Vec<String>,
    /// Only this model.
    pub model: Option<String>,
    /// Only these ids (text that is no id matches nothing); empty for all.
    pub ids: Vec<String>,
    /// Only tasks behind this one, in the order asked for.
    pub after: Option<String>,
    /// How many to leave out first, for contracts that number their pages; at most 10,000.
    pub offset: usize,
    /// Oldest first; newest first otherwise.
    pub ascending: bool,
    /// At most so many, 0 to 500.
    pub limit: usize,
    /// Whether the number of all that match is wanted too.
    pub counts: bool,
}

/// What a list has beside its tasks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PageEnd {
    /// Whether more follow.
    pub has_more: bool,
    /// How many match in all, if the page asked for that.
    pub total: Option<i64>,
}

/// The file that a Content request is answered with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Content<'a> {
    /// The file.
    pub artifact: &'a Artifact,
    /// Whether a browser is to save it instead of showing it.
    pub attachment: bool,
}

/// A model that the caller may use and that an enabled channel serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCard {
    /// Public name.
    pub name: String,
    /// Who made it.
    pub owner: String,
    /// The families whose routes take it.
    pub families: Vec<String>,
    /// Since when it is offered, s.
    pub created_s: i64,
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

    /// Every public model name that its routes take, with the kinds of work that it stands for.
    fn models(&self) -> Vec<(&'static str, task::Kind)> {
        task::catalogue::of_family(self.name())
    }

    /// Whether a caller's own id (`external_id`) may stand where a task's id is asked for; the newest
    /// task that has it is meant.
    fn takes_external_ids(&self) -> bool {
        false
    }

    /// Whether this family's routes may show a task of that family.
    fn serves(&self, family: &str) -> bool {
        family == self.name()
    }

    /// Reads a submission. Nothing is decoded, fetched or resolved: only counts, lengths and forms.
    fn read(&self, input: &Input<'_>) -> Result<Order, Problem> {
        Err(Problem::no_route(&input.route.path))
    }

    /// Completes a follow-up from its parent (`None`: missing, or another tenant's). When the order
    /// that comes back names another parent (the child that took this one over), front loads that
    /// one and asks again.
    fn follow(&self, order: Order, parent: Option<&Task>) -> Result<Order, Problem> {
        match parent {
            Some(_) => Ok(order),
            None => Err(Problem::no_task()),
        }
    }

    /// The answer to a submission, once it is safely on disk.
    fn accepted(&self, task: &Task, position: QueuePosition) -> Answer;

    /// Headers of an answer that shows this task or accepts it.
    fn headers(&self, _task: &Task) -> Vec<(&'static str, String)> {
        Vec::new()
    }

    /// The answer when `first` already is the one child that the parent may have.
    fn existing(&self, first: &Task) -> Answer {
        self.accepted(first, QueuePosition::default())
    }

    /// The ids that a Show, ShowMany, Cancel, Delete, Content, Lookup or Events request names, in the
    /// order asked. Text that is no id is kept: it is a missing task, not a bad request.
    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem>;

    /// The page that a List request asks for.
    fn page(&self, input: &Input<'_>) -> Result<Page, Problem> {
        Err(Problem::no_route(&input.route.path))
    }

    /// The files of an Upload request, as the caller gave them (base64 or `data:` text).
    fn uploads(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        Err(Problem::no_route(&input.route.path))
    }

    /// Shows one task.
    fn show(&self, view: &View<'_>) -> Value;

    /// Shows the tasks that were asked for by id.
    fn show_many(&self, views: &[View<'_>]) -> Value {
        views.iter().map(|view| self.show(view)).collect()
    }

    /// Shows a page of a list.
    fn list(&self, views: &[View<'_>], _end: PageEnd) -> Value {
        self.show_many(views)
    }

    /// The answer to Cancel.
    fn cancelled(&self, view: &View<'_>) -> Answer {
        Answer::ok(self.show(view))
    }

    /// The answer to Delete.
    fn deleted(&self, view: &View<'_>) -> Answer {
        self.cancelled(view)
    }

    /// The file that a Content request means. By default the first output that was asked for; covers
    /// and single pictures only if there is no other.
    fn content<'t>(&self, _input: &Input<'_>, task: &'t Task) -> Result<Content<'t>, Problem> {
        let missing = || Problem::not_found("content_not_ready", "the task has no file to show (yet)");
        main_output(task).map(|artifact| Content { artifact, attachment: false }).ok_or_else(missing)
    }

    /// The answer to Models: all cards, or the one that the path names.
    fn show_models(&self, input: &Input<'_>, _cards: &[ModelCard]) -> Result<Answer, Problem> {
        Err(Problem::no_route(&input.route.path))
    }

    /// The answer to Upload.
    fn uploaded(&self, urls: &[String]) -> Answer {
        Answer::ok(Value::from(urls))
    }

    /// Whether a look-up makes sense on this task, and if so what is known already.
    fn known(&self, _task: &Task) -> Result<Option<String>, Problem> {
        Err(Problem::internal())
    }

    /// The answer to Lookup.
    fn looked_up(&self, _task: &Task, _result: &LookupResult) -> Result<Answer, Problem> {
        Err(Problem::internal())
    }

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

/// The first output that was asked for; covers and single pictures only if there is no other. `None`
/// before the task has succeeded.
pub fn main_output(task: &Task) -> Option<&Artifact> {
    let wanted = |artifact: &&Artifact| matches!(artifact.role, Role::Image | Role::Video | Role::Audio);
    let known = || task.artifacts.iter().filter(|artifact| !artifact.late);
    (task.state == State::Succeeded).then(|| known().find(wanted).or_else(|| known().next())).flatten()
}
