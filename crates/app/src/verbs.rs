//! Verbs: through the running process when it holds the folder, else straight on the ledger.

use crate::cli::FolderArgs;
use crate::folder::{Folder, Held};
use crate::nature::OsEntropy;
use crate::{compose, print};
use anyhow::{Context, bail};
use front::admin::Verb;
use serde_json::Value;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// The longest that a running process may take over a verb (it waits for upstreams, 30 s at most).
const ANSWER_MAX: Duration = Duration::from_secs(60);

/// Does what the operator asks and prints the answer as JSON.
pub(crate) async fn run(args: &FolderArgs, verb: Verb) -> anyhow::Result<()> {
    let folder = Folder::open(&args.data)?;
    let answer = match folder.hold()? {
        Some(held) => run_here(&folder, held, verb).await?,
        None => run_there(&folder, &verb).await?,
    };
    print::line(&serde_json::to_string_pretty(&answer)?);
    Ok(())
}

async fn run_here(folder: &Folder, _held: Held, verb: Verb) -> anyhow::Result<Value> {
    let parts = compose::parts(folder).await?;
    let address = ([127, 0, 0, 1], 8080).into();
    let front = compose::front(&parts, folder, address, CancellationToken::new(), None)?;
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
pub(crate) async fn migrate(args: &FolderArgs) -> anyhow::Result<()> {
    let folder = Folder::open(&args.data)?;
    let ledger = compose::ledger(&folder).await?;
    let ran = ledger.migrate().await?;
    ledger.close().await;
    print::line(&match ran {
        0 => "the ledger's tables are up to date".to_owned(),
        ran => format!("{ran} migrations ran; the ledger's tables are up to date"),
    });
    Ok(())
}

/// Looks at everything that the service needs, and says line by line what it found.
pub(crate) async fn check(args: &FolderArgs) -> anyhow::Result<()> {
    let folder = Folder::open(&args.data)?;
    let mut wrong = 0;
    let mut say = |what: &str, found: Result<String, String>| {
        wrong += usize::from(found.is_err());
        let (mark, text) = match &found {
            Ok(text) => ("ok   ", text),
            Err(text) => ("WRONG", text),
        };
        print::line(&format!("{mark}  {what:<10} {text}"));
    };
    say("folder", Ok(format!("{} can be written", folder.root().display())));
    let state = match folder.hold()? {
        Some(_) => "no process holds it".to_owned(),
        None => folder.running().map_or("held".to_owned(), |r| format!("held by process {} at {}", r.pid, r.address)),
    };
    say("process", Ok(state));
    match compose::ledger(&folder).await {
        Ok(ledger) => {
            let pending = ledger.pending_migrations().await.map_err(|error| error.to_string());
            say(
                "ledger",
                pending.and_then(|count| match count {
                    0 => Ok("answers; its tables are up to date".to_owned()),
                    count => Err(format!("{count} migrations are pending; run `backlot migrate`")),
                }),
            );
            check_channels(&ledger, &mut say).await;
            ledger.close().await;
        }
        Err(error) => say("ledger", Err(format!("{error:#}"))),
    }
    let settings = workers::Settings::default();
    say("leases", check_leases(&settings));
    if wrong > 0 {
        bail!("{wrong} of these need a hand");
    }
    Ok(())
}

async fn check_channels(ledger: &ledger::Ledger, say: &mut impl FnMut(&str, Result<String, String>)) {
    let channels = match ledger.channels().await {
        Ok(channels) => channels,
        Err(error) => return say("channels", Err(error.to_string())),
    };
    for channel in channels.iter().filter(|channel| !channel.removed) {
        let found = match providers::find(&channel.dialect) {
            None => Err(format!("{}: no dialect is called {}", channel.name, channel.dialect)),
            Some(dialect) => dialect
                .check_options(&channel.options)
                .map(|()| format!("{}: {} at {}", channel.name, channel.dialect, channel.base_url))
                .map_err(|why| format!("{}: {why}", channel.name)),
        };
        say("channel", found);
    }
}

/// A lease has to outlast the call that it covers.
fn check_leases(settings: &workers::Settings) -> Result<String, String> {
    let empty = serde_json::Map::new();
    for dialect in providers::all() {
        let call_ms = dialect.capabilities(&empty).submit_timeout_ms;
        let needed_ms = call_ms + settings.lease_margin_ms;
        if settings.submit_lease_ms < needed_ms {
            return Err(format!(
                "submit_lease_ms is {}, but {} needs {needed_ms}",
                settings.submit_lease_ms,
                dialect.name()
            ));
        }
    }
    Ok("each outlasts the call that it covers".to_owned())
}
