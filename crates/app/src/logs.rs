//! Logs: stage transitions as they happen on a terminal, JSON lines elsewhere.

use crate::traces::BoxedLayer;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// Installs the process's subscriber: logs, and `traces` beside them. `BACKLOT_LOG` (default `info`) filters
/// logs as `tracing` does; it does not filter traces.
pub(crate) fn install(traces: Option<BoxedLayer>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_from_env("BACKLOT_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn"));
    let logs = if std::io::stderr().is_terminal() {
        Terminal.with_filter(filter).boxed()
    } else {
        let json = tracing_subscriber::fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
        json.with_filter(filter).boxed()
    };
    let layers: Vec<BoxedLayer> = traces.into_iter().chain([logs]).collect();
    tracing_subscriber::registry().with(layers).try_init()?;
    Ok(())
}

/// One short line an event, for people.
struct Terminal;

impl<S: Subscriber> Layer<S> for Terminal {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let mut fields = Fields::default();
        event.record(&mut fields);
        let line = if meta.target() == "transition" {
            fields.transition()
        } else if *meta.level() <= Level::WARN {
            fields.plain(*meta.level())
        } else {
            return;
        };
        // A terminal that has gone away has nobody to tell.
        let _gone = writeln!(std::io::stderr().lock(), "{line}");
    }
}

#[derive(Default)]
struct Fields(Vec<(&'static str, String)>);

impl Fields {
    fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| *n == name).map_or("", |(_, value)| value)
    }

    fn transition(&self) -> String {
        let colour = match self.get("to") {
            "succeeded" => "32",
            "failed" => "31",
            "uncertain" => "33",
            _ => "36",
        };
        let mut line = format!(
            "  {}  {:<10} {:>14} → \u{1b}[{colour}m{}\u{1b}[0m  via {}",
            self.get("task"),
            self.get("action"),
            self.get("from"),
            if self.get("from") == self.get("to") { self.get("step") } else { self.get("to") },
            self.get("channel"),
        );
        if !self.get("failure").is_empty() {
            // Writing to a string does not fail.
            let _written = write!(line, "  ({})", self.get("failure"));
        }
        line
    }

    fn plain(&self, level: Level) -> String {
        let mut line = format!("  \u{1b}[33m{level}\u{1b}[0m {}", self.get("message"));
        for (name, value) in self.0.iter().filter(|(name, _)| *name != "message") {
            let _written = write!(line, "  {name}={value}");
        }
        line
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.push((field.name(), value.to_owned()));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.0.push((field.name(), format!("{value:?}")));
    }
}
