//! Quota: granted = reserved + settled + left, whatever happens at the same time.

use crate::fixture::{NOW, World, failure, opening};
use futures::future::join_all;
use ledger::{LedgerError, NewToken, Opened};
use task::{Step, Task, TokenId};

async fn open(world: &World, token: TokenId, reserve: i64) -> Result<Task, LedgerError> {
    let mut with = opening(world.task(token));
    with.reserve = reserve;
    let mut task = with.task.clone();
    task.reserved = reserve;
    assert_eq!(world.ledger.open_task(with).await?, Opened::New);
    Ok(*task)
}

pub async fn quota_is_reserved_settled_and_given_back(world: &World) {
    let token = world.token(Some(10)).await;
    let amounts = async || {
        let token = world.token_now(token.id).await;
        (token.reserved, token.settled, token.left())
    };
    let task = open(world, token.id, 7).await.expect("there is enough");
    assert_eq!(amounts().await, (7, 0, 3));
    assert_eq!(open(world, token.id, 4).await, Err(LedgerError::InsufficientQuota));
    let cancelled = open(world, token.id, 3).await.expect("there is just enough");
    world.step(&cancelled, Step::Cancel, NOW + 1).await;
    assert_eq!(amounts().await, (7, 0, 3));

    let lease = world.lease(&task, NOW + 1);
    let leased = lease.after.clone();
    world.ledger.commit(vec![lease]).await.expect("nobody else changes it");
    let answer = Step::Answer { outputs: vec![], details: Default::default() };
    let archiving = world.step(&leased, answer, NOW + 2).await;
    world.step(&archiving, Step::Store { artifacts: vec![], warnings: vec![] }, NOW + 3).await;
    assert_eq!(amounts().await, (0, 7, 3));

    assert_eq!(world.ledger.grant_quota(token.id, -4).await, Ok(false), "what is spent can't be taken back");
    assert_eq!(world.ledger.grant_quota(token.id, 5).await, Ok(true));
    assert_eq!(amounts().await, (0, 7, 8));
    let nobody = TokenId::new(NOW, world.entropy.as_ref());
    assert_eq!(open(world, nobody, 1).await, Err(LedgerError::NotFound));
    let unlimited = world.token(None).await;
    open(world, unlimited.id, 1_000_000).await.expect("it has no limit");
}

pub async fn quota_adds_up_under_concurrency(world: &World) {
    let second = world.second().await;
    let ledgers = [&world.ledger, &second];
    let token = world.token(Some(100)).await;
    let call = |n: usize| {
        let mut with = opening(world.task(token.id));
        with.reserve = 5;
        with.task.reserved = 5;
        let task = with.task.clone();
        async move { ledgers[n % 2].open_task(with).await.map(|_| *task) }
    };
    let results = join_all((0..64).map(call)).await;
    let open: Vec<Task> = results.iter().filter_map(|result| result.clone().ok()).collect();
    assert_eq!(open.len(), 20, "100 is enough for 20");
    let refused = |result: &&Result<Task, LedgerError>| **result == Err(LedgerError::InsufficientQuota);
    assert_eq!(results.iter().filter(refused).count(), 44, "{results:?}");

    // All end at once, some well and some badly, while others want in.
    let (well, badly) = open.split_at(7);
    let mut archiving = Vec::new();
    for task in well {
        let lease = world.lease(task, NOW + 1);
        let leased = lease.after.clone();
        world.ledger.commit(vec![lease]).await.expect("nobody else changes it");
        let answer = Step::Answer { outputs: vec![], details: Default::default() };
        archiving.push(world.step(&leased, answer, NOW + 2).await);
    }
    let ends: Vec<_> = archiving
        .iter()
        .map(|task| world.change(task, Step::Store { artifacts: vec![], warnings: vec![] }, NOW + 3))
        .chain(badly.iter().map(|task| world.change(task, Step::Fail(failure()), NOW + 3)))
        .collect();
    let ends = join_all(ends.iter().enumerate().map(|(n, end)| ledgers[n % 2].commit(vec![end.clone()])));
    let more = join_all((0..30).map(call));
    let (ends, more) = tokio::join!(ends, more);
    assert!(ends.iter().all(|end| end.is_ok()), "{ends:?}");
    let more = more.iter().filter(|result| result.is_ok()).count() as i64;
    let token = world.token_now(token.id).await;
    assert_eq!((token.settled, token.reserved), (7 * 5, more * 5));
    assert!(token.left() >= 0);
    let ids: Vec<_> = open.iter().map(|task| task.id).collect();
    let ended = world.ledger.tasks(&ids).await.expect("tasks can be read");
    assert_eq!(ended.iter().map(|task| task.charged).sum::<i64>(), token.settled);
    assert_eq!(ended.iter().map(|task| task.reserved).sum::<i64>(), 0);
}

pub async fn tokens_are_found_and_stopped(world: &World) {
    let new = NewToken {
        name: "studio".into(),
        key_hash: "ab".repeat(32),
        masked: "sk-st…0001".into(),
        unlimited: false,
        granted: 5,
        expires_ms: Some(NOW + 10),
    };
    let token = world.ledger.create_token(new.clone(), NOW).await.expect("a token can be made");
    assert_eq!(world.ledger.token_by_hash(&new.key_hash).await, Ok(Some(token.clone())));
    assert_eq!(world.ledger.token_by_hash("cd").await, Ok(None));
    assert!(token.is_usable(NOW) && !token.is_usable(NOW + 10));
    assert!(matches!(world.ledger.create_token(new.clone(), NOW).await, Err(LedgerError::Sql(_))));
    assert_eq!(world.ledger.revoke_token(token.id).await, Ok(true));
    assert_eq!(world.ledger.revoke_token(token.id).await, Ok(false));
    let stopped = world.ledger.token_by_hash(&new.key_hash).await.expect("it can be asked").expect("it stays");
    assert!(!stopped.is_usable(NOW));
}
