//! Tasks as their caller may see them, with whatever is needed to show them.

use crate::api::Api;
use crate::asked::Asked;
use crate::reply;
use contracts::{Problem, View};
use std::collections::HashMap;
use std::sync::Arc;
use task::{State, Task, TaskId};

/// A task that was handed over goes on as its child, which may be handed over in turn: so many times
/// are followed.
pub const HANDOVERS_MAX: usize = 8;

/// A task and the one that it goes on as.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The task.
    pub task: Arc<Task>,
    /// The last of the children that took its operation over, for a task that was handed over.
    pub child: Option<Arc<Task>>,
}

impl Seen {
    /// As a family takes it.
    pub fn view<'a>(&'a self, link: &'a dyn Fn(&str) -> String, api: &Api) -> View<'a> {
        let retention_ms = api.front.settings.retention_ms;
        View { task: &self.task, child: self.child.as_deref(), link, now_ms: api.now_ms(), retention_ms }
    }

    /// The task that holds the operation: the last child, once there is one.
    pub fn latest(&self) -> &Task {
        self.child.as_ref().unwrap_or(&self.task)
    }

    /// The same with a newer row of [`Seen::latest`].
    pub fn with_latest(self, latest: Arc<Task>) -> Self {
        match self.child {
            Some(_) => Self { child: Some(latest), ..self },
            None => Self { task: latest, child: None },
        }
    }
}

/// The task that this text names, for this caller. 404 when there is none that they may see.
pub async fn one(api: &Api, asked: &Asked, id: &str) -> Result<Seen, Problem> {
    let id = id_of(api, asked, id).await?.ok_or_else(Problem::no_task)?;
    let task = api.reader.task(id).await?.filter(|task| asked.may_see(task)).ok_or_else(Problem::no_task)?;
    tracing::Span::current().record("task", tracing::field::display(task.id));
    with_child(api, task).await
}

/// The single task that a request names.
pub async fn named(api: &Api, asked: &Asked) -> Result<Seen, Problem> {
    let ids = asked.family.ids(&asked.input())?;
    let id = ids.first().ok_or_else(Problem::no_task)?;
    one(api, asked, id).await
}

/// The id that a text is, or, where the family takes them, that of the newest task which the caller gave
/// this text to (`contract/DECISIONS.md`, Kling: `external_task_id`).
async fn id_of(api: &Api, asked: &Asked, text: &str) -> Result<Option<TaskId>, Problem> {
    if let Ok(id) = text.parse() {
        return Ok(Some(id));
    }
    let Some(token) = asked.token.as_ref().filter(|_| asked.family.takes_external_ids()) else { return Ok(None) };
    let found = api.front.ledger.task_by_external_id(token.id, asked.family.name(), text).await;
    found.map_err(|error| reply::ledger_problem(&error))
}

/// The tasks that these texts name, in their order, each once; what the caller may not see is left out.
pub async fn many(api: &Api, asked: &Asked, ids: &[String]) -> Result<Vec<Seen>, Problem> {
    let mut wanted: Vec<TaskId> = Vec::with_capacity(ids.len());
    for text in ids {
        if let Some(id) = id_of(api, asked, text).await?
            && !wanted.contains(&id)
        {
            wanted.push(id);
        }
    }
    let mut found = by_id(api.reader.tasks(&wanted).await?);
    let tasks = wanted.iter().filter_map(|id| found.remove(id)).filter(|task| asked.may_see(task)).collect();
    with_children(api, tasks).await
}

/// The same tasks with whatever they go on as: one query for each level of hand-overs among them.
pub async fn with_children(api: &Api, tasks: Vec<Arc<Task>>) -> Result<Vec<Seen>, Problem> {
    let mut all: Vec<Seen> = tasks.into_iter().map(|task| Seen { task, child: None }).collect();
    for _ in 0..HANDOVERS_MAX {
        let mut next: Vec<TaskId> = all.iter().filter_map(|seen| goes_on_as(seen.latest())).collect();
        if next.is_empty() {
            break;
        }
        next.sort_unstable();
        next.dedup();
        let children = by_id(api.reader.tasks(&next).await?);
        for seen in &mut all {
            // One that is gone leaves the last that is known.
            let child = goes_on_as(seen.latest()).and_then(|id| children.get(&id));
            seen.child = child.cloned().or(seen.child.take());
        }
    }
    Ok(all)
}

/// One task with what it goes on as.
pub async fn with_child(api: &Api, task: Arc<Task>) -> Result<Seen, Problem> {
    let mut seen = Seen { task, child: None };
    for _ in 0..HANDOVERS_MAX {
        let Some(id) = goes_on_as(seen.latest()) else { break };
        let Some(child) = api.reader.task(id).await? else { break };
        seen.child = Some(child);
    }
    Ok(seen)
}

/// The task that took this one's operation over.
pub fn goes_on_as(task: &Task) -> Option<TaskId> {
    task.child.filter(|_| task.state == State::HandedOver)
}

fn by_id(tasks: Vec<Arc<Task>>) -> HashMap<TaskId, Arc<Task>> {
    tasks.into_iter().map(|task| (task.id, task)).collect()
}
