//! Files beside the result, and files that nobody owns.

use super::*;
use crate::strays::Strays;
use queue::Finish;
use task::{Details, Output, Role, Source, State};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";

async fn put(world: &World, key: &str) {
    let body = Box::pin(futures::stream::once(async { Ok(Bytes::from_static(PNG)) }));
    world.store.put_stream(key, "image/png", 1_000, body).await.expect("it can be stored");
}

/// A task whose picture is at hand, and whose other file is not to be had any more.
async fn archiving(world: &World, other: Role) -> Task {
    let task = world.running(Kind::Image).await;
    let staged = format!("inputs/answers/{}-0", task.id);
    put(world, &staged).await;
    let outputs = vec![
        Output::new(Role::Image, Source::Stored(staged)),
        Output::new(other, Source::Url("http://up.test/gone.png".to_owned())),
    ];
    world.step(task, Step::Answer { outputs, details: Details::default() }, None).await
}

#[tokio::test]
async fn a_cover_that_is_not_there_holds_nobody_up() {
    let world = World::new(|_| (404, Bytes::new())).await;
    let task = archiving(&world, Role::Cover).await;
    assert!(matches!(world.core.archive(task.id).await, Finish::At(_)), "it may come a little later");
    world.forward_ms(61_000);
    assert_eq!(world.core.archive(task.id).await, Finish::Done);
    let done = world.row(task.id).await;
    assert_eq!(
        (done.state, done.artifacts.len(), done.warnings.len()),
        (State::Succeeded, 1, 1),
        "{:?}",
        done.warnings
    );
}

#[tokio::test]
async fn what_was_asked_for_is_waited_for() {
    let world = World::new(|_| (404, Bytes::new())).await;
    let task = archiving(&world, Role::Image).await;
    world.forward_ms(61_000);
    assert!(matches!(world.core.archive(task.id).await, Finish::At(_)));
    assert_eq!(world.row(task.id).await.state, State::Archiving);
}

#[tokio::test]
async fn files_that_nobody_owns_go_after_a_day() {
    let world = World::new(|_| (404, Bytes::new())).await;
    let known = world.queued(Kind::Image).await.id;
    let stray = TaskId::new(world.clock.now_ms(), &*world.entropy);
    let keys = [known, stray].map(|id| format!("inputs/2026/11/22/{id}-0.png"));
    let linked = format!("task-artifacts/inputs/2026/11/22/{stray}-in-0.png");
    for key in keys.iter().chain([&linked]) {
        put(&world, key).await;
    }
    let mut strays = Strays::default();
    assert_eq!(strays.pass(&world.core).await.expect("all is there"), 0, "its task may be about to be opened");
    world.forward_ms(86_400_001);
    assert_eq!(strays.pass(&world.core).await.expect("all is there"), 2);
    world.store.head(&keys[0]).await.expect("a task owns it");
    assert_eq!(world.store.head(&keys[1]).await, Err(StoreError::Missing));
    assert_eq!(world.store.head(&linked).await, Err(StoreError::Missing));
}
