//! `backlot`: the only binary, and the only place that chooses implementations.

mod cli;
mod compose;
mod dev;
mod folder;
mod logs;
mod metered;
mod nature;
mod print;
mod sim_command;
mod verbs;

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return print::failed(&anyhow::anyhow!("the runtime could not be started: {error}")),
    };
    match runtime.block_on(run(cli)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => print::failed(&error),
    }
}

async fn run(cli: cli::Cli) -> anyhow::Result<()> {
    let command = cli.command.unwrap_or_default();
    match command {
        cli::Command::Dev(args) => dev::run(args).await,
        cli::Command::Sim(args) => sim_command::run(args).await,
        cli::Command::Migrate(folder) => verbs::migrate(&folder).await,
        cli::Command::Check(folder) => verbs::check(&folder).await,
        cli::Command::Token { folder, verb } => verbs::run(&folder, verb.into_verb()?).await,
        cli::Command::Channel { folder, verb } => verbs::run(&folder, verb.into_verb()?).await,
        cli::Command::Task { folder, verb } => verbs::run(&folder, verb.into_verb()?).await,
    }
}
