//! The command line: every command with its examples.

use anyhow::{Context, bail};
use clap::{Args, Parser, Subcommand, ValueEnum};
use front::admin::{Filters, NewChannel, Verb, Verdict};
use queue::Lane;
use std::net::SocketAddr;
use std::path::PathBuf;
use task::{ChannelLimits, Secret, State, TaskId, UncertainPolicy};

/// Runs media-generation jobs: accepts them in the dialect that a client already speaks, hands them
/// to an upstream, archives what comes out, and calls back.
#[derive(Debug, Parser)]
#[command(
    name = "backlot",
    version = VERSION,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  backlot                                    the same as `backlot dev`\n  backlot dev --listen 127.0.0.1:9000        everything in one process, with a make-believe upstream\n  backlot channel add mj --dialect midjourney_proxy --base-url https://mj.example.com --key-file mj.key\n  backlot task list --state uncertain\n\nBACKLOT_LOG filters the logs (default `info`)."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What is to be done; `dev` when nothing is said.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run everything in one process: service, stages, and a make-believe upstream for dialects without a channel
    #[command(
        after_help = "Examples:\n  backlot dev\n  backlot dev --listen 127.0.0.1:9000 --data /tmp/backlot\n\nPrints a curl line that can be pasted. The token is in DIR/token."
    )]
    Dev(DevArgs),
    /// Run the make-believe upstream alone
    #[command(
        after_help = "Examples:\n  backlot sim --listen 127.0.0.1:9100\n  backlot sim --listen 127.0.0.1:9100 --script faults.json --data ./sim-data\n\nThen add it as a channel:\n  backlot channel add sim2 --dialect midjourney_proxy --base-url http://127.0.0.1:9100"
    )]
    Sim(SimArgs),
    /// Run the HTTP side of a scaled-out installation, beside `work`
    #[command(
        after_help = "Example:\n  backlot serve --config /etc/backlot/config.toml\n\nEvery key is explained in deploy/config.example.toml."
    )]
    Serve(ConfigArgs),
    /// Run stages of a scaled-out installation, beside `serve`: all of them, or those that are named
    #[command(
        after_help = "Examples:\n  backlot work --config /etc/backlot/config.toml\n  backlot work submit poll sweep --config /etc/backlot/config.toml\n\nEvery stage has to run somewhere; the sweep is done by one process at a time, however many run it."
    )]
    Work(WorkArgs),
    /// Bring the ledger's tables up to date
    #[command(
        after_help = "Examples:\n  backlot migrate\n  backlot migrate --data /var/lib/backlot\n  backlot migrate --config /etc/backlot/config.toml"
    )]
    Migrate(PlaceArgs),
    /// Look whether everything that the service needs is there, and say what is missing
    #[command(
        after_help = "Examples:\n  backlot check\n  backlot check --data /var/lib/backlot\n  backlot check --config /etc/backlot/config.toml --connect"
    )]
    Check(CheckArgs),
    /// Callers' keys
    Token {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(subcommand)]
        verb: TokenVerb,
    },
    /// Upstream accounts
    Channel {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(subcommand)]
        verb: ChannelVerb,
    },
    /// Tasks
    Task {
        #[command(flatten)]
        place: PlaceArgs,
        #[command(subcommand)]
        verb: TaskVerb,
    },
}

impl Default for Command {
    fn default() -> Self {
        Self::Dev(DevArgs {
            listen: DEV_LISTEN,
            uncertain_s: UNCERTAIN_S,
            folder: FolderArgs { data: PathBuf::from(DATA) },
        })
    }
}

/// A test build says so.
const VERSION: &str = if workers::FAIL_POINTS {
    concat!(env!("CARGO_PKG_VERSION"), " (with fail-points)")
} else {
    env!("CARGO_PKG_VERSION")
};
const UNCERTAIN_S: u32 = 600;
const DATA: &str = "./backlot-data";
const DEV_LISTEN: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 8080);

#[derive(Debug, Args)]
pub(crate) struct FolderArgs {
    /// The data folder
    #[arg(long, value_name = "DIR", default_value = DATA, env = "BACKLOT_DATA", global = true)]
    pub(crate) data: PathBuf,
}

/// Where a verb acts.
#[derive(Debug, Args)]
pub(crate) struct PlaceArgs {
    /// The configuration of a scaled-out installation; without it, the data folder
    #[arg(long, value_name = "FILE", env = "BACKLOT_CONFIG", global = true)]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    #[command(flatten)]
    pub(crate) place: PlaceArgs,
    /// Ask each server of the configuration, too
    #[arg(long, requires = "config")]
    pub(crate) connect: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// The configuration; /dev/null when all of it comes from the environment
    #[arg(long, value_name = "FILE", env = "BACKLOT_CONFIG")]
    pub(crate) config: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct WorkArgs {
    /// Which stages; none means all
    #[arg(value_enum, value_name = "STAGE")]
    pub(crate) stages: Vec<Stage>,
    #[command(flatten)]
    pub(crate) place: ConfigArgs,
}

/// A stage, or the sweep beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Stage {
    /// Hand queued tasks to their upstreams
    Submit,
    /// Watch running tasks
    Poll,
    /// Copy what came out into the store
    Archive,
    /// Call callers back
    Notify,
    /// Find what was forgotten
    Sweep,
}

impl Stage {
    /// What was asked for; everything when nothing was.
    pub(crate) fn chosen(asked: &[Self]) -> Vec<Self> {
        let all = [Self::Submit, Self::Poll, Self::Archive, Self::Notify, Self::Sweep];
        all.into_iter().filter(|stage| asked.is_empty() || asked.contains(stage)).collect()
    }

    /// The lane that it works; the sweep has none.
    pub(crate) fn lane(self) -> Option<Lane> {
        match self {
            Self::Submit => Some(Lane::Submit),
            Self::Poll => Some(Lane::Poll),
            Self::Archive => Some(Lane::Archive),
            Self::Notify => Some(Lane::Notify),
            Self::Sweep => None,
        }
    }

    /// The word on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        self.lane().map_or("sweep", Lane::as_str)
    }
}

#[derive(Debug, Args)]
pub(crate) struct DevArgs {
    /// Address to listen on; loopback only. Port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value_t = DEV_LISTEN)]
    pub(crate) listen: SocketAddr,
    /// Seconds for which it may stay open whether a paid request arrived, before the channel's policy decides
    #[arg(long, value_name = "SECONDS", default_value_t = UNCERTAIN_S, env = "BACKLOT_UNCERTAIN_S")]
    pub(crate) uncertain_s: u32,
    #[command(flatten)]
    pub(crate) folder: FolderArgs,
}

#[derive(Debug, Args)]
pub(crate) struct SimArgs {
    /// Address to listen on. Port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9100")]
    pub(crate) listen: SocketAddr,
    /// Rules for what goes wrong, and when (the format stands in crates/sim/README.md)
    #[arg(long, value_name = "FILE")]
    pub(crate) script: Option<PathBuf>,
    /// Where it keeps its log, so that a restart forgets nothing; none: in memory
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// The same seed gives the same pictures, ids and faults
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Edge of a square picture, 64 to 2048
    #[arg(long, value_name = "PIXELS", default_value_t = 1024)]
    pub(crate) picture_px: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenVerb {
    /// Make a key; it is shown this once
    #[command(after_help = "Examples:\n  backlot token create ci\n  backlot token create partner --quota 500000")]
    Create {
        /// A name for it, at most 50 characters
        name: String,
        /// Quota granted; none: unlimited
        #[arg(long)]
        quota: Option<i64>,
        /// When it stops working, in milliseconds since the epoch; none: never
        #[arg(long, value_name = "MS")]
        expires_ms: Option<i64>,
    },
    /// Show every token, its key hidden
    #[command(after_help = "Example:\n  backlot token list")]
    List,
    /// Stop a token for good; its tasks go on
    #[command(after_help = "Example:\n  backlot token revoke ci")]
    Revoke {
        /// Its id or its name
        token: String,
    },
}

impl TokenVerb {
    pub(crate) fn into_verb(self) -> anyhow::Result<Verb> {
        Ok(match self {
            Self::Create { name, quota, expires_ms } => Verb::TokenCreate { name, quota, expires_ms },
            Self::List => Verb::TokenList,
            Self::Revoke { token } => Verb::TokenRevoke { id_or_name: token },
        })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum ChannelVerb {
    /// Add an upstream account, or change one with --replace
    #[command(
        after_help = "Examples:\n  backlot channel add mj --dialect midjourney_proxy --base-url https://mj.example.com --key-file mj.key --slots 3\n  backlot channel add old --dialect midjourney_proxy --base-url http://10.0.0.5:8080 --option flavour=novicezk\n  backlot channel add suno --dialect suno_api --base-url https://suno.example.com --key-file suno.key\n  backlot channel add kling --dialect kling --base-url https://api-singapore.klingai.com --key-file kling.key    (ACCESS:SECRET, or an API key)\n  backlot channel add ark --dialect ark --base-url https://ark.cn-beijing.volces.com/api/v3 --key-file ark.key\n  backlot channel add relay --dialect openai_videos --base-url https://relay.example.com/v1 --key-file relay.key --model sora-2\n  backlot channel add veo --dialect vertex --base-url https://us-central1-aiplatform.googleapis.com/v1/projects/P/locations/us-central1/publishers/google --key-file service-account.json\n  backlot channel add fal --dialect fal_queue --base-url https://queue.fal.run --key-file fal.key\n\nThe key comes from --key-file or from BACKLOT_CHANNEL_KEY, never from the command line."
    )]
    Add(AddChannel),
    /// Show every channel, its secrets hidden
    #[command(after_help = "Example:\n  backlot channel list")]
    List,
    /// Hand it no new work; what runs is still watched
    #[command(after_help = "Example:\n  backlot channel pause mj")]
    Pause {
        /// Its name
        name: String,
    },
    /// End a pause
    #[command(after_help = "Example:\n  backlot channel resume mj")]
    Resume {
        /// Its name
        name: String,
    },
    /// Take it away for new tasks; those that name it are watched to their end
    #[command(after_help = "Example:\n  backlot channel remove mj")]
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddChannel {
    /// A name for it: a-z 0-9 . _ -
    name: String,
    /// The wire protocol that it speaks
    #[arg(long)]
    dialect: String,
    /// Scheme, host, and perhaps port and path prefix
    #[arg(long)]
    base_url: String,
    /// File that holds the credential
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Public model served, `public=upstream` or `*`; may be repeated; none means all
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
    /// Tasks at the same time; 0: no limit
    #[arg(long, default_value_t = 0)]
    slots: i64,
    /// Submissions a minute; 0: no limit
    #[arg(long, default_value_t = 0)]
    rate_per_min: i64,
    /// Submissions at once within that rate
    #[arg(long, default_value_t = 1)]
    burst: i64,
    /// Higher goes first
    #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
    priority: i64,
    /// Share among channels of equal priority
    #[arg(long, default_value_t = 1)]
    weight: i64,
    /// What to do when nobody can tell whether a paid request arrived
    #[arg(long, value_enum, default_value_t = Uncertain::Fail)]
    uncertain: Uncertain,
    /// A setting of the dialect, `name=value`; may be repeated
    #[arg(long = "option", value_name = "NAME=VALUE")]
    options: Vec<String>,
    /// Change the channel of this name
    #[arg(long)]
    replace: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Uncertain {
    /// Fail it and give the reserve back
    Fail,
    /// Leave it for an operator
    Hold,
    /// Submit again and accept that it may be charged twice
    Resubmit,
}

impl From<Uncertain> for UncertainPolicy {
    fn from(choice: Uncertain) -> Self {
        match choice {
            Uncertain::Fail => Self::Fail,
            Uncertain::Hold => Self::Hold,
            Uncertain::Resubmit => Self::Resubmit,
        }
    }
}

impl ChannelVerb {
    pub(crate) fn into_verb(self) -> anyhow::Result<Verb> {
        Ok(match self {
            Self::Add(add) => Verb::ChannelAdd(add.into_channel()?),
            Self::List => Verb::ChannelList,
            Self::Pause { name } => Verb::ChannelPause { name },
            Self::Resume { name } => Verb::ChannelResume { name },
            Self::Remove { name } => Verb::ChannelRemove { name },
        })
    }
}

impl AddChannel {
    fn into_channel(self) -> anyhow::Result<NewChannel> {
        let key = match (&self.key_file, std::env::var("BACKLOT_CHANNEL_KEY")) {
            (Some(path), _) => Some(
                std::fs::read_to_string(path)
                    .with_context(|| format!("the key file {} can't be read", path.display()))?,
            ),
            (None, Ok(key)) => Some(key),
            (None, Err(_)) => None,
        };
        let mut options = serde_json::Map::new();
        for option in &self.options {
            let Some((name, value)) = option.split_once('=') else {
                bail!("--option takes NAME=VALUE, not {option:?}");
            };
            // A value that reads as JSON (a number, true) is one; anything else is text.
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            options.insert(name.to_owned(), value);
        }
        Ok(NewChannel {
            name: self.name,
            dialect: self.dialect,
            base_url: self.base_url,
            key: key.map(|key| Secret::new(key.trim())),
            models: self.models,
            weight: self.weight,
            priority: self.priority,
            limits: ChannelLimits { slots: self.slots, rate_per_min: self.rate_per_min, burst: self.burst },
            uncertain: self.uncertain.into(),
            options,
            replace: self.replace,
        })
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum TaskVerb {
    /// Show a task with its events, attempts and callbacks
    #[command(after_help = "Example:\n  backlot task show task_01jd0000000000000000000000")]
    Show {
        /// Its id
        id: TaskId,
    },
    /// Show tasks, newest first
    #[command(
        after_help = "Examples:\n  backlot task list\n  backlot task list --state uncertain --state failed --channel mj --limit 50"
    )]
    List(ListTasks),
    /// Open a new task like a failed or cancelled one, linked to it
    #[command(after_help = "Example:\n  backlot task retry task_01jd0000000000000000000000")]
    Retry {
        /// The ended one
        id: TaskId,
    },
    /// Stop a task as its caller could
    #[command(after_help = "Example:\n  backlot task cancel task_01jd0000000000000000000000")]
    Cancel {
        /// Its id
        id: TaskId,
    },
    /// End the doubt whether a task's paid request arrived
    #[command(
        after_help = "Examples:\n  backlot task resolve task_01jd… --arrived 1320098173412546\n  backlot task resolve task_01jd… --not-arrived"
    )]
    Resolve {
        /// The uncertain task
        id: TaskId,
        #[command(flatten)]
        verdict: VerdictArgs,
    },
}

#[derive(Debug, Args)]
pub(crate) struct ListTasks {
    /// Only this state; may be repeated
    #[arg(long = "state", value_name = "STATE")]
    states: Vec<State>,
    /// Only this token's, by id or name
    #[arg(long)]
    token: Option<String>,
    /// Only this family
    #[arg(long)]
    family: Option<String>,
    /// Only this public model
    #[arg(long)]
    model: Option<String>,
    /// Only this channel
    #[arg(long)]
    channel: Option<String>,
    /// Only tasks older than this one
    #[arg(long, value_name = "ID")]
    before: Option<TaskId>,
    /// At most so many, 1 to 100
    #[arg(long, default_value_t = 20)]
    limit: i64,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct VerdictArgs {
    /// It arrived; this is the vendor's id for it
    #[arg(long, value_name = "OPERATION")]
    arrived: Option<String>,
    /// It did not arrive: submit it again
    #[arg(long)]
    not_arrived: bool,
    /// Nobody can tell: end it and give the reserve back
    #[arg(long)]
    fail: bool,
    /// Nobody can tell: submit it again and accept that it may be charged twice
    #[arg(long)]
    resubmit: bool,
}

impl TaskVerb {
    pub(crate) fn into_verb(self) -> anyhow::Result<Verb> {
        Ok(match self {
            Self::Show { id } => Verb::TaskShow { id },
            Self::Retry { id } => Verb::TaskRetry { id },
            Self::Cancel { id } => Verb::TaskCancel { id },
            Self::Resolve { id, verdict } => Verb::TaskResolve { id, verdict: verdict.into_verdict() },
            Self::List(list) => Verb::TaskList(Filters {
                token: list.token,
                states: list.states,
                family: list.family,
                model: list.model,
                channel: list.channel,
                before: list.before,
                limit: Some(list.limit),
            }),
        })
    }
}

impl VerdictArgs {
    fn into_verdict(self) -> Verdict {
        match self {
            Self { arrived: Some(operation_id), .. } => Verdict::Arrived { operation_id },
            Self { not_arrived: true, .. } => Verdict::NotArrived,
            Self { resubmit: true, .. } => Verdict::Resubmit,
            _ => Verdict::Fail,
        }
    }
}
