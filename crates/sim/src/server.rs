//! The running sim: listener, routes, callback timer, stop.

use crate::config::SimConfig;
use crate::counts::Counts;
use crate::cut::{Cut, CuttingListener};
use crate::files;
use crate::hook::Hook;
use crate::job;
use crate::midjourney;
use crate::script::{Script, ScriptError};
use crate::world::World;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures::{StreamExt, stream};
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use task::Clock;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How often due callbacks are looked for.
const TICK: Duration = Duration::from_millis(50);

/// How often a held answer looks at the clock.
const HOLD_STEP: Duration = Duration::from_millis(10);

/// The most time that a callback's receiver may take.
const HOOK_TIMEOUT: Duration = Duration::from_secs(5);

/// The most callbacks under way at once; the real proxy has a pool of ten threads.
const HOOKS_AT_ONCE: usize = 10;

/// How long a stop waits for open requests before it closes them.
const STOP_MAX: Duration = Duration::from_secs(2);

/// Why a sim did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The folder or its log can't be used.
    #[error("the sim's folder can't be used: {0}")]
    Folder(#[source] io::Error),
    /// The address can't be listened on.
    #[error("the sim can't listen: {0}")]
    Listen(#[source] io::Error),
    /// The script names a trouble that there is none of.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The HTTP client for callbacks could not be made.
    #[error("no client for callbacks: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running sim. It stops when it is dropped, at the latest.
#[derive(Debug)]
pub struct Sim {
    /// Where it listens.
    pub addr: SocketAddr,
    world: Arc<World>,
    /// Made when the first callback is due: reading the system's certificates takes a while.
    client: OnceLock<reqwest::Client>,
    stop: CancellationToken,
    running: Vec<JoinHandle<()>>,
}

impl Sim {
    /// Reads the folder's log, listens, and serves until it is stopped.
    pub async fn start(config: SimConfig) -> Result<Self, StartError> {
        config.script.check()?;
        let (listen, hook_timer) = (config.listen, config.hook_timer);
        let world = Arc::new(World::open(config).map_err(StartError::Folder)?);
        let listener = TcpListener::bind(listen).await.map_err(StartError::Listen)?;
        let addr = listener.local_addr().map_err(StartError::Listen)?;
        world.listens_at(format!("http://{addr}"));
        let kept = OnceLock::new();
        let stop = CancellationToken::new();
        let mut running = vec![tokio::spawn(serve(router(&world), listener, stop.clone()))];
        if hook_timer {
            let made = client()?;
            let client = kept.get_or_init(|| made).clone();
            running.push(tokio::spawn(tick_until(world.clone(), client, stop.clone())));
        }
        Ok(Self { addr, world, client: kept, stop, running })
    }

    /// Its origin: `http://127.0.0.1:port`. A channel appends the base of its protocol.
    pub fn url(&self) -> String {
        self.world.origin().to_owned()
    }

    /// Its routes, for a test without a socket. A connection that should be dropped answers 502 there.
    pub fn router(&self) -> Router {
        router(&self.world)
    }

    /// What it received.
    pub fn counts(&self) -> Counts {
        self.world.memory().counts.clone()
    }

    /// All that it knows of a task or job, as `/sim/tasks/{id}` tells it; `None` when it knows none.
    pub fn known(&self, id: &str) -> Option<serde_json::Value> {
        self.world.memory().known(id)
    }

    /// Replaces the script; the counts of rules start anew only for keys not seen before.
    pub fn set_script(&self, script: Script) -> Result<(), ScriptError> {
        script.check()?;
        self.world.memory().script = script;
        Ok(())
    }

    /// Sends the callbacks that are due now and tells how many those were. Their answers are read and
    /// ignored, as the protocol says.
    pub async fn tick(&self) -> usize {
        let client = match self.client.get() {
            Some(client) => client,
            None => match client() {
                Ok(made) => self.client.get_or_init(|| made),
                Err(error) => {
                    tracing::error!(%error, "no client for callbacks; they wait");
                    return 0;
                }
            },
        };
        send_due(&self.world, client).await
    }

    /// Stops listening, lets open requests end, and closes what is still open after two seconds.
    pub async fn stop(mut self) {
        self.stop.cancel();
        for mut handle in std::mem::take(&mut self.running) {
            if tokio::time::timeout(STOP_MAX, &mut handle).await.is_err() {
                handle.abort();
            }
        }
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        self.stop.cancel();
        for handle in &self.running {
            handle.abort();
        }
    }
}

/// Waits until `ms` more have passed on `clock`.
pub(crate) async fn hold(clock: &dyn Clock, ms: i64) {
    let until_ms = clock.now_ms().saturating_add(ms);
    while clock.now_ms() < until_ms {
        tokio::time::sleep(HOLD_STEP).await;
    }
}

fn router(world: &Arc<World>) -> Router {
    Router::new()
        .route("/sim/counts", get(counts))
        .route("/sim/tasks/{id}", get(record))
        .route("/sim/files/{name}", get(files::file))
        .with_state(world.clone())
        .merge(midjourney::router(world))
        .merge(job::router(world))
}

async fn counts(State(world): State<Arc<World>>) -> Json<Counts> {
    Json(world.memory().counts.clone())
}

/// All that is known of a task, for a test's questions (which inputs arrived, at which speed).
async fn record(State(world): State<Arc<World>>, Path(id): Path<String>) -> Response {
    match world.memory().known(&id) {
        Some(known) => Json(known).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn serve(router: Router, listener: TcpListener, stop: CancellationToken) {
    let service = router.into_make_service_with_connect_info::<Cut>();
    let server = axum::serve(CuttingListener(listener), service);
    if let Err(error) = server.with_graceful_shutdown(stop.cancelled_owned()).await {
        tracing::error!(%error, "the sim's server ended");
    }
}

async fn tick_until(world: Arc<World>, client: reqwest::Client, stop: CancellationToken) {
    while !stop.is_cancelled() {
        send_due(&world, &client).await;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(TICK) => {}
        }
    }
}

/// Tasks side by side, the callbacks of one task one after another.
async fn send_due(world: &Arc<World>, client: &reqwest::Client) -> usize {
    let due = match world.take_hooks() {
        Ok(due) => due,
        Err(error) => {
            tracing::error!(%error, "the sim's log could not be written; callbacks wait");
            return 0;
        }
    };
    let sent = due.iter().map(Vec::len).sum();
    stream::iter(due).for_each_concurrent(HOOKS_AT_ONCE, |hooks| send_all(client, hooks)).await;
    sent
}

async fn send_all(client: &reqwest::Client, hooks: Vec<Hook>) {
    for hook in hooks {
        let request = client.post(&hook.url).header("content-type", "application/json");
        let request = hook.headers.iter().fold(request, |request, (name, value)| request.header(name, value));
        if let Err(error) = request.body(hook.body).send().await {
            tracing::debug!(error = %error.without_url(), "a callback was not taken");
        }
    }
}

/// The TLS provider may have been chosen by the process already; that one serves as well.
fn client() -> Result<reqwest::Client, reqwest::Error> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().timeout(HOOK_TIMEOUT).redirect(reqwest::redirect::Policy::none()).build()
}
