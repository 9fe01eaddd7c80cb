//! Verbs: straight on the ledger that a configuration names; without one, through the process that holds the
//! data folder, or on the folder's ledger when there is none.

use crate::cli::PlaceArgs;
use crate::config;
use crate::folder::{Folder, Held};
use crate::nature::OsEntropy;
use crate::stop::Stop;
use crate::{compose, print, scaled};
use anyhow::{Context, bail};
use front::admin::Verb;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use task::NoTraces;
use tokio_util::sync::CancellationToken;

/// The longest that a running process may take over a verb (it waits for upstreams, 30 s at most).
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Does what the operator asks and prints the answer as JSON.
pub(crate) async fn run(place: &PlaceArgs, verb: Verb) -> anyhow::Result<()> {
    let answer = match &place.config {
        Some(path) => run_scaled(path, verb).await?,
        None => run_on_folder(&Folder::open(&place.folder.data)?, verb).await?,
    };
    print::line(&serde_json::to_string_pretty(&answer)?);
    Ok(())
}

async fn run_on_folder(folder: &Folder, verb: Verb) -> anyhow::Result<Value> {
    match folder.hold()? {
        Some(held) => run_here(folder, held, verb).await,
        None => run_there(folder, &verb).await,
    }
}

/// Acts on the ledger that every process shares; they hear of it as they hear of each other.
async fn run_scaled(path: &Path, verb: Verb) -> anyhow::Result<Value> {
    let config = config::load_usable(path)?;
    let ledger = scaled::ledger(&config).await?;
    if ledger.pending_migrations().await? > 0 {
        bail!("the ledger's tables are not up to date: run `backlot migrate --config {}`", path.display());
    }
    let parts = scaled::parts_on(&config, ledger).await?;
    let front = scaled::front(&config, &parts, &Stop::default(), None, Arc::new(NoTraces))?;
    let answer = front::admin::run(&front, verb).await;
    parts.ledger.close().await;
    Ok(answer?)
}

async fn run_here(folder: &Folder, _held: Held, verb: Verb) -> anyhow::Result<Value> {
    let parts = compose::parts(folder).await?;
    let address = ([127, 0, 0, 1], 8080).into();
    let front = compose::front(&parts, folder, address, CancellationToken::new(), None, Arc::new(NoTraces))?;
    let answer = front::admin::run(&front, verb).await;
    parts.ledger.close().await;
    Ok(answer?)
}

async fn run_there(folder: &Folder, verb: &Verb) -> anyhow::Result<Value> {
    let running = folder.running()?;
    let secret = folder.secret_file("admin", &OsEntropy, 32)?;
    workers::outbound::install_ring();
    let client = reqwest::Client::builder().no_proxy().timeout(ANSWER_MAX).build()?;
    let response = client
        .post(format!("http://{}/admin/v1/verbs", running.address))
        .bearer_auth(secret.expose())
        .json(verb)
        .send()
        .await
        .with_context(|| {
            format!("process {} holds the folder but does not answer at {}", running.pid, running.address)
        })?;
    let refused = !response.status().is_success();
    let answer: Value = response.json().await.context("the running process answered something else than JSON")?;
    if refused {
        let message = answer.pointer("/error/message").and_then(Value::as_str).unwrap_or("no reason given");
        bail!("{message}");
    }
    Ok(answer)
}

/// Brings the ledger's tables up to date.
pub(crate) async fn migrate(place: &PlaceArgs) -> anyhow::Result<()> {
    let ledger = match &place.config {
        Some(path) => {
            workers::outbound::install_ring();
            scaled::ledger(&config::load_usable(path)?).await?
        }
        None => compose::ledger(&Folder::open(&place.folder.data)?).await?,
    };
    let ran = ledger.migrate().await?;
    ledger.close().await;
    print::line(&match ran {
        0 => "the ledger's tables are up to date".to_owned(),
        ran => format!("{ran} migrations ran; the ledger's tables are up to date"),
    });
    Ok(())
}
