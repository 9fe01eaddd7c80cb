//! The configuration of `serve` and `work`: one TOML file and `BACKLOT_…` variables over it.

mod example;
mod layers;
mod relations;
mod secrets;
mod sections;
mod settings;
mod traces;

#[cfg(test)]
mod tests;

pub(crate) use sections::Config;
pub(crate) use settings::{core_settings, front_settings, outbound_settings, redis_settings, s3_settings};
pub(crate) use traces::{TraceSettings, trace_settings, traces_from_environment};

use anyhow::{Context, bail};
use std::fmt;
use std::path::Path;
use toml::Table;

/// A value that can't be, or does not fit another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    /// The key.
    pub(crate) key: String,
    /// What is wrong with it.
    pub(crate) wrong: String,
    /// What to write instead.
    pub(crate) instead: String,
}

impl Problem {
    fn new(key: impl Into<String>, wrong: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { key: key.into(), wrong: wrong.into(), instead: instead.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.key, self.wrong, self.instead)
    }
}

/// A configuration as it was read, with all that has to be changed before it can be used.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// The values, secrets from their files included.
    pub(crate) config: Config,
    /// Empty when the configuration can be used.
    pub(crate) problems: Vec<Problem>,
}

/// Reads the file and the process's environment. An error when they are no configuration at all; values
/// that are, but make no sense, are [`Loaded::problems`].
pub(crate) fn load(path: &Path) -> anyhow::Result<Loaded> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the configuration {} can't be read", path.display()))?;
    load_from(path, &text, std::env::vars())
}

fn load_from(path: &Path, text: &str, variables: impl Iterator<Item = (String, String)>) -> anyhow::Result<Loaded> {
    // The parser's own words quote the line, which may hold a secret: the place is enough.
    let file: Table = text.parse().map_err(|error: toml::de::Error| {
        let line = error.span().map_or(0, |span| text[..span.start.min(text.len())].matches('\n').count() + 1);
        anyhow::anyhow!("{} is no TOML: line {line}: {}", path.display(), error.message())
    })?;
    let mut problems = secrets::in_file(&file);
    let merged = layers::merge(path, file, variables).map_err(anyhow::Error::msg)?;
    let mut config: Config = match merged.extract() {
        Ok(config) => config,
        Err(errors) => {
            let complaints: Vec<String> = errors.into_iter().map(|error| layers::complaint(&error)).collect();
            bail!("{}", complaints.join("\n"));
        }
    };
    problems.extend(secrets::read_files(&mut config));
    problems.extend(relations::problems(&config));
    Ok(Loaded { config, problems })
}

/// The configuration, if it can be used; else every reason why not.
pub(crate) fn load_usable(path: &Path) -> anyhow::Result<Config> {
    let Loaded { config, problems } = load(path)?;
    if problems.is_empty() {
        return Ok(config);
    }
    let lines: Vec<String> = problems.iter().map(|problem| format!("  {problem}")).collect();
    bail!("the configuration {} can't be used:\n{}", path.display(), lines.join("\n"));
}
