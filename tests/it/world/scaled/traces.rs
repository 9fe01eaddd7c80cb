//! A trace goes through several processes: its place travels in the ledger.

use super::super::collector::Collector;
use super::super::receiver::Receiver;
use super::installation::Installation;
use super::servers::{self, Redis};
use std::collections::BTreeSet;

#[tokio::test(flavor = "multi_thread")]
async fn serve_and_work_tell_one_trace() {
    if !servers::are_there() {
        return;
    }
    let redis = Redis::start();
    let collector = Collector::start().await;
    let variables = [("BACKLOT_TRACES__ENDPOINT", collector.url.as_str())];
    let Some(world) = Installation::start_with(&redis.url(), &variables).await else { return };
    let receiver = Receiver::start().await;
    let id = world.imagine(0, "a lighthouse", Some(&receiver.url)).await;
    receiver.until(&id, "SUCCESS").await;
    let spans = collector.of_task(&id, |seen| seen.get("backlot.word") == "SUCCESS").await;

    let traces: BTreeSet<&str> = spans.iter().map(|seen| seen.trace.as_str()).collect();
    assert_eq!(traces.len(), 1, "{traces:?}");
    let of = |stage: &str| spans.iter().find(|seen| seen.get("backlot.stage") == stage);
    let (submission, submit) = (of("submission").expect("a `serve` took it"), of("submit").expect("a `work` did it"));
    assert_eq!(submit.parent, submission.id);
    assert_ne!(submit.resource["process.pid"], submission.resource["process.pid"], "two processes");
    world.end().await;
}
