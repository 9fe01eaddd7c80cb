//! What a follow-up takes from its parent (`contract/DECISIONS.md`, modal, and buttons and `action`).

use super::read::{BAG, INDEX};
use super::{actions, show};
use crate::family::Order;
use crate::problem::Problem;
use serde_json::Value;
use task::{Button, Kind, State, Task};

/// Completes an order; an order without a parent comes back as it is. 404 when the parent is missing,
/// 400 when it is not in the state that the follow-up needs.
pub(super) fn complete(order: Order, parent: Option<&Task>) -> Result<Order, Problem> {
    if order.spec.parent.is_none() {
        return Ok(order);
    }
    let parent = parent.ok_or_else(|| Problem::no_task().at("taskId"))?;
    if order.spec.kind == Kind::Modal { answer(order, parent) } else { press(order, parent) }
}

/// A modal's answer: possible as long as the parent has not ended otherwise; whether another answer
/// came first is not decided here.
fn answer(mut order: Order, parent: &Task) -> Result<Order, Problem> {
    if parent.is_over() && parent.state != State::HandedOver {
        let message = format!("the task is {}; only an unfinished task takes a modal", show::word(parent.shown));
        return Err(Problem::refused("task_already_finished", message).at("taskId"));
    }
    order.callback_url = order.callback_url.or_else(|| parent.callback_url.clone());
    order.external_id = order.external_id.or_else(|| parent.external_id.clone());
    inherit_prompt(&mut order, parent);
    Ok(order)
}

/// A button of a finished task.
fn press(mut order: Order, parent: &Task) -> Result<Order, Problem> {
    if let (State::HandedOver, Some(child)) = (parent.state, parent.child) {
        // Its pictures and buttons are those of the child, which has to be asked in its place.
        order.spec.parent = Some(child);
        return Ok(order);
    }
    if parent.state != State::Succeeded {
        return Err(not_success(parent).at("taskId"));
    }
    if order.spec.button.is_none() {
        let index = take_index(&mut order);
        let button = actions::find_button(&parent.details.buttons, &order.action, index);
        order.spec.button = Some(button.ok_or_else(|| no_button(&parent.details.buttons))?.custom_id.clone());
    }
    inherit_prompt(&mut order, parent);
    Ok(order)
}

fn inherit_prompt(order: &mut Order, parent: &Task) {
    if order.spec.prompt.is_empty() {
        order.spec.prompt.clone_from(&parent.spec.prompt);
    }
}

/// Which picture `change` meant; the bag goes when it held nothing else.
fn take_index(order: &mut Order) -> Option<i64> {
    let bag = order.spec.extras.get_mut(BAG)?;
    let index = bag.remove(INDEX).as_ref().and_then(Value::as_i64);
    if bag.is_empty() {
        order.spec.extras.remove(BAG);
    }
    index
}

/// 400 `task_status_not_success`, saying where the task is.
pub(super) fn not_success(task: &Task) -> Problem {
    let message = format!("task_status_not_success: the task is {}; it has to be SUCCESS", show::word(task.shown));
    Problem::refused("task_status_not_success", message)
}

fn no_button(buttons: &[Button]) -> Problem {
    let labels: Vec<&str> =
        buttons.iter().map(|button| button.label.as_str()).filter(|label| !label.is_empty()).collect();
    let offer = if labels.is_empty() { "no buttons".to_owned() } else { labels.join(", ") };
    Problem::refused("button_not_found", format!("the task offers no such button; it offers {offer}")).at("action")
}
