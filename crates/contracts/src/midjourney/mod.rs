//! The Midjourney contract, `/mj/*` (`contract/midjourney.md`).

mod actions;
mod answers;
mod doc;
mod follow;
mod read;
mod routes;
mod schema;
mod show;
mod words;

pub use answers::BANNED_WORD;
pub use read::{LIST_MAX_IDS, PROMPT_MAX_CHARS, REFERENCES_MAX, STATE_MAX_CHARS, UPLOADS_MAX};

use crate::family::{Answer, Family, Input, LookupResult, Order, QueuePosition, Route, RouteDoc, View};
use crate::problem::Problem;
use serde_json::Value;
use task::{Shown, Task};

/// The family.
#[derive(Debug, Clone, Copy)]
pub struct Midjourney;

impl Family for Midjourney {
    fn name(&self) -> &'static str {
        "midjourney"
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

    fn accepted(&self, task: &Task, position: QueuePosition) -> Answer {
        answers::accepted(task, position)
    }

    fn existing(&self, first: &Task) -> Answer {
        answers::existing(first)
    }

    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        read::ids(input)
    }

    fn uploads(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        read::uploads(input)
    }

    fn show(&self, view: &View<'_>) -> Value {
        show::task(view)
    }

    fn cancelled(&self, view: &View<'_>) -> Answer {
        answers::cancelled(view.task)
    }

    fn uploaded(&self, urls: &[String]) -> Answer {
        answers::uploaded(urls)
    }

    fn known(&self, task: &Task) -> Result<Option<String>, Problem> {
        answers::known_seed(task)
    }

    fn looked_up(&self, _task: &Task, result: &LookupResult) -> Result<Answer, Problem> {
        answers::seed(result)
    }

    fn callback_word(&self, shown: Shown) -> &'static str {
        show::word(shown)
    }

    fn callback(&self, view: &View<'_>) -> Value {
        show::task(view)
    }

    fn error(&self, problem: &Problem, request_id: &str) -> (u16, Value) {
        answers::error(problem, request_id)
    }

    fn doc(&self, route: &Route) -> RouteDoc {
        doc::of(route)
    }
}
