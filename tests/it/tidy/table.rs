//! The table of families, dialects and kinds in `crates/README.md` is what the registries and the catalogue say.

use super::{read, root};
use std::collections::BTreeSet;
use task::Kind;

/// What of a family's work a dialect can do, by the catalogue and by its own word.
fn kinds(family: &str, dialect: &dyn providers::Dialect) -> BTreeSet<&'static str> {
    let can = dialect.capabilities(&serde_json::Map::new()).kinds;
    let models = task::catalogue::all().iter().filter(|model| model.families.iter().any(|name| name == family));
    let made = models.filter(|model| model.upstream.contains_key(dialect.name()));
    made.flat_map(|model| &model.kinds).filter(|kind| can.contains(kind)).map(|kind: &Kind| kind.as_str()).collect()
}

fn table() -> String {
    let opens = |family: &&&dyn contracts::Family| !family.models().is_empty();
    let mut lines = vec!["| family | dialect | kinds |".to_owned(), "|---|---|---|".to_owned()];
    for family in contracts::all().iter().filter(opens) {
        for dialect in providers::all() {
            let kinds = kinds(family.name(), *dialect);
            if !kinds.is_empty() {
                let kinds = kinds.into_iter().collect::<Vec<_>>().join(", ");
                lines.push(format!("| `{}` | `{}` | {kinds} |", family.name(), dialect.name()));
            }
        }
    }
    lines.join("\n")
}

#[test]
fn the_table_of_families_and_dialects_is_true() {
    let page = read(&root().join("crates/README.md"));
    let shown = page.split_once("<!-- families and dialects -->\n").and_then(|(_, rest)| rest.split_once("\n\n"));
    let shown = shown.expect("crates/README.md has the table").0;
    assert!(shown == table(), "crates/README.md should hold:\n\n{}\n", table());
}

#[test]
fn every_name_in_the_catalogue_is_one_of_ours() {
    for model in task::catalogue::all() {
        for family in &model.families {
            assert!(contracts::find(family).is_some(), "{}: no family {family}", model.name);
        }
        for dialect in model.upstream.keys() {
            assert!(providers::find(dialect).is_some(), "{}: no dialect {dialect}", model.name);
        }
    }
}
