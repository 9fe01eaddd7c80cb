//! How an operation looks (section A3).

use crate::job::{Desk, Job, Seen};
use crate::veo;
use serde_json::{Map, Value, json};

/// The operation's name.
pub(super) fn name(job: &Job) -> String {
    format!("models/{}/operations/{}", job.memo["model"].as_str().unwrap_or_default(), job.id)
}

/// The operation. While it runs, it is nothing but its name.
pub(super) fn operation(desk: &Desk, seen: &Seen) -> Value {
    let (job, state) = (&seen.job, &seen.at.state);
    let mut operation = json!({"name": name(job)});
    if let Some(error) = veo::fault_of(state) {
        operation["done"] = true.into();
        operation["error"] = error;
    } else if let Some(result) = result(desk, seen) {
        operation["done"] = true.into();
        operation["response"] = json!({
            "@type": "type.googleapis.com/google.ai.generativelanguage.v1beta.PredictLongRunningResponse",
            "generateVideoResponse": result,
        });
    } else if let Some(word) = &seen.at.odd_status {
        operation["metadata"] = json!({"state": word});
    }
    operation
}

/// What came of it; `None` while it runs.
fn result(desk: &Desk, seen: &Seen) -> Option<Map<String, Value>> {
    let job = &seen.job;
    if let Some(counters) = veo::filter_of(&seen.at.state, job.memo["samples"].as_u64().unwrap_or(1)) {
        return Some(counters);
    }
    if !seen.at.is_done() {
        return None;
    }
    let uri = |number: usize| desk.url(&format!("/v1beta/files/{}:download?alt=media", file_id(job, number)));
    let sample = |number: usize| json!({"video": {"uri": uri(number)}});
    let samples: Vec<Value> = (1..=job.outputs.len()).map(sample).collect();
    let known = (!samples.is_empty()).then(|| ("generatedSamples".to_owned(), samples.into()));
    Some(Map::from_iter(known))
}

/// The id of the file of sample `number`, from 1 to 4: the job's id and one digit.
fn file_id(job: &Job, number: usize) -> String {
    format!("{}{number}", job.id)
}

/// The job's id and the sample's number that a file id means.
pub(super) fn sample_of(file_id: &str) -> Option<(&str, usize)> {
    let (place, _) = file_id.char_indices().next_back()?;
    let (id, number) = file_id.split_at(place);
    Some((id, number.parse().ok()?))
}
