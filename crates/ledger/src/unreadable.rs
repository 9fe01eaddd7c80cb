//! Rows that can't be read: left out of what is read together, so that their neighbours don't suffer.
//!
//! Each is logged once in a process's life, with its place and never its content, and counted each time.

use crate::connection::Row;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::retention::page;
use crate::statement::Statement;
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};
use task::TaskId;

/// Rows whose place is remembered. More of them at once are only counted.
const MAX_KNOWN: usize = 1000;

/// The rows that this process could not read: (table, key).
#[derive(Debug, Default)]
pub(crate) struct Unreadable(Mutex<HashSet<(&'static str, String)>>);

impl Unreadable {
    /// Takes note of a row that is left out. Gives back what is no fault of one row.
    pub(crate) fn leave_out(&self, error: LedgerError) -> Result<(), LedgerError> {
        let LedgerError::Corrupt { table, column, row, reason } = error else { return Err(error) };
        metrics::counter!("ledger_corrupt_rows_total", "table" => table).increment(1);
        if self.is_news(table, &row) {
            tracing::error!(table, column, row, reason, "a stored row can't be read; it is left out");
        }
        Ok(())
    }

    fn is_news(&self, table: &'static str, row: &str) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.len() < MAX_KNOWN && known.insert((table, row.to_owned()))
    }

    fn knows(&self, table: &'static str, row: &str) -> bool {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.contains(&(table, row.to_owned()))
    }
}

/// How a page of rows is read.
pub(crate) struct Paged<S, P, R> {
    /// The statement for the rows behind a place, at most so many.
    pub(crate) select: S,
    /// A row's place in the order, from text that need not make sense.
    pub(crate) place: P,
    /// What a row says.
    pub(crate) read: R,
}

/// A place in an order by time and id.
pub(crate) type Moment = (i64, String);

/// Reads a row's [`Moment`]: the id is its first column, the time is in column `at`.
pub(crate) fn moment(at: usize) -> impl Fn(&Row) -> Option<Moment> {
    move |row| Some((row.int(at).ok()??, by_id(row)?))
}

/// Reads the place of a row in an order by id, its first column.
pub(crate) fn by_id(row: &Row) -> Option<String> {
    row.text(0).ok()?.map(str::to_owned)
}

impl Ledger {
    /// Whether this process found that a task (or one of its artifacts) can't be read. Such a task is
    /// there, though [`Ledger::tasks`] and the lists leave it out.
    pub fn is_unreadable(&self, id: TaskId) -> bool {
        let id = id.to_string();
        ["task", "artifact"].iter().any(|table| self.unreadable().knows(table, &id))
    }

    /// What the rows say, unreadable ones left out.
    pub(crate) fn readable<T>(
        &self,
        rows: &[Row],
        read: impl Fn(&Row) -> Result<T, LedgerError>,
    ) -> Result<Vec<T>, LedgerError> {
        let mut found = Vec::with_capacity(rows.len());
        for row in rows {
            match read(row) {
                Ok(one) => found.push(one),
                Err(error) => self.unreadable().leave_out(error)?,
            }
        }
        Ok(found)
    }

    /// A page of `limit` rows behind `after`. It reads on behind unreadable rows, so that only the last
    /// page is shorter: callers stop at that one.
    pub(crate) async fn paged<T, A, S, P, R>(
        &self,
        limit: i64,
        mut after: Option<A>,
        paged: Paged<S, P, R>,
    ) -> Result<Vec<T>, LedgerError>
    where
        S: Fn(Option<&A>, i64) -> Statement,
        P: Fn(&Row) -> Option<A>,
        R: Fn(&Row) -> Result<T, LedgerError>,
    {
        let limit = page(limit);
        let full = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut found = Vec::new();
        loop {
            let rows = self.database().fetch_all((paged.select)(after.as_ref(), limit)).await?;
            found.append(&mut self.readable(&rows, &paged.read)?);
            after = rows.last().and_then(&paged.place);
            if rows.len() < full || found.len() >= full || after.is_none() {
                found.truncate(full);
                return Ok(found);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
    use std::fmt::Write as _;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Level, Subscriber};

    /// Counts what is counted under the one name.
    #[derive(Default)]
    struct Counted(Arc<AtomicU64>);

    impl Recorder for Counted {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            assert_eq!(key.name(), "ledger_corrupt_rows_total");
            Counter::from_arc(self.0.clone())
        }
        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    /// Keeps the fields of every event.
    #[derive(Clone, Default)]
    struct Logged(Arc<Mutex<Vec<(Level, String)>>>);

    struct Line(String);

    impl Visit for Line {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            write!(self.0, "{field}={value:?} ").expect("text takes text");
        }
    }

    impl Subscriber for Logged {
        fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut line = Line(String::new());
            event.record(&mut line);
            self.0.lock().expect("no test panicked in here").push((*event.metadata().level(), line.0));
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    fn corrupt(row: &str) -> LedgerError {
        LedgerError::Corrupt { table: "task", column: "spec", row: row.into(), reason: "null".into() }
    }

    #[test]
    fn a_row_is_logged_once_and_counted_each_time() {
        let (counted, logged, unreadable) = (Counted::default(), Logged::default(), Unreadable::default());
        metrics::with_local_recorder(&counted, || {
            tracing::subscriber::with_default(logged.clone(), || {
                for row in ["a", "b", "a", "a"] {
                    assert_eq!(unreadable.leave_out(corrupt(row)), Ok(()));
                }
            });
        });
        assert_eq!(counted.0.load(Ordering::SeqCst), 4);
        let lines = logged.0.lock().expect("no test panicked in here").clone();
        assert_eq!(lines.len(), 2, "{lines:?}");
        for (row, (level, line)) in ["a", "b"].iter().zip(&lines) {
            assert_eq!(*level, Level::ERROR);
            assert!(line.contains("table=\"task\"") && line.contains("column=\"spec\""), "{line}");
            assert!(line.contains(&format!("row=\"{row}\"")), "{line}");
        }
    }

    #[test]
    fn what_is_no_fault_of_a_row_is_given_back() {
        let away = LedgerError::Away("nobody is there".into());
        assert_eq!(Unreadable::default().leave_out(away.clone()), Err(away));
    }

    #[test]
    fn a_flood_of_bad_rows_takes_a_bounded_memory() {
        let unreadable = Unreadable::default();
        let news = (0..MAX_KNOWN + 5).filter(|row| unreadable.is_news("task", &row.to_string())).count();
        assert_eq!(news, MAX_KNOWN);
        assert!(unreadable.knows("task", "0") && !unreadable.knows("artifact", "0"));
    }
}
