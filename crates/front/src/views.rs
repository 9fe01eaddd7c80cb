//! Tasks as their caller may see them, with whatever is needed to show them.

use crate::api::Api;
use crate::asked::Asked;
use contracts::{Problem, View};
use std::collections::HashMap;
use task::{State, Task, TaskId};

/// A task and the child that took its operation over.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The task.
    pub task: Task,
    /// The child, for a task that was handed over.
    pub child: Option<Task>,
}

impl Seen {
    /// As a family takes it.
    pub fn view<'a>(&'a self, link: &'a dyn Fn(&str) -> String, now_ms: i64) -> View<'a> {
        View { task: &self.task, child: self.child.as_ref(), link, now_ms }
    }

    /// The task that it goes on as: the child, once there is one.
    pub fn latest(&self) -> &Task {
        self.child.as_ref().unwrap_or(&self.task)
    }
}

/// The task that this text names, for this caller. 404 when there is none that they may see.
pub async fn one(api: &Api, asked: &Asked, id: &str) -> Result<Seen, Problem> {
    let id: TaskId = id.parse().map_err(|_| Problem::no_task())?;
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

/// The tasks that these texts name, in their order, each once; what the caller may not see is left out.
pub async fn many(api: &Api, asked: &Asked, ids: &[String]) -> Result<Vec<Seen>, Problem> {
    let mut wanted: Vec<TaskId> = Vec::with_capacity(ids.len());
    for id in ids.iter().filter_map(|id| id.parse().ok()) {
        if !wanted.contains(&id) {
            wanted.push(id);
        }
    }
    let mut found = by_id(api.reader.tasks(&wanted).await?);
    let tasks = wanted.iter().filter_map(|id| found.remove(id)).filter(|task| asked.may_see(task)).collect();
    with_children(api, tasks).await
}

/// The same tasks with their children.
pub async fn with_children(api: &Api, tasks: Vec<Task>) -> Result<Vec<Seen>, Problem> {
    let ids: Vec<TaskId> = tasks.iter().filter_map(child_of).collect();
    let mut children = if ids.is_empty() { HashMap::new() } else { by_id(api.reader.tasks(&ids).await?) };
    let seen = |task: Task| {
        let child = child_of(&task).and_then(|id| children.remove(&id));
        Seen { task, child }
    };
    Ok(tasks.into_iter().map(seen).collect())
}

/// One task with its child.
pub async fn with_child(api: &Api, task: Task) -> Result<Seen, Problem> {
    let child = match child_of(&task) {
        Some(id) => api.reader.task(id).await?,
        None => None,
    };
    Ok(Seen { task, child })
}

fn child_of(task: &Task) -> Option<TaskId> {
    task.child.filter(|_| task.state == State::HandedOver)
}

fn by_id(tasks: Vec<Task>) -> HashMap<TaskId, Task> {
    tasks.into_iter().map(|task| (task.id, task)).collect()
}
