//! A restart in the middle of everything.

use crate::asker::{DONE_MS, START_MS, config};
use sim::{Sim, SimConfig};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use task::clock::ManualClock;

async fn start(clock: &Arc<ManualClock>, folder: &Path) -> Sim {
    Sim::start(SimConfig { folder: Some(folder.to_owned()), ..config(clock) }).await.expect("the sim starts")
}

async fn post(sim: &Sim, path: &str, body: &str) -> reqwest::Result<serde_json::Value> {
    let request = crate::asker::plain_client().post(format!("{}{path}", sim.url())).body(body.to_owned());
    request.send().await?.json().await
}

async fn fetch(sim: &Sim, id: &str) -> serde_json::Value {
    let url = format!("{}/mj/task/{id}/fetch", sim.url());
    reqwest::get(url).await.expect("an answer").json().await.expect("a task")
}

#[tokio::test]
async fn nothing_is_forgotten() {
    let (clock, folder) = (Arc::new(ManualClock::new(START_MS)), tempfile::tempdir().expect("a folder"));
    let sim = start(&clock, folder.path()).await;
    let body = r#"{"prompt":"cat [sim:lost-answer=2]","state":"s1"}"#;
    assert!(post(&sim, "/mj/submit/imagine", body).await.is_err());
    let other = post(&sim, "/mj/submit/imagine", r#"{"prompt":"dog","state":"s2"}"#).await.expect("an answer");
    let id = other["result"].as_str().expect("an id").to_owned();
    clock.advance_ms(1_000);
    let before = fetch(&sim, &id).await;
    assert_eq!(before["status"], "IN_PROGRESS");
    let counted = sim.counts().submits;
    sim.stop().await;

    let sim = start(&clock, folder.path()).await;
    assert_eq!(fetch(&sim, &id).await, before, "the same task at the same moment");
    assert_eq!(sim.counts().submits, counted);
    assert!(post(&sim, "/mj/submit/imagine", body).await.is_err(), "the second of two lost answers");
    assert!(post(&sim, "/mj/submit/imagine", body).await.is_ok(), "and no third");
    assert_eq!(sim.counts().submits["s1"].accepted, 3);
    clock.advance_ms(DONE_MS);
    let done = fetch(&sim, &id).await;
    assert_eq!(done["status"], "SUCCESS");
    let url = done["imageUrl"].as_str().expect("a link");
    let bytes = reqwest::get(url).await.expect("an answer").bytes().await.expect("a file");
    assert!(image::load_from_memory(&bytes).is_ok());
    let new = post(&sim, "/mj/submit/imagine", r#"{"prompt":"cow"}"#).await.expect("an answer");
    assert!(new["result"].as_str().is_some_and(|new| new > id.as_str()), "ids go on growing");
}

#[tokio::test]
async fn a_line_cut_short_by_a_crash_is_dropped() {
    let (clock, folder) = (Arc::new(ManualClock::new(START_MS)), tempfile::tempdir().expect("a folder"));
    let sim = start(&clock, folder.path()).await;
    post(&sim, "/mj/submit/imagine", r#"{"prompt":"cat","state":"s1"}"#).await.expect("an answer");
    sim.stop().await;
    let path = folder.path().join("sim.jsonl");
    let mut file = std::fs::OpenOptions::new().append(true).open(path).expect("the log");
    file.write_all(br#"{"event":"received","at_ms":17"#).expect("half a line");
    drop(file);
    for _ in 0..2 {
        let sim = start(&clock, folder.path()).await;
        assert_eq!(sim.counts().submits["s1"].accepted, 1);
        post(&sim, "/mj/submit/imagine", r#"{"prompt":"cat","state":"s2"}"#).await.expect("an answer");
        sim.stop().await;
    }
}

#[tokio::test]
async fn a_log_that_makes_no_sense_is_not_overwritten() {
    let (clock, folder) = (Arc::new(ManualClock::new(START_MS)), tempfile::tempdir().expect("a folder"));
    std::fs::write(folder.path().join("sim.jsonl"), "not ours\n").expect("a file");
    let config = SimConfig { folder: Some(folder.path().to_owned()), ..config(&clock) };
    assert!(Sim::start(config).await.is_err());
    assert_eq!(std::fs::read_to_string(folder.path().join("sim.jsonl")).expect("the file"), "not ours\n");
}
