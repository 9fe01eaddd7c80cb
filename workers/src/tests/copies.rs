//! Copies take turns.

use super::*;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use task::{Details, Output, Role, Source, State};
use tokio::sync::Semaphore;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";

/// How many files lie in a folder, however deep.
fn files(folder: &Path) -> usize {
    let Ok(items) = std::fs::read_dir(folder) else { return 0 };
    let paths = items.map(|item| item.expect("it can be read").path());
    paths.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[tokio::test]
async fn no_download_begins_before_there_is_a_place_for_its_copy() {
    const OUTPUTS: usize = 3;
    let (stored, root): (_, Arc<OnceLock<PathBuf>>) = (Arc::new(std::sync::Mutex::new(Vec::new())), Arc::default());
    let (noted, kept_in) = (stored.clone(), root.clone());
    let mut world = World::new(move |_| {
        let so_far = files(&kept_in.get().expect("it is set").join("store/task-artifacts"));
        noted.lock().expect("nothing panicked").push(so_far);
        (200, Bytes::from_static(PNG))
    })
    .await;
    root.set(world._folder.path().to_owned()).expect("it is set once");
    world.core.copies = Arc::new(Semaphore::new(1));
    world.core.ledger.put_channel(&channel("desk")).await.expect("a channel");
    world.core.channels.refresh().await.expect("the ledger is there");
    let task = world.running(Kind::Image).await;
    let url = |number| Source::Url(format!("http://up.test/{number}.png"));
    let outputs = (0..OUTPUTS).map(|number| Output::new(Role::Image, url(number))).collect();
    let task = world.step(task, Step::Answer { outputs, details: Details::default() }, None).await;
    assert_eq!(world.core.archive(task.id).await, queue::Finish::Done);
    let done = world.row(task.id).await;
    assert_eq!((done.state, done.artifacts.len()), (State::Succeeded, OUTPUTS));
    assert_eq!(*stored.lock().expect("nothing panicked"), [0, 1, 2], "each was whole before the next began");
}
