//! `backlot check`: looks at everything that the service needs, and says line by line what it found.

use crate::cli::{CheckArgs, FolderArgs};
use crate::config::{self, Loaded};
use crate::folder::Folder;
use crate::{compose, print, scaled, spill, traces};
use anyhow::bail;
use ledger::Ledger;
use std::path::Path;
use std::time::Duration;
use tokio::time::timeout;

/// How long one server may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// What was found, line by line.
#[derive(Default)]
struct Findings {
    wrong: usize,
}

impl Findings {
    fn say(&mut self, what: &str, found: Result<String, String>) {
        self.wrong += usize::from(found.is_err());
        let (mark, text) = match &found {
            Ok(text) => ("ok   ", text),
            Err(text) => ("WRONG", text),
        };
        print::line(&format!("{mark}  {what:<10} {text}"));
    }

    fn end(self) -> anyhow::Result<()> {
        if self.wrong > 0 {
            bail!("{} of these need a hand", self.wrong);
        }
        Ok(())
    }
}

/// Looks at the configuration, or at the data folder when there is none.
pub(crate) async fn run(args: &CheckArgs) -> anyhow::Result<()> {
    match &args.place.config {
        Some(path) => check_config(path, args.connect).await,
        None => check_folder(&args.place.folder).await,
    }
}

async fn check_config(path: &Path, connects: bool) -> anyhow::Result<()> {
    let Loaded { config, problems } = config::load(path)?;
    let mut findings = Findings::default();
    for problem in &problems {
        findings.say("config", Err(problem.to_string()));
    }
    if !problems.is_empty() {
        return findings.end();
    }
    findings.say("config", Ok(format!("{}: every value fits", path.display())));
    if !connects {
        return findings.end();
    }
    workers::outbound::install_ring();
    match scaled::ledger(&config).await {
        Ok(ledger) => check_ledger(&ledger, &mut findings).await,
        Err(error) => findings.say("ledger", Err(format!("{error:#}"))),
    }
    let queue = match scaled::queue(&config) {
        Ok(queue) => answered(queue.is_filled()).await,
        Err(error) => Err(format!("{error:#}")),
    };
    let filled = |filled| if filled { "answers" } else { "answers; it is empty and will be filled from the ledger" };
    findings.say("queue", queue.map(|is_filled| filled(is_filled).to_owned()));
    let store = match scaled::store(&config) {
        Ok(store) => answered(store.check()).await,
        Err(error) => Err(format!("{error:#}")),
    };
    findings.say("store", store.map(|()| "can be written".to_owned()));
    if let Some(section) = &config.store.spill {
        findings.say("spill", spill::check(&section.folder).map_err(|error| format!("{error:#}")));
    }
    if let Some(traces) = config::trace_settings(&config.traces) {
        let taken = answered(traces::check(&traces)).await;
        findings.say("traces", taken.map(|()| format!("are taken by {}", traces.endpoint)));
    }
    findings.end()
}

async fn answered<T, E: std::fmt::Display>(asking: impl Future<Output = Result<T, E>>) -> Result<T, String> {
    match timeout(ANSWER_LIMIT, asking).await {
        Ok(answer) => answer.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} s", ANSWER_LIMIT.as_secs())),
    }
}

async fn check_folder(args: &FolderArgs) -> anyhow::Result<()> {
    let folder = Folder::open(&args.data)?;
    let mut findings = Findings::default();
    findings.say("folder", Ok(format!("{} can be written", folder.root().display())));
    let state = match folder.hold()? {
        Some(_) => "no process holds it".to_owned(),
        None => folder.running().map_or("held".to_owned(), |r| format!("held by process {} at {}", r.pid, r.address)),
    };
    findings.say("process", Ok(state));
    match compose::ledger(&folder).await {
        Ok(ledger) => check_ledger(&ledger, &mut findings).await,
        Err(error) => findings.say("ledger", Err(format!("{error:#}"))),
    }
    match config::traces_from_environment() {
        Ok(None) => {}
        Ok(Some(traces)) => findings.say("traces", Ok(format!("go to {}", traces.endpoint))),
        Err(error) => findings.say("traces", Err(format!("{error:#}"))),
    }
    findings.say("leases", check_leases(&workers::Settings::default()));
    findings.end()
}

async fn check_ledger(ledger: &Ledger, findings: &mut Findings) {
    let pending = ledger.pending_migrations().await.map_err(|error| error.to_string());
    let is_usable = matches!(pending, Ok(0));
    findings.say(
        "ledger",
        pending.and_then(|count| match count {
            0 => Ok("answers; its tables are up to date".to_owned()),
            count => Err(format!("{count} migrations are pending; run `backlot migrate`")),
        }),
    );
    if is_usable {
        check_channels(ledger, findings).await;
    }
    ledger.close().await;
}

async fn check_channels(ledger: &Ledger, findings: &mut Findings) {
    let channels = match ledger.channels().await {
        Ok(channels) => channels,
        Err(error) => return findings.say("channels", Err(error.to_string())),
    };
    for channel in channels.iter().filter(|channel| !channel.removed) {
        let found = match providers::find(&channel.dialect) {
            None => Err(format!("{}: no dialect is called {}", channel.name, channel.dialect)),
            Some(dialect) => dialect
                .check_options(&channel.options)
                .map(|()| format!("{}: {} at {}", channel.name, channel.dialect, channel.base_url))
                .map_err(|why| format!("{}: {why}", channel.name)),
        };
        findings.say("channel", found);
    }
}

/// A lease has to outlast the call that it covers.
fn check_leases(settings: &workers::Settings) -> Result<String, String> {
    let empty = serde_json::Map::new();
    for dialect in providers::all() {
        let call_ms = dialect.capabilities(&empty).submit_timeout_ms.min(settings.submit_timeout_max_ms);
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
