//! The desk of one protocol: requests are received, asked about and answered here.

use super::answer::{Answer, Instead, broken};
use super::arrived::Arrived;
use super::protocol::{Protocol, Refusal};
use super::{Job, Snapshot, snapshot};
use crate::config::SimConfig;
use crate::files;
use crate::log::Event;
use crate::question::{Question, Strike};
use crate::script::Asked;
use crate::server::hold;
use crate::world::{Memory, World};
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use std::io;
use std::sync::Arc;

/// The desk of one protocol.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub(super) world: Arc<World>,
    pub(super) protocol: &'static dyn Protocol,
}

/// A job, and how it stands now.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub job: Arc<Job>,
    pub at: Snapshot,
}

impl Desk {
    pub(super) fn new(world: Arc<World>, protocol: &'static dyn Protocol) -> Self {
        Self { world, protocol }
    }

    /// What the sim was started with: pace, picture size, callback secret …
    pub(crate) fn config(&self) -> &SimConfig {
        &self.world.config
    }

    /// Ms since the epoch.
    pub(crate) fn now_ms(&self) -> i64 {
        self.world.now_ms()
    }

    /// Asks for the key, then reads the body. Every handler but an open one begins with it.
    pub(crate) async fn receive(&self, request: Request) -> Result<Arrived, Response> {
        let Some(key) = self.protocol.key(request.headers(), request.uri()) else {
            return Err(self.refuse(&Refusal::NoKey));
        };
        let secret = self.world.config.secret.as_ref();
        if secret.is_some_and(|secret| secret.expose() != key) {
            return Err(self.refuse(&Refusal::WrongKey));
        }
        self.receive_open(request).await
    }

    /// Reads the body; no key is asked for.
    pub(crate) async fn receive_open(&self, request: Request) -> Result<Arrived, Response> {
        Arrived::read(request).await.map_err(|refusal| self.refuse(&refusal))
    }

    /// A refusal in the protocol's shape.
    pub(crate) fn refuse(&self, refusal: &Refusal) -> Response {
        self.protocol.refuse(refusal)
    }

    /// Asks about jobs by id (or by the caller's own id, where those are unique): counts the request
    /// under `route`, lets rules and `poll-http` strike, holds the answer back. Unknown and forgotten
    /// ones are left out; the order is the asker's.
    pub(crate) async fn poll(&self, arrived: &Arrived, route: &str, ids: &[&str]) -> Result<Vec<Seen>, Response> {
        let seen = self.seen(ids);
        let (strike, delay_ms) = self.met(route, ids, &seen).map_err(|error| broken(&error))?;
        hold(&*self.world.config.clock, delay_ms).await;
        match strike {
            Some(strike) => Err(Instead::from(strike).respond(self.protocol, &arrived.cut)),
            None => Ok(seen),
        }
    }

    /// The same for one job; an unknown one is refused with [`Refusal::NotFound`].
    pub(crate) async fn poll_one(&self, arrived: &Arrived, route: &str, id: &str) -> Result<Seen, Response> {
        let seen = self.poll(arrived, route, &[id]).await?;
        seen.into_iter().next().ok_or_else(|| self.refuse(&Refusal::NotFound(id.to_owned())))
    }

    /// A job that another one refers to; the look does not count, and no trouble strikes.
    pub(crate) fn find(&self, id: &str) -> Option<Seen> {
        self.seen(&[id]).into_iter().next()
    }

    /// The jobs of this protocol that satisfy `wanted`, the newest first. Ask [`Desk::poll`] with no
    /// ids before, so that the request counts.
    pub(crate) fn list(&self, most: usize, wanted: impl Fn(&Job) -> bool) -> Vec<Seen> {
        let (now_ms, memory) = (self.now_ms(), self.world.memory());
        let known = memory.jobs.newest(self.protocol.name()).filter(|job| !job.is_gone(now_ms) && wanted(job));
        known.take(most).map(|job| Seen { job: job.clone(), at: snapshot(job, now_ms) }).collect()
    }

    /// Changes a job (cancel, delete, notes) unless `change` refuses; the change is remembered.
    pub(crate) fn change(
        &self,
        id: &str,
        change: impl FnOnce(&mut Job, &Snapshot) -> Result<(), Refusal>,
    ) -> Result<Seen, Response> {
        let (now_ms, mut memory) = (self.now_ms(), self.world.memory());
        let Some(known) = self.known(&memory, id, now_ms) else {
            return Err(self.refuse(&Refusal::NotFound(id.to_owned())));
        };
        let mut job = Job::clone(known);
        change(&mut job, &snapshot(known, now_ms)).map_err(|refusal| self.refuse(&refusal))?;
        let job = Arc::new(job);
        memory.write(Event::Job { job: job.clone() }).map_err(|error| broken(&error))?;
        Ok(Seen { at: snapshot(&job, now_ms), job })
    }

    /// The link to an output, from 1, on the open files route; `""` when there is no such output.
    pub(crate) fn link(&self, job: &Job, number: usize) -> String {
        let link = |name| format!("{}/sim/files/{name}", self.world.origin());
        job.file_name(number).map(link).unwrap_or_default()
    }

    /// A link to a route of the protocol's own; `path` begins with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{}{path}", self.world.origin(), self.protocol.base())
    }

    /// Sends an output, from 1, on a route of the protocol's own, with the artifact's troubles. Whether
    /// a key is needed is decided by how the request was received.
    pub(crate) async fn download(&self, arrived: &Arrived, route: &str, id: &str, number: usize) -> Answer {
        let seen = self.poll_one(arrived, route, id).await?;
        let missing = || self.refuse(&Refusal::NotFound(id.to_owned()));
        let name = seen.job.file_name(number).ok_or_else(missing)?;
        files::output(&self.world, &seen.job, number, &name, &arrived.cut).await.ok_or_else(missing)
    }

    /// The bytes of a finished job's output, from 1, for protocols that answer with them.
    pub(crate) async fn bytes(&self, job: &Arc<Job>, number: usize) -> Option<Bytes> {
        files::made(&self.world, job, number, &job.file_name(number)?).await
    }

    fn known<'a>(&self, memory: &'a Memory, id: &str, now_ms: i64) -> Option<&'a Arc<Job>> {
        let name = self.protocol.name();
        let own = memory.jobs.get(id).filter(|job| job.protocol == name);
        let by_client = || memory.jobs.of_client(name, id).filter(|_| self.protocol.has_unique_client_ids());
        own.or_else(by_client).filter(|job| !job.is_gone(now_ms))
    }

    fn seen(&self, ids: &[&str]) -> Vec<Seen> {
        let (now_ms, memory) = (self.now_ms(), self.world.memory());
        let known = ids.iter().filter_map(|id| self.known(&memory, id, now_ms));
        known.map(|job| Seen { job: job.clone(), at: snapshot(job, now_ms) }).collect()
    }

    fn met(&self, route: &str, ids: &[&str], seen: &[Seen]) -> io::Result<(Option<Strike>, i64)> {
        let mut memory = self.world.memory();
        *memory.counts.routes.entry(format!("{}/{route}", self.protocol.name())).or_default() += 1;
        let story = seen.first().map_or("", |seen| seen.job.prompt.as_str());
        let key = ids.first().copied().unwrap_or_default();
        let asked = Asked { protocol: self.protocol.name(), route, action: route, prompt: "", story, key };
        let tasks = seen.iter().map(|seen| (seen.job.id.as_str(), seen.job.troubles.as_slice())).collect();
        memory.meet(&Question { asked, tasks }, self.world.config.seed)
    }
}
