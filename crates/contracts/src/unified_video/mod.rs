//! The unified film contract: `/v1/video/create`, `/v1/video/query`, and the alias pair
//! `/v1/video/generations` (`contract/unified-video.md`, `contract/video-generations-alias.md`,
//! `contract/veo.md`, `contract/sora.md`). Which channel makes a model is the catalogue's and the
//! operator's word.

mod doc;
mod show;

use crate::errors::task_family_body;
use crate::family::{Answer, Call, Family, Input, Order, QueuePosition, Route, RouteDoc, View};
use crate::problem::Problem;
use crate::{film_order, video};
use http::Method;
use serde_json::{Value, json};
use task::{Shown, Task};

/// The family.
#[derive(Debug, Clone, Copy)]
pub struct UnifiedVideo;

impl Family for UnifiedVideo {
    fn name(&self) -> &'static str {
        "unified_video"
    }

    fn routes(&self) -> Vec<Route> {
        routes()
    }

    fn serves(&self, family: &str) -> bool {
        matches!(family, "unified_video" | "openai_video")
    }

    fn read(&self, input: &Input<'_>) -> Result<Order, Problem> {
        film_order::read(input.body, None)
    }

    fn accepted(&self, task: &Task, _position: QueuePosition) -> Answer {
        Answer::ok(show::bare(task))
    }

    fn ids(&self, input: &Input<'_>) -> Result<Vec<String>, Problem> {
        if let Some(id) = input.path("id") {
            return Ok(vec![id.to_owned()]);
        }
        let given = |name: &str| input.query(name).filter(|text| !text.is_empty());
        match (given("id"), given("task_id")) {
            (Some(id), Some(task_id)) if id != task_id => {
                Err(Problem::invalid("task_id", "id and task_id name two different tasks; one of them is enough"))
            }
            (Some(id), _) | (None, Some(id)) => Ok(vec![id.to_owned()]),
            (None, None) => Err(Problem::invalid("id", "id (or task_id) is required: the id of a task")),
        }
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

fn routes() -> Vec<Route> {
    let create = |path: &str, name, summary| Route {
        method: Method::POST,
        path: path.to_owned(),
        call: Call::Submit,
        name,
        summary,
        open: false,
        example: json!({
            "model": "veo-3.1",
            "prompt": "A golden retriever running on the beach, slow motion, cinematic quality",
            "aspect_ratio": "16:9",
        }),
        schema: film_order::schema(true),
    };
    let query = |path: &str, name, summary| Route {
        method: Method::GET,
        path: path.to_owned(),
        call: Call::Show,
        name,
        summary,
        open: false,
        example: Value::Null,
        schema: Value::Null,
    };
    vec![
        create("/v1/video/create", "create", "Makes a film with any model. Takes JSON or a form."),
        query("/v1/video/query", "query", "Shows the film's task that id or task_id names."),
        create("/v1/video/generations", "generations", "The same as /v1/video/create, under another path."),
        query("/v1/video/generations/{id}", "generation", "Shows a film's task."),
    ]
}
