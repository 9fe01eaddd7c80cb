//! `backlot dev`: the whole service in one process, with a make-believe upstream.

use crate::cli::DevArgs;
use crate::compose::{self, Parts};
use crate::folder::{Folder, Held, Running};
use crate::spill::{DEV_MAX_BYTES, SpillPlace};
use crate::stop::Stop;
use crate::traces::Traces;
use crate::{config, logs, metered, print, sim_command, stages};
use anyhow::{Context, bail};
use front::Front;
use front::admin::NewKey;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use task::{Channel, ChannelLimits, Secret, UncertainPolicy};
use tokio::net::TcpListener;
use workers::{sweep, unspill};

/// What the names of the channels to the make-believe upstream begin with.
const SIM_CHANNEL: &str = "sim";
/// How long work under way may take to end after the first signal.
const DRAIN_MS: u64 = 10_000;

/// Runs until a signal says stop.
pub(crate) async fn run(args: DevArgs) -> anyhow::Result<()> {
    if !args.listen.ip().is_loopback() {
        bail!("`dev` answers on loopback only; give --listen an address such as 127.0.0.1:8080");
    }
    let folder = Folder::open(&args.folder.data)?;
    let _held: Held = folder.hold()?.with_context(|| {
        format!("another process holds {}; stop it, or give --data another folder", folder.root().display())
    })?;
    let mut traces = Traces::start(config::traces_from_environment()?.as_ref())?;
    logs::install(traces.take_layer())?;
    let metrics = metered::install()?;
    let listener = TcpListener::bind(args.listen)
        .await
        .with_context(|| format!("{} can't be listened on; give --listen another address", args.listen))?;
    let address = listener.local_addr()?;
    let parts = compose::parts(&folder).await?;
    let sim = sim_command::start_for_dev(&folder).await?;
    put_sim_channel(&parts, sim.addr).await?;
    ensure_token(&folder, &parts).await?;

    let stop = Stop::at_signals(Duration::ZERO, Duration::from_millis(DRAIN_MS))?;
    let render = Arc::new(move || metrics.render());
    let spill = SpillPlace::open(&folder.path("spill"), DEV_MAX_BYTES, parts.clock.clone()).await?;
    let front = compose::front(&parts, &folder, address, stop.draining.clone(), Some(render), traces.ties.clone())?;
    let core = compose::core(&parts, address, args.uncertain_s)?.with_traces(traces.ties.clone());
    let front = Front { spill: Some(spill.files()), ..front };
    let core = spill.give_to(core);
    sweep::reclaim(&core).await.context("submissions under way could not be read")?;
    sweep::rebuild(&core).await.context("the queue could not be filled from the ledger")?;
    sweep::full_pass(&core).await.context("the queue could not be filled from the ledger")?;
    folder.announce(&Running { address: address.to_string(), pid: std::process::id() })?;
    greet(&folder, address, sim.addr);

    let working = tokio::spawn(stages::run_lanes(core.clone(), workers::lanes(&core), stop.clone()));
    let holder = format!("pid-{}", std::process::id());
    let unspilling = tokio::spawn(unspill::run(core.clone(), stop.soft.clone()));
    let sweeping = tokio::spawn(stages::run_sweep(core, holder, stop.clone()));
    let served = front::serve(listener, front::router(front), stop.soft.clone(), DRAIN_MS).await;
    stop.now();
    let worked = working.await.context("the stages came down")?;
    sweeping.await.context("the sweep came down")?;
    unspilling.await.context("the walk over the spill folder came down")?;
    sim.stop().await;
    parts.ledger.close().await;
    traces.end(&stop.hard).await;
    served.context("the HTTP side came down")?;
    worked
}

/// The make-believe upstream serves every dialect that has no channel of the operator's own.
async fn put_sim_channel(parts: &Parts, sim: SocketAddr) -> anyhow::Result<()> {
    let known = parts.ledger.channels().await?;
    let now_ms = parts.clock.now_ms();
    let mut channels = Vec::new();
    for (place, played) in (0i64..).zip(sim::played()) {
        let name = format!("{SIM_CHANNEL}-{}", played.dialect);
        let own = known.iter().any(|c| c.dialect == played.dialect && c.name != name && !c.removed);
        let old = known.iter().find(|c| c.name == name);
        let hook_secret = old.map_or_else(
            || Secret::new(front::admin::random_base62(&*parts.entropy, 40)),
            |channel| channel.hook_secret.clone(),
        );
        channels.push(Channel {
            name,
            dialect: played.dialect.to_owned(),
            base_url: played.base_url(&format!("http://{sim}")),
            key: Secret::new(played.key),
            hook_secret,
            models: vec!["*".to_owned()],
            weight: 1,
            // Behind every channel of the operator's own, and a vendor's own protocol before a relay's.
            priority: -1_000 - place,
            limits: ChannelLimits { slots: 32, rate_per_min: 0, burst: 1 },
            // Nobody pays a make-believe upstream: a second picture does no harm, a lost one would.
            uncertain: UncertainPolicy::Resubmit,
            options: serde_json::Map::new(),
            paused: old.is_some_and(|channel| channel.paused),
            removed: own,
            created_ms: old.map_or(now_ms, |channel| channel.created_ms),
        });
    }
    parts.ledger.put_channels(&channels).await.context("the make-believe upstream's channels could not be written")?;
    parts.channels.refresh().await?;
    Ok(())
}

/// The dev token, made once, in a file that only its owner reads.
async fn ensure_token(folder: &Folder, parts: &Parts) -> anyhow::Result<()> {
    if let Ok(text) = std::fs::read_to_string(folder.path("token")) {
        let hash = front::admin::key_hash(text.trim());
        let known = parts.ledger.token_by_hash(&hash).await?;
        if known.is_some_and(|token| token.is_usable(parts.clock.now_ms())) {
            return Ok(());
        }
    }
    let key = NewKey::generate(&*parts.entropy);
    folder.write("token", format!("{}\n", key.secret.expose()).as_bytes())?;
    let new = ledger::NewToken {
        name: "dev".to_owned(),
        key_hash: key.hash,
        masked: key.masked,
        unlimited: true,
        granted: 0,
        expires_ms: None,
    };
    parts.ledger.create_token(new, parts.clock.now_ms()).await.context("the dev token could not be made")?;
    Ok(())
}

fn greet(folder: &Folder, address: SocketAddr, sim: SocketAddr) {
    let token_path = folder.path("token");
    let token = std::fs::read_to_string(&token_path).unwrap_or_default();
    print::line(&format!("Backlot is at http://{address}/ (API page: http://{address}/docs)"));
    print::line(&format!("  upstream   make-believe, http://{sim}: a picture takes about 3 s"));
    print::line(&format!("  data       {}", folder.root().display()));
    print::line(&format!("  token      {} (also in {})", token.trim(), token_path.display()));
    print::line("\nPaste this:\n");
    print::line(&format!(
        "curl -s http://{address}/mj/submit/imagine \\\n  -H \"Authorization: Bearer $(cat {})\" \\\n  -H 'Content-Type: application/json' \\\n  -d '{{\"prompt\": \"a lighthouse at dusk --ar 16:9\"}}'\n",
        token_path.display()
    ));
}
