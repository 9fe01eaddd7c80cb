//! The model catalogue: public names, the families that take them, and what each dialect's vendor calls
//! them. Data (`models.toml`), not code: vendors rename and retire models more often than we release.

use crate::spec::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// How far a model can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its protocol is known from the vendor's own documents or SDK.
    Verified,
    /// Its protocol is known from others' reports only, or the vendor calls it a preview.
    Beta,
    /// The vendor has closed it; relays may still serve it.
    Retired,
}

impl Standing {
    /// The word in pages and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Beta => "beta",
            Self::Retired => "retired",
        }
    }
}

/// One public model.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// The public name.
    pub name: String,
    /// Other public names for it, such as dated ones.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Who made it, as `/v1/models` says it.
    pub owner: String,
    /// The families whose routes take it.
    pub families: Vec<String>,
    /// What it can be asked for.
    pub kinds: Vec<Kind>,
    /// How far it can be relied on.
    pub standing: Standing,
    /// Since when it has that standing: `yyyy-mm-dd`.
    pub since: String,
    /// What an operator should know before offering it, such as a closed official upstream.
    #[serde(default)]
    pub note: Option<String>,
    /// What each dialect's vendor calls it; a dialect that is not named can't make it.
    pub upstream: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    model: Vec<Model>,
}

static CATALOGUE: LazyLock<Vec<Model>> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../models.toml"))
        .expect("the file is part of the build, and a test below reads it");
    file.model
});

/// Every model, in the file's order.
pub fn all() -> &'static [Model] {
    &CATALOGUE
}

/// The model of this public name or alias.
pub fn find(name: &str) -> Option<&'static Model> {
    let named = |model: &&Model| model.name == name || model.aliases.iter().any(|alias| alias == name);
    all().iter().find(named)
}

/// The public names that a family's routes take, aliases included, with what each can be asked for.
pub fn of_family(family: &str) -> Vec<(&'static str, Kind)> {
    let taken = |model: &&Model| model.families.iter().any(|name| name == family);
    let mut names = Vec::new();
    for model in all().iter().filter(taken) {
        for kind in &model.kinds {
            names.push((model.name.as_str(), *kind));
            names.extend(model.aliases.iter().map(|alias| (alias.as_str(), *kind)));
        }
    }
    names
}

/// What a dialect's vendor calls a public model; `None` when the catalogue does not know that it can make it.
pub fn upstream_name(dialect: &str, public: &str) -> Option<&'static str> {
    find(public)?.upstream.get(dialect).map(String::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_shipped_catalogue_is_sound() {
        let mut names = BTreeSet::new();
        for model in all() {
            for name in std::iter::once(&model.name).chain(&model.aliases) {
                assert!(names.insert(name), "{name} is there twice");
            }
            assert!(
                !model.kinds.is_empty() && !model.families.is_empty() && !model.upstream.is_empty(),
                "{}",
                model.name
            );
            let date = model.since.split('-').map(str::len).collect::<Vec<_>>();
            assert_eq!(date, [4, 2, 2], "{}", model.name);
            assert!(model.standing != Standing::Retired || model.note.is_some(), "{} says why", model.name);
        }
    }

    #[test]
    fn an_alias_is_the_same_model() {
        assert_eq!(upstream_name("ark", "doubao-seedance-2-0"), upstream_name("ark", "doubao-seedance-2-0-260128"));
        assert!(upstream_name("kling", "doubao-seedance-2-0").is_none());
        assert!(find("nothing").is_none());
    }
}
