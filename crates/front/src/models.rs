//! `Call::Models`: the models that a submission would find a channel for.

use crate::api::Api;
use crate::asked::Asked;
use crate::reply;
use axum::response::Response;
use contracts::{ModelCard, Problem};
use std::collections::BTreeSet;
use task::{Channel, Kind, catalogue};

/// Who made a model that no catalogue knows: nobody can tell.
const OWNER_UNKNOWN: &str = "custom";

/// Lists them, or shows the one that the path names, as the family writes it.
pub fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    asked.token()?;
    let cards = cards(&api.front.channels.all());
    asked.family.show_models(&asked.input(), &cards).map(|answer| reply::answer(&answer))
}

/// A channel and what its dialect can do.
struct Line<'a> {
    channel: &'a Channel,
    kinds: &'static [Kind],
}

impl<'a> Line<'a> {
    /// `None` for a dialect that this release does not speak.
    fn of(channel: &'a Channel) -> Option<Self> {
        let dialect = providers::find(&channel.dialect)?;
        Some(Self { channel, kinds: dialect.capabilities(&channel.options).kinds })
    }
}

/// What the catalogue and the channels name, as far as a channel serves it, sorted by name. A paused
/// channel counts: submissions for it are accepted and wait. A removed one does not.
fn cards(channels: &[Channel]) -> Vec<ModelCard> {
    let lines: Vec<Line<'_>> = channels.iter().filter(|channel| !channel.removed).filter_map(Line::of).collect();
    let shipped = catalogue::all().iter().flat_map(|model| std::iter::once(&model.name).chain(&model.aliases));
    let named = lines.iter().flat_map(|line| &line.channel.models).filter(|entry| *entry != "*");
    let public = named.map(|entry| entry.split_once('=').map_or(entry.clone(), |(public, _)| public.to_owned()));
    let names: BTreeSet<String> = shipped.cloned().chain(public).collect();
    names.into_iter().filter_map(|name| card(name, &lines)).collect()
}

/// `None` when no channel can make it, or no family has a route for it.
fn card(name: String, lines: &[Line<'_>]) -> Option<ModelCard> {
    let known = catalogue::find(&name);
    let serves = |line: &&Line<'_>| {
        let can = |model: &catalogue::Model| model.kinds.iter().any(|kind| line.kinds.contains(kind));
        line.channel.upstream_model(&name).is_some() && known.is_none_or(can)
    };
    let serving: Vec<&Line<'_>> = lines.iter().filter(serves).collect();
    let created_ms = serving.iter().map(|line| line.channel.created_ms).min()?;
    let mut families = match known {
        Some(model) => model.families.clone(),
        None => families_near(&serving),
    };
    families.retain(|family| contracts::find(family).is_some());
    if families.is_empty() {
        return None;
    }
    let owner = known.map_or(OWNER_UNKNOWN, |model| &model.owner).to_owned();
    Some(ModelCard { name, owner, families, created_s: created_ms / 1_000 })
}

/// The families whose models these channels' dialects make: they can take one more of them.
fn families_near(lines: &[&Line<'_>]) -> Vec<String> {
    let made = |model: &&catalogue::Model| lines.iter().any(|line| model.upstream.contains_key(&line.channel.dialect));
    let families: BTreeSet<&String> = catalogue::all().iter().filter(made).flat_map(|model| &model.families).collect();
    families.into_iter().cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, from_value, json};

    fn channel(changes: Value) -> Channel {
        let mut json = json!({
            "name": "one", "dialect": "midjourney_proxy", "base_url": "http://u", "key": "", "hook_secret": "",
            "models": ["*"], "weight": 1, "priority": 0, "limits": {}, "uncertain": "fail", "options": {},
            "paused": false, "removed": false, "created_ms": 9_000,
        });
        let fields = changes.as_object().expect("is an object").clone();
        json.as_object_mut().expect("is an object").extend(fields);
        from_value(json).expect("is a channel")
    }

    fn names(channels: &[Channel]) -> Vec<String> {
        cards(channels).into_iter().map(|card| card.name).collect()
    }

    #[test]
    fn a_card_is_of_what_a_channel_serves() {
        let all = cards(&[channel(json!({})), channel(json!({ "name": "old", "created_ms": 4_999 }))]);
        assert!(all.windows(2).all(|pair| pair[0].name < pair[1].name), "{all:?}");
        let imagine = all.iter().find(|card| card.name == "mj_imagine").expect("is in the catalogue");
        assert_eq!((imagine.owner.as_str(), imagine.created_s), ("midjourney", 4));
        assert_eq!(imagine.families, ["midjourney"]);
        assert!(all.iter().all(|card| card.name.starts_with("mj_")), "no dialect for others: {all:?}");
    }

    #[test]
    fn what_channels_name_is_there_and_what_they_do_not_is_not() {
        let narrow = channel(json!({ "models": ["mj_blend", "house-style=mj_imagine", "niji"] }));
        assert_eq!(names(&[narrow]), ["house-style", "mj_blend", "niji"]);
        assert_eq!(names(&[channel(json!({ "models": ["mj_blend"], "paused": true }))]), ["mj_blend"]);
        assert!(names(&[channel(json!({ "removed": true }))]).is_empty());
        assert!(names(&[channel(json!({ "dialect": "nobody_speaks_it" }))]).is_empty());
        assert!(names(&[]).is_empty());
    }
}
