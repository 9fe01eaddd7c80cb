//! `GET /v1/models` and `GET /v1/models/{id}`: what the caller may use (`contract/models.md`,
//! `contract/DECISIONS.md`, models). It opens no tasks.

use crate::errors::{error_object, error_object_schema};
use crate::family::{Answer, Call, Family, Input, ModelCard, QueuePosition, Route, RouteDoc, View};
use crate::problem::Problem;
use crate::video;
use http::Method;
use serde_json::{Value, json};
use task::{Shown, Task};

/// The family.
#[derive(Debug, Clone, Copy)]
pub struct Models;

impl Family for Models {
    fn name(&self) -> &'static str {
        "models"
    }

    fn routes(&self) -> Vec<Route> {
        let route = |path: &str, name, summary| Route {
            method: Method::GET,
            path: path.to_owned(),
            call: Call::Models,
            name,
            summary,
            open: false,
            example: Value::Null,
            schema: Value::Null,
        };
        vec![
            route("/v1/models", "list", "Lists the models that this key may use, by name."),
            route("/v1/models/{*id}", "show", "Shows one model. Its name may hold slashes."),
        ]
    }

    fn serves(&self, _family: &str) -> bool {
        false
    }

    fn accepted(&self, task: &Task, _position: QueuePosition) -> Answer {
        Answer::ok(json!({ "id": task.id }))
    }

    fn ids(&self, _input: &Input<'_>) -> Result<Vec<String>, Problem> {
        Ok(Vec::new())
    }

    fn show(&self, view: &View<'_>) -> Value {
        json!({ "id": view.task.id })
    }

    fn show_models(&self, input: &Input<'_>, cards: &[ModelCard]) -> Result<Answer, Problem> {
        let Some(id) = input.path("id") else {
            let data: Vec<Value> = cards.iter().map(card).collect();
            return Ok(Answer::ok(json!({ "success": true, "object": "list", "data": data })));
        };
        let found = cards.iter().find(|card| card.name == id);
        let missing = || Problem::not_found("model_not_found", format!("model {id} does not exist")).at("model");
        found.map(|found| Answer::ok(card(found))).ok_or_else(missing)
    }

    fn callback_word(&self, shown: Shown) -> &'static str {
        video::callback_word(shown)
    }

    fn callback(&self, view: &View<'_>) -> Value {
        self.show(view)
    }

    fn error(&self, problem: &Problem, request_id: &str) -> (u16, Value) {
        (problem.status, json!({ "error": error_object(problem, request_id) }))
    }

    fn doc(&self, route: &Route) -> RouteDoc {
        let example = card(&ModelCard {
            name: "veo-3.1".to_owned(),
            owner: "google".to_owned(),
            families: vec!["unified_video".to_owned(), "openai_video".to_owned()],
            created_s: 1_709_123_456,
        });
        let (answer, answer_example) = match route.name {
            "list" => (
                json!({ "type": "object", "required": ["success", "object", "data"], "properties": {
                    "success": { "const": true }, "object": { "const": "list" },
                    "data": { "type": "array", "items": card_schema() } } }),
                json!({ "success": true, "object": "list", "data": [example] }),
            ),
            _ => (card_schema(), example),
        };
        let error =
            json!({ "type": "object", "required": ["error"], "properties": { "error": error_object_schema() } });
        RouteDoc { query: Vec::new(), answer, answer_example, error }
    }
}

fn card(card: &ModelCard) -> Value {
    json!({
        "id": card.name,
        "object": "model",
        "created": card.created_s,
        "owned_by": card.owner,
        "supported_endpoint_types": card.families,
    })
}

fn card_schema() -> Value {
    json!({
        "type": "object",
        "required": ["id", "object", "created", "owned_by", "supported_endpoint_types"],
        "properties": {
            "id": { "type": "string" },
            "object": { "const": "model" },
            "created": { "type": "integer" },
            "owned_by": { "type": "string" },
            "supported_endpoint_types": { "type": "array", "items": { "type": "string" } },
        },
    })
}
