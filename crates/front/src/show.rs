//! `Call::Show`: shows one task.

use crate::api::Api;
use crate::asked::Asked;
use crate::{prefer, reply, views, waiting};
use axum::response::Response;
use contracts::{Answer, Problem};

/// Shows the task that the request names; 404 for any that the caller may not see.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let mut seen = views::named(api, asked).await?;
    if let Some(seconds) = asked.wait_s
        && !seen.latest().is_over()
    {
        let id = seen.task.id;
        waiting::until_over(api, id, prefer::duration(seconds)).await;
        seen = views::one(api, asked, &id.to_string()).await?;
    }
    let link = |key: &str| api.front.link(key);
    let view = seen.view(&link, api);
    let response = reply::about(asked.family, view.face(), &Answer::ok(asked.family.show(&view)));
    Ok(prefer::applied(response, asked.wait_s))
}
