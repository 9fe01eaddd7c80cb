//! Channels: added, changed, listed, paused, removed.

use super::error::VerbError;
use super::key::random_base62;
use super::standing;
use crate::state::Front;
use queue::{Limits, QueueError};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use task::{Channel, ChannelLimits, Secret, UncertainPolicy, catalogue};

/// Characters of a hook secret: more than 230 bits.
const HOOK_SECRET_CHARACTERS: usize = 40;
const NAME_MAX_CHARACTERS: usize = 64;
const KEY_MAX_BYTES: usize = 8 * 1024;
const MODELS_MAX: usize = 200;
const MODEL_MAX_CHARACTERS: usize = 200;
const LIMIT_MAX: i64 = 1_000_000;
const WEIGHT_MAX: i64 = 1_000;
const PRIORITY_MAX: i64 = 1_000;

/// A channel as the operator gives it; every field is checked before anything is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewChannel {
    /// 1 to 64 of `a-z 0-9 . _ -`, beginning with a letter or digit.
    pub name: String,
    /// The name of a dialect.
    pub dialect: String,
    /// `http` or `https`, host, perhaps port and path; no user, query or fragment.
    pub base_url: String,
    /// The credential; empty when the upstream takes none. With `replace`, none given keeps the old one.
    #[serde(default)]
    pub key: Option<Secret>,
    /// `public`, `public=upstream` or `*`; none given means `*`.
    #[serde(default)]
    pub models: Vec<String>,
    /// Share among channels of equal priority, 1 to 1000.
    #[serde(default = "one")]
    pub weight: i64,
    /// Higher goes first, -1000 to 1000.
    #[serde(default)]
    pub priority: i64,
    /// How much it may be asked for.
    #[serde(default)]
    pub limits: ChannelLimits,
    /// What to do when nobody can tell whether a paid request arrived.
    #[serde(default)]
    pub uncertain: UncertainPolicy,
    /// Settings of the dialect.
    #[serde(default)]
    pub options: Map<String, Value>,
    /// Whether a channel of this name may be changed.
    #[serde(default)]
    pub replace: bool,
}

fn one() -> i64 {
    1
}

/// Adds or changes a channel. The answer's `hook_url` is shown for new channels only, this once.
pub async fn add(front: &Front, new: NewChannel) -> Result<Value, VerbError> {
    let base_url = check(&new)?;
    let old = front.ledger.channel(&new.name).await?;
    if let Some(old) = &old {
        check_change(old, &new)?;
    }
    let is_new = old.as_ref().is_none_or(|c| c.removed);
    let channel = build(front, new, base_url, old);
    front.ledger.put_channel(&channel).await?;
    let limits = apply(front, &channel).await;
    refresh(front).await;
    tracing::info!(who = "operator", channel = channel.name, dialect = channel.dialect, is_new, "channel added");
    let hook = || format!("{}/hooks/{}/{}", front.settings.public_base, channel.name, channel.hook_secret.expose());
    let of_models = unknown_models(&channel).into_iter().chain(standing::notes(&channel));
    let warnings: Vec<String> = warnings(limits).into_iter().chain(of_models).collect();
    Ok(json!({ "channel": shown(&channel), "hook_url": is_new.then(hook), "warnings": warnings }))
}

/// Names are data, so a name that is not in the catalogue is taken; it may still be a slip.
fn unknown_models(channel: &Channel) -> Vec<String> {
    let known = |name: &str| catalogue::find(name).is_some();
    let public = channel.models.iter().map(|entry| entry.split_once('=').map_or(entry.as_str(), |(public, _)| public));
    let unknown = public.filter(|name| *name != "*" && !known(name));
    unknown.map(|name| format!("{name} is not in the catalogue; callers have to name it exactly so")).collect()
}

fn build(front: &Front, new: NewChannel, base_url: String, old: Option<Channel>) -> Channel {
    let fresh = || Secret::new(random_base62(front.entropy.as_ref(), HOOK_SECRET_CHARACTERS));
    let key = new.key.or(old.as_ref().map(|c| c.key.clone())).unwrap_or_default();
    Channel {
        name: new.name,
        dialect: new.dialect,
        base_url,
        key,
        // Kept through a change and a removal: the addresses of tasks under way hold it.
        hook_secret: old.as_ref().map_or_else(fresh, |c| c.hook_secret.clone()),
        models: if new.models.is_empty() { vec!["*".to_owned()] } else { new.models },
        weight: new.weight,
        priority: new.priority,
        limits: new.limits,
        uncertain: new.uncertain,
        options: new.options,
        paused: old.as_ref().is_some_and(|c| c.paused && !c.removed),
        removed: false,
        created_ms: old.as_ref().map_or_else(|| front.clock.now_ms(), |c| c.created_ms),
    }
}

/// Refuses what can't work, naming the field; gives the base URL in the form that is kept.
fn check(new: &NewChannel) -> Result<String, VerbError> {
    let printable = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let starts = new.name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    if !starts || new.name.len() > NAME_MAX_CHARACTERS || !new.name.chars().all(printable) {
        let form = "1 to 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit";
        return Err(VerbError::invalid("name", form));
    }
    let Some(dialect) = providers::find(&new.dialect) else {
        let known: Vec<&str> = providers::all().iter().map(|d| d.name()).collect();
        return Err(VerbError::invalid("dialect", format!("no such dialect; there are: {}", known.join(", "))));
    };
    dialect.check_options(&new.options).map_err(|message| VerbError::invalid("options", message))?;
    check_key(new.key.as_ref())?;
    check_models(&new.models)?;
    check_numbers(new)?;
    check_base_url(&new.base_url)
}

fn check_key(key: Option<&Secret>) -> Result<(), VerbError> {
    let fits = |key: &Secret| key.expose().len() <= KEY_MAX_BYTES;
    if key.is_some_and(|key| !fits(key)) {
        return Err(VerbError::invalid("key", "at most 8 KiB"));
    }
    // Keys are sent in headers; a line end out of a file is the usual slip.
    if key.is_some_and(|key| key.expose().trim() != key.expose()) {
        return Err(VerbError::invalid("key", "no spaces or line ends around it"));
    }
    Ok(())
}

fn check_models(models: &[String]) -> Result<(), VerbError> {
    let bad = |message: String| Err(VerbError::invalid("models", message));
    if models.len() > MODELS_MAX {
        return bad(format!("at most {MODELS_MAX} entries"));
    }
    let mut seen: Vec<&str> = Vec::with_capacity(models.len());
    for entry in models {
        let (public, upstream) = entry.split_once('=').unwrap_or((entry, entry));
        let sound = |name: &str| !name.is_empty() && name.trim() == name && !name.chars().any(char::is_control);
        if !sound(public) || !sound(upstream) || entry.chars().count() > MODEL_MAX_CHARACTERS {
            return bad(format!("{entry:?} is not of the form public, public=upstream or *"));
        }
        if public == "*" && entry != "*" {
            return bad("* can't be renamed: name the models one by one".to_owned());
        }
        if seen.contains(&public) {
            return bad(format!("{public:?} stands there twice"));
        }
        seen.push(public);
    }
    Ok(())
}

fn check_numbers(new: &NewChannel) -> Result<(), VerbError> {
    let limits = &new.limits;
    let in_range = |number: i64, low: i64, high: i64| (low..=high).contains(&number);
    if !in_range(limits.slots, 0, LIMIT_MAX) || !in_range(limits.rate_per_min, 0, LIMIT_MAX) {
        return Err(VerbError::invalid("limits", "slots and rate_per_min: 0 (no limit) to 1000000"));
    }
    if !in_range(limits.burst, 1, LIMIT_MAX) {
        return Err(VerbError::invalid("limits", "burst: 1 to 1000000"));
    }
    if !in_range(new.weight, 1, WEIGHT_MAX) {
        return Err(VerbError::invalid("weight", "1 to 1000"));
    }
    if !in_range(new.priority, -PRIORITY_MAX, PRIORITY_MAX) {
        return Err(VerbError::invalid("priority", "-1000 to 1000"));
    }
    Ok(())
}

fn check_base_url(text: &str) -> Result<String, VerbError> {
    let bad = |message: &str| VerbError::invalid("base_url", message);
    let url = url::Url::parse(text).map_err(|_| bad("no URL; give it as https://host[:port][/path]"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(bad("only http and https with a host"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(bad("no user or password in it; credentials go into key"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(bad("no query and no fragment"));
    }
    Ok(url.as_str().trim_end_matches('/').to_owned())
}

/// What may not change under a name: running tasks hold handles that only their dialect can read.
fn check_change(old: &Channel, new: &NewChannel) -> Result<(), VerbError> {
    if old.dialect != new.dialect {
        let text = format!("{} speaks {}; add a channel of another name for {}", old.name, old.dialect, new.dialect);
        return Err(VerbError::Conflict(text));
    }
    if !old.removed && !new.replace {
        return Err(VerbError::Conflict(format!(
            "there is a channel {} already; ask for replace to change it",
            old.name
        )));
    }
    Ok(())
}

/// Every channel that was not removed, with what stands before its next submission and what should be
/// known of its models.
pub async fn list(front: &Front) -> Result<Value, VerbError> {
    let mut rows = Vec::new();
    for channel in front.ledger.channels().await?.iter().filter(|c| !c.removed) {
        let mut row = shown(channel);
        row["notes"] = json!(standing::notes(channel));
        let gate = front.scheduler.gate(&channel.name).await;
        row["waiting"] = json!(gate.as_ref().ok().map(|g| g.waiting));
        row["slots_taken"] = json!(gate.as_ref().ok().map(|g| g.slots_taken));
        rows.push(row);
    }
    Ok(json!({ "channels": rows }))
}

/// Pauses or resumes.
pub async fn set_paused(front: &Front, name: &str, paused: bool) -> Result<Value, VerbError> {
    if !front.ledger.set_channel_paused(name, paused).await? {
        return Err(no_channel(name));
    }
    let queue = front.scheduler.set_paused(name, paused).await;
    refresh(front).await;
    tracing::info!(who = "operator", channel = name, paused, "channel pause changed");
    Ok(json!({ "channel": name, "paused": paused, "warnings": warnings(queue) }))
}

/// Removes.
pub async fn remove(front: &Front, name: &str) -> Result<Value, VerbError> {
    if !front.ledger.remove_channel(name).await? {
        return Err(no_channel(name));
    }
    refresh(front).await;
    tracing::info!(who = "operator", channel = name, "channel removed");
    Ok(json!({ "removed": name }))
}

async fn apply(front: &Front, channel: &Channel) -> Result<(), QueueError> {
    let ChannelLimits { slots, rate_per_min, burst } = channel.limits;
    front.scheduler.set_limits(&channel.name, Limits { slots, rate_per_min, burst }).await?;
    front.scheduler.set_paused(&channel.name, channel.paused).await
}

/// The change is safe in the ledger; the queue and the cache may hear of it a little later by themselves.
fn warnings(queue: Result<(), QueueError>) -> Vec<String> {
    queue.err().map(|_| "the queue is away; it takes the change over when it is back".to_owned()).into_iter().collect()
}

async fn refresh(front: &Front) {
    if let Err(error) = front.channels.refresh().await {
        tracing::warn!(%error, "the channels could not be re-read after a change; the next tick does it");
    }
}

fn no_channel(name: &str) -> VerbError {
    VerbError::NotFound(format!("there is no channel {name:?}"))
}

fn shown(channel: &Channel) -> Value {
    json!({
        "name": channel.name,
        "dialect": channel.dialect,
        "base_url": channel.base_url,
        "has_key": !channel.key.is_empty(),
        "models": channel.models,
        "weight": channel.weight,
        "priority": channel.priority,
        "limits": channel.limits,
        "uncertain": channel.uncertain,
        "options": super::redact::redact(&Value::Object(channel.options.clone())),
        "paused": channel.paused,
        "created_ms": channel.created_ms,
    })
}
