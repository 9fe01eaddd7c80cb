//! Where a value comes from: the file, then the environment over it. Every complaint names the source and
//! never quotes the value, which may be a secret.

use super::example;
use figment::error::Kind;
use figment::value::{Dict, Map};
use figment::{Figment, Metadata, Profile, Provider};
use std::path::Path;
use toml::{Table, Value};

/// What a variable of the configuration begins with. Its sections are parted by two underscores:
/// `BACKLOT_STORE__S3__BUCKET`.
const PREFIX: &str = "BACKLOT_";
/// What parts the sections of a variable's name.
const PART: &str = "__";

/// One source of values.
struct Layer {
    source: String,
    values: Table,
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.source.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, figment::Error> {
        let values = figment::value::Value::serialize(&self.values)?;
        let dict = values.into_dict().unwrap_or_default();
        Ok(Profile::Default.collect(dict))
    }
}

/// The file's text and these variables as one figment, or what can't be read in them.
pub(super) fn merge(
    path: &Path,
    file: Table,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<Figment, String> {
    let mut figment = Figment::from(Layer { source: path.display().to_string(), values: file });
    let known = example::every_key();
    let mut variables: Vec<_> = variables.filter(|(name, _)| is_ours(name)).collect();
    variables.sort();
    for (name, text) in variables {
        let values = table_of(&known, &name, &text)?;
        figment = figment.merge(Layer { source: name, values });
    }
    Ok(figment)
}

/// Variables without sections (`BACKLOT_LOG`) are no part of the configuration.
fn is_ours(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| rest.contains(PART))
}

/// `{store: {s3: {bucket: …}}}` of a variable. The example says of which type the value is.
fn table_of(known: &Table, name: &str, text: &str) -> Result<Table, String> {
    let path = name.trim_start_matches(PREFIX).to_ascii_lowercase();
    let path: Vec<&str> = path.split(PART).collect();
    let mut sample = Some(known);
    let (last, sections) = path.split_last().ok_or_else(|| format!("{name} names no key"))?;
    for section in sections {
        sample = sample.and_then(|table| table.get(*section)).and_then(Value::as_table);
    }
    let sample = sample.and_then(|table| table.get(*last)).filter(|value| !value.is_table());
    let sample = sample.ok_or_else(|| format!("{name}: there is no key {}", path.join(".")))?;
    let value = like(sample, text).ok_or_else(|| format!("{name}: write {}", expected(sample)))?;
    let mut table = Table::from_iter([((*last).to_owned(), value)]);
    for section in sections.iter().rev() {
        table = Table::from_iter([((*section).to_owned(), Value::Table(table))]);
    }
    Ok(table)
}

/// The text as a value of the sample's type; none when it is no such value.
fn like(sample: &Value, text: &str) -> Option<Value> {
    match sample {
        Value::Integer(_) => text.trim().parse().ok().map(Value::Integer),
        Value::Float(_) => text.trim().parse().ok().map(Value::Float),
        Value::Boolean(_) => text.trim().parse().ok().map(Value::Boolean),
        Value::Array(samples) => {
            let parts = text.trim().trim_start_matches('[').trim_end_matches(']').split(',');
            let parts = parts.map(|part| part.trim().trim_matches('"')).filter(|part| !part.is_empty());
            let sample = samples.first().cloned().unwrap_or_else(|| Value::String(String::new()));
            parts.map(|part| like(&sample, part)).collect::<Option<_>>().map(Value::Array)
        }
        _ => Some(Value::String(text.to_owned())),
    }
}

fn expected(sample: &Value) -> &'static str {
    match sample {
        Value::Integer(_) => "a whole number",
        Value::Float(_) => "a number",
        Value::Boolean(_) => "true or false",
        Value::Array(_) => "values with commas between them",
        _ => "text",
    }
}

/// One complaint in our own words.
pub(super) fn complaint(error: &figment::Error) -> String {
    let key = error.path.join(".");
    let source = error.metadata.as_ref().map_or("the configuration", |metadata| metadata.name.as_ref());
    let wrong = match &error.kind {
        Kind::UnknownField(name, _) => {
            let name =
                if key.is_empty() || key.ends_with(name.as_str()) { name.clone() } else { format!("{key}.{name}") };
            return format!("{source}: there is no key {name}");
        }
        Kind::InvalidType(_, expected) | Kind::InvalidValue(_, expected) => format!("write {expected}"),
        Kind::UnknownVariant(_, known) => format!("write one of {}", known.join(", ")),
        Kind::InvalidLength(_, expected) => format!("write {expected}"),
        Kind::MissingField(name) => format!("{name} is missing"),
        Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => "the number is too large or too small".to_owned(),
        // Its text may quote what was written; keys and words of ours are told above.
        _ => "the value can't be read".to_owned(),
    };
    format!("{source}: {key}: {wrong}")
}
