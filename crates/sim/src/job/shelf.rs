//! All jobs, found by number, by id and by the caller's own id.

use super::record::Job;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The jobs of all protocols, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    jobs: BTreeMap<i64, Arc<Job>>,
    by_id: HashMap<String, i64>,
    /// Protocol and the caller's own id; the newest job counts.
    by_client: HashMap<(String, String), i64>,
}

impl Shelf {
    /// Adds a job, or puts it in the place of what it was before. Beyond `most`, the oldest goes.
    pub(crate) fn put(&mut self, job: Arc<Job>, most: usize) {
        self.by_id.insert(job.id.clone(), job.number);
        if !job.client.is_empty() {
            self.by_client.insert((job.protocol.clone(), job.client.clone()), job.number);
        }
        self.jobs.insert(job.number, job);
        if self.jobs.len() > most
            && let Some((number, old)) = self.jobs.pop_first()
        {
            self.by_id.remove(&old.id);
            let key = (old.protocol.clone(), old.client.clone());
            if self.by_client.get(&key) == Some(&number) {
                self.by_client.remove(&key);
            }
        }
    }

    /// The job with this id, of whatever protocol.
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Job>> {
        self.jobs.get(self.by_id.get(id)?)
    }

    /// The newest job of this protocol with this id of the caller's own.
    pub(crate) fn of_client(&self, protocol: &str, client: &str) -> Option<&Arc<Job>> {
        self.jobs.get(self.by_client.get(&(protocol.to_owned(), client.to_owned()))?)
    }

    /// The jobs of this protocol, the newest first.
    pub(crate) fn newest<'a>(&'a self, protocol: &'a str) -> impl Iterator<Item = &'a Arc<Job>> {
        self.jobs.values().rev().filter(move |job| job.protocol == protocol)
    }
}
