//! The commands of `deploy/README.md`, run as they stand on real private servers.

use super::super::process::binary;
use super::servers::{ACCESS_KEY_ID, Database, Redis, S3Server, SECRET, are_there, free_port, postgres_url};
use crate::tidy::{read, root};
use std::fs::File;
use tokio::process::Command;

/// The block of the page.
fn block() -> String {
    let page = read(&root().join("deploy/README.md"));
    let block = page.split_once("```sh by-hand\n").and_then(|(_, rest)| rest.split_once("\n```"));
    block.expect("deploy/README.md has the block").0.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_s_commands_bring_a_task_to_its_end() {
    assert!(read(&root().join("README.md")).contains("](deploy/README.md#by-hand)"), "README.md leads there");
    if !are_there() {
        return;
    }
    let admin = postgres_url().expect("it is there");
    let (database, redis, s3) = (Database::create(admin).await, Redis::start(), S3Server::start().await);
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::os::unix::fs::symlink(root().join("deploy"), folder.path().join("deploy")).expect("a link can be made");
    let (bin, log) = (binary(), folder.path().join("log"));
    let path = std::env::var("PATH").unwrap_or_default();
    let written = File::create(&log).expect("the log can be written");
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", &block()]).current_dir(folder.path());
    command.env("PATH", format!("{}:{path}", bin.parent().expect("it is in a folder").display()));
    for name in ["LISTEN", "OPS", "WORK_OPS", "SIM"] {
        command.env(name, format!("127.0.0.1:{}", free_port()));
    }
    command.env("POSTGRES", &database.url).env("REDIS", redis.url());
    command.env("S3", format!("http://{}", s3.address)).env("S3_SECRET", SECRET);
    command.env("BACKLOT_STORE__S3__ACCESS_KEY_ID", ACCESS_KEY_ID).env_remove("BACKLOT_LOG");
    // A file and no pipe: what runs in the background holds it open.
    command.stdout(written.try_clone().expect("a file can be shared")).stderr(written);
    let mut bash = command.process_group(0).kill_on_drop(true).spawn().expect("bash runs");
    let group = bash.id().expect("it runs").to_string();
    let status = bash.wait().await.expect("it ends");
    let killed = Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).status().await;
    assert!(killed.expect("kill runs").success(), "what was started in the background is still there");

    let said = std::fs::read_to_string(&log).expect("the log can be read");
    let end: String = said.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
    assert!(status.success(), "{end}");
    assert!(said.contains("\"status\":\"succeeded\""), "{end}");
    assert!(said.contains("task-artifacts/"), "its picture is in the bucket: {end}");
    database.drop().await;
}
