//! `backlot sim`, and the make-believe upstream inside `dev`.

use crate::cli::SimArgs;
use crate::folder::Folder;
use crate::nature::SystemClock;
use crate::{logs, print};
use anyhow::Context;
use sim::{Script, Sim, SimConfig};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// Runs it alone until a signal says stop.
pub(crate) async fn run(args: SimArgs) -> anyhow::Result<()> {
    logs::install(None)?;
    let script = match &args.script {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("{} can't be read", path.display()))?;
            Script::from_json(&text).with_context(|| format!("{} is no script", path.display()))?
        }
        None => Script::default(),
    };
    let config = SimConfig {
        listen: args.listen,
        folder: args.data,
        seed: args.seed,
        picture_px: args.picture_px,
        script,
        ..SimConfig::new(Arc::new(SystemClock))
    };
    let sim = Sim::start(config).await?;
    print::line(&format!(
        "Make-believe upstream at http://{}; what it received: http://{}/sim/counts",
        sim.addr, sim.addr
    ));
    print::line("Add it as a channel, for whichever dialect:");
    for played in sim::played() {
        let base_url = played.base_url(&format!("http://{}", sim.addr));
        print::line(&format!(
            "  echo '{}' > sim.key && backlot channel add my-{} --dialect {} --base-url {base_url} --key-file sim.key",
            played.key, played.dialect, played.dialect
        ));
    }
    tokio::signal::ctrl_c().await?;
    sim.stop().await;
    Ok(())
}

/// Starts it for `dev`, on the port that it had before if that is free: links that it has given out
/// stay good across a restart.
pub(crate) async fn start_for_dev(folder: &Folder) -> anyhow::Result<Sim> {
    let port = std::fs::read_to_string(folder.path("sim-port")).ok().and_then(|text| text.trim().parse().ok());
    let config = |port: u16| {
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        SimConfig { listen, folder: Some(folder.path("sim")), ..SimConfig::new(Arc::new(SystemClock)) }
    };
    let sim = match Sim::start(config(port.unwrap_or(0))).await {
        Ok(sim) => sim,
        Err(_) if port.is_some() => Sim::start(config(0)).await?,
        Err(error) => return Err(error.into()),
    };
    folder.write("sim-port", sim.addr.port().to_string().as_bytes())?;
    Ok(sim)
}
