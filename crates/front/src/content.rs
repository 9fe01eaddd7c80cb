//! `Call::Content`: answers an artifact's bytes; never a redirect.

use crate::api::Api;
use crate::asked::Asked;
use crate::{object, views};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::Response;
use contracts::Problem;

/// Streams the output of the task that the request means; 404 before there is one.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let seen = views::named(api, asked).await?;
    let content = asked.family.content(&asked.input(), seen.latest())?;
    let mut response = object::answer(&*api.front.store, &content.artifact.key, &asked.headers, asked.is_head).await?;
    if content.attachment {
        response.headers_mut().insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    Ok(response)
}
