//! All that the sim remembers, behind one lock.

use crate::config::SimConfig;
use crate::counts::Counts;
use crate::effect::{Planned, Times};
use crate::fingerprint::sha256_hex;
use crate::hook::Hook;
use crate::job::{self, Due, Shelf};
use crate::log::{Event, Log, Verdict};
use crate::midjourney::{self, Record, moments};
use crate::script::{Asked, Script, marked};
use bytes::Bytes;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The most tasks that are kept, and the most jobs beside them; the oldest are forgotten first.
const TASKS_MAX: usize = 200_000;

/// The most files that are kept ready to be sent again.
const CACHE_MAX: usize = 16;

/// The file in the folder that holds the log.
const LOG_NAME: &str = "sim.jsonl";

/// The sim's memory and what it was started with.
#[derive(Debug)]
pub(crate) struct World {
    pub config: SimConfig,
    origin: OnceLock<String>,
    memory: Mutex<Memory>,
    cache: Mutex<VecDeque<(String, Bytes)>>,
}

/// What the lock guards.
#[derive(Debug)]
pub(crate) struct Memory {
    /// Midjourney's.
    pub tasks: BTreeMap<String, Record>,
    /// All other protocols'.
    pub jobs: Shelf,
    pub counts: Counts,
    pub script: Script,
    /// Tasks with callbacks still to come, and up to when those are sent.
    hooked: BTreeMap<String, i64>,
    struck: HashMap<String, u32>,
    files: HashMap<String, Bytes>,
    last_id: i64,
    log: Log,
}

impl World {
    /// A fresh world, or the one that the folder remembers.
    pub(crate) fn open(config: SimConfig) -> io::Result<Self> {
        let (log, events) = match &config.folder {
            None => (Log::nowhere(), Vec::new()),
            Some(folder) => {
                std::fs::create_dir_all(folder)?;
                Log::open(&folder.join(LOG_NAME))?
            }
        };
        let mut memory = Memory {
            tasks: BTreeMap::new(),
            jobs: Shelf::default(),
            counts: Counts::default(),
            script: config.script.clone(),
            hooked: BTreeMap::new(),
            struck: HashMap::new(),
            files: HashMap::new(),
            last_id: 0,
            log,
        };
        for event in events {
            memory.apply(event);
        }
        Ok(Self { config, origin: OnceLock::new(), memory: Mutex::new(memory), cache: Mutex::default() })
    }

    /// The memory. A handler that panicked left it as it was between two events, so it stays usable.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now_ms(&self) -> i64 {
        self.config.clock.now_ms()
    }

    /// Tells the world by which origin it is reached, unless the configuration says another.
    pub(crate) fn listens_at(&self, origin: String) {
        let origin = self.config.public_url.clone().unwrap_or(origin);
        self.origin.get_or_init(|| origin.trim_end_matches('/').to_owned());
    }

    /// Scheme, host and port in links.
    pub(crate) fn origin(&self) -> &str {
        self.origin.get().map_or("", String::as_str)
    }

    /// Keeps a file that came in, and tells its name.
    pub(crate) fn keep(&self, memory: &mut Memory, extension: &str, bytes: &Bytes) -> io::Result<String> {
        let name = format!("in-{}.{extension}", &sha256_hex(bytes)[..24]);
        match &self.config.folder {
            Some(folder) => std::fs::write(folder.join(&name), bytes)?,
            None => drop(memory.files.insert(name.clone(), bytes.clone())),
        }
        Ok(name)
    }

    /// A file that came in.
    pub(crate) fn kept(&self, name: &str) -> Option<Bytes> {
        let plain =
            name.starts_with("in-") && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.'));
        if !plain {
            return None;
        }
        match &self.config.folder {
            Some(folder) => std::fs::read(folder.join(name)).ok().map(Bytes::from),
            None => self.memory().files.get(name).cloned(),
        }
    }

    /// The bytes under this name, made by `make` unless they are at hand.
    pub(crate) fn made<E>(&self, name: &str, make: impl FnOnce() -> Result<Bytes, E>) -> Result<Bytes, E> {
        let cache = || self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = cache().iter().find(|(known, _)| known == name) {
            return Ok(bytes.clone());
        }
        let bytes = make()?;
        let mut cache = cache();
        cache.push_back((name.to_owned(), bytes.clone()));
        if cache.len() > CACHE_MAX {
            cache.pop_front();
        }
        Ok(bytes)
    }

    /// Takes the callbacks that are due now, those of one task together and in order.
    pub(crate) fn take_hooks(self: &Arc<Self>) -> io::Result<Vec<Vec<Hook>>> {
        let (mut taken, jobs) = self.due()?;
        let letters: Vec<Vec<Hook>> =
            jobs.iter().map(|due| due.hooks(self)).filter(|hooks| !hooks.is_empty()).collect();
        self.memory().counts.callbacks += letters.iter().chain(&taken).map(Vec::len).sum::<usize>() as u64;
        taken.extend(letters);
        Ok(taken)
    }

    /// The callbacks that are due now: Midjourney's are written already; those of jobs are written
    /// without the lock, for a protocol may look something up.
    fn due(&self) -> io::Result<(Vec<Vec<Hook>>, Vec<Due>)> {
        let (now_ms, mut memory) = (self.now_ms(), self.memory());
        let (mut taken, mut jobs) = (Vec::new(), Vec::new());
        let waiting: Vec<(String, i64)> = memory.hooked.iter().map(|(id, until_ms)| (id.clone(), *until_ms)).collect();
        for (id, until_ms) in waiting {
            let (is_due, more) = match (memory.tasks.get(&id), memory.jobs.get(&id)) {
                (Some(record), _) => {
                    let (hooks, more) = midjourney::due(&self.config, self.origin(), record, until_ms, now_ms)?;
                    let is_due = !hooks.is_empty();
                    taken.extend(is_due.then_some(hooks));
                    (is_due, more)
                }
                (None, Some(job)) => {
                    let (due, more) = job::due(job, until_ms, now_ms);
                    let is_due = due.is_some();
                    jobs.extend(due);
                    (is_due, more)
                }
                (None, None) => (false, false),
            };
            if is_due {
                memory.write(Event::Called { id: id.clone(), until_ms: now_ms })?;
            }
            if !more {
                memory.hooked.remove(&id);
            }
        }
        Ok((taken, jobs))
    }
}

impl Memory {
    /// Writes an event down, then lets it happen.
    pub(crate) fn write(&mut self, event: Event) -> io::Result<()> {
        self.log.append(&event)?;
        self.apply(event);
        Ok(())
    }

    /// All that is known of a task or job.
    pub(crate) fn known(&self, id: &str) -> Option<serde_json::Value> {
        match (self.tasks.get(id), self.jobs.get(id)) {
            (Some(record), _) => serde_json::to_value(record).ok(),
            (None, Some(job)) => serde_json::to_value(job).ok(),
            (None, None) => None,
        }
    }

    /// A new id: 16 digits, growing.
    pub(crate) fn next_id(&mut self, now_ms: i64) -> String {
        self.next_number(now_ms).to_string()
    }

    /// The same as a number.
    pub(crate) fn next_number(&mut self, now_ms: i64) -> i64 {
        self.last_id = now_ms.saturating_mul(1_000).max(self.last_id + 1);
        self.last_id
    }

    /// The troubles that meet this request: markers, then rules. `lasting` writes the count of a rule down.
    pub(crate) fn troubles(&mut self, asked: &Asked<'_>, seed: u64, lasting: bool) -> io::Result<Vec<Planned>> {
        let mut planned = marked(asked);
        for (place, rule) in self.script.rules.clone().iter().enumerate() {
            if !rule.matches(asked, seed) {
                continue;
            }
            let count = if rule.nth.is_empty() { 0 } else { self.strike(format!("rule|{place}"), lasting)? + 1 };
            if rule.nth.is_empty() || rule.nth.contains(&count) {
                planned.extend(rule.planned());
            }
        }
        Ok(planned)
    }

    /// Whether a trouble still strikes this key, which counts as once more.
    pub(crate) fn strikes(&mut self, name: &str, key: &str, times: Times, lasting: bool) -> io::Result<bool> {
        match times {
            Times::Always => Ok(true),
            Times::First(count) => Ok(self.strike(format!("{name}|{key}"), lasting)? < count),
        }
    }

    /// How often this key was struck before.
    fn strike(&mut self, key: String, lasting: bool) -> io::Result<u32> {
        let before = self.struck.get(&key).copied().unwrap_or(0);
        let event = Event::Struck { key };
        if lasting {
            self.write(event)?
        } else {
            self.apply(event)
        }
        Ok(before)
    }

    fn apply(&mut self, event: Event) {
        match event {
            Event::Received { route, state, prompt, verdict, .. } => self.count(&route, state, prompt, verdict),
            Event::Task { record } => self.put(*record),
            Event::Job { job } => self.put_job(job),
            Event::Struck { key } => *self.struck.entry(key).or_default() += 1,
            Event::Called { id, until_ms } => drop(self.hooked.insert(id, until_ms)),
        }
    }

    fn count(&mut self, route: &str, state: String, prompt: String, verdict: Verdict) {
        *self.counts.routes.entry(route.to_owned()).or_default() += 1;
        self.counts.submits.entry(state).or_default().add(verdict);
        self.counts.prompts.entry(prompt).or_default().add(verdict);
    }

    fn put_job(&mut self, job: Arc<job::Job>) {
        self.last_id = self.last_id.max(job.number);
        if !job.notify_url.is_empty() {
            self.hooked.entry(job.id.clone()).or_insert(job.submit_ms);
        }
        self.jobs.put(job, TASKS_MAX);
    }

    fn put(&mut self, record: Record) {
        self.last_id = self.last_id.max(record.id.parse().unwrap_or(0));
        if !record.notify_hook.is_empty() && !moments(&record).is_empty() {
            self.hooked.entry(record.id.clone()).or_insert(record.submit_ms);
        }
        self.tasks.insert(record.id.clone(), record);
        if self.tasks.len() > TASKS_MAX {
            self.tasks.pop_first();
        }
    }
}
