//! The channels of a world, all of them to the make-believe upstream.

use crate::process::Process;
use crate::template::BEGIN_MS;
use crate::wire::SIM_HOST;
use crate::world::Shape;
use serde_json::{Map, Value, json};
use task::{Channel, ChannelLimits, Secret};

/// The channel that every world has.
pub const FIRST_CHANNEL: &str = "first";
/// The channel that some worlds have besides, to the same upstream.
pub const SECOND_CHANNEL: &str = "second";
/// The channels of the other vendors, each named like its dialect.
pub const OTHER_CHANNELS: [&str; 5] = ["ark", "kling", "openai_videos", "suno_api", "vertex"];
/// The channels of relays, which make what other vendors' channels make too; named like their dialects.
pub const RELAY_CHANNELS: [&str; 3] = ["fal_queue", "gemini_lro", "sunoapi_org"];

/// A key that was made for tests and opens nothing.
const THROWAWAY_KEY: &str = include_str!("../../crates/providers/tests/google/throwaway_key.pem");

/// Writes the channels of this shape.
pub(crate) async fn put(process: &Process, shape: Shape) {
    let mut names = vec![(FIRST_CHANNEL, "midjourney_proxy")];
    if shape.two_channels {
        names.push((SECOND_CHANNEL, "midjourney_proxy"));
    }
    if shape.others {
        names.extend(OTHER_CHANNELS.map(|name| (name, name)));
    }
    if shape.relays {
        names.extend(RELAY_CHANNELS.map(|name| (name, name)));
    }
    let origin = format!("http://{SIM_HOST}");
    let played = sim::played();
    for (name, dialect) in names {
        let protocol = played.iter().find(|played| played.dialect == dialect).expect("the upstream plays it");
        let channel = Channel {
            name: name.to_owned(),
            dialect: dialect.to_owned(),
            base_url: protocol.base_url(&origin),
            key: key(dialect, &origin),
            hook_secret: Secret::new("hook-secret".to_owned()),
            models: vec!["*".to_owned()],
            weight: 1,
            priority: 0,
            limits: ChannelLimits { slots: shape.slots, rate_per_min: 0, burst: 1 },
            uncertain: shape.uncertain,
            options: options(dialect, shape, &origin),
            paused: false,
            removed: false,
            created_ms: BEGIN_MS,
        };
        process.ledger.put_channel(&channel).await.expect("a channel can be written");
    }
    process.channels.refresh().await.expect("the channels can be read");
}

/// Vertex gets a service account, whose tokens have to be exchanged and run out.
fn key(dialect: &str, origin: &str) -> Secret {
    if dialect != "vertex" {
        return Secret::new("upstream-key".to_owned());
    }
    let file = json!({ "type": "service_account", "client_email": "backlot@p.iam.example", "private_key_id": "1",
        "private_key": THROWAWAY_KEY, "token_uri": format!("{origin}/vertex/token") });
    Secret::new(file.to_string())
}

fn options(dialect: &str, shape: Shape, origin: &str) -> Map<String, Value> {
    if dialect != "vertex" || !shape.bucket {
        return Map::new();
    }
    let set = [("storage_uri", json!("gs://bucket/films")), ("storage_base", json!(format!("{origin}/vertex")))];
    set.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
