//! `Call::List`: lists the caller's tasks, a page at a time.

use crate::api::Api;
use crate::asked::Asked;
use crate::reader::with_progress;
use crate::{reply, views};
use axum::response::Response;
use contracts::{Page, PageEnd, Problem, View};
use ledger::TaskFilter;
use std::sync::Arc;
use task::{TaskId, TokenId};

/// The longest page, and the most ids that a page may be of.
pub const PAGE_MAX: usize = 500;

/// How many tasks a numbered page may leave out first: each of them is walked over.
pub const OFFSET_MAX: usize = 10_000;

/// The highest number that a page tells of all that match: as many as numbered pages can show. To count on
/// would make every page as slow as its caller's history is long.
pub const TOTAL_MAX: i64 = (OFFSET_MAX + PAGE_MAX) as i64;

/// Lists one page. `after` has to be a task's id; it need not exist any more.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let page = asked.family.page(&asked.input())?;
    let limit = page.limit.min(PAGE_MAX);
    let filter = filter(&page, asked.token()?.id, limit)?;
    let ledger = &api.front.ledger;
    let count = async {
        match page.counts {
            true => ledger.count_tasks(&filter, TOTAL_MAX).await.map(Some),
            false => Ok(None),
        }
    };
    let read = tokio::try_join!(ledger.list_tasks(&filter), count);
    let (mut tasks, total) = read.map_err(|error| reply::ledger_problem(&error))?;
    let has_more = tasks.len() > limit;
    tasks.truncate(limit);
    let tasks = tasks.into_iter().map(|task| Arc::new(with_progress(ledger, task))).collect();
    let seen = views::with_children(api, tasks).await?;
    let link = |key: &str| api.front.link(key);
    let views: Vec<View<'_>> = seen.iter().map(|seen| seen.view(&link, api)).collect();
    Ok(reply::ok(&asked.family.list(&views, PageEnd { has_more, total })))
}

fn filter(page: &Page, token: TokenId, limit: usize) -> Result<TaskFilter, Problem> {
    if page.ids.len() > PAGE_MAX {
        return Err(Problem::invalid("ids", format!("at most {PAGE_MAX} ids may be asked for at once")));
    }
    if page.offset > OFFSET_MAX {
        let message = format!("at most {OFFSET_MAX} tasks may be passed over; ask for those behind a task instead");
        return Err(Problem::refused("invalid_request", message));
    }
    let after: Option<TaskId> = match &page.after {
        Some(text) => Some(text.parse().map_err(|_| Problem::invalid("after", "after has to be the id of a task"))?),
        None => None,
    };
    // Text that is no id names no task; a list of nothing else is an empty one, not all tasks.
    let ids = || page.ids.iter().filter_map(|id| id.parse().ok()).collect();
    let number = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
    Ok(TaskFilter {
        token: Some(token),
        shown: (!page.shown.is_empty()).then(|| page.shown.clone()),
        families: (!page.families.is_empty()).then(|| page.families.clone()),
        ids: (!page.ids.is_empty()).then(ids),
        model: page.model.clone(),
        after,
        ascending: page.ascending,
        offset: number(page.offset),
        // One more than asked for tells whether there are more.
        limit: number(limit + 1),
        ..TaskFilter::default()
    })
}
