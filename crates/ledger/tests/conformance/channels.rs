//! Channels: sealed secrets, versions, the cache.

use crate::fixture::{NOW, World};
use ledger::{ChannelCache, Keyring, Ledger, LedgerError, Options};
use serde_json::json;
use task::{Channel, ChannelLimits, Secret, UncertainPolicy};

fn channel(name: &str) -> Channel {
    Channel {
        name: name.into(),
        dialect: "kling".into(),
        base_url: "https://relay.example/api".into(),
        key: Secret::new("sk-upstream-very-secret"),
        hook_secret: Secret::new("hook-very-secret"),
        models: vec!["*".into(), "a=b".into()],
        weight: 3,
        priority: -1,
        limits: ChannelLimits { slots: 4, rate_per_min: 60, burst: 2 },
        uncertain: UncertainPolicy::Hold,
        options: json!({ "flavour": "x" }).as_object().cloned().expect("an object"),
        paused: true,
        removed: false,
        created_ms: NOW,
    }
}

pub async fn secrets_are_sealed(world: &World) {
    let channel = channel("kling-1");
    world.ledger.put_channel(&channel).await.expect("it can be put");
    world.token(Some(3)).await;
    assert_eq!(world.ledger.channel("kling-1").await, Ok(Some(channel)));
    let raw = world.raw().await;
    let holds = |text: &str| raw.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("relay.example"), "the search works");
    assert!(!holds("very-secret"));

    let options = Options {
        url: world.url.clone(),
        keyring: Keyring::from_bytes([1; 32]),
        entropy: world.entropy.clone(),
        max_connections: 2,
    };
    let stranger = Ledger::open(options).await.expect("it can be opened");
    let error = stranger.channels().await.expect_err("another key opens nothing");
    assert!(matches!(&error, LedgerError::Corrupt { table: "channel", .. }), "{error:?}");
    assert!(error.to_string().contains("kling-1") && !error.to_string().contains("secret"));
}

pub async fn channels_change_and_are_cached(world: &World) {
    let cache = ChannelCache::new(world.ledger.clone());
    assert_eq!(cache.all().len(), 0);
    assert_eq!(cache.refresh().await, Ok(true), "the first look reads");
    assert_eq!(cache.refresh().await, Ok(false));
    let second = world.second().await;
    second.put_channel(&channel("b")).await.expect("it can be put");
    second.put_channel(&channel("a")).await.expect("it can be put");
    assert_eq!(cache.get("a"), None);
    assert_eq!(cache.refresh().await, Ok(true));
    assert_eq!(cache.refresh().await, Ok(false));
    assert_eq!(cache.get("a"), Some(channel("a")));
    let names: Vec<_> = cache.all().iter().map(|channel| channel.name.clone()).collect();
    assert_eq!(names, ["a", "b"]);

    assert_eq!(second.set_channel_paused("a", false).await, Ok(true));
    assert_eq!(second.remove_channel("b").await, Ok(true));
    assert_eq!(second.remove_channel("b").await, Ok(false));
    assert_eq!(second.set_channel_paused("b", true).await, Ok(false));
    assert_eq!(second.set_channel_paused("c", true).await, Ok(false));
    assert_eq!(cache.refresh().await, Ok(true));
    assert_eq!(cache.get("a").map(|channel| channel.paused), Some(false));
    assert_eq!(cache.get("b").map(|channel| channel.removed), Some(true));
    let mut replaced = channel("b");
    replaced.key = Secret::new("sk-new");
    second.put_channel(&replaced).await.expect("it can be put again");
    assert_eq!(world.ledger.channel("b").await, Ok(Some(replaced)));
}
