//! A process that is frozen at a fail-point until its lease has run out, and then wakes.

use super::super::faults::has_fail_points;
use super::super::receiver::Receiver;
use super::installation::Installation;
use super::servers::Redis;
use super::{all_succeeded_once, submit};
use std::path::Path;
use std::process::Command;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::unix::pipe;

/// Tasks; the frozen process copies the results of some.
const TASKS: usize = 30;

/// A pipe into which hits are written, so that nobody has to look again and again.
fn pipe(path: &Path) -> BufReader<pipe::Receiver> {
    let made = Command::new("mkfifo").arg(path).status().expect("mkfifo runs");
    assert!(made.success());
    BufReader::new(pipe::OpenOptions::new().read_write(true).open_receiver(path).expect("the pipe opens"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_copier_that_wakes_after_its_lease_changes_nothing() {
    if !has_fail_points() {
        return;
    }
    let redis = Redis::start();
    let Some(world) = Installation::start(&redis.url()).await else { return };
    let receiver = Receiver::start().await;
    let folder = tempfile::tempdir().expect("a folder can be made");
    let log = folder.path().join("hits");
    let mut hits = pipe(&log);
    let variables =
        [("BACKLOT_FAIL_POINT", "archive.before_verb=freeze"), ("BACKLOT_FAIL_POINT_LOG", &log.to_string_lossy())];
    let mut copier = world.start_copier(&variables).await;

    let ids = submit(&world, &[0, 1], 0..TASKS, Some(&receiver.url)).await;
    let mut hit = String::new();
    hits.read_line(&mut hit).await.expect("the pipe can be read");
    assert!(hit.starts_with("archive.before_verb freeze "), "{hit}");
    // Somebody else takes over what it holds, once its lease has run out.
    all_succeeded_once(&world, &ids).await;
    let pid = hit.trim().rsplit(' ').next().expect("a hit ends with its process");
    assert!(Command::new("kill").args(["-CONT", pid]).status().expect("kill runs").success());
    copier.stop().await;
    for id in &ids {
        let words = receiver.until(id, "SUCCESS").await;
        let last = words.iter().filter(|word| *word == "SUCCESS").count();
        assert_eq!(last, 1, "{id}: {words:?}");
    }
    world.end().await;
}
