//! A film made from an earlier draft: the item `draft_task` names a task of this contract.

use super::content::DRAFT_FIELD;
use super::words;
use crate::family::Order;
use crate::problem::Problem;
use task::{State, Task};

/// Completes an order. 404 when the draft is missing, 400 when it has not succeeded.
pub(super) fn complete(order: Order, parent: Option<&Task>) -> Result<Order, Problem> {
    if order.spec.parent.is_none() {
        return Ok(order);
    }
    let parent = parent.ok_or_else(|| Problem::no_task().at(DRAFT_FIELD))?;
    if parent.state != State::Succeeded {
        let word = words::seedance(parent.shown);
        let message = format!("task_status_not_success: the draft is {word}; it has to be completed");
        return Err(Problem::refused("task_status_not_success", message).at(DRAFT_FIELD));
    }
    Ok(order)
}
