//! From a request to a task that may be opened: everything that can still be refused.

use crate::api::Api;
use crate::asked::Asked;
use crate::clip;
use crate::inputs;
use crate::placing::{self, Place};
use crate::submission;
use contracts::{Order, Problem, QueuePosition};
use std::sync::Arc;
use task::{Details, Task, TaskId};

/// A follow-up may be passed on to its parent's child so many times.
const PASSED_ON_MAX: usize = 4;

/// A task that is ready to be opened.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The task, as an opening takes it.
    pub task: Box<Task>,
    /// The parent that may have no other child, for a modal's answer.
    pub only_child_of: Option<TaskId>,
    /// How busy its channels are.
    pub position: QueuePosition,
}

/// Reads a submission and makes a task of it. Inputs may have gone to the store by the time of an
/// error; they are swept.
pub async fn draft(api: &Api, asked: &Asked, now_ms: i64) -> Result<Draft, Problem> {
    let order = asked.family.read(&asked.input())?;
    let (mut order, mut parent) = follow(api, asked, order).await?;
    if parent.is_none() {
        parent = clip::parent(api, asked, &order).await?;
        order.spec.parent = parent.as_ref().map(|task| task.id);
    }
    check_words(&api.front.settings.banned_words, &order.spec.prompt)?;
    check_callback(api, &order)?;
    let place = placing::find(api, asked.family, &order, parent.as_deref()).await?;
    let id = TaskId::new(now_ms, &*api.front.entropy);
    inputs::put(&*api.front.store, id, &mut order.spec, now_ms).await?;
    let only_child_of = if order.only_child { order.spec.parent } else { None };
    let position = place.position;
    let task = Box::new(task(api, asked, order, place, id, now_ms)?);
    submission::note_task(&api.front, &task, parent.as_deref());
    Ok(Draft { task, only_child_of, position })
}

/// Loads the parent and lets the family complete the order. A family may name another parent (the
/// child that took the first one over); that one is loaded in turn.
async fn follow(api: &Api, asked: &Asked, mut order: Order) -> Result<(Order, Option<Arc<Task>>), Problem> {
    if order.spec.parent.is_none() {
        let order = if order.spec.kind.needs_parent() { asked.family.follow(order, None)? } else { order };
        return Ok((order, None));
    }
    for _ in 0..=PASSED_ON_MAX {
        let named = order.spec.parent;
        let parent = match named {
            Some(id) => api.reader.task(id).await?.filter(|task| asked.may_see(task)),
            None => None,
        };
        order = asked.family.follow(order, parent.as_deref())?;
        if order.spec.parent == named {
            return Ok((order, parent));
        }
    }
    Err(Problem::no_task())
}

fn check_words(banned: &[String], prompt: &str) -> Result<(), Problem> {
    if banned.is_empty() || prompt.is_empty() {
        return Ok(());
    }
    let prompt = prompt.to_lowercase();
    match banned.iter().find(|word| holds_word(&prompt, word)) {
        Some(word) => {
            let message = format!("the prompt holds a word that this service does not accept: {word}");
            Err(Problem::refused("banned_word", message).at("prompt"))
        }
        None => Ok(()),
    }
}

/// Whole words only: a short banned word must not refuse every longer one around it.
fn holds_word(prompt: &str, word: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    !word.is_empty()
        && prompt.match_indices(word).any(|(at, found)| {
            is_edge(prompt[..at].chars().next_back()) && is_edge(prompt[at + found.len()..].chars().next())
        })
}

fn check_callback(api: &Api, order: &Order) -> Result<(), Problem> {
    match &order.callback_url {
        Some(url) => contracts::callback_url::check_address(url, &api.front.settings.callback_ranges),
        None => Ok(()),
    }
}

fn task(api: &Api, asked: &Asked, order: Order, place: Place, id: TaskId, now_ms: i64) -> Result<Task, Problem> {
    Ok(Task {
        family: asked.family.name().to_owned(),
        action: order.action,
        model: order.model,
        channel: place.channel,
        upstream_model: place.upstream_model,
        details: Details { fitted: place.fit.fitted, ..Details::default() },
        warnings: place.fit.warnings,
        callback_url: order.callback_url,
        external_id: order.external_id,
        deadline_ms: now_ms.saturating_add(api.front.settings.task_deadline_ms),
        reserved: api.front.settings.price,
        trace: submission::place(api, asked),
        ..Task::queued(id, asked.token()?.id, order.spec, now_ms)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_words_are_banned() {
        let banned = ["gore".to_owned(), "bad thing".to_owned()];
        for prompt in ["GORE", "some gore, please", "a Bad Thing!", "more-gore-now"] {
            let problem = check_words(&banned, prompt).expect_err(prompt);
            assert_eq!((problem.status, problem.code), (400, "banned_word"), "{prompt}");
        }
        for prompt in ["", "Al Gorey", "forgore", "bad things", "a bad  thing"] {
            assert_eq!(check_words(&banned, prompt), Ok(()), "{prompt}");
        }
    }
}
