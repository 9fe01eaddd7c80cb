//! What may happen once: a keyed request, a task id, a modal's child.

use crate::fixture::{NOW, World, opening};
use futures::future::join_all;
use ledger::{Idempotency, Opened, Opening, Remembered, Retention};
use task::{Step, TokenId};

fn keyed(world: &World, token: TokenId, body: &str) -> Opening {
    let mut with = opening(world.task(token));
    let answer = (200, format!("{{\"id\":\"{}\"}}", with.task.id).into_bytes());
    let scope = "POST /mj/submit/imagine key:k1".to_owned();
    let idempotency = Idempotency { token, scope, body_hash: body.into(), answer, expires_ms: NOW + 1000 };
    with.idempotency = Some(idempotency);
    with
}

pub async fn a_repeated_request_is_replayed(world: &World) {
    let token = world.token(Some(10)).await;
    let mut first = keyed(world, token.id, "body");
    first.reserve = 10;
    assert_eq!(world.ledger.open_task(first.clone()).await, Ok(Opened::New));
    let answer = first.idempotency.clone().expect("it has a key").answer;
    // Nothing is left, and a replay asks for nothing.
    let mut again = keyed(world, token.id, "body");
    again.reserve = 10;
    let replayed = world.ledger.open_task(again.clone()).await;
    assert_eq!(replayed, Ok(Opened::Replayed { task: first.task.id, answer }));
    assert_eq!(world.ledger.task(again.task.id).await, Ok(None));
    let other = keyed(world, token.id, "another body");
    assert_eq!(world.ledger.open_task(other).await, Ok(Opened::Conflict));
    // The key is the token's own.
    let stranger = world.token(None).await;
    assert_eq!(world.ledger.open_task(keyed(world, stranger.id, "another body")).await, Ok(Opened::New));
    // And it lapses.
    let mut later = keyed(world, token.id, "another body");
    later.task.created_ms = NOW + 1000;
    assert_eq!(world.ledger.open_task(later.clone()).await, Ok(Opened::New));
    assert_eq!(world.read(later.task.id).await, *later.task);
}

pub async fn what_is_remembered_can_be_asked_for(world: &World) {
    let (token, stranger) = (world.token(None).await, world.token(None).await);
    let (first, mut second) = (keyed(world, token.id, "body"), keyed(world, token.id, "body"));
    let key = second.idempotency.as_mut().expect("it has a key");
    (key.scope, key.expires_ms) = (format!("{}#1", key.scope), NOW + 2000);
    let scope_of = |opening: &Opening| opening.idempotency.clone().expect("it has a key").scope;
    let scopes = [scope_of(&first), scope_of(&second), "another".to_owned()];
    assert_eq!(world.ledger.find_idempotency(token.id, &scopes[0]).await, Ok(None));
    for opening in [&first, &second] {
        assert_eq!(world.ledger.open_task(opening.clone()).await, Ok(Opened::New));
        let key = opening.idempotency.clone().expect("it has a key");
        let (task, body_hash, answer, expires_ms) = (opening.task.id, "body".to_owned(), key.answer, key.expires_ms);
        let known = Some(Remembered { task, body_hash, answer, expires_ms });
        assert_eq!(world.ledger.find_idempotency(token.id, &key.scope).await, Ok(known.clone()));
        assert_eq!(world.ledger.newest_idempotency(token.id, &scopes).await, Ok(known), "the newest so far");
    }
    assert_eq!(world.ledger.find_idempotency(stranger.id, &scopes[0]).await, Ok(None), "keys are the token's own");
    assert_eq!(world.ledger.newest_idempotency(token.id, &[]).await, Ok(None));
    world.ledger.purge(Retention::Idempotency, NOW + 1001, 10).await.expect("rows can be purged");
    assert_eq!(world.ledger.find_idempotency(token.id, &scopes[0]).await, Ok(None));
    let newest = world.ledger.newest_idempotency(token.id, &scopes).await.expect("it can be asked");
    assert_eq!(newest.map(|known| known.task), Some(second.task.id));
}

pub async fn concurrent_repeats_open_one_task(world: &World) {
    let second = world.second().await;
    let token = world.token(None).await;
    let calls: Vec<_> = (0..24).map(|_| keyed(world, token.id, "body")).collect();
    let ledgers = [&world.ledger, &second];
    let results = join_all(calls.iter().enumerate().map(|(n, call)| ledgers[n % 2].open_task(call.clone()))).await;
    let winners: Vec<_> = calls.iter().zip(&results).filter(|(_, result)| **result == Ok(Opened::New)).collect();
    assert_eq!(winners.len(), 1, "{results:?}");
    let winner = winners[0].0;
    let answer = winner.idempotency.clone().expect("it has a key").answer;
    let replayed = Ok(Opened::Replayed { task: winner.task.id, answer });
    assert_eq!(results.iter().filter(|result| **result == replayed).count(), 23, "{results:?}");
}

pub async fn a_retried_opening_is_new(world: &World) {
    let token = world.token(Some(10)).await;
    let mut with = keyed(world, token.id, "body");
    with.reserve = 6;
    assert_eq!(world.ledger.open_task(with.clone()).await, Ok(Opened::New));
    assert_eq!(world.ledger.open_task(with.clone()).await, Ok(Opened::New));
    assert_eq!(world.token_now(token.id).await.reserved, 6, "it is held once");
    assert_eq!(world.ledger.events(with.task.id).await.expect("events can be read").len(), 1);
}

pub async fn a_parent_has_one_child(world: &World) {
    let parent = world.opened().await;
    let child = |world: &World| {
        let mut with = opening(world.task(parent.token));
        with.only_child_of = Some(parent.id);
        with
    };
    let (first, second) = (child(world), child(world));
    assert_eq!(world.ledger.open_task(first.clone()).await, Ok(Opened::New));
    assert_eq!(world.ledger.open_task(second.clone()).await, Ok(Opened::ExistingChild(first.task.id)));
    assert_eq!(world.ledger.task(second.task.id).await, Ok(None));
    assert_eq!(world.ledger.open_task(first.clone()).await, Ok(Opened::New), "its own retry");
}

pub async fn concurrent_children_are_one(world: &World) {
    let other = world.second().await;
    let (one, two) = (world.opened().await, world.opened().await);
    let parents = [one.id, two.id];
    // Both ledgers ask for both parents, in opposite orders.
    let calls: Vec<_> = (0..16)
        .map(|n| {
            let mut with = opening(world.task(one.token));
            with.only_child_of = Some(parents[(n / 2 + n) % 2]);
            with
        })
        .collect();
    let ledgers = [&world.ledger, &other];
    let results = join_all(calls.iter().enumerate().map(|(n, call)| ledgers[n % 2].open_task(call.clone()))).await;
    for parent in parents {
        let of_parent = || calls.iter().zip(&results).filter(|(call, _)| call.only_child_of == Some(parent));
        let child = of_parent().find(|(_, result)| **result == Ok(Opened::New)).expect("one gets in").0.task.id;
        let existing = Ok(Opened::ExistingChild(child));
        let others = of_parent().filter(|(_, result)| **result == existing).count();
        assert_eq!(others + 1, of_parent().count(), "{results:?}");
    }
}

pub async fn a_child_is_found_until_it_ends(world: &World) {
    let parent = world.running("asks").await;
    assert_eq!(world.ledger.unfinished_child(parent.id).await, Ok(None));
    let token = world.token(None).await;
    let child = world.task(token.id);
    let mut with = opening(child.clone());
    with.only_child_of = Some(parent.id);
    world.ledger.open_task(with).await.expect("it can be opened");
    assert_eq!(world.ledger.unfinished_child(parent.id).await, Ok(Some(child.id)));
    assert_eq!(world.ledger.unfinished_child(child.id).await, Ok(None));
    world.step(&child, Step::Cancel, NOW + 1).await;
    assert_eq!(world.ledger.unfinished_child(parent.id).await, Ok(None), "it has ended");
}
