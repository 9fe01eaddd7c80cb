//! Group commit: many callers, few commits, everybody's own result.

use crate::fixture::{NOW, World, callback, opening};
use futures::future::join_all;
use ledger::{AttemptNote, LedgerError, Opened};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use task::{Fitted, State, Step, Task};

pub async fn concurrent_callers_share_commits(world: &World) {
    let token = world.token(None).await;
    let mut fresh: Vec<Task> = (0..64).map(|_| world.task(token.id)).collect();
    for (n, task) in fresh.iter_mut().enumerate() {
        task.external_id = Some(format!("caller {n}"));
    }
    let before = world.ledger.write_counts();
    let opened = join_all(fresh.iter().map(|task| world.ledger.open_task(opening(task.clone())))).await;
    assert!(opened.iter().all(|result| *result == Ok(Opened::New)), "{opened:?}");
    let after = world.ledger.write_counts();
    assert_eq!(after.units - before.units, 64);
    assert!(after.commits - before.commits < 64, "{after:?}");
    let ids: Vec<_> = fresh.iter().map(|task| task.id).collect();
    let mut read = world.ledger.tasks(&ids).await.expect("tasks can be read");
    read.sort_by_key(|task| task.id);
    fresh.sort_by_key(|task| task.id);
    assert_eq!(read, fresh);

    // Every second task is changed before, so that its caller, and nobody else, comes too late.
    for task in fresh.iter().step_by(2) {
        world
            .step(
                task,
                Step::Move {
                    channel: "two".into(),
                    upstream_model: "m".into(),
                    fitted: Fitted::default(),
                    warnings: Vec::new(),
                },
                NOW + 1,
            )
            .await;
    }
    let changes: Vec<_> = fresh
        .iter()
        .map(|task| {
            let mut change = world.change(task, Step::Cancel, NOW + 2);
            change.callback = Some(callback("CANCELLED", true));
            change
        })
        .collect();
    let before = world.ledger.write_counts();
    let results = join_all(changes.into_iter().map(|change| world.ledger.commit(vec![change]))).await;
    let after = world.ledger.write_counts();
    assert!(after.commits - before.commits < 64, "{after:?}");
    for (n, (task, result)) in fresh.iter().zip(results).enumerate() {
        let now = world.read(task.id).await;
        let callbacks = world.ledger.callbacks(task.id).await.expect("callbacks can be read").len();
        if n % 2 == 0 {
            assert_eq!((result, now.state, callbacks), (Err(LedgerError::Stale), State::Queued, 0), "{n}");
        } else {
            assert_eq!((result, now.state, callbacks), (Ok(()), State::Cancelled, 1), "{n}");
        }
    }
}

pub async fn a_failing_unit_harms_nobody_else(world: &World) {
    let mut tasks = Vec::new();
    for _ in 0..16 {
        tasks.push(world.opened().await);
    }
    let mut leases: Vec<_> = tasks.iter().map(|task| world.lease(task, NOW + 1)).collect();
    let taken = leases[3].after.attempt.expect("a lease has an attempt");
    // The engine itself refuses this one: its attempt id belongs to another row.
    if let Some(AttemptNote::Begin { attempt, .. }) = &mut leases[11].attempt {
        *attempt = taken;
    }
    let results = join_all(leases.iter().map(|lease| world.ledger.commit(vec![lease.clone()]))).await;
    let failed: Vec<_> = results.iter().filter(|result| result.is_err()).collect();
    assert_eq!(failed.len(), 1, "{results:?}");
    assert!(matches!(failed[0], Err(LedgerError::Sql(_))), "{failed:?}");
    for (task, result) in tasks.iter().zip(&results) {
        let expected = if result.is_ok() { State::Submitting } else { State::Queued };
        assert_eq!(world.read(task.id).await.state, expected);
    }
}

pub async fn a_caller_that_hangs_up_cancels_nothing(world: &World) {
    let token = world.token(None).await;
    let task = world.task(token.id);
    {
        let mut call = pin!(world.ledger.open_task(opening(task.clone())));
        let mut context = Context::from_waker(Waker::noop());
        let first: Poll<_> = call.as_mut().poll(&mut context);
        assert!(first.is_pending(), "a commit takes longer than one look");
    }
    // Whoever asks for the same task waits behind it.
    assert_eq!(world.ledger.open_task(opening(task.clone())).await, Ok(Opened::New));
    assert_eq!(world.read(task.id).await, task);
    assert_eq!(world.ledger.events(task.id).await.expect("events can be read").len(), 1);
}

pub async fn a_closed_ledger_finishes_what_it_took(world: &World) {
    let token = world.token(None).await;
    let ledger = world.second().await;
    let tasks: Vec<Task> = (0..40).map(|_| world.task(token.id)).collect();
    let calls: Vec<_> = tasks
        .iter()
        .map(|task| {
            let (ledger, with) = (ledger.clone(), opening(task.clone()));
            tokio::spawn(async move { ledger.open_task(with).await })
        })
        .collect();
    ledger.close().await;
    let mut refused = 0;
    for (call, task) in calls.into_iter().zip(&tasks) {
        let result = call.await.expect("a call does not panic");
        let is_there = world.ledger.task(task.id).await.expect("it can be asked").is_some();
        match result {
            Ok(_) => assert!(is_there),
            Err(LedgerError::Away(_)) => {
                refused += 1;
                assert!(!is_there);
            }
            Err(other) => panic!("{other}"),
        }
    }
    assert!(refused <= 40);
    assert!(matches!(ledger.open_task(opening(world.task(token.id))).await, Err(LedgerError::Away(_))));
}

pub async fn two_ledgers_compare_and_set_against_each_other(world: &World) {
    let second = world.second().await;
    let mut tasks = Vec::new();
    for _ in 0..20 {
        tasks.push(world.opened().await);
    }
    let ours = join_all(tasks.iter().map(|task| world.ledger.commit(vec![world.change(task, Step::Cancel, NOW + 1)])));
    let theirs = join_all(tasks.iter().map(|task| second.commit(vec![world.lease(task, NOW + 1)])));
    let (ours, theirs) = tokio::join!(ours, theirs);
    for ((task, ours), theirs) in tasks.iter().zip(ours).zip(theirs) {
        let state = world.read(task.id).await.state;
        match (ours, theirs) {
            (Ok(()), Err(LedgerError::Stale)) => assert_eq!(state, State::Cancelled),
            (Err(LedgerError::Stale), Ok(())) => assert_eq!(state, State::Submitting),
            other => panic!("exactly one wins: {other:?}"),
        }
        assert_eq!(world.ledger.events(task.id).await.expect("events can be read").len(), 2);
    }
}

pub async fn units_that_cross_never_block_each_other(world: &World) {
    let second = world.second().await;
    let token = world.token(Some(1_000_000)).await;
    let mut tasks = Vec::new();
    for _ in 0..12 {
        let mut with = opening(world.task(token.id));
        with.reserve = 3;
        let id = with.task.id;
        world.ledger.open_task(with).await.expect("it can be opened");
        tasks.push(world.read(id).await);
    }
    for round in 1..=6 {
        let to = |n: i64| Step::Move {
            channel: format!("c{n}"),
            upstream_model: "m".into(),
            fitted: Fitted::default(),
            warnings: Vec::new(),
        };
        let pair =
            |a: &Task, b: &Task| vec![world.change(a, to(round), NOW + round), world.change(b, to(round), NOW + round)];
        for task in &tasks {
            world.ledger.note_progress(task.id, round * 10, None);
        }
        let forth = join_all(tasks.windows(2).map(|two| world.ledger.commit(pair(&two[0], &two[1]))));
        let back = join_all(tasks.windows(2).rev().map(|two| second.commit(pair(&two[1], &two[0]))));
        let money = join_all((0..8).map(|_| {
            let mut with = opening(world.task(token.id));
            with.reserve = 1;
            second.open_task(with)
        }));
        let flush = world.ledger.flush_progress(NOW + round * 10_000);
        let (forth, back, money, flush) = tokio::join!(forth, back, money, flush);
        flush.expect("progress is written beside them");
        assert!(money.iter().all(|result| *result == Ok(Opened::New)), "{money:?}");
        let results: Vec<_> = forth.into_iter().chain(back).collect();
        assert!(results.contains(&Ok(())), "somebody gets through");
        let expected = |result: &Result<(), _>| matches!(result, Ok(()) | Err(LedgerError::Stale));
        assert!(results.iter().all(expected), "{results:?}");
        let ids: Vec<_> = tasks.iter().map(|task| task.id).collect();
        tasks = world.ledger.tasks(&ids).await.expect("tasks can be read");
    }
    let token = world.token_now(token.id).await;
    assert_eq!((token.reserved, token.settled), (12 * 3 + 6 * 8, 0));
}

pub async fn changes_of_one_task_keep_their_order(world: &World) {
    let mut lives = Vec::new();
    for _ in 0..8 {
        let mut task = world.opened().await;
        let mut changes = Vec::new();
        for n in 1..=4 {
            let step = Step::Move {
                channel: format!("c{n}"),
                upstream_model: "m".into(),
                fitted: Fitted::default(),
                warnings: Vec::new(),
            };
            changes.push(world.change(&task, step, NOW + n));
            task = changes[changes.len() - 1].after.clone();
        }
        lives.push(changes);
    }
    // All at once, each task's changes one behind the other: none may overtake or share its batch.
    let all = (0..4).flat_map(|n| lives.iter().map(move |life| life[n].clone()));
    let results = join_all(all.map(|change| world.ledger.commit(vec![change]))).await;
    assert!(results.iter().all(|result| result.is_ok()), "{results:?}");
    for life in &lives {
        assert_eq!(world.read(life[3].after.id).await, life[3].after);
    }
}

pub async fn a_unit_that_hangs_holds_up_none_but_its_own(world: &World) {
    // SQLite has one writer by nature, and locks no single row.
    if !world.is_postgres() {
        return;
    }
    let moved = |task: &Task, n: i64| {
        let step = Step::Move {
            channel: format!("c{n}"),
            upstream_model: "m".into(),
            fitted: Fitted::default(),
            warnings: Vec::new(),
        };
        world.change(task, step, NOW + n)
    };
    let (held, other) = (world.opened().await, world.opened().await);
    let first = moved(&held, 1);
    let second = moved(&first.after, 2);
    let holder = world.hold(held.id).await;
    let mut hung = pin!(async { tokio::join!(world.ledger.commit(vec![first]), world.ledger.commit(vec![second])) });
    tokio::select! {
        _ = &mut hung => panic!("somebody else holds the row"),
        () = world.until_somebody_waits() => {}
    }
    // The second change of the held task waits in front of these.
    for n in 1..=3 {
        let with = opening(world.task(other.token));
        assert_eq!(world.ledger.open_task(with).await, Ok(Opened::New), "{n}");
    }
    assert_eq!(world.ledger.commit(vec![moved(&other, 1)]).await, Ok(()));
    drop(holder);
    assert_eq!(hung.await, (Ok(()), Ok(())));
    assert_eq!(world.read(held.id).await.channel, "c2");
}
