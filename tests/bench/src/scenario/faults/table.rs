//! Rows of the table, and when a row is at its end.

use super::installation::Installation;
use super::tally::{self, Tally};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long everything may take to end once the fault is over.
const END_LIMIT: Duration = Duration::from_secs(600);
/// The pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(500);

/// One row.
#[derive(Debug, Default)]
pub(super) struct Row {
    name: String,
    /// Hits, of so many.
    pub(super) hits: Option<(usize, usize)>,
    accepted: usize,
    ended: u64,
    failed: BTreeMap<String, u64>,
    lost: u64,
    doubled: u64,
    uncertain: u64,
    ways: BTreeMap<&'static str, u64>,
    callbacks_missing: u64,
    callbacks_dead: u64,
    duplicates: u64,
    /// Callbacks that were in flight at the faults: more duplicates than these are too many.
    in_flight: u64,
    seconds: f64,
    error: Option<String>,
}

/// Waits until every accepted task has ended and every callback is out, and counts.
pub(super) async fn settle(
    name: &str,
    world: &Installation,
    placed: BTreeMap<String, String>,
    cleared: Instant,
) -> anyhow::Result<Row> {
    let mut tally = Tally::default();
    while cleared.elapsed() < END_LIMIT {
        // A ledger that is not back yet is looked at again.
        if let Ok(now) = tally::read(&world.pool).await {
            tally = now;
            if tally.open == 0 && tally.pending == 0 {
                break;
            }
        }
        sleep(LOOK_PAUSE).await;
    }
    let seconds = cleared.elapsed().as_secs_f64();
    let ids: BTreeSet<&String> = placed.values().collect();
    let accepted = ids.len();
    let (uncertain, ways) = tally::doubts(&world.pool).await?;
    let missing = world.receiver.missing(&tally::sent(&world.pool).await?) as u64;
    let error = (tally.open > 0).then(|| world.complaints());
    Ok(Row {
        name: name.to_owned(),
        accepted,
        ended: tally.ended(),
        lost: (accepted as u64).saturating_sub(tally.ended()),
        doubled: world.doubled(),
        failed: tally.failed.clone(),
        uncertain,
        ways,
        callbacks_missing: missing + tally.pending,
        callbacks_dead: tally.dead,
        duplicates: world.receiver.duplicates(),
        in_flight: world.in_flight.at_faults(),
        seconds,
        error,
        ..Row::default()
    })
}

impl Row {
    /// A row that could not be run.
    pub(super) fn broken(name: &str, error: &anyhow::Error) -> Self {
        Self { name: name.to_owned(), error: Some(format!("{error:#}")), ..Self::default() }
    }

    /// What it broke of what is promised.
    fn wrong(&self) -> Vec<String> {
        let mut wrong: Vec<String> = self.error.iter().cloned().collect();
        let mut unless = |holds: bool, text: &str| {
            if !holds {
                wrong.push(text.to_owned());
            }
        };
        unless(self.lost == 0, "tasks were lost");
        unless(self.doubled == 0, "work was started twice");
        unless(self.callbacks_missing == 0, "callbacks are missing");
        unless(self.callbacks_dead == 0, "callbacks were given up");
        unless(self.failed.keys().all(|kind| kind == "uncertain"), "tasks failed for no doubt");
        unless(self.failed.values().sum::<u64>() <= self.uncertain, "more failed than were in doubt");
        unless(self.duplicates <= self.in_flight, "more duplicates than were in flight");
        unless(self.hits.is_none_or(|(hits, wanted)| hits >= wanted), "not hit as often as was asked");
        wrong
    }

    fn cells(&self) -> [String; 10] {
        let ways: Vec<String> = self.ways.iter().map(|(way, count)| format!("{count} {way}")).collect();
        let uncertain = if ways.is_empty() {
            self.uncertain.to_string()
        } else {
            format!("{} ({})", self.uncertain, ways.join(", "))
        };
        [
            self.name.clone(),
            self.hits.map_or_else(|| "–".to_owned(), |(hits, _)| hits.to_string()),
            self.accepted.to_string(),
            self.ended.to_string(),
            self.lost.to_string(),
            self.doubled.to_string(),
            uncertain,
            self.callbacks_missing.to_string(),
            format!("{} of {}", self.duplicates, self.in_flight),
            format!("{:.0}", self.seconds),
        ]
    }

    fn json(&self) -> Value {
        json!({
            "row": self.name, "hits": self.hits.map(|(hits, _)| hits), "accepted": self.accepted, "ended": self.ended,
            "failed": self.failed, "lost": self.lost, "doubled": self.doubled, "uncertain": self.uncertain,
            "ways": self.ways, "callbacks_missing": self.callbacks_missing, "callbacks_dead": self.callbacks_dead,
            "duplicates": self.duplicates, "in_flight": self.in_flight, "seconds": self.seconds.round(), "wrong": self.wrong(),
        })
    }
}

/// The heads of the columns.
const HEADS: [&str; 10] = [
    "fault",
    "hits",
    "accepted",
    "ended",
    "lost",
    "double submits",
    "uncertain (resolved by)",
    "callbacks missing",
    "duplicate, of in flight",
    "seconds to recover",
];

/// How a doubt may be resolved; a whole run shows each.
const WAYS: [&str; 4] = ["late answer", "callback", "look-up", "policy"];

/// All rows. Each is shown as soon as it is there: a run takes long.
pub(super) struct Table {
    rows: Vec<Row>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { rows: Vec::new() }
    }

    pub(super) fn add(&mut self, row: Row) {
        let wrong = row.wrong();
        let verdict = if wrong.is_empty() { "holds".to_owned() } else { format!("BROKEN: {}", wrong.join("; ")) };
        say(&format!("| {} | {verdict}", row.cells().join(" | ")));
        self.rows.push(row);
    }

    /// The table and its line of JSON; an error when a row broke a promise.
    ///
    /// With `whole` it was a run of every row, and a doubt has to have been resolved in each way.
    pub(super) fn finish(self, whole: bool) -> anyhow::Result<String> {
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        let mut text =
            format!("\nfaults, {profile} build\n\n| {} |\n|{}\n", HEADS.join(" | "), "---|".repeat(HEADS.len()));
        for row in &self.rows {
            text += &format!("| {} |\n", row.cells().join(" | "));
        }
        let rows: Vec<Value> = self.rows.iter().map(Row::json).collect();
        text += &json!({ "scenario": "faults", "profile": profile, "rows": rows }).to_string();
        let broken: Vec<&str> =
            self.rows.iter().filter(|row| !row.wrong().is_empty()).map(|row| row.name.as_str()).collect();
        anyhow::ensure!(!self.rows.is_empty(), "no row has such a name");
        let unseen = WAYS.iter().find(|way| !self.rows.iter().any(|row| row.ways.contains_key(*way)));
        anyhow::ensure!(!whole || unseen.is_none(), "{text}\nno doubt was resolved by {unseen:?}");
        anyhow::ensure!(broken.is_empty(), "{text}\nbroken: {}", broken.join(", "));
        Ok(text)
    }
}

fn say(line: &str) {
    use std::io::Write;
    // A reader that has gone away is no error.
    let _written = writeln!(std::io::stderr().lock(), "{line}");
}
