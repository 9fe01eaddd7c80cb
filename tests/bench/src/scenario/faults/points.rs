//! Fail-points: each is hit so many times by as many processes, with `kill -9` and with a freeze that outlasts
//! every lease.

use super::Bench;
use super::crowd::{self, Answered, Mix};
use super::installation::{Installation, LEASE_MAX_MS, Shape};
use super::process::{Launch, Process};
use super::table::{Row, settle};
use futures::future::try_join_all;
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

/// How long all hits may take, for each of them.
const HIT_LIMIT: Duration = Duration::from_secs(45);
/// The pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(100);
/// Tasks for each process that is to be hit.
const TASKS_PER_HIT: usize = 3;

/// Whose process is hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Serve,
    Work,
}

/// Every fail-point, and in which process it lies.
const POINTS: &[(&str, Whose)] = &[
    ("open.before_commit", Whose::Serve),
    ("open.after_commit", Whose::Serve),
    ("open.before_answer", Whose::Serve),
    ("group_commit.inside", Whose::Serve),
    ("submit.after_intent", Whose::Work),
    ("submit.before_answer_read", Whose::Work),
    ("submit.before_record", Whose::Work),
    ("poll.before_verb", Whose::Work),
    ("archive.mid_copy", Whose::Work),
    ("archive.after_part", Whose::Work),
    ("archive.after_last_part", Whose::Work),
    ("archive.before_verb", Whose::Work),
    ("notify.before_send", Whose::Work),
    ("notify.after_send", Whose::Work),
    ("notify.before_record", Whose::Work),
    ("sweep.inside", Whose::Work),
    ("rebuild.inside", Whose::Work),
];

/// One row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    point: &'static str,
    whose: Whose,
    action: &'static str,
}

impl Case {
    pub(super) fn name(&self) -> String {
        format!("{}, {}", self.point, self.action)
    }

    fn shape(&self) -> Shape {
        Shape { large_files: self.point.starts_with("archive.after_"), ..Shape::default() }
    }

    fn arm(&self, launch: Launch, world: &Installation) -> Launch {
        let armed = launch.with("BACKLOT_FAIL_POINT", format!("{}={}", self.point, self.action));
        armed.with("BACKLOT_FAIL_POINT_LOG", world.hits_file().display())
    }
}

/// Every row: each fail-point with both actions.
pub(super) fn cases() -> impl Iterator<Item = Case> {
    let both =
        |(point, whose): &(&'static str, Whose)| ["kill", "freeze"].map(|action| Case { point, whose: *whose, action });
    POINTS.iter().flat_map(both)
}

/// Starts as many armed processes as there are to be hits, lets them be hit one by one or together, and then
/// waits until everything has ended.
pub(super) async fn run(bench: &Bench, case: &Case) -> anyhow::Result<Row> {
    let world = Installation::start(bench, case.shape()).await?;
    let (tasks, mix) = (bench.hits * TASKS_PER_HIT, Mix::AllWays);
    let mix = if case.shape().large_files { Mix::Pictures } else { mix };
    let (_serve, base) = world.start_serve().await?;
    let mut armed = Vec::new();
    let mut helping = Vec::new();
    if case.whose == Whose::Serve {
        helping.push(world.work(&base).start().await?);
    }
    armed.extend(start_armed(bench, case, &world, &base).await?);

    let answered = Answered::default();
    let faulty = async {
        strike(bench, case, &world, &armed).await?;
        let struck = world.hits().len();
        if case.action == "freeze" {
            // Somebody else takes over what they hold, and then they wake.
            helping.push(world.work(&base).start().await?);
            sleep(Duration::from_millis(LEASE_MAX_MS + 9_000)).await;
            try_join_all(armed.iter().map(Process::thaw)).await?;
        } else {
            for process in armed.drain(..) {
                process.kill().await?;
            }
            helping.push(world.work(&base).start().await?);
        }
        anyhow::Ok((struck, Instant::now()))
    };
    let (placed, faulty) = tokio::join!(crowd::submit(&world, mix, tasks, bench.clients, &answered), faulty);
    let (hits, cleared) = faulty?;
    let mut row = settle(&case.name(), &world, placed?, cleared).await?;
    row.hits = Some((hits, bench.hits));
    Ok(row)
}

async fn start_armed(bench: &Bench, case: &Case, world: &Installation, base: &str) -> anyhow::Result<Vec<Process>> {
    let mut armed = Vec::new();
    for _ in 0..bench.hits {
        let process = match case.whose {
            Whose::Serve => {
                let (launch, own) = world.serve()?;
                let process = case.arm(launch, world).start().await?;
                world.open_for_business(&own);
                process
            }
            Whose::Work => case.arm(world.work(base), world).start().await?,
        };
        armed.push(process);
    }
    Ok(armed)
}

/// Waits until each of them was hit. Those that can be hit by one submission only need traffic of their own.
async fn strike(bench: &Bench, case: &Case, world: &Installation, armed: &[Process]) -> anyhow::Result<()> {
    let wanted: BTreeSet<u32> = armed.iter().map(|process| process.pid).collect();
    let all_hit = async {
        let mut seen = 0;
        loop {
            let hits = world.hits();
            for _ in seen..hits.len() {
                world.in_flight.struck().await;
            }
            seen = hits.len();
            if wanted.is_subset(&hits.into_iter().collect()) {
                return;
            }
            sleep(LOOK_PAUSE).await;
        }
    };
    let limit = HIT_LIMIT * u32::try_from(bench.hits)?;
    if timeout(limit, all_hit).await.is_err() {
        // The row says how many there were.
        let missing = wanted.len() - world.hits().len().min(wanted.len());
        anyhow::ensure!(missing < wanted.len(), "{} was never passed\n{}", case.point, world.complaints());
    }
    Ok(())
}
