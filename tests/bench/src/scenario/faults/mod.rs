//! `faults`: what becomes of tasks while processes die or freeze at each fail-point, and while each of the
//! servers that the service leans on fails. The scaled-out set-up with real servers; each row has an
//! installation of its own.

mod binary;
mod bucket;
mod crowd;
mod in_flight;
mod installation;
mod padding;
mod points;
mod process;
mod proxy;
mod receiver;
mod storage;
mod table;
mod tally;

use crate::flags::Flags;
use crate::servers::Postgres;
use futures::StreamExt;
use std::path::PathBuf;
use table::{Row, Table};

/// What every row is given.
struct Bench {
    backlot: PathBuf,
    postgres: Postgres,
    /// Tasks of a storage fault.
    tasks: usize,
    /// How often each fail-point is hit.
    hits: usize,
    /// Requests at the same time.
    clients: usize,
    /// For how many milliseconds a fault lasts that is said to last a minute; the others in proportion.
    minute_ms: u64,
}

/// Runs the rows whose names contain `--only`, or all; the table and its line of JSON. An error when a row
/// broke a promise: the table says which.
pub(crate) async fn run(flags: &Flags) -> anyhow::Result<String> {
    let only = flags.text("only");
    let bench = Bench {
        backlot: binary::with_fail_points().await?,
        postgres: Postgres::start().await?,
        tasks: usize::try_from(flags.number("tasks", 2_000, 12))?,
        hits: usize::try_from(flags.number("hits", 20, 1))?,
        clients: usize::try_from(flags.number("clients", 32, 4))?,
        minute_ms: flags.number("minute-ms", 60_000, 6_000),
    };
    let at_once = usize::try_from(flags.number("at-once", 3, 1))?;
    flags.check_used()?;
    let chosen = |name: &str| match &only {
        Some(only) => name.contains(only.as_str()),
        // One of each kind shows that it works.
        None => !flags.quick || ["notify.before_record, kill", "Redis flushed"].contains(&name),
    };
    let mut table = Table::new();
    let cases: Vec<_> = points::cases().filter(|case| chosen(&case.name())).collect();
    let rows = cases.iter().map(async |case| {
        let row = points::run(&bench, case).await;
        row.unwrap_or_else(|error| Row::broken(&case.name(), &error))
    });
    // Most of their time is spent on leases that run out. The servers that fail below are everybody's.
    let mut rows = futures::stream::iter(rows).buffered(at_once);
    while let Some(row) = rows.next().await {
        table.add(row);
    }
    for fault in storage::FAULTS {
        if chosen(fault.name()) {
            let row = storage::run(&bench, *fault).await;
            table.add(row.unwrap_or_else(|error| Row::broken(fault.name(), &error)));
        }
    }
    table.finish(only.is_none() && !flags.quick)
}
