//! Private servers, each on a free port and gone with its value.

mod postgres;
mod redis;

pub(crate) use postgres::{Postgres, pool};
pub(crate) use redis::Redis;

use anyhow::Context;
use std::process::{Child, Command};

/// A port that nobody listens on right now.
pub(crate) fn free_port() -> anyhow::Result<u16> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    Ok(listener.local_addr()?.port())
}

/// A command that dies with this process, as another user when one is given.
fn bound_command(program: &std::path::Path, signal: &str, user: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", signal]);
    if let Some(user) = user {
        command.args(["--reuid", user, "--regid", user, "--init-groups"]);
    }
    command.arg("--").arg(program).current_dir("/");
    command
}

/// Sends a signal to a process that we started, and waits until it has ended.
fn end(child: &mut Child, signal: &str) -> anyhow::Result<()> {
    Command::new("kill").arg(format!("-{signal}")).arg(child.id().to_string()).status().context("kill")?;
    child.wait()?;
    Ok(())
}
