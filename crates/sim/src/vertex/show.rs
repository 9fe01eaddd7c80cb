//! How an operation looks (section B).

use crate::job::{Desk, Job, Seen};
use crate::veo;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// The operation's name: the model's, and an id.
pub(super) fn name(job: &Job) -> String {
    format!("{}/operations/{}", job.memo["resource"].as_str().unwrap_or_default(), job.id)
}

/// Where sample `number`, from 1, is stored: `gs://…`; `None` when its bytes are in the answer.
pub(super) fn stored_at(job: &Job, number: usize) -> Option<String> {
    let uri = job.memo["storage_uri"].as_str().filter(|uri| !uri.is_empty())?;
    Some(format!("{uri}/{}/sample_{}.mp4", job.id, number - 1))
}

/// The operation. While it runs, it is nothing but its name.
pub(super) async fn operation(desk: &Desk, seen: &Seen) -> Value {
    let mut operation = json!({"name": name(&seen.job)});
    if let Some(error) = veo::fault_of(&seen.at.state) {
        operation["done"] = true.into();
        operation["error"] = error;
    } else if let Some(mut response) = result(desk, seen).await {
        response.insert("@type".to_owned(), TYPE.into());
        operation["done"] = true.into();
        operation["response"] = response.into();
    } else if let Some(word) = &seen.at.odd_status {
        operation["metadata"] = json!({"state": word});
    }
    operation
}

const TYPE: &str = "type.googleapis.com/cloud.ai.large_models.vision.GenerateVideoResponse";

/// What came of it; `None` while it runs.
async fn result(desk: &Desk, seen: &Seen) -> Option<Map<String, Value>> {
    let job = &seen.job;
    if let Some(counters) = veo::filter_of(&seen.at.state, job.memo["samples"].as_u64().unwrap_or(1)) {
        return Some(counters);
    }
    if !seen.at.is_done() {
        return None;
    }
    let mut videos = Vec::new();
    for number in 1..=job.outputs.len() {
        videos.push(match stored_at(job, number) {
            Some(uri) => json!({"gcsUri": uri, "mimeType": "video/mp4"}),
            None => {
                let bytes = desk.bytes(job, number).await.unwrap_or_default();
                json!({"bytesBase64Encoded": STANDARD.encode(bytes), "mimeType": "video/mp4"})
            }
        });
    }
    let mut response = Map::from_iter([("raiMediaFilteredCount".to_owned(), 0.into())]);
    response.extend((!videos.is_empty()).then(|| ("videos".to_owned(), videos.into())));
    Some(response)
}
