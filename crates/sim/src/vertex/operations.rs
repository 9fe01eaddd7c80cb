//! `…/publishers/google/models/{model}:predictLongRunning` and `:fetchPredictOperation`.

use super::{show, token};
use crate::job::{Answer, Arrived, Desk, Refusal, Wish};
use crate::veo::{self, Surface};
use axum::extract::{Path, Request, State as Shared};
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

/// The versions under which the same is served; the SDKs ask for the second.
const VERSIONS: [&str; 2] = ["v1", "v1beta1"];

pub(super) fn routes() -> Router<Desk> {
    VERSIONS.iter().fold(Router::new(), |router, version| {
        let path = "/projects/{project}/locations/{location}/publishers/google/models/{call}";
        router.route(&format!("/{version}{path}"), post(call))
    })
}

/// The last part of the path holds the model and the verb, with a colon between them.
async fn call(
    Shared(desk): Shared<Desk>,
    Path((project, location, call)): Path<(String, String, String)>,
    request: Request,
) -> Answer {
    let arrived = token::receive(&desk, request).await?;
    let parent = format!("projects/{project}/locations/{location}/publishers/google/models");
    match call.split_once(':') {
        Some((model, "predictLongRunning")) => predict(&desk, &arrived, &format!("{parent}/{model}"), model).await,
        Some((model, "fetchPredictOperation")) => fetch(&desk, &arrived, &format!("{parent}/{model}")).await,
        _ => Err(desk.refuse(&Refusal::NotFound(format!("{parent}/{call}")))),
    }
}

async fn predict(desk: &Desk, arrived: &Arrived, resource: &str, model: &str) -> Answer {
    let wish = veo::read(Surface::Vertex, model, &arrived.body).map(|order| Wish {
        prompt: order.prompt,
        memo: json!({"resource": resource, "samples": order.outputs.len(), "storage_uri": order.storage_uri}),
        outputs: order.outputs,
        take_ms: desk.config().pace.video_ms,
        ..Wish::default()
    });
    let seen = desk.submit(arrived, "predict", wish).await?;
    Ok(Json(json!({"name": show::name(&seen.job)})).into_response())
}

async fn fetch(desk: &Desk, arrived: &Arrived, resource: &str) -> Answer {
    let name = arrived.text("operationName");
    let Some(id) = name.strip_prefix(resource).and_then(|rest| rest.strip_prefix("/operations/")) else {
        return Err(desk.refuse(&Refusal::Invalid("The value of `operationName` is no name of this model.".to_owned())));
    };
    let seen = desk.poll_one(arrived, "fetch", id).await?;
    if show::name(&seen.job) != name {
        return Err(desk.refuse(&Refusal::NotFound(name.to_owned())));
    }
    Ok(Json(show::operation(desk, &seen).await).into_response())
}
