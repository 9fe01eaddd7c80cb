//! What a person at a terminal reads. Logs go elsewhere (`logs`).

use std::io::Write;
use std::process::ExitCode;

/// Writes a line to standard output. A reader that has gone away is no error.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    if writeln!(out, "{text}").and_then(|()| out.flush()).is_err() {
        // Nobody reads any more (a closed pipe): there is nobody to tell, either.
    }
}

/// Says on standard error what went wrong, with its causes, and gives the exit code for it.
pub(crate) fn failed(error: &anyhow::Error) -> ExitCode {
    let mut out = std::io::stderr().lock();
    if writeln!(out, "backlot: {error:#}").is_err() {
        return ExitCode::FAILURE;
    }
    ExitCode::FAILURE
}
