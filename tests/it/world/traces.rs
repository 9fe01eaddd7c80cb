//! One trace from a submission to its last callback, as a collector of OpenTelemetry sees it.

use super::collector::{Collector, Seen};
use super::process::{Backlot, log_of};
use super::receiver::Receiver;
use serde_json::json;
use std::collections::BTreeSet;
use tokio::net::TcpListener;

/// A caller's span: its trace and its own id.
const CALLER: (&str, &str) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");

fn traceparent((trace, span): (&str, &str), flags: &str) -> String {
    format!("00-{trace}-{span}-{flags}")
}

fn is_last_callback(seen: &Seen) -> bool {
    seen.get("backlot.word") == "SUCCESS" && seen.get("backlot.stage") == "callback"
}

fn stages(spans: &[Seen]) -> BTreeSet<&str> {
    spans.iter().map(|seen| seen.get("backlot.stage")).filter(|stage| !stage.is_empty()).collect()
}

/// Every span leads to the submission, and the submission to `caller`.
fn all_lead_to(caller: &str, spans: &[Seen]) {
    let submission = spans.iter().find(|seen| seen.get("backlot.stage") == "submission").expect("it was submitted");
    assert_eq!(submission.parent, caller);
    for seen in spans {
        let mut at = seen;
        while at.id != submission.id {
            let parent = spans.iter().find(|parent| parent.id == at.parent);
            at = parent.unwrap_or_else(|| panic!("{} {:?} has no parent among {spans:?}", at.name, at.attributes));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_goes_on_with_its_callers_trace_up_to_the_last_callback() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let (collector, receiver) = (Collector::start().await, Receiver::start().await);
    let backlot = Backlot::start_with(&data, &[("BACKLOT_TRACES__ENDPOINT", &collector.url)]).await;

    let body = json!({ "prompt": "hidden words", "notifyHook": format!("{}?key=hidden", receiver.url) });
    let id = backlot.imagine_with(&body, &[("traceparent", &traceparent(CALLER, "01"))]).await;
    let words = receiver.until(&id, "SUCCESS").await;
    collector.of_task(&id, is_last_callback).await;
    let hooks: Vec<String> = receiver.places(&id);
    let token = backlot.token.clone();
    assert!(backlot.stop().await.success(), "{}", log_of(&data));

    let spans = collector.of_trace(CALLER.0);
    let expected = ["submission", "submit", "poll", "archive", "callback"];
    assert!(expected.iter().all(|stage| stages(&spans).contains(stage)), "{:?}", stages(&spans));
    all_lead_to(CALLER.1, &spans);
    let callbacks: Vec<&Seen> = spans.iter().filter(|seen| seen.get("backlot.stage") == "callback").collect();
    let told: BTreeSet<&str> = callbacks.iter().map(|seen| seen.get("backlot.word")).collect();
    assert_eq!(told, words.iter().map(String::as_str).collect(), "each callback has its span");
    // Whoever is called back can go on with the trace from there.
    let sent: BTreeSet<String> = callbacks.iter().map(|seen| traceparent((CALLER.0, &seen.id), "01")).collect();
    assert_eq!(hooks.into_iter().collect::<BTreeSet<_>>(), sent);

    let submit = spans.iter().find(|seen| seen.name == "submit").expect("it was handed on");
    assert_eq!((submit.get("backlot.attempt"), submit.get("backlot.task_id")), ("1", id.as_str()));
    let paid = spans.iter().find(|seen| seen.parent == submit.id).expect("the request has a span");
    assert_eq!((paid.get("http.request.method"), paid.get("http.response.status_code")), ("POST", "200"));
    assert_eq!(paid.get("server.address"), "127.0.0.1");
    for seen in collector.all() {
        let told = format!("{seen:?}");
        for hidden in ["hidden", token.as_str(), "/hook", "/files/", "?"] {
            assert!(!told.contains(hidden), "{hidden} in {told}");
        }
        assert_eq!((seen.events, seen.resource["service.name"].as_str()), (0, "backlot"));
    }
    let log = std::fs::read_to_string(data.with_extension("log")).expect("there is a log");
    let moved: Vec<&str> = log.lines().filter(|line| line.contains("task moved") && line.contains(&id)).collect();
    assert!(moved.len() >= 4 && moved.iter().all(|line| line.contains(CALLER.0)), "{moved:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_callers_trace_a_submission_begins_one_and_a_follow_up_is_linked_to_it() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let (collector, receiver) = (Collector::start().await, Receiver::start().await);
    let backlot = Backlot::start_with(&data, &[("BACKLOT_TRACES__ENDPOINT", &collector.url)]).await;

    // A caller that samples its trace out does so for the whole task.
    let body = json!({ "prompt": "a lighthouse", "notifyHook": receiver.url });
    let unseen = backlot.imagine_with(&body, &[("traceparent", &traceparent(CALLER, "00"))]).await;
    receiver.until(&unseen, "SUCCESS").await;

    let id = backlot.imagine(&body).await;
    let picture = receiver.body(&id, &["SUCCESS"]).await;
    let spans = collector.of_task(&id, is_last_callback).await;
    let traces: BTreeSet<&str> = spans.iter().map(|seen| seen.trace.as_str()).collect();
    assert_eq!(traces.len(), 1, "{traces:?}");
    all_lead_to("", &spans);

    let button = picture["buttons"][0]["customId"].as_str().expect("a grid has buttons");
    let press = json!({ "taskId": id, "customId": button, "notifyHook": receiver.url });
    let (status, answer) = backlot.post("/mj/submit/action", &press).await;
    assert_eq!(status, 200, "{answer}");
    let child = answer["result"].as_str().expect("it has an id").to_owned();
    let of_child = collector.of_task(&child, is_last_callback).await;
    all_lead_to("", &of_child);
    let submission = |spans: &[Seen]| spans.iter().find(|seen| seen.get("backlot.stage") == "submission").cloned();
    let (parent, child) = (submission(&spans).expect("its own"), submission(&of_child).expect("its own"));
    assert_ne!(parent.trace, child.trace);
    assert_eq!(child.links, [(parent.trace, parent.id)]);

    assert!(backlot.stop().await.success(), "{}", log_of(&data));
    assert!(collector.of_trace(CALLER.0).is_empty(), "sampled out");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_away_or_silent_holds_nothing_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let gone = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let addresses = [&silent, &gone].map(|listener| listener.local_addr().expect("it has an address"));
    drop(gone);
    for address in addresses {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let data = folder.path().join("data");
        let endpoint = format!("http://{address}");
        let backlot = Backlot::start_with(&data, &[("BACKLOT_TRACES__ENDPOINT", &endpoint)]).await;
        let id = backlot.imagine(&json!({ "prompt": "a lighthouse" })).await;
        let (_, task) = backlot.wait(&format!("/v1/tasks/{id}")).await;
        assert_eq!(task["status"], "succeeded", "{task}");
        assert!(backlot.stop().await.success(), "{}", log_of(&data));
        let log = std::fs::read_to_string(data.with_extension("log")).expect("there is a log");
        let complaints = log.lines().filter(|line| line.contains("spans can't be exported")).count();
        assert!(complaints <= 1, "{complaints} complaints about one collector");
    }
}
