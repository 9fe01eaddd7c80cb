//! Stopping a task (section 5). Only a waiting one stops; a running one is refused. One that has just ended
//! would lose its record and its film at the vendor, hence `Capabilities::stops_waiting_only`.

use super::{errors, task_path};
use crate::dialect::{Account, CancelOutcome};
use crate::http_call::{bearer, plain};
use crate::wire::{Request, Response};
use http::Method;
use task::{Failure, Operation};

/// Asks to stop it.
pub(super) fn request(account: Account<'_>, operation: &Operation) -> Request {
    plain(Method::DELETE, task_path(&operation.id), bearer(account.key))
}

/// Reads the answer. What exactly a running task is refused with is not published (section 12), so any
/// refusal that does not speak of the key or the pace is one.
pub(super) fn read(response: &Response) -> Result<CancelOutcome, Failure> {
    match response.status {
        200..300 => Ok(CancelOutcome::Stopped),
        400 | 404 | 405 | 409 | 410 | 422 => {
            Ok(CancelOutcome::TooLate("the upstream stops a task only as long as it waits in its queue".to_owned()))
        }
        _ => Err(errors::of_response(response)),
    }
}
