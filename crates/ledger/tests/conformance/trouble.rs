//! Migrations, lost connections.

use crate::fixture::{NOW, World, opening};
use crate::proxy::{CUT_AFTER, CUT_BEFORE, MARK, Proxy};
use ledger::{Keyring, Ledger, LedgerError, Opened, Options};
use std::sync::atomic::Ordering;
use task::Step;

fn options(world: &World, url: &str) -> Options {
    Options {
        url: url.to_owned(),
        keyring: Keyring::from_bytes([9; 32]),
        entropy: world.entropy.clone(),
        max_connections: 2,
    }
}

pub async fn migrations_run_once(world: &World) {
    assert_eq!(world.ledger.pending_migrations().await, Ok(0));
    assert_eq!(world.ledger.migrate().await, Ok(0));
    world.sql("DROP TABLE schema_migration").await;
    let all = world.ledger.pending_migrations().await;
    assert!(all.as_ref().is_ok_and(|count| *count > 0), "{all:?}");
    let again = world.ledger.migrate().await;
    assert!(matches!(again, Err(LedgerError::Sql(_))), "the tables are there already: {again:?}");
    assert_eq!(world.ledger.pending_migrations().await, all, "and nothing was half done");
    for url in ["mysql://x", "sqlite::memory:", "postgres://[", ""] {
        assert!(matches!(Ledger::open(options(world, url)).await, Err(LedgerError::Invalid(_))), "{url}");
    }
}

pub async fn two_migrations_at_once(world: &World) {
    if world.is_postgres() {
        world.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public;").await;
    }
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    let file = format!("sqlite:{}", folder.path().join("new.db").display());
    let url = if world.is_postgres() { world.url.clone() } else { file };
    let open = async || Ledger::open(options(world, &url)).await.expect("the database is there");
    let (one, two) = tokio::join!(open(), open());
    let (first, second) = tokio::join!(one.migrate(), two.migrate());
    let ran = [first.expect("it runs"), second.expect("it waits")];
    assert!(ran[0].min(ran[1]) == 0 && ran[0].max(ran[1]) > 0, "one did it all: {ran:?}");
    assert_eq!(two.pending_migrations().await, Ok(0));
    one.close().await;
    two.close().await;
}

pub async fn lost_connections_are_replaced(world: &World) {
    let task = world.opened().await;
    if world.is_postgres() {
        // What a restart of the server looks like from here.
        world
            .sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid()",
            )
            .await;
        assert_eq!(world.ledger.task(task.id).await, Ok(Some(task.clone())), "a read tries again by itself");
        world
            .sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
             AND pid <> pg_backend_pid()",
            )
            .await;
    }
    let change = world.change(&task, Step::Cancel, NOW + 1);
    let mut result = world.ledger.commit(vec![change.clone()]).await;
    for _ in 0..10 {
        match result {
            Ok(()) => break,
            Err(ref error) => assert!(error.may_retry(), "{error}"),
        }
        result = world.ledger.commit(vec![change.clone()]).await;
    }
    assert_eq!(result, Ok(()));
    let token = world.token(None).await;
    assert_eq!(world.ledger.open_task(opening(world.task(token.id))).await, Ok(Opened::New));

    let nowhere = if world.is_postgres() { "postgres://postgres@127.0.0.1:1/x" } else { "sqlite:/nonexistent/x.db" };
    let error = Ledger::open(options(world, nowhere)).await.expect_err("nobody is there");
    assert!(matches!(error, LedgerError::Away(_)), "{error:?}");
}

pub async fn a_caller_who_hangs_up_halfway_harms_nobody(world: &World) {
    let task = world.opened().await;
    // More of them than there are connections, and each at another place of its way.
    for steps in 0..40 {
        let both = async { tokio::join!(world.ledger.task(task.id), world.ledger.keep_seed(task.id, "7")) };
        let hung_up = async {
            for _ in 0..steps {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            () = hung_up => {}
            _done = both => {}
        }
    }
    assert_eq!(world.ledger.keep_seed(task.id, "8").await, Ok(()));
    assert_eq!(world.read(task.id).await.details.seed.as_deref(), Some("8"));
    let change = world.change(&world.read(task.id).await, Step::Cancel, NOW + 1);
    assert_eq!(world.ledger.commit(vec![change]).await, Ok(()));
}

pub async fn a_cut_commit_is_unknown(world: &World) {
    // A file's commit has no wire that could be cut.
    let Some((user, rest)) = world.url.strip_prefix("postgres://").and_then(|url| url.split_once('@')) else { return };
    let (target, database) = rest.split_once('/').expect("the URL names a database");
    let proxy = Proxy::to(target.to_owned()).await;
    let url = format!("postgres://{user}@127.0.0.1:{}/{database}", proxy.port);
    let ledger = Ledger::open(options(world, &url)).await.expect("the database is there");
    let token = world.token(Some(100)).await;
    for (mood, is_written) in [(CUT_BEFORE, false), (CUT_AFTER, true)] {
        let mut with = opening(world.task(token.id));
        with.reserve = 7;
        let held = world.token_now(token.id).await.reserved;
        proxy.mood.store(mood, Ordering::SeqCst);
        let result = ledger.open_task(with.clone()).await;
        assert!(matches!(&result, Err(error @ LedgerError::Unknown(_)) if error.may_retry()), "{result:?}");
        let read = ledger.task(with.task.id).await.expect("another connection works");
        assert_eq!(read.is_some(), is_written);
        assert_eq!(ledger.open_task(with.clone()).await, Ok(Opened::New), "the same again settles it");
        assert_eq!(world.token_now(token.id).await.reserved, held + 7, "and holds once");

        // One that needs no reserve commits by itself.
        let mut plain = opening(world.task(token.id));
        plain.task.spec.prompt = MARK.to_owned();
        proxy.mood.store(mood, Ordering::SeqCst);
        let result = ledger.open_task(plain.clone()).await;
        assert!(matches!(result, Err(LedgerError::Unknown(_))), "{result:?}");
        let read = ledger.task(plain.task.id).await.expect("another connection works");
        assert_eq!(read.is_some(), is_written);
        assert_eq!(ledger.open_task(plain.clone()).await, Ok(Opened::New), "the same again settles it");
        assert_eq!(ledger.events(plain.task.id).await.map(|events| events.len()), Ok(1), "and opens once");

        let task = world.read(with.task.id).await;
        let change = world.change(&task, Step::Cancel, NOW + 1);
        proxy.mood.store(mood, Ordering::SeqCst);
        let result = ledger.commit(vec![change.clone()]).await;
        assert!(matches!(result, Err(LedgerError::Unknown(_))), "{result:?}");
        let read = ledger.task(task.id).await.expect("another connection works").expect("it is there");
        assert_eq!(read, if is_written { change.after } else { task });
    }
    ledger.close().await;
}
