//! What a whole task costs with nothing around it: the same HTTP, SQL and S3 calls, many tasks at a time,
//! without states, leases, retries, limits or a queue.

use super::floor_sql::FloorSql;
use super::serve_until_left;
use crate::service::KEY;
use anyhow::Context;
use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, response::IntoResponse};
use futures::future::try_join_all;
use reqwest::Client;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use task::{Entropy, TaskId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep;

/// Submissions that may wait.
const WAITING_MAX: usize = 1_024;

/// What it is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Floor {
    pub(crate) postgres: String,
    pub(crate) connections: u32,
    pub(crate) sim: SocketAddr,
    pub(crate) others: SocketAddr,
    pub(crate) period_ms: u64,
    /// Callbacks of a task, 1 to 4.
    pub(crate) callbacks: i64,
    /// Tasks that go together at the most.
    pub(crate) group_max: usize,
}

struct Waiting {
    body: Value,
    answer: oneshot::Sender<String>,
}

struct World {
    floor: Floor,
    sql: FloorSql,
    client: Client,
}

pub(super) async fn play(floor: Floor) -> anyhow::Result<()> {
    let pool = crate::servers::pool(&floor.postgres, floor.connections).await?;
    let (submit, waiting) = mpsc::channel(WAITING_MAX);
    let client = Client::builder().no_proxy().build()?;
    let world = Arc::new(World { floor, sql: FloorSql::read(pool).await?, client });
    tokio::spawn(take(world, waiting));
    serve_until_left(Router::new().route("/mj/submit/imagine", post(submitted)).with_state(submit)).await
}

async fn submitted(State(submit): State<mpsc::Sender<Waiting>>, Json(body): Json<Value>) -> axum::response::Response {
    let (answer, answered) = oneshot::channel();
    if submit.send(Waiting { body, answer }).await.is_err() {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    match answered.await {
        Ok(id) => Json(json!({ "code": 1, "description": "success", "result": id })).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn take(world: Arc<World>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut group = Vec::new();
    while waiting.recv_many(&mut group, world.floor.group_max).await > 0 {
        let (world, group) = (world.clone(), std::mem::take(&mut group));
        tokio::spawn(async move {
            // A group that fails leaves its tasks unfinished, which whoever waits for their ends tells.
            let _ended = world.live(group).await;
        });
    }
}

impl World {
    async fn live(&self, group: Vec<Waiting>) -> anyhow::Result<()> {
        let ids: Vec<String> = group.iter().map(|_| fresh_id()).collect();
        self.sql.open(&ids).await?;
        let mut bodies = Vec::new();
        for (waiting, id) in group.into_iter().zip(&ids) {
            // A caller that has gone away has its task all the same.
            let _heard = waiting.answer.send(id.clone());
            bodies.push(waiting.body);
        }
        self.call_back(&ids, 1).await?;
        self.sql.look(&ids).await?;
        self.sql.lease(&ids).await?;
        self.call_back(&ids, 2).await?;
        let operations = try_join_all(bodies.iter().zip(&ids).map(|(body, id)| self.submit(body, id))).await?;
        self.sql.accept(&ids).await?;
        self.call_back(&ids, 3).await?;
        let links = self.poll(&ids, &operations).await?;
        self.sql.answer(&ids).await?;
        self.sql.look(&ids).await?;
        try_join_all(links.iter().zip(&ids).map(|(link, id)| self.copy(link, id))).await?;
        self.sql.store(&ids).await?;
        self.call_back(&ids, 4).await
    }

    async fn submit(&self, body: &Value, id: &str) -> anyhow::Result<String> {
        let body = json!({ "prompt": body["prompt"], "state": id });
        let request = self.client.post(format!("http://{}/mj/submit/imagine", self.floor.sim)).json(&body);
        let answer: Value = request.header("mj-api-secret", KEY).send().await?.json().await?;
        Ok(answer["result"].as_str().context("not taken in")?.to_owned())
    }

    /// Asks until all of them are done; their links.
    async fn poll(&self, ids: &[String], operations: &[String]) -> anyhow::Result<Vec<String>> {
        loop {
            sleep(Duration::from_millis(self.floor.period_ms)).await;
            self.sql.look(ids).await?;
            let url = format!("http://{}/mj/task/list-by-condition", self.floor.sim);
            let request = self.client.post(url).json(&json!({ "ids": operations }));
            let tasks: Vec<Value> = request.send().await?.json().await?;
            let done = tasks.iter().filter(|task| task["status"] == "SUCCESS");
            let links: Vec<String> = done.filter_map(|task| Some(task["imageUrl"].as_str()?.to_owned())).collect();
            if links.len() == operations.len() {
                return Ok(links);
            }
        }
    }

    async fn copy(&self, link: &str, id: &str) -> anyhow::Result<()> {
        let file = self.client.get(link).send().await?.error_for_status()?.bytes().await?;
        let url = format!("http://{}/bench/{id}.png", self.floor.others);
        self.client.put(url).body(file).send().await?.error_for_status()?;
        Ok(())
    }

    async fn call_back(&self, ids: &[String], number: i64) -> anyhow::Result<()> {
        if number > self.floor.callbacks {
            return Ok(());
        }
        let url = format!("http://{}/hook", self.floor.others);
        let send = |id: &String| {
            let body = json!({ "id": id, "action": "IMAGINE", "status": "IN_PROGRESS", "progress": "30%" });
            self.client.post(&url).json(&body).send()
        };
        try_join_all(ids.iter().map(send)).await?;
        self.sql.sent(ids, number).await
    }
}

fn fresh_id() -> String {
    // Any id that nobody else has; its time of birth tells nothing here.
    TaskId::new(0, &crate::nature::OsEntropy as &dyn Entropy).to_string()
}
