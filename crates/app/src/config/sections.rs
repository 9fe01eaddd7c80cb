//! The sections of the configuration: every key with its default. `deploy/config.example.toml` tells the
//! same to operators, and a test holds the two together.

use serde::Deserialize;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use store::{ChecksumMode, PayloadSigning};
use task::Secret;

/// The whole configuration of `serve` and `work`. Sections and keys that nobody knows are refused.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// The truth.
    pub(crate) ledger: LedgerSection,
    /// The doorbell.
    pub(crate) queue: QueueSection,
    /// Artifacts.
    pub(crate) store: StoreSection,
    /// Listening sockets and how they are reached.
    pub(crate) http: HttpSection,
    /// What one task or one process may take.
    pub(crate) limits: LimitsSection,
    /// How long things are kept.
    pub(crate) retention: RetentionSection,
    /// Callbacks to callers.
    pub(crate) callbacks: CallbacksSection,
    /// Fetching artifacts and inputs.
    pub(crate) fetch: FetchSection,
    /// The stages.
    pub(crate) work: WorkSection,
    /// How a process ends.
    pub(crate) shutdown: ShutdownSection,
    /// Where spans go.
    pub(crate) traces: TracesSection,
}

/// `[ledger]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LedgerSection {
    /// `postgres://…`, or `sqlite:PATH` when every process is on one machine. Required, here or in `url_file`.
    pub(crate) url: Option<Secret>,
    /// File that holds the URL.
    pub(crate) url_file: Option<PathBuf>,
    /// Connections of one process at the most, at least 4. Default 16.
    pub(crate) max_connections: u32,
    /// What credentials are encrypted with: 64 hex digits, the same for every process. Required, here (by
    /// the environment only) or in `key_file`.
    pub(crate) key: Option<Secret>,
    /// File that holds the key.
    pub(crate) key_file: Option<PathBuf>,
}

impl Default for LedgerSection {
    fn default() -> Self {
        Self { url: None, url_file: None, max_connections: 16, key: None, key_file: None }
    }
}

/// `[queue]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct QueueSection {
    /// `redis://…`, `redis+sentinel://…/MASTER` or `redis+cluster://…`. Required, here or in `url_file`.
    pub(crate) url: Option<Secret>,
    /// File that holds the URL.
    pub(crate) url_file: Option<PathBuf>,
    /// What every key begins with. Default `backlot`.
    pub(crate) prefix: String,
    /// Over how many hash tags the channels are spread; more than 1 only on a Cluster. Default 1.
    pub(crate) shards: usize,
}

impl Default for QueueSection {
    fn default() -> Self {
        Self { url: None, url_file: None, prefix: "backlot".to_owned(), shards: 1 }
    }
}

/// `[store]`: a bucket (`[store.s3]`) or a folder that every process sees, not both.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct StoreSection {
    /// The folder.
    pub(crate) folder: Option<PathBuf>,
    /// Where callers reach a public bucket, or the CDN before it; none: artifacts go through `serve`.
    pub(crate) public_base: Option<String>,
    /// The bucket.
    pub(crate) s3: Option<S3Section>,
    /// Where `work` keeps outputs that the store can't take in time; none: they are lost then.
    pub(crate) spill: Option<SpillSection>,
}

/// `[store.spill]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct SpillSection {
    /// A folder of each process's own on a disk that outlives it. Required.
    pub(crate) folder: PathBuf,
    /// The most bytes that wait in it. Default 10 GiB.
    pub(crate) max_bytes: u64,
}

impl Default for SpillSection {
    fn default() -> Self {
        Self { folder: PathBuf::new(), max_bytes: 10 << 30 }
    }
}

/// `[store.s3]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct S3Section {
    /// `http(s)://host[:port]`; none: AWS's own address of the region.
    pub(crate) endpoint: Option<String>,
    /// Region. Default `us-east-1`.
    pub(crate) region: String,
    /// Bucket, which has to be there. Required.
    pub(crate) bucket: String,
    /// What stands before each key: empty (the default), or ends with a slash.
    pub(crate) prefix: String,
    /// Whether the bucket is named in the path; most stores but AWS want that. Default false.
    pub(crate) path_style: bool,
    /// Access key id. Required.
    pub(crate) access_key_id: String,
    /// Its secret (by the environment only). Required, here or in `secret_access_key_file`.
    pub(crate) secret_access_key: Option<Secret>,
    /// File that holds the secret.
    pub(crate) secret_access_key_file: Option<PathBuf>,
    /// Session token of temporary credentials (by the environment only).
    pub(crate) session_token: Option<Secret>,
    /// File that holds the token.
    pub(crate) session_token_file: Option<PathBuf>,
    /// Certificates (PEM) to trust instead of the machine's.
    pub(crate) trusted_ca_file: Option<PathBuf>,
    /// `supported` (the default) or `required`, for stores that refuse the usual checksums.
    pub(crate) checksums: Checksums,
    /// Whether the bytes of what is put are signed: `unprotected` (the default: unless TLS and a checksum protect
    /// them), `always` or `never`.
    pub(crate) payload_signing: Signing,
    /// Bytes of a part of an upload. Default 5 MiB.
    pub(crate) part_bytes: usize,
    /// Up to this size an object goes as one request. Default 5 MiB.
    pub(crate) single_put_max_bytes: usize,
    /// Parts that one upload holds at a time at most, while no other waits for room. Default 3.
    pub(crate) parts_held: usize,
    /// How often a request is sent at most. Default 4.
    pub(crate) attempts: u32,
    /// The first pause between two attempts. Default 200.
    pub(crate) backoff_ms: u64,
    /// The longest such pause. Default 5,000.
    pub(crate) backoff_max_ms: u64,
    /// How long a connection may take to stand. Default 5,000.
    pub(crate) connect_timeout_ms: u64,
    /// How long one attempt may take with its body. Default 60,000.
    pub(crate) attempt_timeout_ms: u64,
    /// How long a request may take with all its attempts. Default 180,000.
    pub(crate) request_timeout_ms: u64,
    /// How long a download may stand still. Default 30,000.
    pub(crate) idle_timeout_ms: u64,
}

impl Default for S3Section {
    fn default() -> Self {
        Self {
            endpoint: None,
            region: "us-east-1".to_owned(),
            bucket: String::new(),
            prefix: String::new(),
            path_style: false,
            access_key_id: String::new(),
            secret_access_key: None,
            secret_access_key_file: None,
            session_token: None,
            session_token_file: None,
            trusted_ca_file: None,
            checksums: Checksums::Supported,
            payload_signing: Signing::Unprotected,
            part_bytes: 5 << 20,
            single_put_max_bytes: 5 << 20,
            parts_held: 3,
            attempts: 4,
            backoff_ms: 200,
            backoff_max_ms: 5_000,
            connect_timeout_ms: 5_000,
            attempt_timeout_ms: 60_000,
            request_timeout_ms: 180_000,
            idle_timeout_ms: 30_000,
        }
    }
}

/// When checksums beside the signature are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Checksums {
    /// Wherever the protocol has them.
    Supported,
    /// Only where it demands them.
    Required,
}

impl From<Checksums> for ChecksumMode {
    fn from(chosen: Checksums) -> Self {
        match chosen {
            Checksums::Supported => Self::Supported,
            Checksums::Required => Self::Required,
        }
    }
}

/// When the bytes of what is put are part of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(rename_all = "snake_case")]
pub(crate) enum Signing {
    /// Unless TLS and a checksum protect them.
    Unprotected,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl From<Signing> for PayloadSigning {
    fn from(chosen: Signing) -> Self {
        match chosen {
            Signing::Unprotected => Self::Unprotected,
            Signing::Always => Self::Always,
            Signing::Never => Self::Never,
        }
    }
}

/// `[http]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct HttpSection {
    /// Where `serve` listens. Default `127.0.0.1:8080`. TLS is the work of the proxy before it.
    pub(crate) listen: SocketAddr,
    /// Where `/healthz`, `/readyz` and `/metrics` of `serve` and `work` listen. Default `127.0.0.1:9090`.
    pub(crate) ops_listen: SocketAddr,
    /// How callers and upstreams reach the service: `https://host`, no path. Required unless `listen` is
    /// loopback.
    pub(crate) public_base: Option<String>,
    /// Secret of the loopback admin API (by the environment only); none: that API is closed.
    pub(crate) admin_secret: Option<Secret>,
    /// File that holds the secret.
    pub(crate) admin_secret_file: Option<PathBuf>,
}

impl Default for HttpSection {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            ops_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9090)),
            public_base: None,
            admin_secret: None,
            admin_secret_file: None,
        }
    }
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct LimitsSection {
    /// How long a task may take in all. Default 2 h.
    pub(crate) task_deadline_ms: i64,
    /// How long an idempotency key is remembered. Default 24 h.
    pub(crate) idempotency_ms: i64,
    /// Time limit of a poll, a look-up, a cancel. Default 20,000.
    pub(crate) call_timeout_ms: i64,
    /// Time limit of a submission whose dialect would give it longer. Default 140,000: none would.
    pub(crate) submit_timeout_max_ms: i64,
    /// Limit of name look-up, connecting and TLS together. Default 10,000.
    pub(crate) connect_timeout_ms: i64,
    /// Time limit of one artifact's download. Default 10 min.
    pub(crate) download_timeout_ms: i64,
    /// The largest artifact. Default 2 GiB.
    pub(crate) artifact_max_bytes: u64,
    /// The most bytes of all inputs of one call that are given as URLs. Default 30 MiB.
    pub(crate) input_max_bytes: usize,
    /// The most memory that copies to the store may hold in one process. Default 64 MiB.
    pub(crate) copy_memory_max_bytes: u64,
    /// Words that a prompt may not hold. Default none.
    pub(crate) banned_words: Vec<String>,
}

impl Default for LimitsSection {
    fn default() -> Self {
        Self {
            task_deadline_ms: 7_200_000,
            idempotency_ms: 86_400_000,
            call_timeout_ms: 20_000,
            submit_timeout_max_ms: workers::Settings::default().submit_timeout_max_ms,
            connect_timeout_ms: 10_000,
            download_timeout_ms: 600_000,
            artifact_max_bytes: 2 << 30,
            input_max_bytes: 30 << 20,
            copy_memory_max_bytes: 64 << 20,
            banned_words: Vec::new(),
        }
    }
}

/// `[retention]`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetentionSection {
    /// How long ended tasks, their events, callbacks and artifacts are kept; none (the default): for ever.
    pub(crate) tasks_ms: Option<i64>,
}

/// `[callbacks]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct CallbacksSection {
    /// Addresses beside public ones that callback URLs may name, as `10.0.0.0/8`. Default none.
    pub(crate) allowed_ranges: Vec<String>,
    /// Pauses before the second and each further send (`contract/callback.md`). Default 10, 30 and 60 s.
    pub(crate) ladder_ms: Vec<i64>,
}

impl Default for CallbacksSection {
    fn default() -> Self {
        Self { allowed_ranges: Vec::new(), ladder_ms: vec![10_000, 30_000, 60_000] }
    }
}

/// `[fetch]`
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FetchSection {
    /// Addresses beside public ones that a vendor's artifact links may name. Default none.
    pub(crate) artifact_ranges: Vec<String>,
    /// Addresses beside public ones that callers' input URLs may name. Default none.
    pub(crate) input_ranges: Vec<String>,
}

/// `[work]`: what one process does at a time, and for how long it may hold a task.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct WorkSection {
    /// Submissions at the same time. Default 64.
    pub(crate) submit_concurrency: usize,
    /// Poll requests at the same time. Default 64.
    pub(crate) poll_concurrency: usize,
    /// Copies at the same time; together they have to fit into `limits.copy_memory_max_bytes`. Default 6.
    pub(crate) archive_concurrency: usize,
    /// Callbacks at the same time. Default 64.
    pub(crate) notify_concurrency: usize,
    /// Lease of a submission. Default 150,000.
    pub(crate) submit_lease_ms: i64,
    /// Lease of a batch of polls. Default 60,000.
    pub(crate) poll_lease_ms: i64,
    /// Lease of a copy, renewed while it streams. Default 60,000.
    pub(crate) archive_lease_ms: i64,
    /// Lease of a callback. Default 30,000.
    pub(crate) notify_lease_ms: i64,
    /// What a lease has to hold beyond the call's limit when its first byte goes out. Default 10,000.
    pub(crate) lease_margin_ms: i64,
    /// How long it may stay open whether a paid request arrived, before the channel's policy decides.
    /// Default 10 min.
    pub(crate) uncertain_ms: i64,
    /// Pause between two looks at such a doubt. Default 15,000.
    pub(crate) uncertain_period_ms: i64,
    /// Pause before "unknown to the upstream" is asked a second time. Default 30,000.
    pub(crate) missing_confirm_ms: i64,
    /// How long a question of the vendor's stays open. Default 30 min.
    pub(crate) input_wait_ms: i64,
    /// The longest pause between two tries to submit. Default 30,000.
    pub(crate) retry_max_ms: i64,
    /// Whether upstreams are asked to call `http.public_base` back. Default true.
    pub(crate) hooks: bool,
}

impl Default for WorkSection {
    fn default() -> Self {
        let usual = workers::Settings::default();
        Self {
            submit_concurrency: usual.concurrency.submit,
            poll_concurrency: usual.concurrency.poll,
            // Six uploads of 5 MiB and 5 MiB beside them stay under the 64 MiB of `limits.copy_memory_max_bytes`.
            archive_concurrency: 6,
            notify_concurrency: usual.concurrency.notify,
            submit_lease_ms: usual.submit_lease_ms,
            poll_lease_ms: usual.poll_lease_ms,
            archive_lease_ms: usual.archive_lease_ms,
            notify_lease_ms: usual.notify_lease_ms,
            lease_margin_ms: usual.lease_margin_ms,
            uncertain_ms: usual.uncertain_ms,
            uncertain_period_ms: usual.uncertain_period_ms,
            missing_confirm_ms: usual.missing_confirm_ms,
            input_wait_ms: usual.input_wait_ms,
            retry_max_ms: usual.retry_max_ms,
            hooks: true,
        }
    }
}

/// `[shutdown]`
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ShutdownSection {
    /// How long `serve` goes on taking requests after it has said that it is not ready any more, so that
    /// whoever spreads the requests has noticed. Default 5,000.
    pub(crate) unready_ms: u64,
    /// How long work under way may take to end after that. Default 60,000.
    pub(crate) drain_ms: u64,
}

impl Default for ShutdownSection {
    fn default() -> Self {
        Self { unready_ms: 5_000, drain_ms: 60_000 }
    }
}

/// `[traces]`: OpenTelemetry spans by OTLP over HTTP. Nothing is exported, and nothing runs for it, without an
/// endpoint.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[cfg_attr(test, derive(serde::Serialize))]
#[serde(deny_unknown_fields, default)]
pub(crate) struct TracesSection {
    /// The collector: `http(s)://host[:port]`, which takes them at `/v1/traces`, or the whole address with its
    /// path. Default none.
    pub(crate) endpoint: Option<String>,
    /// What this installation is called there. Default `backlot`.
    pub(crate) service_name: String,
    /// Of traces that no caller began, the share that is exported, from 0 to 1. A caller's own decision goes
    /// for its traces. Default 1.
    pub(crate) sample_ratio: f64,
    /// Headers for the collector, `name: value`, one a line (by the environment only).
    pub(crate) headers: Option<Secret>,
    /// File that holds the headers.
    pub(crate) headers_file: Option<PathBuf>,
}

impl Default for TracesSection {
    fn default() -> Self {
        Self {
            endpoint: None,
            service_name: "backlot".to_owned(),
            sample_ratio: 1.0,
            headers: None,
            headers_file: None,
        }
    }
}
