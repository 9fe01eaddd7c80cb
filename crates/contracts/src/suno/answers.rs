//! Answers that are no task: to a submission, and errors.

use crate::errors::task_family_body;
use crate::family::Answer;
use crate::problem::Problem;
use serde_json::{Value, json};
use task::Task;

/// The fixed text of code 1 (`contract/suno.md`).
pub(super) const SUBMITTED: &str = "Submitted successfully";

/// `code` is the number 1 on every success, and a string on errors (`contract/DECISIONS.md`, Suno: fetch
/// by state).
pub(super) fn accepted(task: &Task) -> Answer {
    Answer::ok(json!({ "code": 1, "description": SUBMITTED, "result": task.id }))
}

/// An error in the shape of all task families.
pub(super) fn error(problem: &Problem, request_id: &str) -> (u16, Value) {
    (problem.status, task_family_body(problem, request_id))
}
