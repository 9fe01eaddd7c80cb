//! How a process ends: signals, and the tokens that tell everybody.

use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// What tells the parts of a process that it ends. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    /// Readiness says no; held answers end. Everything else goes on.
    pub(crate) draining: CancellationToken,
    /// Nothing more is taken; what is under way may finish.
    pub(crate) soft: CancellationToken,
    /// What is still under way is let go of.
    pub(crate) hard: CancellationToken,
}

impl Stop {
    /// Ends at the process's signals. First signal: `draining`, and `soft` after `unready`. Second signal, or
    /// `drain` later: `hard`.
    pub(crate) fn at_signals(unready: Duration, drain: Duration) -> anyhow::Result<Self> {
        let stop = Self::default();
        // Asked for now: a signal that comes before it is waited for must not end the process rudely.
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tokio::spawn(stop.clone().follow(Signals { terminate, interrupt }, unready, drain));
        Ok(stop)
    }

    /// Everything ends because a part of it has.
    pub(crate) fn now(&self) {
        self.draining.cancel();
        self.soft.cancel();
    }

    async fn follow(self, mut signals: Signals, unready: Duration, drain: Duration) {
        tokio::select! {
            () = signals.next() => {}
            () = self.soft.cancelled() => {}
        }
        self.draining.cancel();
        tracing::info!("ending: no new work; a second signal lets go of what is under way");
        let asked_twice = tokio::select! {
            () = signals.next() => true,
            () = tokio::time::sleep(unready) => false,
            () = self.soft.cancelled() => false,
        };
        self.soft.cancel();
        if !asked_twice {
            tokio::select! {
                () = signals.next() => {}
                () = tokio::time::sleep(drain) => {}
            }
        }
        self.hard.cancel();
    }
}

struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
