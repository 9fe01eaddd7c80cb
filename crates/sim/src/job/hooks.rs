//! When a job's callbacks are due.

use super::record::Job;
use super::timeline::moments;
use super::{Desk, Protocol, Seen, snapshot};
use crate::hook::{Arrival, Hook, arrivals};
use std::sync::Arc;

/// Callbacks that are due, before they are written.
#[derive(Debug, Clone)]
pub(crate) struct Due {
    job: Arc<Job>,
    protocol: &'static dyn Protocol,
    arrivals: Vec<Arrival>,
}

/// The callbacks of `job` that fall due after `after_ms` and not after `now_ms`, and whether more may
/// follow. `None` when none is due.
pub(crate) fn due(job: &Arc<Job>, after_ms: i64, now_ms: i64) -> (Option<Due>, bool) {
    let protocol = crate::PROTOCOLS.iter().copied().find(|protocol| protocol.name() == job.protocol);
    let Some(protocol) = protocol.filter(|_| !job.notify_url.is_empty()) else { return (None, false) };
    let work_ms = job.ended_after_ms - job.started_after_ms;
    let mut told_ms = moments(job, protocol.told());
    told_ms.extend(protocol.also_told(job));
    told_ms.sort_unstable();
    told_ms.dedup();
    let (arrivals, more) = arrivals(told_ms, job.trouble(), work_ms, after_ms, now_ms);
    let due = (!arrivals.is_empty()).then(|| Due { job: job.clone(), protocol, arrivals });
    (due, more)
}

impl Due {
    /// The letters, in the order in which they arrive.
    pub(crate) fn hooks(&self, world: &Arc<crate::world::World>) -> Vec<Hook> {
        let desk = Desk::new(world.clone(), self.protocol);
        let hook = |arrival: &Arrival| {
            let at = snapshot(&self.job, arrival.moment_ms);
            let seen = Seen { job: self.job.clone(), at };
            let delivery = format!("msg_{}_{}", self.job.number, arrival.place);
            let letter = self.protocol.letter(&desk, &seen, &delivery)?;
            Some(Hook { url: self.job.notify_url.clone(), headers: letter.headers, body: letter.body.into() })
        };
        self.arrivals.iter().filter_map(hook).collect()
    }
}
