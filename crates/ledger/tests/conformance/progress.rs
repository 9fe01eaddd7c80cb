//! Progress: a side column.

use crate::fixture::{NOW, World};
use ledger::{Errand, ErrandKind, ErrandResult, Pulse};
use task::{ErrandId, Phase, Step, Task};

pub async fn progress_never_falls_and_is_no_change(world: &World) {
    let task = world.running("op").await;
    assert_eq!(world.ledger.known_progress(task.id), None);
    for percent in [30, 50, 40] {
        world.ledger.note_progress(task.id, percent, None);
    }
    assert_eq!(world.ledger.known_progress(task.id), Some(50));
    assert_eq!(world.read(task.id).await.progress, 10, "not written yet");
    assert_eq!(world.ledger.flush_progress(NOW).await, Ok(1));
    let written = world.read(task.id).await;
    assert_eq!((written.progress, written.version, written.updated_ms), (50, task.version, task.updated_ms));
    assert_eq!(world.ledger.events(task.id).await.expect("events can be read").len(), 3);

    // A change made from an older reading does not lower it, nor does another process.
    let working = world.step(&task, Step::Work { phase: Phase::Working }, NOW + 5).await;
    assert_eq!(world.read(task.id).await.progress, 50);
    let second = world.second().await;
    second.note_progress(task.id, 20, None);
    assert_eq!(second.flush_progress(NOW).await, Ok(1));
    assert_eq!(world.read(task.id).await.progress, 50);

    // The end is the end.
    world.ledger.note_progress(task.id, 80, None);
    let failed = world.step(&working, Step::Fail(crate::fixture::failure()), NOW + 6).await;
    assert_eq!(world.ledger.known_progress(task.id), None);
    assert_eq!(world.ledger.flush_progress(NOW + 60_000).await, Ok(0));
    assert_eq!(world.read(task.id).await, failed);
}

pub async fn progress_is_written_sparingly(world: &World) {
    let (one, two) = (world.running("op-1").await, world.running("op-2").await);
    world.ledger.note_progress(one.id, 20, None);
    world.ledger.note_progress(two.id, 20, None);
    assert_eq!(world.ledger.flush_progress(NOW).await, Ok(2));
    assert_eq!(world.ledger.flush_progress(NOW + 1000).await, Ok(0), "nothing new");
    world.ledger.note_progress(one.id, 30, None);
    assert_eq!(world.ledger.flush_progress(NOW + 4999).await, Ok(0), "too early");
    assert_eq!(world.ledger.known_progress(one.id), Some(30), "but it is known here");
    assert_eq!(world.ledger.flush_progress(NOW + 5000).await, Ok(1));
    assert_eq!(world.read(one.id).await.progress, 30);
    assert_eq!(world.ledger.flush_progress(NOW + 20_000).await, Ok(0));
    assert_eq!(world.ledger.known_progress(one.id), None, "the row knows it all");

    let unknown: Vec<_> = (0..2100).map(|_| world.task_id()).collect();
    unknown.iter().for_each(|id| world.ledger.note_progress(*id, 1, None));
    world.ledger.note_progress(two.id, 40, None);
    assert_eq!(world.ledger.flush_progress(NOW + 30_000).await, Ok(0), "2,000 are tried; those are no tasks");
    assert_eq!(world.ledger.flush_progress(NOW + 31_000).await, Ok(1), "the rest comes next");
    assert_eq!(world.read(two.id).await.progress, 40);
}

pub async fn a_missing_mark_is_kept_and_cleared(world: &World) {
    let task = world.running("op").await;
    world.ledger.note_progress(task.id, 0, Some(Some(NOW + 100)));
    assert_eq!(world.ledger.flush_progress(NOW + 100).await, Ok(1));
    assert_eq!(world.read(task.id).await.missing_ms, Some(NOW + 100));
    world.ledger.note_progress(task.id, 15, None);
    assert_eq!(world.ledger.flush_progress(NOW + 6000).await, Ok(1));
    let read = world.read(task.id).await;
    assert_eq!((read.missing_ms, read.progress), (Some(NOW + 100), 15));
    world.ledger.note_progress(task.id, 15, Some(None));
    assert_eq!(world.ledger.flush_progress(NOW + 12_000).await, Ok(1));
    assert_eq!(world.read(task.id).await.missing_ms, None);

    // One that was seen before the last change says nothing any more.
    world.ledger.note_progress(task.id, 15, Some(Some(NOW + 13_000)));
    world.step(&task, Step::Work { phase: Phase::Working }, NOW + 14_000).await;
    assert_eq!(world.ledger.flush_progress(NOW + 18_000).await, Ok(1));
    assert_eq!(world.read(task.id).await.missing_ms, None);
}

pub async fn many_are_noted_at_once(world: &World) {
    let (one, two) = (world.running("op-1").await, world.running("op-2").await);
    world.ledger.note_progress(two.id, 60, None);
    // The row of the first says 10; of the second more is known here than its row says.
    let risen = world.ledger.note_risen(&[(one.id, 10, 10), (two.id, 10, 50)]);
    assert_eq!(risen, []);
    let risen = world.ledger.note_risen(&[(one.id, 10, 40), (two.id, 10, 61)]);
    assert_eq!(risen, [one.id, two.id]);
    assert_eq!(world.ledger.flush_progress(NOW).await, Ok(2));
    assert_eq!((world.read(one.id).await.progress, world.read(two.id).await.progress), (40, 61));
}

pub async fn a_pulse_tells_what_has_moved(world: &World) {
    let (task, asked) = (world.running("op-1").await, world.running("op-2").await);
    let errand = Errand {
        id: ErrandId::new(NOW, world.entropy.as_ref()),
        task: asked.id,
        kind: ErrandKind::Seed,
        created_ms: NOW,
        result: None,
    };
    world.ledger.open_errand(&errand).await.expect("the task is there");
    let ids = [task.id, world.task_id(), asked.id];
    let pulses = async || {
        let mut pulses = world.ledger.pulses(&ids).await.expect("pulses can be read");
        pulses.sort_by_key(|pulse| ids.iter().position(|id| *id == pulse.id));
        pulses
    };
    let still = |task: &Task| Pulse { id: task.id, version: task.version, missing_ms: None, has_errand: false };
    assert_eq!(pulses().await, [still(&task), Pulse { has_errand: true, ..still(&asked) }]);

    world.ledger.end_errand(errand.id, &ErrandResult::None, NOW + 1).await.expect("it is open");
    world.ledger.note_progress(asked.id, 10, Some(Some(NOW + 100)));
    world.ledger.flush_progress(NOW + 100).await.expect("it can be written");
    let working = world.step(&task, Step::Work { phase: Phase::Working }, NOW + 5).await;
    let missing = Pulse { missing_ms: Some(NOW + 100), ..still(&asked) };
    assert_eq!(pulses().await, [still(&working), missing]);
    assert_ne!(working.version, task.version);

    world.step(&working, Step::Fail(crate::fixture::failure()), NOW + 6).await;
    assert_eq!(pulses().await, [missing], "one that has ended has none");
}
