//! `kill -9` of the whole service, ten times, while 400 tasks run.

use super::process::{Backlot, log_of};
use futures::StreamExt;
use futures::stream;
use serde_json::json;

const TASKS: usize = 400;
const KILLS: usize = 10;

#[tokio::test(flavor = "multi_thread")]
async fn every_accepted_task_survives_ten_kills_and_ends() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let mut backlot = Backlot::start(&data).await;
    let address = backlot.address();
    let mut accepted = Vec::new();
    for round in 0..KILLS {
        let fresh: Vec<String> = stream::iter(0..TASKS / KILLS)
            .map(|n| {
                let backlot = &backlot;
                async move { backlot.imagine(&json!({ "prompt": format!("tile {round} {n}") })).await }
            })
            .buffer_unordered(16)
            .collect()
            .await;
        // The first of this round has reached its upstream: work of every kind is under way.
        let (status, task) = backlot.wait(&format!("/v1/tasks/{}", fresh[0])).await;
        assert_eq!(status, 200, "{task}");
        accepted.extend(fresh);
        backlot.kill().await;
        backlot = Backlot::start_at(&data, &address).await;
    }
    assert_eq!(accepted.len(), TASKS);
    let ended: Vec<(String, String)> = stream::iter(accepted)
        .map(|id| {
            let backlot = &backlot;
            async move {
                loop {
                    let (status, task) = backlot.wait(&format!("/v1/tasks/{id}")).await;
                    assert_eq!(status, 200, "{id}: {task}");
                    let word = task["status"].as_str().unwrap_or_default().to_owned();
                    if !["queued", "running"].contains(&word.as_str()) {
                        return (id, word);
                    }
                }
            }
        })
        .buffer_unordered(64)
        .collect()
        .await;
    let failed: Vec<_> = ended.iter().filter(|(_, word)| word != "succeeded").collect();
    assert!(failed.is_empty(), "{failed:?}\n{}", log_of(&backlot.data));
}
