//! Every process is replaced, one by one, while tasks flow.

use super::installation::Installation;
use super::servers::{Redis, are_there};
use super::{all_succeeded, prompt, were_submitted_once};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::sync::Notify;

/// Callers that submit one task after another.
const CALLERS: usize = 3;
/// Tasks that are accepted around each replacement.
const AROUND: usize = 8;

/// What the callers share.
#[derive(Default)]
struct Flow {
    next: AtomicUsize,
    ids: Mutex<Vec<(usize, String)>>,
    news: Notify,
    is_over: AtomicBool,
}

impl Flow {
    fn accepted(&self) -> usize {
        self.ids.lock().expect("no caller panicked").len()
    }

    /// Submits until told to stop.
    async fn call(&self, world: &Entrances) {
        while !self.is_over.load(Ordering::SeqCst) {
            let n = self.next.fetch_add(1, Ordering::SeqCst);
            let id = world.submit(n).await;
            self.ids.lock().expect("no caller panicked").push((n, id));
            self.news.notify_one();
        }
    }

    async fn goes_on(&self) {
        let until = self.accepted() + AROUND;
        while self.accepted() < until {
            self.news.notified().await;
        }
    }
}

/// The `serve`s as a caller sees them who tries another one when a connection is refused.
struct Entrances {
    bases: Vec<String>,
    token: String,
    client: reqwest::Client,
}

impl Entrances {
    fn of(world: &Installation) -> Self {
        // A connection for each request: none is used that its server is about to close.
        let client = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build();
        let client = client.expect("a client can be made");
        Self { bases: world.bases.clone(), token: world.token().to_owned(), client }
    }

    async fn submit(&self, n: usize) -> String {
        let body = serde_json::json!({ "prompt": prompt(n) });
        for serve in n.. {
            let request = self.client.post(format!("{}/mj/submit/imagine", self.bases[serve % self.bases.len()]));
            let request = request.bearer_auth(&self.token).header("idempotency-key", prompt(n)).json(&body);
            // Refused, or taken by the system for a process that has stopped listening: the key makes it one task.
            let Ok(response) = request.send().await else { continue };
            let status = response.status();
            let answer: serde_json::Value = response.json().await.expect("an answer that has begun is whole");
            assert_eq!(status, 200, "{answer}");
            return answer["result"].as_str().unwrap_or_else(|| panic!("not accepted: {answer}")).to_owned();
        }
        unreachable!("there is no end of numbers")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_process_is_replaced_while_tasks_flow() {
    if !are_there() {
        return;
    }
    let redis = Redis::start();
    let Some(mut world) = Installation::start(&redis.url()).await else { return };
    world.warm_up().await;
    let (flow, entrances) = (Flow::default(), Entrances::of(&world));
    let calling = futures::future::join_all((0..CALLERS).map(|_| flow.call(&entrances)));
    let replacing = async {
        flow.goes_on().await;
        for n in 0..2 {
            world.serves[n].stop().await;
            flow.goes_on().await;
            world.serves[n].start_again().await;
            flow.goes_on().await;
            world.works[n].stop().await;
            flow.goes_on().await;
            world.works[n].start_again().await;
        }
        flow.goes_on().await;
        flow.is_over.store(true, Ordering::SeqCst);
    };
    tokio::join!(calling, replacing);

    let accepted = flow.ids.into_inner().expect("no caller panicked");
    let ids: Vec<String> = accepted.iter().map(|(_, id)| id.clone()).collect();
    all_succeeded(&world, &ids).await;
    were_submitted_once(&world, accepted.iter().map(|(n, _)| prompt(*n))).await;
    for id in &ids {
        assert!(!world.story(id).await.contains("\"doubt\""), "a drain leaves no doubts");
    }
    world.end().await;
}
