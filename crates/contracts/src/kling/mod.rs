//! The Kling contract, `/kling/v1/*` (`contract/kling.md`): films, pictures and try-on, all of them tasks.

mod doc;
mod pictures;
mod read;
mod routes;
mod schema;
mod shots;
mod show;
mod values;
mod way;

pub use read::{BAG_MAX_BYTES, EXTERNAL_ID_MAX_CHARS, PROMPT_MAX_CHARS};

use crate::errors::task_family_body;
use crate::family::{Answer, Family, Input, Order, QueuePosition, Route, RouteDoc, View};
use crate::problem::Problem;
use crate::video;
use serde_json::Value;
use task::{Shown, Task};

/// The family.
#[derive(Debug, Clone, Copy)]
pub struct Kling;

impl Family for Kling {
    fn name(&self) -> &'static str {
        "kling"
    }

    fn routes(&self) -> Vec<Route> {
        routes::all()
    }

    fn takes_external_ids(&self) -> bool {
        true
    }

    fn read(&self, input: &Input<'_>) -> Result<Order, Problem> {
        read::order(input)
    }

    fn accepted(&self, task: &Task, _position: QueuePosition) -> Answer {
        Answer::ok(show::accepted(task))
    }

    /// Any path serves any of the family's tasks, so the path tells nothing but the id.
    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        Ok(vec![input.path("id").unwrap_or_default().to_owned()])
    }

    fn show(&self, view: &View<'_>) -> Value {
        show::task(view)
    }

    fn callback_word(&self, shown: Shown) -> &'static str {
        video::callback_word(shown)
    }

    fn callback(&self, view: &View<'_>) -> Value {
        video::callback(view)
    }

    fn error(&self, problem: &Problem, request_id: &str) -> (u16, Value) {
        (problem.status, task_family_body(problem, request_id))
    }

    fn doc(&self, route: &Route) -> RouteDoc {
        doc::of(route)
    }
}
