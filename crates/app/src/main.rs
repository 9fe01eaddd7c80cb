//! `backlot`: the only binary, and the only place that chooses implementations.

mod check_command;
mod cli;
mod compose;
mod config;
mod dev;
mod folder;
mod gauges;
mod logs;
mod metered;
mod nature;
mod ops_side;
mod print;
mod scaled;
mod serve_command;
mod sim_command;
mod spill;
mod stages;
mod stop;
mod traces;
mod verbs;
mod work_command;

use clap::Parser;
use mimalloc::MiMalloc;
use std::process::ExitCode;

/// The system's own allocator takes a sixth of a busy process's CPU.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    let variable = |name: &str| std::env::var(name).ok();
    let (named, log) = (variable("BACKLOT_FAIL_POINT"), variable("BACKLOT_FAIL_POINT_LOG"));
    if let Err(wrong) = workers::arm_fail_points(named.as_deref(), log.as_deref()) {
        return print::failed(&anyhow::anyhow!(wrong));
    }
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
        cli::Command::Serve(args) => serve_command::run(args).await,
        cli::Command::Work(args) => work_command::run(args).await,
        cli::Command::Migrate(place) => verbs::migrate(&place).await,
        cli::Command::Check(args) => check_command::run(&args).await,
        cli::Command::Token { place, verb } => verbs::run(&place, verb.into_verb()?).await,
        cli::Command::Channel { place, verb } => verbs::run(&place, verb.into_verb()?).await,
        cli::Command::Task { place, verb } => verbs::run(&place, verb.into_verb()?).await,
    }
}
