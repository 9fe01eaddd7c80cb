//! `deploy/config.example.toml`, which names every key: what an operator copies, and what says of which
//! type a variable of the environment is.

use toml::Table;

/// The example as it is shipped.
pub(crate) const TEXT: &str = include_str!("../../../../deploy/config.example.toml");

/// The example with the keys that are commented out in it: lines that begin with `#` and no blank.
pub(super) fn every_key() -> Table {
    let whole: String = TEXT.lines().flat_map(|line| [uncommented(line), "\n"]).collect();
    whole.parse().unwrap_or_default()
}

fn uncommented(line: &str) -> &str {
    match line.strip_prefix('#') {
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_lowercase() || first == '[') => rest,
        _ => line,
    }
}
