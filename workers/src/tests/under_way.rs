//! What becomes of submissions under way when their process ends at once.

use super::*;
use task::State;

#[tokio::test]
async fn what_was_not_paid_for_goes_back_and_the_rest_is_in_doubt() {
    let world = World::new(|_| (500, Bytes::new())).await;
    let (fresh, paid) = (world.submitting(Kind::Image).await, world.submitting(Kind::Image).await);
    let ended = world.submitting(Kind::Image).await;
    for task in [&fresh, &paid, &ended] {
        world.core.under_way.begin(task);
    }
    assert!(world.core.under_way.pay(paid.id));
    world.core.under_way.end(ended.id);

    assert_eq!(world.core.let_go().await, 2);

    let row = world.row(fresh.id).await;
    assert_eq!((row.state, row.attempts), (State::Queued, 0), "it goes on elsewhere, and this try does not count");
    let row = world.row(paid.id).await;
    assert_eq!((row.state, row.due_ms), (State::Uncertain, Some(world.clock.now_ms())));
    assert_eq!(world.row(ended.id).await, ended, "its own record decides");
    let attempts = world.core.ledger.attempts(paid.id).await.expect("attempts can be read");
    assert_eq!(attempts[0].outcome.as_deref(), Some("uncertain"));
    assert!(!world.core.under_way.pay(fresh.id), "nothing is paid for after that");
    assert_eq!(world.core.let_go().await, 0);
}

#[tokio::test]
async fn what_was_recorded_in_the_last_moment_stays() {
    let world = World::new(|_| (500, Bytes::new())).await;
    let leased = world.submitting(Kind::Image).await;
    world.core.under_way.begin(&leased);
    assert!(world.core.under_way.pay(leased.id));
    let operation = Operation { id: "op".to_owned(), memo: Value::Null };
    let running = world.step(leased, Step::Accept { operation, warnings: Vec::new() }, None).await;

    assert_eq!(world.core.let_go().await, 0);
    assert_eq!(world.row(running.id).await, running);
}
