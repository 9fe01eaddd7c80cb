//! A restart in the middle of everything.

use crate::asker::{Asker, DONE_MS, START_MS};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::sync::Arc;
use task::clock::ManualClock;

#[tokio::test]
async fn jobs_inputs_and_counts_survive() {
    let (clock, folder) = (Arc::new(ManualClock::new(START_MS)), tempfile::tempdir().expect("a folder"));
    let asker = Asker::with(clock.clone(), Some(folder.path())).await;
    let tone = [b"ID3".as_slice(), &[9; 100_000]].concat();
    let body = json!({"gpt_description_prompt": "cat", "audio": STANDARD.encode(&tone), "tags": "jazz"});
    let id = asker.submit("music", body).await;
    clock.advance_ms(2_000);
    let (before, known, counts) = (asker.task(&id).await, asker.sim.known(&id), asker.sim.counts());
    asker.sim.stop().await;

    let asker = Asker::with(clock.clone(), Some(folder.path())).await;
    let after = asker.task(&id).await;
    assert_eq!((&before["status"], &before["progress"]), (&after["status"], &after["progress"]));
    assert_eq!(asker.sim.known(&id), known);
    assert_eq!(asker.sim.counts().prompts, counts.prompts);
    let known = known.expect("the job");
    let input = &known["inputs"][0];
    assert_eq!((&input["field"], &input["content_type"]), (&json!("audio"), &json!("audio/mpeg")));
    assert_eq!(input["bytes"], tone.len());
    assert_eq!(known["body"]["audio"], json!(format!("kept:{}", input["name"].as_str().expect("a name"))));
    assert_eq!(known["body"]["tags"], "jazz");
    let url = json!(format!("{}/sim/files/{}", asker.sim.url(), input["name"].as_str().expect("a name")));
    assert_eq!(asker.file(&url).await.expect("the file that came in").2, tone);
    clock.advance_ms(DONE_MS);
    assert_eq!(asker.task(&id).await["status"], "SUCCESS");
    assert_ne!(asker.song("dog").await, id);
}
