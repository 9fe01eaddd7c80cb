//! The stages with a dialect, a wire and a store of the tests' own.

mod access;
mod answers;
mod copies;
mod desk;
mod extras;
mod overtaken;
mod parents;
mod pauses;
mod slots;
mod spill;
mod under_way;
mod warnings;
mod wire;

use crate::core::{Core, Line, Settings};
use crate::outbound::{Outbound, OutboundSettings};
use bytes::Bytes;
use desk::Desk;
use ledger::{AttemptNote, Change, ChannelCache, Keyring, Ledger, NewEvent, Opening, Options};
use queue::Claim;
use queue::memory::MemoryScheduler;
use serde_json::{Map, Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{ByteStream, FolderStore, ObjectMeta, PutReceipt, Store, StoreError};
use task::clock::{ManualClock, SeededEntropy};
use task::{
    AttemptId, Channel, ChannelLimits, ClientId, Clock, Kind, Operation, Secret, Spec, Step, Task, TaskId, TokenId,
    UncertainPolicy,
};
use tempfile::TempDir;
use wire::{Script, Seen};

/// When every test begins.
const BEGIN_MS: i64 = 1_790_000_000_000;

/// A store that may refuse what is put.
#[derive(Debug)]
struct FullStore {
    inner: FolderStore,
    is_full: AtomicBool,
}

#[async_trait::async_trait]
impl Store for FullStore {
    async fn put_stream(&self, key: &str, kind: &str, max: u64, body: ByteStream) -> Result<PutReceipt, StoreError> {
        if self.is_full.load(Ordering::SeqCst) {
            return Err(StoreError::Away("full".to_owned()));
        }
        self.inner.put_stream(key, kind, max, body).await
    }

    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        self.inner.head(key).await
    }

    async fn get_range(
        &self,
        key: &str,
        range: Option<std::ops::Range<u64>>,
    ) -> Result<(ObjectMeta, ByteStream), StoreError> {
        self.inner.get_range(key, range).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete(key).await
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        self.inner.list(prefix, after, limit).await
    }

    async fn sweep_uploads(&self, before_ms: i64) -> Result<usize, StoreError> {
        self.inner.sweep_uploads(before_ms).await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }

    fn public_link(&self, key: &str) -> Option<String> {
        self.inner.public_link(key)
    }
}

struct World {
    core: Core,
    clock: Arc<ManualClock>,
    entropy: Arc<SeededEntropy>,
    store: Arc<FullStore>,
    wire: Arc<Script>,
    _folder: TempDir,
}

impl World {
    /// A world whose every peer answers what `script` says.
    async fn new(script: impl Fn(&Seen) -> (u16, Bytes) + Send + Sync + 'static) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let clock = Arc::new(ManualClock::new(BEGIN_MS));
        let entropy = Arc::new(SeededEntropy::new(7));
        let options = Options {
            url: format!("sqlite:{}", folder.path().join("ledger.sqlite").display()),
            keyring: Keyring::from_bytes([7; 32]),
            entropy: entropy.clone(),
            max_connections: 2,
        };
        let ledger = Ledger::open(options).await.expect("a new ledger");
        ledger.migrate().await.expect("tables can be made");
        let inner = FolderStore::open(folder.path().join("store"), clock.clone()).expect("a folder opens");
        let store = Arc::new(FullStore { inner, is_full: AtomicBool::new(false) });
        let wire = Arc::new(Script::new(script));
        let outbound = Outbound::new(wire.clone(), store.clone(), clock.clone(), OutboundSettings::default());
        let core = Core::new(
            ledger.clone(),
            ChannelCache::new(ledger),
            MemoryScheduler::new(clock.clone()),
            store.clone(),
            Arc::new(outbound),
            clock.clone(),
            entropy.clone(),
            Settings { media_base: "http://front.test/media".to_owned(), ..Settings::default() },
        );
        Self { core, clock, entropy, store, wire, _folder: folder }
    }

    fn forward_ms(&self, ms: i64) {
        self.clock.advance_ms(ms);
    }

    /// A queued task of the channel `desk`.
    async fn queued(&self, kind: Kind) -> Task {
        let id = TaskId::new(self.clock.now_ms(), &*self.entropy);
        let token = TokenId::new(self.clock.now_ms(), &*self.entropy);
        let mut task = Task::queued(id, token, Spec::new(kind), self.clock.now_ms());
        task.spec.prompt = "a lighthouse".to_owned();
        (task.family, task.action) = ("tasks".to_owned(), "IMAGE".to_owned());
        (task.model, task.channel) = ("midjourney".to_owned(), "desk".to_owned());
        task.upstream_model = "desk-1".to_owned();
        self.open(task).await
    }

    async fn open(&self, task: Task) -> Task {
        let opening =
            Opening { task: Box::new(task), callback: None, idempotency: None, only_child_of: None, reserve: 0 };
        let id = opening.task.id;
        self.core.ledger.open_task(opening).await.expect("a task can be opened");
        self.row(id).await
    }

    async fn row(&self, id: TaskId) -> Task {
        self.core.ledger.task(id).await.expect("the ledger is there").expect("the task exists")
    }

    async fn step(&self, before: Task, step: Step, attempt: Option<AttemptNote>) -> Task {
        let after = before.after(step, self.clock.now_ms()).expect("a legal step");
        let event = NewEvent { step: "test", note: Value::Null };
        let id = before.id;
        let change = Change { before, after, event, attempt, callback: None };
        self.core.ledger.commit(vec![change]).await.expect("a step can be committed");
        self.row(id).await
    }

    /// A task whose lease is recorded.
    async fn submitting(&self, kind: Kind) -> Task {
        let task = self.queued(kind).await;
        let now_ms = self.clock.now_ms();
        let (attempt, client) = (AttemptId::new(now_ms, &*self.entropy), ClientId::new(now_ms, &*self.entropy));
        let begin = AttemptNote::Begin {
            attempt,
            client,
            channel: task.channel.clone(),
            upstream_model: task.upstream_model.clone(),
        };
        let lease = Step::TakeLease { attempt, client, lease_until_ms: now_ms + 60_000 };
        self.step(task, lease, Some(begin)).await
    }

    /// A task that its upstream has.
    async fn running(&self, kind: Kind) -> Task {
        let task = self.submitting(kind).await;
        let operation = Operation { id: format!("op-{}", task.id), memo: Value::Null };
        self.step(task, Step::Accept { operation, warnings: Vec::new() }, None).await
    }

    fn claim(&self, task: &Task) -> Claim {
        let now_ms = self.clock.now_ms();
        let lease_until_ms = now_ms + self.core.settings.submit_lease_ms;
        Claim { id: task.id, channel: task.channel.clone(), fence: 1, due_ms: now_ms, lease_until_ms }
    }
}

/// A channel of the tests' dialect.
fn line(options: Value) -> Line {
    let mut channel = channel("desk");
    channel.options = options.as_object().cloned().unwrap_or_default();
    Line { channel, dialect: &Desk }
}

fn channel(name: &str) -> Channel {
    Channel {
        name: name.to_owned(),
        dialect: "midjourney_proxy".to_owned(),
        base_url: "http://up.test".to_owned(),
        key: Secret::new("the-key"),
        hook_secret: Secret::new("hook"),
        models: vec!["midjourney".to_owned()],
        weight: 1,
        priority: 0,
        limits: ChannelLimits::default(),
        uncertain: UncertainPolicy::Fail,
        options: Map::new(),
        paused: false,
        removed: false,
        created_ms: BEGIN_MS,
    }
}

/// Channel options with which requests need a token.
fn with_tokens() -> Value {
    json!({ "tokens": true })
}
