//! The Suno contract, `/suno/*` (`contract/suno.md`).

mod answers;
mod callback;
mod clips;
mod doc;
mod read;
mod routes;
mod schema;
mod show;

pub use read::{LIST_MAX_IDS, PROMPT_MAX_CHARS};

use crate::family::{Answer, Family, Input, Order, QueuePosition, Route, RouteDoc, View};
use crate::problem::Problem;
use serde_json::Value;
use task::{Shown, Task};

/// The family.
#[derive(Debug, Clone, Copy)]
pub struct Suno;

impl Family for Suno {
    fn name(&self) -> &'static str {
        "suno"
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn read(&self, input: &Input<'_>) -> Result<Order, Problem> {
        read::order(input)
    }

    fn accepted(&self, task: &Task, _position: QueuePosition) -> Answer {
        answers::accepted(task)
    }

    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        read::ids(input)
    }

    fn show(&self, view: &View<'_>) -> Value {
        show::one(view)
    }

    fn show_many(&self, views: &[View<'_>]) -> Value {
        show::many(views)
    }

    fn callback_word(&self, shown: Shown) -> &'static str {
        show::word(shown)
    }

    fn callback(&self, view: &View<'_>) -> Value {
        callback::body(view)
    }

    fn error(&self, problem: &Problem, request_id: &str) -> (u16, Value) {
        answers::error(problem, request_id)
    }

    fn doc(&self, route: &Route) -> RouteDoc {
        doc::of(route)
    }
}
