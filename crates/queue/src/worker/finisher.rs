//! Ends leases: what handlers return at about the same time goes out in one call.

use super::BATCH_MAX;
use super::call::{self, Pauses};
use crate::scheduler::{Claim, Finish, Lane, Scheduler};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

/// How many handlers' outcomes may wait for the call under way before handlers wait to hand theirs in.
const WAITING_MAX: usize = 64;

/// How long claims are still tried to be finished once the stop flag is up. After that their leases end
/// by themselves.
const AFTER_STOP_LIMIT: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Outcomes {
    claims: Vec<(Claim, Finish)>,
    done: oneshot::Sender<()>,
}

/// Hands outcomes to a lane's finisher.
#[derive(Debug)]
pub(super) struct Finisher(mpsc::Sender<Outcomes>);

impl Finisher {
    /// A finisher, and what [`finish_all`] is to work off.
    pub(super) fn new() -> (Self, mpsc::Receiver<Outcomes>) {
        let (sender, waiting) = mpsc::channel(WAITING_MAX);
        (Self(sender), waiting)
    }

    /// Returns when the leases are ended, or given up.
    pub(super) async fn finish(&self, claims: Vec<(Claim, Finish)>) {
        if claims.is_empty() {
            return;
        }
        let (done, told) = oneshot::channel();
        if self.0.send(Outcomes { claims, done }).await.is_ok() {
            // An error only says that the finisher is gone: the leases end by themselves.
            let _ = told.await;
        }
    }
}

/// Works off outcomes until every [`Finisher`] is dropped.
pub(super) async fn finish_all(
    scheduler: Arc<dyn Scheduler>,
    lane: Lane,
    mut waiting: mpsc::Receiver<Outcomes>,
    stop: CancellationToken,
) {
    while let Some(first) = waiting.recv().await {
        let mut claims = first.claims;
        let mut done = vec![first.done];
        while claims.len() < BATCH_MAX
            && let Ok(more) = waiting.try_recv()
        {
            claims.extend(more.claims);
            done.push(more.done);
        }
        tokio::select! {
            () = until_finished(&*scheduler, lane, &claims) => {}
            () = too_late(&stop) => {
                tracing::warn!(%lane, claims = claims.len(), "not finished before the stop; the leases will end");
            }
        }
        for done in done {
            // A handler that is gone waits for nothing.
            let _ = done.send(());
        }
    }
}

async fn until_finished(scheduler: &dyn Scheduler, lane: Lane, claims: &[(Claim, Finish)]) {
    let mut pauses = Pauses::new();
    while let Err(error) = call::finish(scheduler, lane, claims).await {
        let pause = pauses.next();
        tracing::warn!(%lane, %error, ?pause, "finish failed; trying again");
        tokio::time::sleep(pause).await;
    }
}

async fn too_late(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(AFTER_STOP_LIMIT).await;
}
