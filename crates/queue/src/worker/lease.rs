//! Leases while a handler works: it asks for renewals, and whoever runs it does them.

use super::call;
use crate::scheduler::{Claim, Finish, Lane, Scheduler};
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use task::TaskId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// Renewals that may wait for their turn before `extend` itself waits.
const ASKS_MAX: usize = 16;

/// A lease is renewed this many times while it lasts, so that two failed renewals do not lose it.
const RENEWALS_PER_LEASE: u32 = 3;

/// What became of a renewal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lease {
    /// Renewed: it lasts until the claim's new `lease_until_ms`.
    Held(Claim),
    /// Somebody else has the entry, or it is gone. Whatever the handler does now may be done twice.
    Lost,
    /// The scheduler could not be asked; the lease still ends when it would have.
    Unknown,
}

#[derive(Debug)]
struct Ask {
    claim: Claim,
    answer: oneshot::Sender<Lease>,
}

/// What a handler holds of its leases.
#[derive(Debug)]
pub struct LeaseKeeper {
    claims: Arc<[Claim]>,
    lease_ms: i64,
    asks: mpsc::Sender<Ask>,
    lost: CancellationToken,
}

impl LeaseKeeper {
    /// Renews the lease of one of the batch's claims for as long as it first lasted, counted from now.
    /// The claim may be given as it was handed in, renewed before or not.
    pub async fn extend(&self, claim: &Claim) -> Lease {
        let (answer, told) = oneshot::channel();
        if self.asks.send(Ask { claim: claim.clone(), answer }).await.is_err() {
            return Lease::Unknown;
        }
        told.await.unwrap_or(Lease::Unknown)
    }

    /// Whether a renewal has shown that one of the batch's leases is lost.
    pub fn is_lost(&self) -> bool {
        self.lost.is_cancelled()
    }

    /// Resolves when a renewal shows that one of the batch's leases is lost.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }

    /// Renews all of the batch's leases, three times a lease, until one is lost or could not be renewed
    /// in time; then it resolves. To be raced against long work.
    pub async fn keep(&self) {
        let lease = Duration::from_millis(self.lease_ms.max(1).cast_unsigned());
        let mut held_since = Instant::now();
        while held_since.elapsed() < lease && !self.is_lost() {
            tokio::time::sleep(lease / RENEWALS_PER_LEASE).await;
            let asked_at = Instant::now();
            if self.extend_all().await {
                held_since = asked_at;
            }
        }
    }

    async fn extend_all(&self) -> bool {
        for claim in self.claims.iter() {
            if !matches!(self.extend(claim).await, Lease::Held(_)) {
                return false;
            }
        }
        true
    }
}

/// The other side of a [`LeaseKeeper`]: knows the newest claims and asks the scheduler.
#[derive(Debug)]
pub(super) struct LeaseDesk {
    claims: Arc<[Claim]>,
    /// Those that were renewed.
    renewed: HashMap<TaskId, Claim>,
    lease_ms: i64,
    asks: mpsc::Receiver<Ask>,
    lost: CancellationToken,
}

/// Both sides for one batch.
pub(super) fn open(claims: &[Claim], lease_ms: i64) -> (LeaseKeeper, LeaseDesk) {
    let (sender, asks) = mpsc::channel(ASKS_MAX);
    let lost = CancellationToken::new();
    let claims: Arc<[Claim]> = claims.into();
    let keeper = LeaseKeeper { claims: claims.clone(), lease_ms, asks: sender, lost: lost.clone() };
    (keeper, LeaseDesk { claims, renewed: HashMap::new(), lease_ms, asks, lost })
}

impl LeaseDesk {
    /// Runs a handler to its end and does the renewals that it asks for.
    pub(super) async fn attend<F: Future>(&mut self, scheduler: &dyn Scheduler, lane: Lane, handling: F) -> F::Output {
        tokio::pin!(handling);
        loop {
            let ask = tokio::select! {
                biased;
                output = &mut handling => return output,
                Some(ask) = self.asks.recv() => ask,
                else => return handling.await,
            };
            let answer = self.renew(scheduler, lane, &ask.claim).await;
            // The handler may have stopped waiting for it.
            let _ = ask.answer.send(answer);
        }
    }

    async fn renew(&mut self, scheduler: &dyn Scheduler, lane: Lane, asked: &Claim) -> Lease {
        let claim = self.renewed.get(&asked.id).unwrap_or(asked);
        match call::extend(scheduler, lane, claim, self.lease_ms).await {
            Ok(Some(renewed)) => {
                self.renewed.insert(renewed.id, renewed.clone());
                Lease::Held(renewed)
            }
            Ok(None) => {
                self.lost.cancel();
                Lease::Lost
            }
            Err(error) => {
                tracing::warn!(%lane, %error, "a lease was not renewed");
                Lease::Unknown
            }
        }
    }

    /// The handler's outcomes with the newest lease of each claim.
    pub(super) fn newest(&self, outcomes: Vec<(Claim, Finish)>) -> Vec<(Claim, Finish)> {
        if self.renewed.is_empty() {
            return outcomes;
        }
        let newest = |claim: Claim| self.renewed.get(&claim.id).cloned().unwrap_or(claim);
        outcomes.into_iter().map(|(claim, finish)| (newest(claim), finish)).collect()
    }

    /// Gives every claim of the batch back.
    pub(super) fn give_back(&self) -> Vec<(Claim, Finish)> {
        self.newest(self.claims.iter().map(|claim| (claim.clone(), Finish::GiveBack)).collect())
    }
}
