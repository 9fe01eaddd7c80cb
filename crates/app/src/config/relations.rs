//! Values that make no sense, alone or beside each other: which key, what is wrong, what to write instead.

use super::Problem;
use super::sections::{Config, S3Section, SpillSection};
use super::settings::s3_settings;
use crate::folder::parse_key;
use std::path::PathBuf;
use task::AddressRanges;
use url::Url;

/// What one callback takes at the most (`contract/callback.md`), its record included.
const CALLBACK_MAX_MS: i64 = 8_000;
/// A process needs one connection for each of: reads, hot writes, cold writes, readiness.
const CONNECTIONS_MIN: u32 = 4;
/// The shortest lease of a copy: it is renewed at a third of its length.
const ARCHIVE_LEASE_MIN_MS: i64 = 15_000;

#[derive(Default)]
struct Found(Vec<Problem>);

impl Found {
    fn unless(&mut self, fits: bool, key: &str, wrong: impl Into<String>, instead: impl Into<String>) {
        if !fits {
            self.0.push(Problem::new(key, wrong, instead));
        }
    }
}

/// Everything that has to be changed before the configuration can be used.
pub(super) fn problems(config: &Config) -> Vec<Problem> {
    let mut found = Found::default();
    servers(config, &mut found);
    store(config, &mut found);
    http(config, &mut found);
    leases(config, &mut found);
    amounts(config, &mut found);
    ranges(config, &mut found);
    found.0.extend(super::traces::problems(&config.traces));
    found.0
}

fn servers(config: &Config, found: &mut Found) {
    let ledger = &config.ledger;
    match ledger.url.as_ref().map(|url| url.expose()) {
        None => found.unless(false, "ledger.url", "is missing", "write postgres://user@host/database, or url_file"),
        Some(url) => {
            let known = ["postgres://", "postgresql://", "sqlite:"].iter().any(|scheme| url.starts_with(scheme));
            found.unless(known, "ledger.url", "is no ledger's", "begin it with postgres:// or sqlite:");
        }
    }
    match ledger.key.as_ref().map(|key| key.expose()) {
        None => found.unless(
            false,
            "ledger.key_file",
            "is missing",
            "name a file with 64 hex digits, as `openssl rand -hex 32` writes them; every process has the same",
        ),
        Some(key) => found.unless(parse_key(key).is_ok(), "ledger.key", "is no key", "give exactly 64 hex digits"),
    }
    found.unless(
        ledger.max_connections >= CONNECTIONS_MIN,
        "ledger.max_connections",
        format!("{} are too few", ledger.max_connections),
        format!("write at least {CONNECTIONS_MIN}"),
    );
    match config.queue.url.as_ref().map(|url| url.expose()) {
        None => found.unless(false, "queue.url", "is missing", "write redis://host:6379, or url_file"),
        Some("memory") => found.unless(
            false,
            "queue.url",
            "processes can't share a queue in memory",
            "write redis://host:6379; for one process alone run `backlot dev`",
        ),
        Some(url) => {
            let known = ["redis", "rediss"].iter().any(|scheme| url.starts_with(scheme)) && url.contains("://");
            found.unless(
                known,
                "queue.url",
                "is no Redis's",
                "write redis://host:6379, redis+sentinel://host,host/master or redis+cluster://host,host",
            );
            let is_cluster = url.contains("+cluster://");
            found.unless(
                config.queue.shards == 1 || is_cluster,
                "queue.shards",
                "more than one shard needs a Cluster",
                "write 1",
            );
        }
    }
    let shards = config.queue.shards;
    found.unless((1..=64).contains(&shards), "queue.shards", format!("{shards} can't be"), "write 1 to 64");
    found.unless(!config.queue.prefix.is_empty(), "queue.prefix", "is empty", "write backlot");
}

fn store(config: &Config, found: &mut Found) {
    let section = &config.store;
    match (&section.folder, &section.s3) {
        (None, None) => found.unless(false, "store.s3", "is missing", "write a [store.s3] section, or store.folder"),
        (Some(_), Some(_)) => found.unless(false, "store.folder", "there is a bucket, too", "keep one of them"),
        (Some(_), None) => found.unless(
            section.public_base.is_none(),
            "store.public_base",
            "a folder has no public address",
            "leave it out: artifacts go through `serve`",
        ),
        (None, Some(s3)) => bucket(config, s3, found),
    }
    if let Some(spill) = &section.spill {
        spill_folder(config, spill, found);
    }
}

fn spill_folder(config: &Config, spill: &SpillSection, found: &mut Found) {
    let folder = &spill.folder;
    found.unless(
        !folder.as_os_str().is_empty(),
        "store.spill.folder",
        "is missing",
        "name a folder of each process's own, or leave [store.spill] out",
    );
    let is_inside = |store: &PathBuf| folder.starts_with(store) || store.starts_with(folder);
    found.unless(
        folder.as_os_str().is_empty() || !config.store.folder.as_ref().is_some_and(is_inside),
        "store.spill.folder",
        "lies in store.folder, or around it",
        "name a folder apart, better on another disk",
    );
    let largest = config.limits.artifact_max_bytes;
    found.unless(
        spill.max_bytes >= largest,
        "store.spill.max_bytes",
        format!("{} has no room for one artifact of limits.artifact_max_bytes ({largest})", spill.max_bytes),
        format!("write at least {largest}"),
    );
}

fn bucket(config: &Config, s3: &S3Section, found: &mut Found) {
    let trusted = match s3.trusted_ca_file.as_ref().map(std::fs::read_to_string).transpose() {
        Ok(pem) => pem,
        Err(error) => {
            let wrong = format!("can't be read ({})", error.kind());
            return found.unless(false, "store.s3.trusted_ca_file", wrong, "name a file that this user may read");
        }
    };
    let settings = s3_settings(config, s3, trusted);
    for problem in settings.problems() {
        let key = match problem.field {
            "trusted_ca_pem" => "store.s3.trusted_ca_file".to_owned(),
            "links.base_url" => "store.public_base".to_owned(),
            "buffers_max_bytes" => "limits.copy_memory_max_bytes".to_owned(),
            field if field.ends_with("_timeout") || field.starts_with("backoff") => format!("store.s3.{field}_ms"),
            field => format!("store.s3.{field}"),
        };
        found.unless(false, &key, "does not fit", problem.advice);
    }
    let put_bytes = settings.put_memory_max_bytes() as u64;
    let room_bytes = config.limits.copy_memory_max_bytes;
    let copies = config.work.archive_concurrency as u64;
    found.unless(
        put_bytes.saturating_mul(copies) <= room_bytes,
        "work.archive_concurrency",
        format!(
            "{copies} copies of {put_bytes} bytes each do not fit into limits.copy_memory_max_bytes ({room_bytes})"
        ),
        format!(
            "write at most {}, or raise limits.copy_memory_max_bytes to {}",
            room_bytes.checked_div(put_bytes).unwrap_or(0),
            put_bytes.saturating_mul(copies)
        ),
    );
}

fn http(config: &Config, found: &mut Found) {
    let http = &config.http;
    let is_open = !http.listen.ip().is_loopback();
    found.unless(
        http.listen.port() == 0 || http.listen != http.ops_listen,
        "http.ops_listen",
        "is the same as http.listen",
        "choose another port, which the outside does not reach",
    );
    match &http.public_base {
        None => found.unless(
            !is_open && http.listen.port() != 0,
            "http.public_base",
            "is missing, but http.listen is no address of this machine alone",
            "write how callers reach the service through its proxy, as https://backlot.example.com",
        ),
        Some(base) => found.unless(
            is_base(base),
            "http.public_base",
            "is no scheme and host",
            "write https://host or https://host:port, without a path",
        ),
    }
    let admin = http.admin_secret.as_ref().map_or(usize::MAX, |secret| secret.expose().len());
    found.unless(admin >= 16, "http.admin_secret", "is too short", "give at least 16 characters");
}

fn is_base(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.path() == "/"
            && url.query().is_none()
            && url.fragment().is_none()
            && url.username().is_empty()
    })
}

/// A lease has to outlast the call that it covers, or two processes would make the same call.
fn leases(config: &Config, found: &mut Found) {
    let (work, limits) = (&config.work, &config.limits);
    let margin_ms = work.lease_margin_ms;
    found.unless(
        margin_ms >= 1_000,
        "work.lease_margin_ms",
        format!("{margin_ms} is too short"),
        "write at least 1000",
    );
    let empty = serde_json::Map::new();
    let slowest = providers::all().iter().max_by_key(|dialect| dialect.capabilities(&empty).submit_timeout_ms);
    if let Some(dialect) = slowest {
        let call_ms = dialect.capabilities(&empty).submit_timeout_ms.min(limits.submit_timeout_max_ms);
        outlasts(found, "work.submit_lease_ms", work.submit_lease_ms, call_ms, margin_ms, dialect.name());
    }
    outlasts(found, "work.poll_lease_ms", work.poll_lease_ms, limits.call_timeout_ms, margin_ms, "a poll");
    outlasts(found, "work.notify_lease_ms", work.notify_lease_ms, CALLBACK_MAX_MS, margin_ms, "a callback");
    let archive_ms = work.archive_lease_ms;
    found.unless(
        archive_ms >= ARCHIVE_LEASE_MIN_MS,
        "work.archive_lease_ms",
        format!("{archive_ms} leaves no time to renew it"),
        format!("write at least {ARCHIVE_LEASE_MIN_MS}"),
    );
    found.unless(
        work.uncertain_ms >= work.uncertain_period_ms,
        "work.uncertain_ms",
        format!("{} ends a doubt before its first look ({})", work.uncertain_ms, work.uncertain_period_ms),
        format!("write at least {}", work.uncertain_period_ms),
    );
    found.unless(
        limits.task_deadline_ms > work.submit_lease_ms,
        "limits.task_deadline_ms",
        format!("{} ends a task before one submission may ({})", limits.task_deadline_ms, work.submit_lease_ms),
        format!("write more than {}", work.submit_lease_ms),
    );
    let kept_ms = config.retention.tasks_ms.unwrap_or(i64::MAX);
    found.unless(
        kept_ms >= limits.idempotency_ms,
        "retention.tasks_ms",
        format!("{kept_ms} forgets tasks that limits.idempotency_ms ({}) still answers with", limits.idempotency_ms),
        format!("write at least {}", limits.idempotency_ms),
    );
}

fn outlasts(found: &mut Found, key: &str, lease_ms: i64, call_ms: i64, margin_ms: i64, whose: &str) {
    let needed_ms = call_ms.saturating_add(margin_ms);
    found.unless(
        lease_ms >= needed_ms,
        key,
        format!("{lease_ms} is shorter than a call of {whose} ({call_ms}) and work.lease_margin_ms ({margin_ms})"),
        format!("write at least {needed_ms}"),
    );
}

fn amounts(config: &Config, found: &mut Found) {
    let (work, limits) = (&config.work, &config.limits);
    for (key, count) in [
        ("work.submit_concurrency", work.submit_concurrency),
        ("work.poll_concurrency", work.poll_concurrency),
        ("work.archive_concurrency", work.archive_concurrency),
        ("work.notify_concurrency", work.notify_concurrency),
    ] {
        found.unless((1..=10_000).contains(&count), key, format!("{count} can't be"), "write 1 to 10000");
    }
    for (key, time_ms) in [
        ("limits.idempotency_ms", limits.idempotency_ms),
        ("limits.call_timeout_ms", limits.call_timeout_ms),
        ("limits.submit_timeout_max_ms", limits.submit_timeout_max_ms),
        ("limits.connect_timeout_ms", limits.connect_timeout_ms),
        ("limits.download_timeout_ms", limits.download_timeout_ms),
        ("work.uncertain_period_ms", work.uncertain_period_ms),
        ("work.missing_confirm_ms", work.missing_confirm_ms),
        ("work.input_wait_ms", work.input_wait_ms),
        ("work.retry_max_ms", work.retry_max_ms),
    ] {
        found.unless(time_ms > 0, key, format!("{time_ms} is no time"), "write more than 0, in milliseconds");
    }
    let ladder = &config.callbacks.ladder_ms;
    let fits = !ladder.is_empty() && ladder.len() <= 20 && ladder.iter().all(|pause_ms| *pause_ms > 0);
    found.unless(fits, "callbacks.ladder_ms", "can't be", "write 1 to 20 pauses, each more than 0");
    found.unless(
        limits.artifact_max_bytes > 0,
        "limits.artifact_max_bytes",
        "is 0",
        "write the largest artifact's size",
    );
    found.unless(
        limits.connect_timeout_ms <= limits.call_timeout_ms,
        "limits.connect_timeout_ms",
        "is longer than limits.call_timeout_ms, of which it is a part",
        format!("write at most {}", limits.call_timeout_ms),
    );
}

fn ranges(config: &Config, found: &mut Found) {
    for (key, texts) in [
        ("callbacks.allowed_ranges", &config.callbacks.allowed_ranges),
        ("fetch.artifact_ranges", &config.fetch.artifact_ranges),
        ("fetch.input_ranges", &config.fetch.input_ranges),
    ] {
        if let Err(error) = AddressRanges::parse(texts) {
            found.unless(false, key, error.to_string(), "or leave it out");
        }
    }
}
