//! A scenario under way: its world, what its callers were told, and what was done so far.

use super::{others, submissions};
use bytes::Bytes;
use std::collections::BTreeMap;
use task::UncertainPolicy;
use tests::template::BEGIN_MS;
use tests::{Dice, Frozen, Shape, Tenant, World};
use tokio::task::JoinHandle;

/// How often the scenarios came to what, by step name.
pub(super) type Reached = BTreeMap<String, u64>;

/// A task as its caller knows it.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) id: String,
    pub(super) tenant: Tenant,
    /// The last word and progress that the caller saw.
    pub(super) seen: Option<(String, i64)>,
    /// Whether a callback was asked for.
    pub(super) calls_back: bool,
    /// The modal that answers it, once there is one.
    pub(super) answered_by: Option<String>,
    /// Where its family shows it, with `{}` for its id.
    pub(super) shown_at: String,
    /// Whether it was asked for in a length that the vendor does not make.
    pub(super) fits: bool,
    /// The task that it goes on from.
    pub(super) follows: Option<String>,
}

/// Where Midjourney's tasks are shown.
const PICTURE: &str = "/mj/task/{}/fetch";

impl Told {
    /// A picture of Midjourney's; it gets its id when the submission is answered.
    pub(super) fn new(tenant: Tenant, calls_back: bool) -> Self {
        Self {
            id: String::new(),
            tenant,
            seen: None,
            calls_back,
            answered_by: None,
            shown_at: PICTURE.to_owned(),
            fits: false,
            follows: None,
        }
    }

    /// Whether it is one of Midjourney's.
    pub(super) fn is_picture(&self) -> bool {
        self.shown_at == PICTURE
    }

    /// Where it is shown.
    pub(super) fn path(&self) -> String {
        self.shown_at.replace("{}", &self.id)
    }
}

/// A submission under an idempotency key, to be repeated.
#[derive(Debug, Clone)]
pub(super) struct Keyed {
    pub(super) tenant: Tenant,
    pub(super) key: String,
    pub(super) body: serde_json::Value,
    pub(super) answer: tests::Answered,
}

/// A scenario.
pub(super) struct Scenario {
    pub(super) seed: u64,
    pub(super) dice: Dice,
    pub(super) shape: Shape,
    pub(super) world: World,
    pub(super) told: Vec<Told>,
    pub(super) keyed: Vec<Keyed>,
    pub(super) frozen: Vec<Frozen>,
    /// Upstream callbacks that are kept back: address and body.
    pub(super) hooks: Vec<(String, Bytes)>,
    pub(super) cancels: Vec<JoinHandle<u16>>,
    pub(super) store_refuses: bool,
    pub(super) paused: Option<&'static str>,
    /// Submissions of the other families so far.
    pub(super) takes: usize,
    /// What the ledger had written when the books were last checked: restarts and units.
    pub(super) checked: Option<(u64, u64)>,
    pub(super) reached: Reached,
    log: Vec<String>,
}

impl Scenario {
    pub(super) async fn begin(seed: u64) -> Self {
        let dice = Dice::new(seed);
        let shape = Shape {
            seed,
            slots: [0, 0, 1, 2, 3][dice.below(5)],
            two_channels: dice.percent(40),
            uncertain: if dice.percent(10) { UncertainPolicy::Resubmit } else { UncertainPolicy::Fail },
            singles: dice.percent(15),
            others: true,
            relays: dice.percent(50),
            bucket: dice.percent(40),
        };
        let world = World::new(shape).await;
        let mut scenario = Self {
            seed,
            dice,
            shape,
            world,
            told: Vec::new(),
            keyed: Vec::new(),
            frozen: Vec::new(),
            hooks: Vec::new(),
            cancels: Vec::new(),
            store_refuses: false,
            paused: None,
            takes: 0,
            checked: None,
            reached: Reached::new(),
            log: Vec::new(),
        };
        match scenario.dice.below(10) {
            0 | 1 => scenario.shrink_quota().await,
            2..=4 => submissions::begin_with_a_question(&mut scenario).await,
            5 => others::begin_with_a_parent(&mut scenario).await,
            _ => {}
        }
        scenario
    }

    /// Leaves the limited tenant with a quota that runs out.
    async fn shrink_quota(&mut self) {
        let left = self.dice.between_ms(1, 4);
        let tokens = self.world.ledger().tokens().await.expect("the ledger is there");
        let limited = tokens.iter().find(|token| !token.unlimited).expect("there is a limited tenant");
        let done = self.world.ledger().grant_quota(limited.id, left - limited.granted).await;
        assert_eq!(done, Ok(true), "the quota can be changed");
        self.say(format!("the limited tenant has a quota of {left}"));
    }

    /// Writes a line of the story.
    pub(super) fn say(&mut self, line: impl Into<String>) {
        let at_ms = self.world.now_ms() - BEGIN_MS;
        self.log.push(format!("{:>10}.{:03} s  {}", at_ms / 1_000, at_ms % 1_000, line.into()));
    }

    /// A short name for a task: its place in the story.
    pub(super) fn name_of(&self, id: &str) -> String {
        self.told.iter().position(|told| told.id == id).map_or_else(|| id.to_owned(), |place| format!("#{place}"))
    }

    /// Everything that was done, a line each.
    pub(super) fn story(&self) -> String {
        let names: BTreeMap<usize, &str> = self.told.iter().map(|told| told.id.as_str()).enumerate().collect();
        let names: Vec<String> = names.iter().map(|(place, id)| format!("#{place} = {id}")).collect();
        format!("seed {} {:?}\n{}\n{}", self.seed, self.shape, self.log.join("\n"), names.join("\n"))
    }

    /// Ends its world.
    pub(super) async fn end(mut self) {
        self.frozen.clear();
        for cancel in self.cancels.drain(..) {
            cancel.abort();
        }
        self.world.end().await;
    }
}
