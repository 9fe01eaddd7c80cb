//! The neutral contract, `/v1/tasks`: any task of any family, in one shape (`contract/DECISIONS.md`,
//! listing by API key, and neutral shape). It opens no tasks. Strict where the vendor-shaped
//! families are tolerant: what it does not know, it refuses.

mod doc;
mod query;
mod routes;
mod show;

use crate::errors::task_family_body;
use crate::family::{Answer, Family, Input, Page, PageEnd, QueuePosition, Route, RouteDoc, View};
use crate::problem::Problem;
use serde_json::Value;
use task::{Shown, Task};

/// The family.
#[derive(Debug, Clone, Copy)]
pub struct Tasks;

impl Family for Tasks {
    fn name(&self) -> &'static str {
        "tasks"
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn serves(&self, _family: &str) -> bool {
        true
    }

    fn accepted(&self, task: &Task, _position: QueuePosition) -> Answer {
        Answer::ok(show::plain(task))
    }

    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        query::ids(input)
    }

    fn page(&self, input: &Input<'_>) -> Result<Page, Problem> {
        query::page(input)
    }

    fn show(&self, view: &View<'_>) -> Value {
        show::task(view)
    }

    fn list(&self, views: &[View<'_>], end: PageEnd) -> Value {
        show::list(views, end.has_more)
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
