//! A world of its own for each test.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use front::{Front, Settings};
use ledger::{Change, ChannelCache, Keyring, Ledger, NewEvent, NewToken, Opened, Opening, Options};
use queue::{MemoryScheduler, Scheduler};
use serde_json::{Value, json};
use std::sync::Arc;
use store::FolderStore;
use task::clock::{ManualClock, SeededEntropy};
use task::{
    AddressRanges, Artifact, AttemptId, Channel, ClientId, Details, Entropy, Kind, Operation, Role, Secret, Spec, Step,
    Task, TaskId,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// 2026-11-22.
pub const NOW_MS: i64 = 1_795_305_600_000;

/// A picture of one pixel.
pub const PNG: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

pub struct World {
    pub front: Front,
    pub router: Router,
    pub clock: Arc<ManualClock>,
    pub scheduler: Arc<MemoryScheduler>,
    pub entropy: Arc<SeededEntropy>,
    pub folder: tempfile::TempDir,
    /// A key with unlimited quota.
    pub key: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {:?}", String::from_utf8_lossy(&self.body)))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().expect("is text")).unwrap_or_default()
    }

    pub fn task(&self) -> TaskId {
        let body = self.json();
        body["result"].as_str().and_then(|id| id.parse().ok()).unwrap_or_else(|| panic!("no task id in {body}"))
    }
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let entropy = Arc::new(SeededEntropy::new(7));
        let options = Options {
            url: format!("sqlite:{}", folder.path().join("ledger.db").display()),
            keyring: Keyring::from_bytes([7; 32]),
            entropy: entropy.clone(),
            max_connections: 4,
        };
        let ledger = Ledger::open(options).await.expect("the ledger opens");
        ledger.migrate().await.expect("the ledger migrates");
        let scheduler = MemoryScheduler::new(clock.clone());
        let store = FolderStore::open(folder.path().join("store"), clock.clone()).expect("the store opens");
        let mut settings = Settings {
            media_base: "http://127.0.0.1:8080/media".into(),
            public_base: "http://127.0.0.1:8080".into(),
            callback_ranges: Arc::new(AddressRanges::parse(&["127.0.0.0/8".into()]).expect("is a range")),
            price: 1,
            admin_secret: Secret::new("admin"),
            task_deadline_ms: 3_600_000,
            idempotency_ms: 86_400_000,
            retention_ms: None,
            banned_words: vec!["forbidden".into()],
            dev: None,
        };
        change(&mut settings);
        let front = Front {
            channels: ChannelCache::new(ledger.clone()),
            ledger,
            scheduler: scheduler.clone(),
            store: Arc::new(store),
            spill: None,
            clock: clock.clone(),
            entropy: entropy.clone(),
            settings: Arc::new(settings),
            traces: Arc::new(task::NoTraces),
            draining: CancellationToken::new(),
            metrics: None,
        };
        let router = front::router(front.clone());
        let mut world = Self { front, router, clock, scheduler, entropy, folder, key: String::new() };
        world.key = world.new_key("sk-test-unlimited", true, 0).await;
        world.put_channel(channel("one")).await;
        world
    }

    /// The same world with another part in the place of one.
    pub fn changed(mut self, change: impl FnOnce(&mut Front)) -> Self {
        change(&mut self.front);
        self.router = front::router(self.front.clone());
        self
    }

    pub async fn new_key(&self, key: &str, unlimited: bool, granted: i64) -> String {
        let new = NewToken {
            name: key.to_owned(),
            key_hash: front::key_hash(key),
            masked: "sk-…".into(),
            unlimited,
            granted,
            expires_ms: None,
        };
        self.front.ledger.create_token(new, NOW_MS).await.expect("a token can be made");
        key.to_owned()
    }

    pub async fn put_channel(&self, channel: Channel) {
        self.front.ledger.put_channel(&channel).await.expect("a channel can be put");
        self.front.channels.refresh().await.expect("channels can be read");
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        read(self.router.clone().oneshot(request).await.expect("a router answers")).await
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path).body(Body::empty()).expect("is a request")).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.post_with(path, body, &[]).await
    }

    pub async fn post_with(&self, path: &str, body: Value, headers: &[(&str, &str)]) -> Reply {
        let mut request = self.request("POST", path).header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_string())).expect("is a request")).await
    }

    /// A request with the world's key.
    pub fn request(&self, method: &str, path: &str) -> axum::http::request::Builder {
        Request::builder().method(method).uri(path).header("authorization", format!("Bearer {}", self.key))
    }

    pub async fn imagine(&self, prompt: &str) -> TaskId {
        let reply = self.post("/mj/submit/imagine", json!({ "prompt": prompt })).await;
        assert_eq!(reply.status, 200, "{}", reply.json());
        reply.task()
    }

    pub async fn task(&self, id: TaskId) -> Task {
        self.front.ledger.task(id).await.expect("the ledger answers").expect("the task exists")
    }

    pub async fn task_count(&self) -> usize {
        let filter = ledger::TaskFilter { include_hidden: true, limit: 1000, ..ledger::TaskFilter::default() };
        self.front.ledger.list_tasks(&filter).await.expect("the ledger answers").len()
    }

    /// Takes a step as a stage would.
    pub async fn step(&self, id: TaskId, step: Step) -> Task {
        let before = self.task(id).await;
        let event = NewEvent { step: step.name(), note: Value::Null };
        let after = before.after(step, NOW_MS + 1).expect("the step can be taken");
        let change = Change { before, after: after.clone(), event, attempt: None, callback: None };
        self.front.ledger.commit(vec![change]).await.expect("the step commits");
        after
    }

    pub async fn run(&self, id: TaskId) -> Task {
        let (attempt, client) = (AttemptId::new(1, &*self.entropy), ClientId::new(1, &*self.entropy));
        self.step(id, Step::TakeLease { attempt, client, lease_until_ms: NOW_MS + 60_000 }).await;
        let operation = Operation { id: format!("up-{id}"), memo: Value::Null };
        self.step(id, Step::Accept { operation, warnings: vec![] }).await
    }

    /// Runs a queued task to its end, with one picture in the store.
    pub async fn finish(&self, id: TaskId) -> Task {
        self.run(id).await;
        self.finish_running(id).await
    }

    pub async fn finish_running(&self, id: TaskId) -> Task {
        self.step(id, Step::Answer { outputs: vec![], details: Details::default() }).await;
        let key = format!("task-artifacts/2026/11/22/midjourney/IMAGINE/{id}.png");
        self.put(&key, "image/png", b"0123456789").await;
        self.step(id, Step::Store { artifacts: vec![picture(key)], warnings: vec![] }).await
    }

    pub async fn put(&self, key: &str, content_type: &str, bytes: &'static [u8]) {
        let body = Box::pin(futures::stream::iter([Ok(bytes::Bytes::from_static(bytes))]));
        self.front.store.put_stream(key, content_type, 1 << 20, body).await.expect("the store takes it");
    }

    /// Opens a task of the world's key as another process would, without a request.
    pub async fn open(&self, change: impl FnOnce(&mut Task)) -> TaskId {
        let found = self.front.ledger.token_by_hash(&front::key_hash(&self.key)).await.expect("the ledger answers");
        let token = found.expect("the key was made").id;
        let id = bits(&*self.entropy);
        let mut task = Task::queued(id, token, Spec::new(Kind::Video), NOW_MS);
        change(&mut task);
        let opening =
            Opening { reserve: 0, callback: None, idempotency: None, only_child_of: None, task: Box::new(task) };
        assert_eq!(self.front.ledger.open_task(opening).await, Ok(Opened::New));
        id
    }

    pub async fn announce(&self, id: TaskId) {
        self.scheduler.announce(&[id]).await;
    }
}

/// The row of a picture whose bytes are `0123456789`.
pub fn picture(key: String) -> Artifact {
    Artifact {
        position: 0,
        role: Role::Image,
        piece: 0,
        key,
        content_type: "image/png".into(),
        bytes: 10,
        sha256: "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882".into(),
        width: None,
        height: None,
        duration_ms: None,
        late: false,
    }
}

pub fn channel(name: &str) -> Channel {
    Channel {
        name: name.into(),
        dialect: "midjourney_proxy".into(),
        base_url: "http://127.0.0.1:9/".into(),
        key: Secret::new("upstream"),
        hook_secret: Secret::new("hook"),
        models: vec!["*".into()],
        weight: 1,
        priority: 0,
        limits: task::ChannelLimits::default(),
        uncertain: task::UncertainPolicy::Fail,
        options: serde_json::Map::new(),
        paused: false,
        removed: false,
        created_ms: NOW_MS,
    }
}

pub async fn read(response: axum::response::Response) -> Reply {
    let (parts, body) = response.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.expect("the body can be read").to_vec();
    Reply { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// Every answer says which request it belongs to.
pub fn assert_problem(reply: &Reply, status: u16, code: &str) {
    let body = reply.json();
    assert_eq!((reply.status, body["error"]["code"].as_str()), (status, Some(code)), "{body}");
    assert_eq!(body["error"]["request_id"], reply.header("x-request-id"), "{body}");
    assert!(StatusCode::from_u16(status).is_ok());
}

/// Chance for ids made by a test.
pub fn bits(entropy: &dyn Entropy) -> TaskId {
    TaskId::new(NOW_MS, entropy)
}
