//! Which troubles strike what: markers in the prompt, and rules from a file.

use crate::effect::Planned;
use crate::fingerprint::fingerprint;
use serde::Deserialize;

/// A rule: when all that it names matches, its troubles strike.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rule {
    /// The prompt contains this.
    pub prompt: Option<String>,
    /// The protocol's name: `midjourney_proxy`, `suno_api` …
    pub protocol: Option<String>,
    /// The route's last word: `imagine`, `action`, `fetch`, `list-by-condition`, `list`, `files` …
    pub route: Option<String>,
    /// The action that was asked for: `imagine`, `upscale`, `blend` …
    pub action: Option<String>,
    /// Only these matching requests, counted from 1; empty for all.
    pub nth: Vec<u32>,
    /// Only this share of matching requests, chosen by the seed.
    pub percent: Option<u8>,
    /// The troubles, in the grammar of the markers.
    #[serde(rename = "do")]
    pub effects: Vec<String>,
}

/// A list of rules.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// The rules; all that match strike.
    #[serde(default)]
    pub rules: Vec<Rule>,
}

/// A script that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// It is no JSON of the right form.
    #[error("the script is no JSON of the right form: {0}")]
    Json(#[from] serde_json::Error),
    /// It names a trouble that there is none of.
    #[error(transparent)]
    Effect(#[from] crate::effect::EffectError),
}

impl Script {
    /// Reads `{"rules":[{"prompt":"cat","nth":[1],"do":["lost-answer"]}]}`.
    pub fn from_json(text: &str) -> Result<Self, ScriptError> {
        let script: Self = serde_json::from_str(text)?;
        script.check()?;
        Ok(script)
    }

    /// Refuses troubles that there are none of.
    pub(crate) fn check(&self) -> Result<(), ScriptError> {
        for effect in self.rules.iter().flat_map(|rule| &rule.effects) {
            Planned::parse(effect)?;
        }
        Ok(())
    }
}

/// A request, as rules and markers see it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    /// The protocol's name.
    pub protocol: &'a str,
    /// The route's last word.
    pub route: &'a str,
    /// Lower-case action; the route where there is none.
    pub action: &'a str,
    /// The words that came with this very request.
    pub prompt: &'a str,
    /// The words of the whole family of tasks: the parent's for a follow-up.
    pub story: &'a str,
    /// What stays the same when the request is repeated.
    pub key: &'a str,
}

impl Rule {
    /// Whether everything but the count matches.
    pub(crate) fn matches(&self, asked: &Asked<'_>, seed: u64) -> bool {
        let word = |wanted: &Option<String>, is: &str| wanted.as_ref().is_none_or(|wanted| wanted == is);
        let chance = fingerprint(seed, &["percent", asked.route, asked.key]) % 100;
        word(&self.protocol, asked.protocol)
            && word(&self.route, asked.route)
            && word(&self.action, asked.action)
            && self.prompt.as_ref().is_none_or(|text| asked.story.contains(text.as_str()))
            && self.percent.is_none_or(|percent| chance < u64::from(percent))
    }

    /// Its troubles. Those that can't be read were refused by [`Script::from_json`].
    pub(crate) fn planned(&self) -> impl Iterator<Item = Planned> {
        self.effects.iter().filter_map(|text| Planned::parse(text).ok())
    }
}

/// Troubles by markers. `[sim:fail]` strikes the submission that carries it; `[sim:upscale/fail]`
/// strikes upscales of it (`[sim:action/…]` every follow-up).
pub(crate) fn marked(asked: &Asked<'_>) -> Vec<Planned> {
    let own = markers(asked.prompt).filter(|text| !text.contains('/'));
    let scoped = markers(asked.story).filter_map(|text| text.split_once('/')).filter_map(|(scope, text)| {
        let follow_up = matches!(asked.route, "action" | "change" | "simple-change");
        let hit = scope == asked.action || scope == asked.route || (scope == "action" && follow_up);
        hit.then_some(text)
    });
    own.chain(scoped).filter_map(|text| Planned::parse(text).ok()).collect()
}

/// The prompt without its markers, as it is drawn on the picture.
pub(crate) fn unmarked(prompt: &str) -> String {
    let mut text = String::new();
    let mut rest = prompt;
    while let Some((before, after)) = rest.split_once("[sim:") {
        text.push_str(before);
        rest = after.split_once(']').map_or("", |(_, after)| after);
    }
    text.push_str(rest);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn markers(prompt: &str) -> impl Iterator<Item = &str> {
    prompt.split("[sim:").skip(1).filter_map(|text| text.split_once(']')).map(|(text, _)| text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Effect;

    fn asked<'a>(route: &'a str, action: &'a str, prompt: &'a str, story: &'a str) -> Asked<'a> {
        Asked { protocol: "midjourney_proxy", route, action, prompt, story, key: "k" }
    }

    #[test]
    fn a_marker_strikes_what_carries_it_and_a_scoped_one_its_children() {
        let story = "cat [sim:slow=2s] [sim:upscale/fail=no]";
        let first = marked(&asked("imagine", "imagine", story, story));
        assert_eq!(first.iter().map(|p| p.effect.clone()).collect::<Vec<_>>(), [Effect::Slow(2_000)]);
        let child = marked(&asked("action", "upscale", "", story));
        assert_eq!(child.iter().map(|p| p.effect.clone()).collect::<Vec<_>>(), [Effect::Fail("no".into())]);
        assert_eq!(marked(&asked("action", "variation", "", story)), []);
        assert_eq!(unmarked(story), "cat");
    }

    #[test]
    fn a_script_with_a_misspelt_trouble_is_refused() {
        assert!(Script::from_json(r#"{"rules":[{"do":["lost-anwser"]}]}"#).is_err());
        assert!(Script::from_json(r#"{"rules":[{"rout":"fetch","do":[]}]}"#).is_err());
        assert!(Script::from_json(r#"{"rules":[{"route":"fetch","do":["http=502*always"]}]}"#).is_ok());
    }
}
