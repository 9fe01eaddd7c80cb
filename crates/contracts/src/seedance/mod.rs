//! The Seedance contract, `/volc/v1/contents/generations/tasks` (`contract/seedance.md`), and the
//! Volcengine one on the same routes (`contract/volcengine.md`): a submission whose `content` is an array
//! is answered in the first shape, one whose `content` is an object in the second
//! (`contract/DECISIONS.md`, `/volc/v1/contents/generations/tasks`).

mod answers;
mod checks;
mod commands;
mod content;
mod doc;
mod follow;
mod made;
mod query;
mod read;
mod routes;
mod schema;
mod settings;
mod show;
mod volcengine;
mod words;

pub use content::{ITEMS_MAX, TEXT_MAX_CHARS};
pub use query::{PAGE_SIZE_MAX, REACH_MAX};

use crate::family::{Answer, Family, Input, Order, Page, PageEnd, QueuePosition, Route, RouteDoc, View};
use crate::problem::Problem;
use crate::{errors, video};
use serde_json::{Value, json};
use task::{Shown, Task};

/// The family's name, and what its tasks carry.
const NAME: &str = "seedance";

/// The action of a task whose `content` was an array.
pub const GENERATE: &str = "generate";

/// The action of a task whose `content` was an object: it is fetched in the Volcengine shape.
pub const VOLCENGINE: &str = "volcengine";

/// The family.
#[derive(Debug, Clone, Copy)]
pub struct Seedance;

impl Family for Seedance {
    fn name(&self) -> &'static str {
        NAME
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn read(&self, input: &Input<'_>) -> Result<Order, Problem> {
        read::order(input)
    }

    fn follow(&self, order: Order, parent: Option<&Task>) -> Result<Order, Problem> {
        follow::complete(order, parent.filter(|task| self.serves(&task.family)))
    }

    fn accepted(&self, task: &Task, _position: QueuePosition) -> Answer {
        answers::accepted(task)
    }

    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        Ok(vec![input.path("id").unwrap_or_default().to_owned()])
    }

    fn page(&self, input: &Input<'_>) -> Result<Page, Problem> {
        query::page(input)
    }

    fn show(&self, view: &View<'_>) -> Value {
        if view.task.action == VOLCENGINE { volcengine::show(view) } else { show::task(view) }
    }

    /// All items in one shape, whatever their own: it is a list of this contract's tasks.
    fn list(&self, views: &[View<'_>], end: PageEnd) -> Value {
        let items: Vec<Value> = views.iter().map(show::task).collect();
        json!({ "total": end.total.unwrap_or(0), "items": items })
    }

    fn cancelled(&self, _view: &View<'_>) -> Answer {
        Answer::ok(json!({}))
    }

    fn callback_word(&self, shown: Shown) -> &'static str {
        video::callback_word(shown)
    }

    fn callback(&self, view: &View<'_>) -> Value {
        video::callback(view)
    }

    fn error(&self, problem: &Problem, request_id: &str) -> (u16, Value) {
        (problem.status, errors::task_family_body(problem, request_id))
    }

    fn doc(&self, route: &Route) -> RouteDoc {
        doc::of(route)
    }
}
