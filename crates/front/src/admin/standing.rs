//! What an operator should know of the models that a channel serves.

use task::Channel;
use task::catalogue::{self, Model, Standing};

/// A sentence for each model that the channel serves and that the vendor has closed, or of which the
/// catalogue has something to say.
pub fn notes(channel: &Channel) -> Vec<String> {
    let is_served = |model: &&Model| {
        let mut names = std::iter::once(&model.name).chain(&model.aliases);
        names.any(|name| channel.upstream_model(name).is_some())
    };
    let worth_saying = |model: &&Model| model.standing == Standing::Retired || model.note.is_some();
    catalogue::all().iter().filter(worth_saying).filter(is_served).map(note).collect()
}

fn note(model: &Model) -> String {
    let Model { name, since, note, .. } = model;
    let text = format!("{name}: {} since {since}", model.standing.as_str());
    note.as_ref().map_or(text.clone(), |note| format!("{text}; {note}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn channel(dialect: &str, models: &[&str]) -> Channel {
        let json = json!({
            "name": "one", "dialect": dialect, "base_url": "http://u", "key": "", "hook_secret": "",
            "models": models, "weight": 1, "priority": 0, "limits": {}, "uncertain": "fail", "options": {},
            "paused": false, "removed": false, "created_ms": 0,
        });
        from_value(json).expect("is a channel")
    }

    #[test]
    fn only_what_the_channel_serves_and_what_is_worth_saying_is_said() {
        let noted = catalogue::all().iter().find(|model| model.note.is_some()).expect("the catalogue has a note");
        let dialect = noted.upstream.keys().next().expect("every model has a dialect");
        let said = notes(&channel(dialect, &[&noted.name]));
        assert_eq!(said.len(), 1, "{said:?}");
        assert!(said[0].starts_with(&noted.name) && said[0].contains(noted.standing.as_str()), "{said:?}");
        assert!(notes(&channel(dialect, &["*"])).contains(&said[0]));
        assert!(notes(&channel("midjourney_proxy", &["mj_imagine"])).is_empty());
    }
}
