//! The operator's command line: through the running process when it holds the folder, else by itself.

use super::process::{Backlot, binary};
use serde_json::{Value, json};
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::Command;

/// Runs the binary on a data folder; what it said on success, what it complained about on failure.
async fn operator(data: &Path, arguments: &[&str]) -> Result<String, String> {
    let mut command = Command::new(binary());
    command.args(arguments).env("BACKLOT_DATA", data).env_remove("BACKLOT_CHANNEL_KEY");
    let output = command.output().await.expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
}

async fn answer(data: &Path, arguments: &[&str]) -> Value {
    let said = operator(data, arguments).await.unwrap_or_else(|complaint| panic!("{arguments:?}: {complaint}"));
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {said}"))
}

#[tokio::test]
async fn every_command_explains_itself_with_examples() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let commands: &[&[&str]] = &[
        &[],
        &["dev"],
        &["sim"],
        &["migrate"],
        &["check"],
        &["token", "create"],
        &["token", "list"],
        &["token", "revoke"],
        &["channel", "add"],
        &["channel", "list"],
        &["channel", "pause"],
        &["channel", "resume"],
        &["channel", "remove"],
        &["task", "show"],
        &["task", "list"],
        &["task", "retry"],
        &["task", "cancel"],
        &["task", "resolve"],
    ];
    for command in commands {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let said = operator(folder.path(), &arguments).await.expect("help is no failure");
        assert!(said.contains("Example"), "{command:?}: {said}");
    }
}

#[tokio::test]
async fn a_folder_that_nobody_holds_is_steered_directly() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let complaint = operator(&data, &["check"]).await.expect_err("nothing is there yet");
    assert!(complaint.contains("need a hand"), "{complaint}");
    assert!(operator(&data, &["migrate"]).await.expect("tables can be made").contains("up to date"));
    assert!(operator(&data, &["check"]).await.expect("now it is fine").contains("ok"));

    let made = answer(&data, &["token", "create", "ci"]).await;
    let key = made["key"].as_str().expect("the key is shown once");
    assert!(key.starts_with("sk-"), "{made}");
    let listed = operator(&data, &["token", "list"]).await.expect("tokens are listed");
    assert!(listed.contains("\"ci\"") && !listed.contains(key), "{listed}");
    operator(&data, &["token", "revoke", "ci"]).await.expect("a token can be revoked");
    let complaint = operator(&data, &["token", "revoke", "nobody"]).await.expect_err("there is no such token");
    assert!(complaint.contains("nobody"), "{complaint}");
}

/// The make-believe upstream as a process of its own; its address.
async fn sim(folder: &Path) -> (tokio::process::Child, String) {
    let mut child = Command::new(binary())
        .args(["sim", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(child.stdout.take().expect("its output is piped")).lines();
    let first = lines.next_line().await.expect("its output can be read").expect("it says where it is");
    let url = first.split([' ', ';']).find(|word| word.starts_with("http://")).expect("an address").to_owned();
    (child, url)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_service_is_steered_through_its_process() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let backlot = Backlot::start(&data).await;
    let (_upstream, url) = sim(&folder.path().join("upstream")).await;

    let options = ["--option", "flavour=novicezk", "--slots", "3"];
    let base = format!("{url}/novicezk");
    let add = ["channel", "add", "mine", "--dialect", "midjourney_proxy", "--base-url", &base];
    let added = answer(&data, &[&add[..], &options[..]].concat()).await;
    assert_eq!(added["channel"]["name"], "mine", "{added}");
    let complaint = operator(&data, &add).await.expect_err("the name is taken");
    assert!(complaint.contains("mine"), "{complaint}");

    let id = backlot.imagine(&json!({ "prompt": "through my own channel" })).await;
    let (_, task) = backlot.wait(&format!("/v1/tasks/{id}")).await;
    assert_eq!(task["status"], "succeeded", "{task}");
    let shown = answer(&data, &["task", "show", &id]).await;
    assert!(shown.to_string().contains("\"mine\""), "the operator's own channel goes first: {shown}");
    assert!(!shown.to_string().contains(&url), "a vendor's URL is shown: {shown}");

    for name in ["mine", "sim-midjourney_proxy"] {
        answer(&data, &["channel", "pause", name]).await;
    }
    let waiting = backlot.imagine(&json!({ "prompt": "nobody takes me" })).await;
    let listed = answer(&data, &["task", "list", "--state", "queued"]).await;
    assert!(listed.to_string().contains(&waiting), "{listed}");
    answer(&data, &["task", "cancel", &waiting]).await;
    let (_, task) = backlot.get(&format!("/v1/tasks/{waiting}")).await;
    assert_eq!(task["status"], "cancelled", "{task}");

    answer(&data, &["channel", "resume", "sim-midjourney_proxy"]).await;
    answer(&data, &["channel", "remove", "mine"]).await;
    let retried = answer(&data, &["task", "retry", &waiting]).await;
    let again = retried["task"]["id"].as_str().or(retried["task"].as_str()).or(retried["id"].as_str());
    let again = again.unwrap_or_else(|| panic!("the new task is named: {retried}"));
    let (_, task) = backlot.wait(&format!("/v1/tasks/{again}")).await;
    assert_eq!(task["status"], "succeeded", "{task}");
    let complaint = operator(&data, &["task", "resolve", again, "--fail"]).await.expect_err("nothing is in doubt");
    assert!(complaint.contains("uncertain"), "{complaint}");
}

#[tokio::test]
async fn a_folder_is_held_by_one_process_only() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let _backlot = Backlot::start(&data).await;
    let second = operator(&data, &["dev", "--listen", "127.0.0.1:0"]).await.expect_err("the folder is held");
    assert!(second.contains("another process holds"), "{second}");
}
