//! `Call::List`: lists the caller's tasks, newest first.

use crate::api::Api;
use crate::asked::Asked;
use crate::reader::with_progress;
use crate::{reply, views};
use axum::response::Response;
use contracts::{Problem, View};
use ledger::TaskFilter;
use task::TaskId;

/// The longest page.
pub const PAGE_MAX: usize = 100;

/// Lists one page. `after` has to be a task's id; it need not exist any more.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let page = asked.family.page(&asked.input())?;
    let limit = page.limit.min(PAGE_MAX);
    let before: Option<TaskId> = match &page.after {
        Some(text) => Some(text.parse().map_err(|_| Problem::invalid("after", "after has to be the id of a task"))?),
        None => None,
    };
    let filter = TaskFilter {
        token: Some(asked.token()?.id),
        shown: page.shown.map(|shown| [Some(shown), page.also_shown].into_iter().flatten().collect()),
        states: None,
        family: page.family,
        model: page.model,
        channel: None,
        before,
        include_hidden: false,
        // One more than asked for tells whether there are more.
        limit: i64::try_from(limit + 1).unwrap_or(i64::MAX),
    };
    let ledger = &api.front.ledger;
    let mut tasks = ledger.list_tasks(&filter).await.map_err(|error| reply::ledger_problem(&error))?;
    let has_more = tasks.len() > limit;
    tasks.truncate(limit);
    let tasks = tasks.into_iter().map(|task| with_progress(ledger, task)).collect();
    let seen = views::with_children(api, tasks).await?;
    let (link, now_ms) = (|key: &str| api.front.link(key), api.now_ms());
    let views: Vec<View<'_>> = seen.iter().map(|seen| seen.view(&link, now_ms)).collect();
    Ok(reply::ok(&asked.family.list(&views, has_more)))
}
