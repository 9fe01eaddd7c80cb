//! Outputs that the store does not take before their vendor's links die.

use super::*;
use crate::core::HalfCopied;
use crate::poll::Looked;
use crate::polled::Polled;
use crate::unspill::Unspill;
use futures::TryStreamExt;
use queue::Finish;
use sha2::{Digest, Sha256};
use std::path::Path;
use store::Spill;
use task::{Details, FailureKind, Output, Role, Source, State};

/// A PNG of 3 by 2 pixels, as far as its header goes.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";
/// How long the tests' vendor keeps what it made, as its dialect says.
const KEPT_MS: i64 = 24 * 3_600_000;
/// When spilling has begun, and the deadline is still to come.
const LATE_MS: i64 = KEPT_MS - 600_000;
/// More than a picture takes.
const ROOM_BYTES: u64 = 1_000;

/// A world with a vendor whose links can die, and places for spill folders.
struct Stage {
    world: World,
    links_live: Arc<AtomicBool>,
    folders: TempDir,
}

impl Stage {
    async fn new() -> Self {
        let links_live = Arc::new(AtomicBool::new(true));
        let live = links_live.clone();
        let world = World::new(move |seen| match live.load(Ordering::SeqCst) {
            true if seen.to.contains("slow") && seen.before == 0 => (503, Bytes::new()),
            true => (200, Bytes::from_static(PNG)),
            false => (404, Bytes::new()),
        })
        .await;
        world.core.ledger.put_channel(&channel("desk")).await.expect("a channel can be written");
        world.core.channels.refresh().await.expect("the ledger is there");
        Self { world, links_live, folders: tempfile::tempdir().expect("a temporary folder") }
    }

    fn folder(&self, name: &str) -> std::path::PathBuf {
        self.folders.path().join(name)
    }

    /// A process that has just started, with a folder of this name.
    async fn process(&self, name: &str) -> Core {
        self.process_with_room(name, ROOM_BYTES).await
    }

    async fn process_with_room(&self, name: &str, max_bytes: u64) -> Core {
        let spill = Spill::open(self.folder(name), max_bytes, self.world.clock.clone()).await.expect("a folder opens");
        let fresh = Core { half_copied: Arc::<HalfCopied>::default(), ..self.world.core.clone() };
        fresh.with_spill(Arc::new(spill), name)
    }

    fn store_is(&self, full: bool) {
        self.world.store.is_full.store(full, Ordering::SeqCst);
    }

    fn links_die(&self) {
        self.links_live.store(false, Ordering::SeqCst);
    }

    /// A task with outputs at these places of the vendor's.
    async fn answered(&self, files: &[&str]) -> Task {
        let task = self.world.running(Kind::Image).await;
        let output = |file: &&str| Output::new(Role::Image, Source::Url(format!("http://up.test/{file}.png")));
        let outputs = files.iter().map(output).collect();
        self.world.step(task, Step::Answer { outputs, details: Details::default() }, None).await
    }

    /// A task whose one output was spilled by this process, with its links dead and its deadline over.
    async fn spilled(&self, core: &Core) -> Task {
        let task = self.answered(&["one"]).await;
        self.store_is(true);
        self.world.forward_ms(LATE_MS);
        self.waits(core, &task).await;
        assert_eq!(files(core), 1);
        self.links_die();
        self.world.forward_ms(KEPT_MS - LATE_MS + 1);
        self.waits(core, &task).await;
        task
    }

    async fn waits(&self, core: &Core, task: &Task) {
        let finish = core.archive(task.id).await;
        assert!(matches!(finish, Finish::At(due_ms) if due_ms > self.world.clock.now_ms()), "{finish:?}");
        assert_eq!(self.world.row(task.id).await.state, State::Archiving);
    }

    /// The task has succeeded with this many pictures, and nothing of it is left over.
    async fn succeeded(&self, core: &Core, task: &Task, pictures: usize) {
        let done = self.world.row(task.id).await;
        assert_eq!((done.state, done.artifacts.len()), (State::Succeeded, pictures), "{:?}", done.failure);
        assert!(done.warnings.is_empty(), "{:?}", done.warnings);
        for artifact in &done.artifacts {
            let (meta, body) = self.world.store.get_range(&artifact.key, None).await.expect("it is in the store");
            let pieces: Vec<Bytes> = body.try_collect().await.expect("it can be read");
            assert_eq!((pieces.concat().as_slice(), meta.content_type.as_str()), (PNG, "image/png"));
            assert_eq!((artifact.width, artifact.height, artifact.bytes), (Some(3), Some(2), PNG.len() as i64));
            assert_eq!(artifact.sha256, hex(&Sha256::digest(PNG)));
        }
        assert_eq!(files(core), 0);
        assert_eq!(self.world.core.ledger.spilled(task.id).await, Ok(Vec::new()));
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn files(core: &Core) -> usize {
    core.spill.as_ref().expect("it has a folder").files.files()
}

async fn walk(core: &Core) -> usize {
    Unspill::default().pass(core).await.expect("all is there")
}

#[tokio::test]
async fn an_output_outlives_its_link_while_the_store_is_away() {
    let stage = Stage::new().await;
    let core = stage.process("a").await;
    let task = stage.spilled(&core).await;
    let events = core.ledger.events(task.id).await.expect("the ledger is there");
    let told: Vec<_> = events.iter().filter(|event| event.step == "spilled").collect();
    assert_eq!(told.len(), 1, "an operator sees where it is");
    assert_eq!(told[0].note, json!({ "holder": "a", "positions": [0] }));
    let downloads = stage.world.wire.seen("up.test/one.png").len();
    stage.store_is(false);
    assert_eq!(core.archive(task.id).await, Finish::Done);
    stage.succeeded(&core, &task, 1).await;
    assert_eq!(stage.world.wire.seen("up.test/one.png").len(), downloads, "nobody was asked for it again");
}

#[tokio::test]
async fn nothing_is_spilled_while_there_is_time() {
    let stage = Stage::new().await;
    let core = stage.process("a").await;
    let task = stage.answered(&["one"]).await;
    stage.store_is(true);
    stage.world.forward_ms(KEPT_MS / 2);
    stage.waits(&core, &task).await;
    assert_eq!(files(&core), 0);
    stage.store_is(false);
    assert_eq!(core.archive(task.id).await, Finish::Done);
    stage.succeeded(&core, &task, 1).await;
}

#[tokio::test]
async fn a_process_that_is_started_again_finds_what_waits() {
    let stage = Stage::new().await;
    let task = stage.spilled(&stage.process("a").await).await;
    let again = stage.process("a").await;
    stage.waits(&again, &task).await;
    assert_eq!(walk(&again).await, 0, "the store is still away");
    stage.store_is(false);
    assert_eq!(walk(&again).await, 1);
    stage.succeeded(&again, &task, 1).await;
}

#[tokio::test]
async fn a_death_between_the_file_and_its_note_loses_nothing() {
    let stage = Stage::new().await;
    let task = stage.spilled(&stage.process("a").await).await;
    stage.world.core.ledger.forget_spilled(task.id).await.expect("the ledger is there");
    let again = stage.process("a").await;
    walk(&again).await;
    let other = stage.process("b").await;
    stage.waits(&other, &task).await;
    stage.store_is(false);
    assert_eq!(walk(&again).await, 1);
    stage.succeeded(&again, &task, 1).await;
}

#[tokio::test]
async fn another_process_waits_for_the_one_that_has_the_file() {
    let stage = Stage::new().await;
    let owner = stage.process("a").await;
    let task = stage.spilled(&owner).await;
    let other = stage.process("b").await;
    stage.waits(&other, &task).await;
    stage.store_is(false);
    stage.waits(&other, &task).await;
    assert_eq!(walk(&other).await, 0, "it has nothing of it");
    assert_eq!(walk(&owner).await, 1);
    stage.succeeded(&owner, &task, 1).await;
}

#[tokio::test]
async fn a_process_without_a_folder_waits_too() {
    let stage = Stage::new().await;
    let owner = stage.process("a").await;
    let task = stage.spilled(&owner).await;
    stage.store_is(false);
    stage.waits(&stage.world.core, &task).await;
    assert_eq!(walk(&owner).await, 1);
    stage.succeeded(&owner, &task, 1).await;
}

#[tokio::test]
async fn an_output_that_its_vendor_still_has_needs_no_folder() {
    let stage = Stage::new().await;
    let owner = stage.process("a").await;
    let task = stage.answered(&["one"]).await;
    stage.store_is(true);
    stage.world.forward_ms(LATE_MS);
    stage.waits(&owner, &task).await;
    stage.store_is(false);
    let other = stage.process("b").await;
    assert_eq!(other.archive(task.id).await, Finish::Done);
    assert_eq!(files(&owner), 1, "its owner does not know yet");
    walk(&owner).await;
    stage.succeeded(&owner, &task, 1).await;
}

#[tokio::test]
async fn a_folder_that_is_never_heard_of_again_is_not_waited_for_forever() {
    let stage = Stage::new().await;
    let owner = stage.process("a").await;
    let task = stage.spilled(&owner).await;
    let other = stage.process("b").await;
    for _ in 0..3 {
        // It renews its word for as long as it lives.
        stage.world.forward_ms(20 * 3_600_000);
        walk(&owner).await;
        stage.waits(&other, &task).await;
    }
    stage.world.forward_ms(25 * 3_600_000);
    assert_eq!(other.archive(task.id).await, Finish::Done);
    let lost = stage.world.row(task.id).await;
    assert_eq!(lost.failure.expect("it failed").kind, FailureKind::ArtifactLost);
    walk(&owner).await;
    assert_eq!(files(&owner), 0, "nobody wants it any more");
}

#[tokio::test]
async fn a_full_folder_loses_what_it_cannot_take() {
    let stage = Stage::new().await;
    let core = stage.process_with_room("a", PNG.len() as u64).await;
    let (first, second) = (stage.answered(&["one"]).await, stage.answered(&["two"]).await);
    stage.store_is(true);
    stage.world.forward_ms(LATE_MS);
    stage.waits(&core, &first).await;
    stage.waits(&core, &second).await;
    assert_eq!(files(&core), 1);
    stage.world.forward_ms(KEPT_MS);
    stage.waits(&core, &first).await;
    assert_eq!(core.archive(second.id).await, Finish::Done);
    let lost = stage.world.row(second.id).await;
    assert_eq!(lost.failure.expect("it failed").kind, FailureKind::ArtifactLost);
    stage.store_is(false);
    assert_eq!(core.archive(first.id).await, Finish::Done);
    stage.succeeded(&core, &first, 1).await;
}

#[tokio::test]
async fn outputs_that_were_stored_before_are_remembered_beside_those_that_wait() {
    let stage = Stage::new().await;
    let core = stage.process("a").await;
    let task = stage.answered(&["one", "slow"]).await;
    stage.waits(&core, &task).await;
    stage.store_is(true);
    stage.world.forward_ms(LATE_MS);
    stage.waits(&core, &task).await;
    assert_eq!(files(&core), 1, "the first one is in the store already");
    stage.links_die();
    stage.world.forward_ms(KEPT_MS);
    let again = stage.process("a").await;
    stage.waits(&again, &task).await;
    stage.store_is(false);
    assert_eq!(walk(&again).await, 1);
    stage.succeeded(&again, &task, 2).await;
}

#[tokio::test]
async fn bytes_of_an_answer_wait_in_the_folder() {
    let stage = Stage::new().await;
    let core = stage.process("a").await;
    let line = line(json!({}));
    let task = stage.world.running(Kind::Image).await;
    stage.store_is(true);
    let polled = Polled::of(&task, task.operation.as_ref().expect("it is running"), 0);
    let mut looked = Looked::default();
    core.poll_chunk(&line, &[polled], &mut looked).await;
    assert_eq!(looked.finish.remove(&task.id), Some(Finish::Done));
    stage.waits(&core, &task).await;
    stage.links_die();
    stage.world.forward_ms(2 * KEPT_MS);
    stage.waits(&core, &task).await;
    assert_eq!(walk(&core).await, 0);
    stage.waits(&stage.process("b").await, &task).await;
    stage.store_is(false);
    assert_eq!(walk(&core).await, 1);
    stage.succeeded(&core, &task, 1).await;
}

#[tokio::test]
async fn bytes_that_lie_in_the_store_are_not_lost_with_its_answers() {
    let stage = Stage::new().await;
    let line = line(json!({}));
    let task = stage.world.running(Kind::Image).await;
    let polled = Polled::of(&task, task.operation.as_ref().expect("it is running"), 0);
    stage.world.core.poll_chunk(&line, &[polled], &mut Looked::default()).await;
    stage.store_is(true);
    stage.links_die();
    stage.world.forward_ms(2 * KEPT_MS);
    stage.waits(&stage.world.core, &task).await;
    stage.store_is(false);
    assert_eq!(stage.world.core.archive(task.id).await, Finish::Done);
    assert_eq!(stage.world.row(task.id).await.state, State::Succeeded);
}

#[tokio::test]
async fn files_of_a_task_that_has_ended_go() {
    let stage = Stage::new().await;
    let core = stage.process("a").await;
    let task = stage.spilled(&core).await;
    let failure = task::Failure::never(FailureKind::ArtifactLost, "lost", "an operator's word");
    let row = stage.world.row(task.id).await;
    stage.world.step(row, Step::Fail(failure), None).await;
    walk(&core).await;
    assert_eq!(files(&core), 0);
    assert_eq!(core.ledger.spilled(task.id).await, Ok(Vec::new()));
}

#[tokio::test]
async fn damaged_bytes_are_never_passed_on() {
    let stage = Stage::new().await;
    let core = stage.process("a").await;
    let task = stage.answered(&["one"]).await;
    stage.store_is(true);
    stage.world.forward_ms(LATE_MS);
    stage.waits(&core, &task).await;
    damage(&stage.folder("a").join(format!("inputs/answers/{}-0", task.id)));
    stage.store_is(false);
    assert_eq!(core.archive(task.id).await, Finish::Done, "its vendor has it still");
    stage.succeeded(&core, &task, 1).await;
}

/// Another byte at the file's end, at the same time, as a failing disk does it.
fn damage(path: &Path) {
    let modified = std::fs::metadata(path).expect("a file").modified().expect("a time");
    let file = std::fs::OpenOptions::new().write(true).open(path).expect("a file");
    std::os::unix::fs::FileExt::write_all_at(&file, b"x", PNG.len() as u64 - 1).expect("written");
    file.set_modified(modified).expect("a time");
}
