//! When running tasks are looked at again.

use super::*;
use crate::poll::Looked;
use crate::polled::Polled;
use queue::Finish;

/// The period of a dialect that does not say otherwise.
const PERIOD_MS: i64 = 5_000;

/// When tasks that were due at `due_ms`, and are still being worked at, are looked at again: one request for all.
async fn next_looks_ms(world: &World, tasks: &[Task], due_ms: i64) -> Vec<i64> {
    let operation = |task: &'_ Task| task.operation.clone().expect("it is running");
    let operations: Vec<Operation> = tasks.iter().map(operation).collect();
    let polled: Vec<Polled<'_>> =
        tasks.iter().zip(&operations).map(|(task, operation)| Polled::of(task, operation, due_ms)).collect();
    let mut looked = Looked::default();
    world.core.poll_chunk(&line(json!({})), &polled, &mut looked).await;
    let at = |task: &Task| match looked.finish.get(&task.id) {
        Some(Finish::At(next_ms)) => *next_ms,
        other => panic!("{other:?}"),
    };
    tasks.iter().map(at).collect()
}

/// A world whose upstream works on, and tasks there that an earlier poll has found at work.
async fn at_work(number: usize) -> (World, Vec<Task>) {
    let world = World::new(|_| (200, Bytes::new())).await;
    let mut tasks = Vec::new();
    for _ in 0..number {
        let task = world.running(Kind::Image).await;
        next_looks_ms(&world, std::slice::from_ref(&task), BEGIN_MS).await;
        tasks.push(world.row(task.id).await);
    }
    (world, tasks)
}

#[tokio::test]
async fn what_is_asked_together_is_asked_together_again() {
    let (world, tasks) = at_work(5).await;
    let next = next_looks_ms(&world, &tasks, BEGIN_MS).await;
    assert!(next.iter().all(|at| *at == next[0]), "{next:?}");
    assert!((BEGIN_MS + PERIOD_MS * 9 / 10..=BEGIN_MS + PERIOD_MS * 11 / 10).contains(&next[0]), "{next:?}");
}

#[tokio::test]
async fn a_crowd_that_had_to_wait_does_not_come_back_as_a_crowd() {
    let (world, tasks) = at_work(1).await;
    let apart_ms = async |waited_ms: i64| {
        let mut next = Vec::new();
        for _ in 0..50 {
            next.extend(next_looks_ms(&world, &tasks, BEGIN_MS - waited_ms).await);
        }
        let (first, last) = (next.iter().min().expect("there are some"), next.iter().max().expect("there are some"));
        assert!(*first >= BEGIN_MS + PERIOD_MS * 4 / 10, "nobody is asked twice in a row: {next:?}");
        last - first
    };
    assert!(apart_ms(0).await <= PERIOD_MS / 5, "a tenth either way");
    assert!(apart_ms(3_000).await > 2_500);
    assert!(apart_ms(3_600_000).await > 4_000);
}
