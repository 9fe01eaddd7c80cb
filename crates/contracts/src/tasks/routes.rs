//! The routes of `/v1/tasks` (`contract/DECISIONS.md`, listing by API key).

use crate::family::{Call, Route};
use http::Method;
use serde_json::Value;

pub(super) fn all() -> Vec<Route> {
    let route = |method, path: &str, call, name, summary| Route {
        method,
        path: path.to_owned(),
        call,
        name,
        summary,
        open: false,
        example: Value::Null,
        schema: Value::Null,
    };
    vec![
        route(Method::GET, "/v1/tasks", Call::List, "list", "Lists the tasks of this key, newest first."),
        route(Method::GET, "/v1/tasks/{id}", Call::Show, "show", "Shows a task of any family in one neutral shape."),
        route(Method::POST, "/v1/tasks/{id}/cancel", Call::Cancel, "cancel", "Stops a task that has not ended."),
        route(
            Method::GET,
            "/v1/tasks/{id}/events",
            Call::Events,
            "events",
            "Tells of a task's changes as server-sent events, its present state first, until it ends.",
        ),
    ]
}
