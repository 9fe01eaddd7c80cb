//! Speed, measured: `cargo run --release -p bench -- SCENARIO`. Each scenario starts what it needs, runs
//! several rounds, prints a table (median and range) and one JSON line, and says how busy the machine was.

mod round;
mod start;

use std::io::Write;
use std::process::ExitCode;

const HELP: &str = "Usage: bench SCENARIO

Scenarios:
  start   cold start to ready, and idle memory (aim: 100 ms, 30 MiB)

Build the service first, with the same profile:
  cargo build --release -p app && cargo run --release -p bench -- start";

#[tokio::main]
async fn main() -> ExitCode {
    let scenario = std::env::args().nth(1);
    let ended = match scenario.as_deref() {
        Some("start") => start::run().await,
        Some("--help" | "-h") => Ok(HELP.to_owned()),
        _ => Err(anyhow::anyhow!("{HELP}")),
    };
    let (code, text) = match ended {
        Ok(text) => (ExitCode::SUCCESS, text),
        Err(error) => (ExitCode::FAILURE, format!("bench: {error:#}")),
    };
    // A reader that has gone away is no error.
    let _written = writeln!(std::io::stdout().lock(), "{text}");
    code
}
