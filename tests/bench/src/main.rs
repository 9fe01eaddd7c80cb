//! Speed, measured: `cargo run --release -p bench -- SCENARIO`. Each scenario starts what it needs, runs
//! several rounds in which ours and the machine's raw limit take turns, prints a table (median and range)
//! and one JSON line, and says how busy the machine was.

mod client;
mod flags;
mod load;
mod machine;
mod nature;
mod part;
mod report;
mod scenario;
mod seed;
mod servers;
mod service;

use flags::Flags;
use mimalloc::MiMalloc;
use std::io::Write;
use std::process::ExitCode;

/// The same as the service's: parts of it run in this program.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const HELP: &str = "Usage: bench SCENARIO [--quick] [--rounds N] [--FLAG N]…

Scenarios, and what of them can be scaled:
  submit   durable submissions over HTTP, beside bare inserts     --clients --connections --seconds
  read     status fetches over HTTP, beside a bare JSON route     --clients --tasks --seconds
  life     whole tasks, beside a floor that makes the same calls  --tasks --clients
  start    cold start to ready, and idle memory
  rebuild  a queue filled from the ledger, beside a bare scan     --tasks --channels
  flight   many tasks in flight, beside the scheduler alone       --tasks --channels --seconds --batch --settle
  archive  large files to S3, beside a bare GET and PUT           --files --mib
  faults   death, freeze and failing servers   --only TEXT --tasks --hits --clients --at-once --minute-ms
  grow     every route with few and with many tasks               --few --many --requests
  wait     how late a waiting caller hears of another process     --tasks

--quick takes sizes that show that it works, not how fast. A build in debug says so in its JSON line.
`start` needs the service, built with the same profile:
  cargo build --release -p app && cargo run --release -p bench -- start";

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let ended = match arguments.split_first() {
        Some((first, rest)) if first == part::WORD => part::play(rest).await.map(|()| String::new()),
        Some(_) if arguments.iter().any(|word| word == "--help" || word == "-h") => Ok(HELP.to_owned()),
        Some((name, rest)) => measure(name, rest).await,
        None => Err(anyhow::anyhow!("{HELP}")),
    };
    let (code, text) = match ended {
        Ok(text) => (ExitCode::SUCCESS, text),
        Err(error) => (ExitCode::FAILURE, format!("bench: {error:#}")),
    };
    if !text.is_empty() {
        // A reader that has gone away is no error.
        let _written = writeln!(std::io::stdout().lock(), "{text}");
    }
    code
}

async fn measure(name: &str, rest: &[String]) -> anyhow::Result<String> {
    let flags = Flags::read(rest)?;
    workers::outbound::install_ring();
    if name == "faults" {
        return scenario::faults::run(&flags).await;
    }
    let report = match name {
        "submit" => scenario::submit::run(&flags).await,
        "read" => scenario::read::run(&flags).await,
        "life" => scenario::life::run(&flags).await,
        "start" => scenario::start::run(&flags).await,
        "rebuild" => scenario::rebuild::run(&flags).await,
        "flight" => scenario::flight::run(&flags).await,
        "archive" => scenario::archive::run(&flags).await,
        "grow" => scenario::grow::run(&flags).await,
        "wait" => scenario::wait::run(&flags).await,
        _ => Err(anyhow::anyhow!("there is no scenario {name}\n{HELP}")),
    }?;
    flags.check_used()?;
    Ok(report.text())
}
