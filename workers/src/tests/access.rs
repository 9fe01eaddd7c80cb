//! Short-lived tokens: exchanged once, kept, dropped.

use super::*;
use providers::{Account, PollItem, PollOutcome};
use queue::Finish;
use task::{Output, Retry, Role, Source, State};

/// Tokens are numbered; every other request is answered by `other`.
async fn world(other: impl Fn(&Seen) -> (u16, Bytes) + Send + Sync + 'static) -> World {
    World::new(move |seen| match seen.to.as_str() {
        "tokens.test/token" => (200, Bytes::from(format!("token-{}", seen.before))),
        _ => other(seen),
    })
    .await
}

fn nothing(_: &Seen) -> (u16, Bytes) {
    (200, Bytes::new())
}

fn credentials(world: &World, to: &str) -> Vec<String> {
    world.wire.seen(to).into_iter().map(|seen| seen.authorization).collect()
}

async fn token(world: &World, line: &Line) -> String {
    let access = world.core.access(line).await.expect("a token");
    access.expect("this dialect has tokens").expose().to_owned()
}

#[tokio::test]
async fn one_exchange_serves_all_until_a_minute_before_its_end() {
    let world = world(nothing).await;
    let line = line(with_tokens());
    let tokens = futures::future::join_all((0..20).map(|_| token(&world, &line))).await;
    assert!(tokens.iter().all(|token| token == "token-0"), "{tokens:?}");
    world.forward_ms(539_999);
    assert_eq!(token(&world, &line).await, "token-0");
    world.forward_ms(1);
    assert_eq!(token(&world, &line).await, "token-1");
    let asked = world.wire.seen("tokens.test/token");
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].body, b"the-key");
    assert!(!format!("{:?}", world.core.accesses).contains("token-1"), "a token is never printed");
}

#[tokio::test]
async fn another_credential_gets_another_token() {
    let world = world(nothing).await;
    let mut line = line(with_tokens());
    assert_eq!(token(&world, &line).await, "token-0");
    line.channel.key = Secret::new("another");
    assert_eq!(token(&world, &line).await, "token-1");
    line.channel.options.clear();
    assert_eq!(world.core.access(&line).await.expect("no error"), None, "without exchange there is no token");
}

#[tokio::test]
async fn a_task_waits_for_a_token_and_nothing_happens_to_it() {
    let world = World::new(|seen| match (seen.to.as_str(), seen.before) {
        ("tokens.test/token", 0) => (403, Bytes::new()),
        ("tokens.test/token", _) => (200, Bytes::from_static(b"token")),
        _ => (200, Bytes::new()),
    })
    .await;
    let line = line(with_tokens());
    let task = world.queued(Kind::Image).await;
    let claim = world.claim(&task);
    for _ in 0..5 {
        let finish = world.core.submit_on(&claim, &task, &line, None).await.expect("the ledger is there");
        assert!(matches!(finish, Finish::At(due_ms) if due_ms > world.clock.now_ms()), "{finish:?}");
    }
    let row = world.row(task.id).await;
    assert_eq!((row.state, row.attempts, row.version), (State::Queued, 0, task.version));
    assert_eq!(world.wire.seen("tokens.test/token").len(), 1, "nobody is asked before the pause is over");
    assert!(world.wire.seen("up.test/submit").is_empty());
    // The same pause holds for polls, and fails no task.
    let operation = Operation { id: "op".to_owned(), memo: Value::Null };
    let item = PollItem { operation: &operation, kind: Kind::Image };
    let failure = world.core.ask(&line, &[item]).await.err().expect("no token");
    assert!(matches!(failure.retry, Retry::Later(Some(1..))), "{failure:?}");
    world.forward_ms(10_000);
    world.core.submit_on(&world.claim(&task), &task, &line, None).await.expect("the ledger is there");
    assert_eq!(world.row(task.id).await.state, State::Running);
    assert_eq!(credentials(&world, "up.test/submit"), ["token"]);
}

#[tokio::test]
async fn a_question_is_asked_once_more_with_a_new_token() {
    let world = world(|seen| if seen.authorization == "token-0" { (401, Bytes::new()) } else { nothing(seen) }).await;
    let line = line(with_tokens());
    let operation = Operation { id: "op".to_owned(), memo: Value::Null };
    let item = PollItem { operation: &operation, kind: Kind::Image };
    let asked = world.core.ask(&line, &[item]).await.expect("an answer");
    assert!(matches!(asked.outcomes[..], [PollOutcome::Pending { .. }]));
    assert_eq!(credentials(&world, "up.test/poll"), ["token-0", "token-1"]);
    let seed = |account: Account<'_>| line.dialect.seed(account, &operation);
    let answer = world.core.question(&line, 1_000, seed).await.expect("it has seeds").expect("an answer");
    assert_eq!((answer.status, credentials(&world, "up.test/seed")), (200, vec!["token-1".to_owned()]));
}

#[tokio::test]
async fn an_upstream_that_refuses_every_token_is_not_asked_for_ever() {
    let world = world(|_| (401, Bytes::new())).await;
    let line = line(with_tokens());
    let operation = Operation { id: "op".to_owned(), memo: Value::Null };
    let item = PollItem { operation: &operation, kind: Kind::Image };
    for _ in 0..3 {
        world.core.ask(&line, &[item]).await.err().expect("no answer");
    }
    assert_eq!(world.wire.seen("tokens.test/token").len(), 2, "the second one is no better than the first");
    assert_eq!(world.wire.seen("up.test/poll").len(), 4);
    let output = Output::new(Role::Image, Source::Url("http://up.test/file".to_owned()));
    let error = world.core.download(&line, &output).await.err().expect("no file");
    assert!(error.gone);
    world.forward_ms(10_000);
    let error = world.core.download(&line, &output).await.err().expect("no file");
    assert!(error.gone);
    assert_eq!(credentials(&world, "up.test/file"), ["token-1", "token-1", "token-2"]);
}

#[tokio::test]
async fn a_refused_paid_request_is_not_sent_again_with_another_token() {
    let world = world(|_| (401, Bytes::new())).await;
    let line = line(with_tokens());
    let task = world.queued(Kind::Image).await;
    world.core.submit_on(&world.claim(&task), &task, &line, None).await.expect("the ledger is there");
    let row = world.row(task.id).await;
    assert_eq!((row.state, row.attempts), (State::Queued, 1), "the dialect called it a refusal that may pass");
    assert_eq!(credentials(&world, "up.test/submit"), ["token-0"]);
    assert_eq!(token(&world, &line).await, "token-1", "the token was dropped");
}

#[tokio::test]
async fn a_refused_upload_is_made_again_and_paid_for_once() {
    let world = world(|seen| match (seen.to.as_str(), seen.authorization.as_str()) {
        ("up.test/upload", "token-0") => (401, Bytes::new()),
        _ => nothing(seen),
    })
    .await;
    let line = line(json!({ "tokens": true, "upload": true }));
    let task = world.queued(Kind::Image).await;
    world.core.submit_on(&world.claim(&task), &task, &line, None).await.expect("the ledger is there");
    assert_eq!(world.row(task.id).await.state, State::Running);
    assert_eq!(credentials(&world, "up.test/upload"), ["token-0", "token-1"]);
    assert_eq!(credentials(&world, "up.test/submit"), ["token-1"]);
}
