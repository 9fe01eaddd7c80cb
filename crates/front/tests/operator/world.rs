//! A front with everything real but the store, and ways to ask it.

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, StatusCode};
use front::state::{Dev, Front, Settings};
use ledger::{Change, ChannelCache, Keyring, Ledger, NewEvent, Opened, Opening, Options};
use queue::{Entry, Lane, MemoryScheduler};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use store::{ByteStream, ObjectMeta, PutReceipt, Store, StoreError};
use task::clock::{ManualClock, SeededEntropy};
use task::{AttemptId, ClientId, Clock, Kind, Operation, Secret, Spec, Step, Task, TaskId, TokenId};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

pub const ADMIN_SECRET: &str = "adm-0123456789";
pub const NOW_MS: i64 = 1_790_000_000_000;
/// Text that stands for every vendor's secret and signed URL in these tests.
pub const VENDOR_URL: &str = "https://cdn.vendor.test/out.png?sig=vendor-signature";

/// A store that is only asked whether it is there.
#[derive(Debug, Default)]
pub struct StoreSwitch {
    pub away: AtomicBool,
}

fn away<T>() -> Result<T, StoreError> {
    Err(StoreError::Away("https://user:password@store.test refused".into()))
}

#[async_trait]
impl Store for StoreSwitch {
    async fn put_stream(&self, _: &str, _: &str, _: u64, _: ByteStream) -> Result<PutReceipt, StoreError> {
        away()
    }
    async fn head(&self, _: &str) -> Result<ObjectMeta, StoreError> {
        away()
    }
    async fn get_range(&self, _: &str, _: Option<Range<u64>>) -> Result<(ObjectMeta, ByteStream), StoreError> {
        away()
    }
    async fn delete(&self, _: &str) -> Result<(), StoreError> {
        away()
    }
    async fn list(&self, _: &str, _: Option<&str>, _: usize) -> Result<Vec<String>, StoreError> {
        away()
    }
    async fn sweep_uploads(&self, _: i64) -> Result<usize, StoreError> {
        away()
    }
    async fn check(&self) -> Result<(), StoreError> {
        if self.away.load(Ordering::SeqCst) { away() } else { Ok(()) }
    }
    fn public_link(&self, _: &str) -> Option<String> {
        None
    }
}

pub struct World {
    pub front: Front,
    pub store: Arc<StoreSwitch>,
    pub clock: Arc<ManualClock>,
    pub dir: TempDir,
}

/// What a request led to.
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text))
    }
}

impl World {
    /// A `dev` front without a token.
    pub async fn new() -> Self {
        let dir = TempDir::new().expect("a temporary folder can be made");
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let entropy = Arc::new(SeededEntropy::new(11));
        let options = Options {
            url: format!("sqlite:{}", dir.path().join("ledger.db").display()),
            keyring: Keyring::from_bytes([7; 32]),
            entropy: entropy.clone(),
            max_connections: 4,
        };
        let ledger = Ledger::open(options).await.expect("the ledger opens");
        ledger.migrate().await.expect("the ledger migrates");
        let store = Arc::new(StoreSwitch::default());
        let front = Front {
            channels: ChannelCache::new(ledger.clone()),
            ledger,
            scheduler: MemoryScheduler::new(clock.clone()),
            store: store.clone(),
            spill: None,
            clock: clock.clone(),
            entropy,
            settings: Arc::new(settings(Some(Dev { token_path: dir.path().join("token") }))),
            traces: Arc::new(task::NoTraces),
            draining: CancellationToken::new(),
            metrics: None,
        };
        front.scheduler.set_filled().await.expect("the queue in process never fails");
        Self { front, store, clock, dir }
    }

    /// The same front as it would be outside of `dev`.
    pub fn without_dev(mut self) -> Self {
        self.front.settings = Arc::new(settings(None));
        self
    }

    pub fn router(&self) -> Router {
        let all = front::ops::router().merge(front::hooks::router()).merge(front::admin::router());
        all.merge(front::pages::router()).with_state(self.front.clone())
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.expect("a router always answers");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, 16 << 20).await.expect("the answer is read");
        Answer { status: parts.status, headers: parts.headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path).header("host", "localhost:8080").body(Body::empty()).expect("is a request")).await
    }

    /// The operator's own request: right secret, loopback peer and Host.
    pub async fn verb(&self, verb: Value) -> Answer {
        self.send(verb_request(&verb, "127.0.0.1:5000", "localhost:8080", ADMIN_SECRET)).await
    }

    /// The same, when it has to work.
    pub async fn done(&self, verb: Value) -> Value {
        let answer = self.verb(verb).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        answer.json()
    }

    /// A channel of the Midjourney dialect; gives its hook path.
    pub async fn channel(&self, name: &str) -> String {
        let answer = self
            .done(json!({ "verb": "channel_add", "name": name, "dialect": "midjourney_proxy",
                "base_url": "https://proxy.vendor.test/", "key": "vendor-key" }))
            .await;
        let url = answer["hook_url"].as_str().expect("a new channel shows its hook URL");
        url.strip_prefix("http://localhost:8080").expect("begins with the public base").to_owned()
    }

    /// A token; gives its key and id. With `dev` the key goes into the dev token's file.
    pub async fn token(&self, name: &str, quota: Option<i64>) -> (String, TokenId) {
        let answer = self.done(json!({ "verb": "token_create", "name": name, "quota": quota })).await;
        let id = answer["token"]["id"].as_str().and_then(|id| id.parse().ok()).expect("has an id");
        let key = answer["key"].as_str().expect("shows its key once").to_owned();
        if let Some(dev) = &self.front.settings.dev {
            std::fs::write(&dev.token_path, format!("{key}\n")).expect("the token file is written");
        }
        (key, id)
    }

    /// Opens a task on `channel`, queued.
    pub async fn task(&self, token: TokenId, channel: &str, prompt: &str) -> Task {
        self.opened(token, channel, prompt, None).await
    }

    /// The same with a callback address.
    pub async fn opened(&self, token: TokenId, channel: &str, prompt: &str, callback_url: Option<&str>) -> Task {
        let now_ms = self.clock.now_ms();
        let spec = Spec { prompt: prompt.to_owned(), ..Spec::new(Kind::Image) };
        let mut task = blank(TaskId::new(now_ms, self.front.entropy.as_ref()), token, spec, now_ms);
        task.channel = channel.to_owned();
        task.callback_url = callback_url.map(str::to_owned);
        let callback = contracts::callback::due(None, &task, &|key| self.front.link(key));
        let opening =
            Opening { task: Box::new(task.clone()), callback, idempotency: None, only_child_of: None, reserve: 1 };
        let opened = self.front.ledger.open_task(opening).await.expect("the task opens");
        assert!(matches!(opened, Opened::New));
        self.read(task.id).await
    }

    /// Opens a queued task that is made by hand.
    pub async fn other(&self, token: TokenId, change: &dyn Fn(&mut Task)) -> Task {
        let now_ms = self.clock.now_ms();
        let id = TaskId::new(now_ms, self.front.entropy.as_ref());
        let mut task = blank(id, token, Spec::new(Kind::Image), now_ms);
        change(&mut task);
        let opening =
            Opening { task: Box::new(task), callback: None, idempotency: None, only_child_of: None, reserve: 0 };
        assert_eq!(self.front.ledger.open_task(opening).await, Ok(Opened::New));
        self.read(id).await
    }

    pub async fn read(&self, id: TaskId) -> Task {
        self.front.ledger.task(id).await.expect("the ledger answers").expect("the task exists")
    }

    pub async fn step(&self, task: &Task, step: Step) -> Task {
        let name = step.name();
        let before = self.read(task.id).await;
        let after = before.after(step, self.clock.advance_ms(1_000)).expect("the step is legal");
        let event = NewEvent { step: name, note: json!({ "url": VENDOR_URL }) };
        let unit = Change { before, after, event, attempt: None, callback: None };
        self.front.ledger.commit(vec![unit]).await.expect("the step is committed");
        self.read(task.id).await
    }

    pub async fn submitting(&self, task: &Task) -> Task {
        let (now_ms, entropy) = (self.clock.now_ms(), self.front.entropy.as_ref());
        let step = Step::TakeLease {
            attempt: AttemptId::new(now_ms, entropy),
            client: ClientId::new(now_ms, entropy),
            lease_until_ms: now_ms + 60_000,
        };
        self.step(task, step).await
    }

    pub async fn uncertain(&self, task: &Task) -> Task {
        self.submitting(task).await;
        self.step(task, Step::Doubt { due_ms: NOW_MS + 600_000 }).await
    }

    pub async fn running(&self, task: &Task, operation_id: &str) -> Task {
        self.submitting(task).await;
        let operation = Operation { id: operation_id.to_owned(), memo: json!({ "poll": VENDOR_URL }) };
        self.step(task, Step::Accept { operation, warnings: Vec::new() }).await
    }

    /// Puts a task on a lane, due long from now.
    pub async fn schedule(&self, lane: Lane, task: &Task) {
        let entry = Entry { id: task.id, channel: task.channel.clone(), due_ms: self.clock.now_ms() + 3_600_000 };
        self.front.scheduler.add(lane, &[entry]).await.expect("the queue in process never fails");
    }

    /// Which tasks of a lane are due now.
    pub async fn due(&self, lane: Lane) -> Vec<TaskId> {
        let batches = self.front.scheduler.claim(lane, 100, 100, 1_000).await.expect("the queue answers");
        batches.into_iter().flat_map(|batch| batch.claims).map(|claim| claim.id).collect()
    }
}

/// A verb as it is sent, from `peer` to `host` with `secret`.
pub fn verb_request(verb: &Value, peer: &str, host: &str, secret: &str) -> Request<Body> {
    let peer: SocketAddr = peer.parse().expect("is an address");
    Request::post("/admin/v1/verbs")
        .header("host", host)
        .header("authorization", format!("Bearer {secret}"))
        .header("content-type", "application/json")
        .extension(ConnectInfo(peer))
        .body(Body::from(verb.to_string()))
        .expect("is a request")
}

fn settings(dev: Option<Dev>) -> Settings {
    Settings {
        media_base: "http://localhost:8080/media".into(),
        public_base: "http://localhost:8080".into(),
        callback_ranges: Arc::default(),
        price: 1,
        admin_secret: Secret::new(ADMIN_SECRET),
        task_deadline_ms: 3_600_000,
        idempotency_ms: 86_400_000,
        retention_ms: None,
        banned_words: vec!["forbidden".into()],
        dev,
    }
}

fn blank(id: TaskId, token: TokenId, spec: Spec, now_ms: i64) -> Task {
    Task {
        family: "midjourney".into(),
        action: "IMAGINE".into(),
        model: "mj_imagine".into(),
        upstream_model: "mj_imagine".into(),
        due_ms: None,
        deadline_ms: now_ms + 3_600_000,
        reserved: 1,
        ..Task::queued(id, token, spec, now_ms)
    }
}
