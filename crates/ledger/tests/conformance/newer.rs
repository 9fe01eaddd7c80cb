//! Two versions side by side: the tables and words of a newer one, and this one at work on them.

use crate::fixture::{NOW, World, artifact, opening};
use ledger::{LedgerError, TaskFilter};
use task::{State, Step, UncertainPolicy};

pub async fn tables_of_a_newer_version_are_worked_on(world: &World) {
    let before = world.running("before").await;
    world
        .sql(
            "ALTER TABLE task ADD COLUMN mood TEXT; ALTER TABLE task ADD COLUMN weight_g BIGINT NOT NULL DEFAULT 0; \
             ALTER TABLE event ADD COLUMN mood TEXT; ALTER TABLE callback ADD COLUMN mood TEXT; \
             ALTER TABLE channel ADD COLUMN mood TEXT; ALTER TABLE token ADD COLUMN mood TEXT; \
             ALTER TABLE artifact ADD COLUMN mood TEXT; ALTER TABLE attempt ADD COLUMN mood TEXT; \
             CREATE TABLE dream (id TEXT PRIMARY KEY); CREATE INDEX task_mood ON task (mood); \
             INSERT INTO schema_migration (name, sha256) VALUES ('9999_dreams', 'of somebody else'); \
             UPDATE task SET mood = 'fine'",
        )
        .await;
    for ledger in [world.ledger.clone(), world.second().await] {
        assert_eq!(ledger.pending_migrations().await, Ok(0), "an old process starts");
        assert_eq!(ledger.migrate().await, Ok(0), "and leaves scripts alone that it does not know");
        assert_eq!(ledger.task(before.id).await, Ok(Some(before.clone())));
    }
    let answered = world.step(&before, Step::Answer { outputs: vec![], details: Default::default() }, NOW + 3).await;
    let artifacts = vec![artifact(before.id, 0)];
    let stored = world.step(&answered, Step::Store { artifacts, warnings: vec![] }, NOW + 4).await;
    assert_eq!((stored.state, stored.artifacts.len()), (State::Succeeded, 1), "what was begun is brought to its end");
    let after = world.running("after").await;
    assert_eq!(after.state, State::Running, "and what is new is taken");
}

pub async fn words_of_a_newer_version_harm_nobody(world: &World) {
    let mut opened = [world.opened().await, world.opened().await];
    opened.sort_unstable_by_key(|task| task.id);
    let [strange, known] = opened;
    let mut elsewhere = world.task(world.token(None).await.id);
    elsewhere.channel = "telepathic".into();
    world.ledger.open_task(opening(elsewhere.clone())).await.expect("it can be opened");
    let channel = task::Channel {
        name: "telepathic".into(),
        dialect: "telepathy".into(),
        base_url: "https://far.example".into(),
        key: task::Secret::new("k"),
        hook_secret: task::Secret::new("h"),
        models: vec!["*".into()],
        weight: 1,
        priority: 0,
        limits: Default::default(),
        uncertain: UncertainPolicy::Resubmit,
        options: Default::default(),
        paused: false,
        removed: false,
        created_ms: NOW,
    };
    world.ledger.put_channel(&channel).await.expect("it can be written");
    world
        .sql(
            "UPDATE task SET state = 'dreaming' WHERE id = (SELECT MIN(id) FROM task WHERE channel <> 'telepathic'); \
             UPDATE channel SET uncertain = 'ask_twice' WHERE name = 'telepathic'",
        )
        .await;
    let ledger = &world.ledger;

    let alone = ledger.task(strange.id).await;
    assert!(matches!(alone, Err(LedgerError::Corrupt { table: "task", column: "state", .. })), "{alone:?}");
    let seen = [known.id, elsewhere.id];
    let read = ledger.tasks(&[strange.id, known.id, elsewhere.id]).await.expect("the others can be read");
    assert!(read.len() == 2 && read.iter().all(|task| seen.contains(&task.id)), "{read:?}");
    let listed = ledger.list_tasks(&TaskFilter { limit: 10, ..TaskFilter::default() }).await;
    assert_eq!(listed.expect("the others are listed").len(), 2);
    let queued = ledger.in_state(&[State::Queued], None, 10).await.expect("the others are there");
    assert_eq!(queued.len(), 2);
    let counts = ledger.state_counts().await.expect("the others are counted");
    assert_eq!(counts.iter().map(|(_, _, count)| count).sum::<i64>(), 2, "{counts:?}");

    let channels = ledger.channels().await.expect("channels can be read");
    assert_eq!(channels.len(), 1);
    assert_eq!((channels[0].dialect.as_str(), channels[0].uncertain), ("telepathy", UncertainPolicy::Hold));
}
