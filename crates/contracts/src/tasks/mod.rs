//! The neutral contract, `/v1/tasks`: any task of any family, in one shape (`contract/DECISIONS.md`,
//! listing by API key, and neutral shape). It opens no tasks. Strict where the vendor-shaped
//! families are tolerant: what it does not know, it refuses.

mod doc;
mod query;
mod routes;
mod show;

use crate::errors::task_family_body;
use crate::family::{Answer, Family, Input, LookupResult, Order, Page, QueuePosition, Route, RouteDoc, View};
use crate::problem::Problem;
use serde_json::Value;
use task::{Kind, Shown, Task};

/// The family.
#[derive(Debug, Clone, Copy)]
pub struct Tasks;

/// A call that none of this family's routes leads to.
fn no_such_call() -> Problem {
    Problem::no_route("/v1/tasks")
}

impl Family for Tasks {
    fn name(&self) -> &'static str {
        "tasks"
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn models(&self) -> &'static [(&'static str, Kind)] {
        &[]
    }

    fn serves(&self, _family: &str) -> bool {
        true
    }

    fn read(&self, _input: &Input<'_>) -> Result<Order, Problem> {
        Err(no_such_call())
    }

    fn follow(&self, _order: Order, _parent: Option<&Task>) -> Result<Order, Problem> {
        Err(no_such_call())
    }

    fn accepted(&self, task: &Task, _position: QueuePosition) -> Answer {
        Answer::ok(show::plain(task))
    }

    fn existing(&self, first: &Task) -> Answer {
        Answer::ok(show::plain(first))
    }

    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        query::ids(input)
    }

    fn page(&self, input: &Input<'_>) -> Result<Page, Problem> {
        query::page(input)
    }

    fn uploads(&self, _input: &Input<'_>) -> Result<Vec<String>, Problem> {
        Err(no_such_call())
    }

    fn show(&self, view: &View<'_>) -> Value {
        show::task(view)
    }

    fn show_many(&self, views: &[View<'_>]) -> Value {
        show::list(views, false)
    }

    fn list(&self, views: &[View<'_>], has_more: bool) -> Value {
        show::list(views, has_more)
    }

    fn cancelled(&self, view: &View<'_>) -> Answer {
        Answer::ok(show::task(view))
    }

    fn uploaded(&self, urls: &[String]) -> Answer {
        Answer::ok(Value::from(urls))
    }

    fn known(&self, _task: &Task) -> Result<Option<String>, Problem> {
        Err(no_such_call())
    }

    fn looked_up(&self, _task: &Task, _result: &LookupResult) -> Result<Answer, Problem> {
        Err(no_such_call())
    }

    fn callback_word(&self, shown: Shown) -> &'static str {
        show::word(shown)
    }

    fn callback(&self, view: &View<'_>) -> Value {
        show::task(view)
    }

    fn error(&self, problem: &Problem, request_id: &str) -> (u16, Value) {
        (problem.status, task_family_body(problem, request_id))
    }

    fn doc(&self, route: &Route) -> RouteDoc {
        doc::of(route)
    }
}
