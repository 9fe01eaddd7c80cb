//! What a scenario found: a table for people and one line of JSON.

use serde_json::{Map, Value, json};
use std::io::Write;

/// One figure, once for each round.
#[derive(Debug)]
struct Row {
    name: String,
    unit: &'static str,
    figures: Vec<f64>,
}

/// All figures of a run.
#[derive(Debug)]
pub(crate) struct Report {
    scenario: &'static str,
    aim: &'static str,
    rows: Vec<Row>,
    notes: Vec<String>,
    load_before: String,
}

impl Report {
    /// An empty one; the machine's load is looked at now and once more at the end.
    pub(crate) fn new(scenario: &'static str, aim: &'static str) -> Self {
        Self { scenario, aim, rows: Vec::new(), notes: Vec::new(), load_before: load() }
    }

    /// One more round's figure.
    pub(crate) fn add(&mut self, name: &str, unit: &'static str, figure: f64) {
        match self.rows.iter_mut().find(|row| row.name == name) {
            Some(row) => row.figures.push(figure),
            None => self.rows.push(Row { name: name.to_owned(), unit, figures: vec![figure] }),
        }
    }

    /// A sentence below the table.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// The table and the line.
    pub(crate) fn text(&self) -> String {
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        let load_after = load();
        let rounds = self.rows.iter().map(|row| row.figures.len()).max().unwrap_or_default();
        let width = self.rows.iter().map(|row| row.name.chars().count()).max().unwrap_or_default();
        let mut text = format!(
            "{}, {rounds} rounds, {profile} build, load {} before and {load_after} after\n  aim: {}\n",
            self.scenario, self.load_before, self.aim
        );
        let mut figures = Map::new();
        for Row { name, unit, figures: all } in &self.rows {
            let (median, low, high) = spread(all.clone());
            let range = format!("({} – {})", number(low), number(high));
            text += &format!("  {name:<width$}  {:>10} {unit:<7} {range}\n", number(median));
            figures.insert(name.clone(), json!({ "unit": unit, "median": rounded(median), "rounds": all.iter().map(|f| rounded(*f)).collect::<Vec<_>>() }));
        }
        for note in &self.notes {
            text += &format!("  · {note}\n");
        }
        let line = json!({
            "scenario": self.scenario, "rounds": rounds, "profile": profile,
            "load": [self.load_before, load_after], "figures": figures, "notes": self.notes,
        });
        text + &line.to_string()
    }
}

/// Says on standard error what is being done, for people who wait.
pub(crate) fn murmur(text: &str) {
    // Nobody who listens is no error.
    let _written = writeln!(std::io::stderr().lock(), "{text}");
}

/// Median, lowest and highest of some figures; zeros when there are none.
pub(crate) fn spread(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let at = |place: usize| figures.get(place).copied().unwrap_or_default();
    (at(figures.len() / 2), at(0), at(figures.len().saturating_sub(1)))
}

/// The figure below which this share (0 to 1) of them lies; zero when there are none.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a length is a place in it")]
pub(crate) fn quantile(figures: &mut [f64], share: f64) -> f64 {
    figures.sort_by(f64::total_cmp);
    let place = (figures.len() as f64 * share) as usize;
    figures.get(place.min(figures.len().saturating_sub(1))).copied().unwrap_or_default()
}

/// `part` of `whole`; zero when there is no whole.
pub(crate) fn ratio(part: f64, whole: f64) -> f64 {
    if whole == 0.0 { 0.0 } else { part / whole }
}

fn rounded(figure: f64) -> Value {
    json!((figure * 1_000.0).round() / 1_000.0)
}

fn number(figure: f64) -> String {
    if figure.abs() >= 100.0 { format!("{figure:.0}") } else { format!("{figure:.2}") }
}

/// How busy the machine was: its load over the last minute.
fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}
