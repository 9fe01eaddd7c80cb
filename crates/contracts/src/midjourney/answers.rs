//! Answers that are no task objects: `{code, description, result, properties}`, and errors.

use super::{actions, follow, show};
use crate::errors::error_object;
use crate::family::{Answer, LookupResult, QueuePosition};
use crate::problem::Problem;
use serde_json::{Value, json};
use task::{Kind, State, Task};

/// The problem code of the operator's banned-word list; the only one that answers code 24.
pub const BANNED_WORD: &str = "banned_word";

/// The fixed text of code 1 (`contract/midjourney.md`).
const SUBMITTED: &str = "Submitted successfully";

fn answer(code: i64, description: impl Into<String>, result: Value, properties: Value) -> Answer {
    Answer::ok(json!({
        "code": code,
        "description": description.into(),
        "result": result,
        "properties": properties,
    }))
}

/// 21 for a button that opens a dialogue, 22 when tasks stand ahead on every channel, else 1
/// (`contract/DECISIONS.md`, submit answer and modal).
pub(super) fn accepted(task: &Task, position: QueuePosition) -> Answer {
    let id = json!(task.id);
    let asks = task.spec.kind == Kind::FollowUp && task.spec.button.as_deref().is_some_and(actions::asks_for_modal);
    if asks {
        return answer(21, "Waiting for window confirm", id, status_of(task));
    }
    if position.ahead > 0 {
        let description = format!("In queue, {} tasks ahead", position.ahead);
        return answer(22, description, id, json!({ "numberOfQueues": position.ahead }));
    }
    answer(1, SUBMITTED, id, json!({}))
}

/// 21 with the first answer's id: a modal has one answer.
pub(super) fn existing(first: &Task) -> Answer {
    answer(21, "Task already exists", json!(first.id), status_of(first))
}

fn status_of(task: &Task) -> Value {
    json!({ "status": show::word(task.shown), "imageUrl": "" })
}

/// The answer to cancel.
pub(super) fn cancelled(task: &Task) -> Answer {
    answer(1, "Success", json!(task.id), json!({}))
}

/// The answer to `upload-discord-images`.
pub(super) fn uploaded(urls: &[String]) -> Answer {
    answer(1, "Success", json!(urls), json!({}))
}

/// The seed if it is known; 400 unless the task has succeeded; 404 for words without a picture.
pub(super) fn known_seed(task: &Task) -> Result<Option<String>, Problem> {
    if task.state != State::Succeeded {
        return Err(follow::not_success(task));
    }
    if matches!(task.spec.kind, Kind::Describe | Kind::Shorten) {
        return Err(no_seed());
    }
    Ok(task.details.seed.clone())
}

/// The answer to `image-seed` once upstream has been asked.
pub(super) fn seed(result: &LookupResult) -> Result<Answer, Problem> {
    match result {
        LookupResult::Found(seed) => Ok(answer(1, "Success", json!(seed), json!({}))),
        LookupResult::None => Err(no_seed()),
        LookupResult::Failed(reason) => Err(Problem::upstream(reason.clone())),
    }
}

fn no_seed() -> Problem {
    Problem::not_found("seed_not_found", "this task has no image seed")
}

/// An error: the family's own `code`, the common `error` object, and everything that a submit answer has.
pub(super) fn error(problem: &Problem, request_id: &str) -> (u16, Value) {
    // `contract/DECISIONS.md`, missing task: these are the words on `/mj/*`.
    let missing = problem.code == "task_not_exist";
    let problem = if missing { &Problem { message: "task not found".to_owned(), ..problem.clone() } } else { problem };
    let body = json!({
        "code": code_of(problem),
        "description": problem.message,
        "result": null,
        "properties": {},
        "type": "upstream_error",
        "error": error_object(problem, request_id),
    });
    (problem.status, body)
}

fn code_of(problem: &Problem) -> i64 {
    match problem.status {
        _ if problem.code == BANNED_WORD => 24,
        404 => 3,
        429 => 23,
        500.. => 9,
        _ => 4,
    }
}
