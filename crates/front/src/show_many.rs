//! `Call::ShowMany`: shows the tasks that the request names.

use crate::api::Api;
use crate::asked::Asked;
use crate::views::Seen;
use crate::{prefer, reply, views, waiting};
use axum::response::Response;
use contracts::{Problem, View};
use futures::future::join_all;

/// The most ids of one request, whatever the family allows.
pub const IDS_MAX: usize = 500;

/// Shows them in the order asked, each once; what the caller may not see is left out.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let ids = asked.family.ids(&asked.input())?;
    if ids.len() > IDS_MAX {
        return Err(Problem::invalid("ids", format!("at most {IDS_MAX} ids may be asked for at once")));
    }
    let mut seen = views::many(api, asked, &ids).await?;
    if let Some(seconds) = asked.wait_s
        && seen.iter().any(is_unfinished)
    {
        let unfinished = seen.iter().filter(|seen| is_unfinished(seen)).map(|seen| seen.task.id);
        let limit = prefer::duration(seconds);
        join_all(unfinished.map(|id| waiting::until_over(api, id, limit))).await;
        seen = views::many(api, asked, &ids).await?;
    }
    let link = |key: &str| api.front.link(key);
    let views: Vec<View<'_>> = seen.iter().map(|seen| seen.view(&link, api)).collect();
    Ok(prefer::applied(reply::ok(&asked.family.show_many(&views)), asked.wait_s))
}

fn is_unfinished(seen: &Seen) -> bool {
    !seen.latest().is_over()
}
