//! A finished picture's seed (section 5).

use super::answer::Answer;
use super::errors::{self, Told};
use super::request;
use crate::dialect::Account;
use crate::wire::{Request, Response};
use task::{Failure, Operation};

/// Asks for it.
pub(super) fn request(account: Account<'_>, operation: &Operation) -> Request {
    request::get(account, request::task_path(&operation.id, "image-seed"))
}

/// The seed; `None` when the proxy has none, or does not know the task.
pub(super) fn read(response: &Response) -> Result<Option<String>, Failure> {
    let (status, answer) = (response.status, Answer::read(&response.body));
    match answer {
        Some(answer) if matches!(status, 200..300) && answer.code == 1 => Ok(answer.result),
        Some(answer) if matches!(status, 200..300 | 400 | 404) && matches!(answer.code, 3 | 4) => Ok(None),
        Some(answer) if matches!(status, 200..300) => Err(answer.failure()),
        None if matches!(status, 200..300) => {
            Err(errors::failure(Told::Nonsense { what: "the answer to a seed request could not be read" }))
        }
        _ => Err(errors::failure(Told::Status { status, headers: &response.headers })),
    }
}
