//! Callers that submit until they are answered, each submission under its own key.

use super::installation::Installation;
use futures::StreamExt;
use futures::stream;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::sleep;

/// How long a caller waits for an answer before it asks again.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// The pause between two tries.
const TRY_PAUSE: Duration = Duration::from_millis(300);
/// How often a caller asks before it gives up.
const TRIES: usize = 1_000;

/// What is submitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mix {
    /// Pictures.
    Pictures,
    /// Pictures whose upstream calls back, pictures whose upstream does not and has to be asked, and songs
    /// whose upstream does neither: one third each.
    AllWays,
}

/// How far the crowd is.
#[derive(Debug, Default)]
pub(super) struct Answered(AtomicUsize);

impl Answered {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Submits so many tasks and gives the id that each was answered with, by prompt.
pub(super) async fn submit(
    world: &Installation,
    mix: Mix,
    tasks: usize,
    clients: usize,
    answered: &Answered,
) -> anyhow::Result<BTreeMap<String, String>> {
    let submissions = stream::iter(0..tasks).map(async |number| {
        let (path, body) = order(world, mix, number);
        let id = insist(world, &path, &body, number).await?;
        answered.0.fetch_add(1, Ordering::SeqCst);
        anyhow::Ok((body["prompt"].as_str().unwrap_or_default().to_owned(), id))
    });
    let given: Vec<anyhow::Result<(String, String)>> = submissions.buffer_unordered(clients).collect().await;
    given.into_iter().collect()
}

fn order(world: &Installation, mix: Mix, number: usize) -> (String, Value) {
    let hook = &world.receiver.url;
    match (mix, number % 3) {
        (Mix::AllWays, 1) => {
            let prompt = format!("tile {number} [sim:no-callback]");
            ("/mj/submit/imagine".to_owned(), json!({ "prompt": prompt, "notifyHook": hook }))
        }
        (Mix::AllWays, 2) => {
            let body = json!({ "prompt": format!("song {number}"), "mv": "chirp-v4", "notify_hook": hook });
            ("/suno/submit/music".to_owned(), body)
        }
        _ => {
            let prompt = format!("tile {number}");
            ("/mj/submit/imagine".to_owned(), json!({ "prompt": prompt, "notifyHook": hook }))
        }
    }
}

/// Asks each `serve` in turn until one answers for good.
async fn insist(world: &Installation, path: &str, body: &Value, number: usize) -> anyhow::Result<String> {
    let mut last = String::new();
    for turn in 0..TRIES {
        let bases = world.bases();
        let base = bases.get((number + turn) % bases.len().max(1)).cloned().unwrap_or_default();
        let request = world.client.post(format!("{base}{path}")).bearer_auth(&world.token).json(body);
        let request = request.header("idempotency-key", format!("order {number}")).timeout(ANSWER_LIMIT);
        match request.send().await {
            Ok(response) if response.status().is_success() => {
                if let Ok(answer) = response.json::<Value>().await {
                    let id = answer["result"].as_str().or_else(|| answer["data"].as_str());
                    match id {
                        Some(id) => return Ok(id.to_owned()),
                        None => anyhow::bail!("not taken in: {answer}"),
                    }
                }
            }
            Ok(response) if response.status().as_u16() < 500 && response.status().as_u16() != 429 => {
                anyhow::bail!("refused: {} {}", response.status(), response.text().await.unwrap_or_default());
            }
            Ok(response) => last = format!("{} {}", response.status(), response.text().await.unwrap_or_default()),
            Err(error) => last = error.without_url().to_string(),
        }
        sleep(TRY_PAUSE).await;
    }
    anyhow::bail!("order {number} was never answered: {last}")
}
