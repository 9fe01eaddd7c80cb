//! Outputs whose bytes come with an answer.

use super::*;
use crate::poll::Looked;
use crate::polled::Polled;
use queue::Finish;
use task::{Source, State};

/// A PNG of 3 by 2 pixels, as far as its header goes.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x03\0\0\0\x02\x08\x02\0\0\0";

async fn poll(world: &World, line: &Line, task: &Task) -> Finish {
    let operation = task.operation.as_ref().expect("it is running");
    let mut looked = Looked::default();
    world.core.poll_chunk(line, &[Polled::of(task, operation, world.core.clock.now_ms())], &mut looked).await;
    looked.finish.remove(&task.id).expect("every task is told what becomes of it")
}

#[tokio::test]
async fn bytes_of_a_poll_are_kept_before_the_task_goes_on() {
    let world = World::new(|_| (200, Bytes::from_static(PNG))).await;
    let line = line(json!({}));
    let task = world.running(Kind::Image).await;
    world.store.is_full.store(true, Ordering::SeqCst);
    for _ in 0..3 {
        let finish = poll(&world, &line, &task).await;
        assert!(matches!(finish, Finish::At(due_ms) if due_ms > world.clock.now_ms()), "{finish:?}");
        assert_eq!(world.row(task.id).await.state, State::Running, "it is asked for again");
    }
    world.store.is_full.store(false, Ordering::SeqCst);
    assert_eq!(poll(&world, &line, &task).await, Finish::Done);
    let answered = world.row(task.id).await;
    assert_eq!(answered.state, State::Archiving);
    let Source::Stored(staged) = &answered.outputs[0].source else { panic!("{:?}", answered.outputs) };
    world.store.head(staged).await.expect("the bytes are in the store before the verb");

    assert_eq!(world.core.archive(task.id).await, Finish::Done);
    let done = world.row(task.id).await;
    assert_eq!(done.state, State::Succeeded);
    let artifact = &done.artifacts[0];
    assert_eq!((artifact.width, artifact.height, artifact.content_type.as_str()), (Some(3), Some(2), "image/png"));
    assert_eq!(world.store.head(&artifact.key).await.expect("it is in the store").bytes, PNG.len() as u64);
    assert_eq!(world.store.head(staged).await, Err(StoreError::Missing), "it lies in one place alone");
}
