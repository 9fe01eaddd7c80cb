//! What the configuration means to each part: plain translation, no decision that the operator does not see.

use super::sections::{Config, S3Section};
use front::Settings as FrontSettings;
use queue::RedisSettings;
use std::sync::Arc;
use std::time::Duration;
use store::{Links, S3Settings};
use task::{AddressRanges, Secret};
use workers::outbound::OutboundSettings;
use workers::{Concurrency, Settings as CoreSettings};

/// Where callers and upstreams reach the service, without a slash at its end.
fn public_base(config: &Config) -> String {
    match &config.http.public_base {
        Some(base) => base.trim_end_matches('/').to_owned(),
        None => format!("http://{}", config.http.listen),
    }
}

/// Where callers reach artifacts: the public bucket, else `serve`.
fn media_base(config: &Config) -> String {
    match (&config.store.public_base, &config.store.s3) {
        (Some(base), Some(s3)) => {
            let base = format!("{}/{}", base.trim_end_matches('/'), s3.prefix);
            base.trim_end_matches('/').to_owned()
        }
        _ => format!("{}/media", public_base(config)),
    }
}

/// The queue's settings.
pub(crate) fn redis_settings(config: &Config) -> RedisSettings {
    let queue = &config.queue;
    let url = queue.url.as_ref().map(|url| url.expose().to_owned()).unwrap_or_default();
    RedisSettings { url, prefix: queue.prefix.clone(), shards: queue.shards }
}

/// The bucket's settings. `trusted_ca_pem` is what stands in `trusted_ca_file`.
pub(crate) fn s3_settings(config: &Config, s3: &S3Section, trusted_ca_pem: Option<String>) -> S3Settings {
    let public_base = config.store.public_base.as_deref();
    let secret = s3.secret_access_key.clone().unwrap_or_default();
    let usual = S3Settings::new(&s3.region, &s3.bucket, &s3.access_key_id, secret);
    S3Settings {
        endpoint: s3.endpoint.clone(),
        prefix: s3.prefix.clone(),
        path_style: s3.path_style,
        session_token: s3.session_token.clone(),
        trusted_ca_pem,
        checksums: s3.checksums.into(),
        payload_signing: s3.payload_signing.into(),
        links: public_base.map_or(Links::Proxied, |base| Links::Public { base_url: base.to_owned() }),
        part_bytes: s3.part_bytes,
        single_put_max_bytes: s3.single_put_max_bytes,
        parts_held: s3.parts_held,
        buffers_max_bytes: usize::try_from(config.limits.copy_memory_max_bytes).unwrap_or(usize::MAX),
        attempts: s3.attempts,
        backoff: Duration::from_millis(s3.backoff_ms),
        backoff_max: Duration::from_millis(s3.backoff_max_ms),
        connect_timeout: Duration::from_millis(s3.connect_timeout_ms),
        attempt_timeout: Duration::from_millis(s3.attempt_timeout_ms),
        request_timeout: Duration::from_millis(s3.request_timeout_ms),
        idle_timeout: Duration::from_millis(s3.idle_timeout_ms),
        ..usual
    }
}

/// Front's settings. `closed` is the admin API's secret when none was configured: one that nobody knows.
pub(crate) fn front_settings(config: &Config, closed: Secret) -> anyhow::Result<FrontSettings> {
    Ok(FrontSettings {
        media_base: media_base(config),
        public_base: public_base(config),
        callback_ranges: ranges(&config.callbacks.allowed_ranges)?,
        admin_secret: config.http.admin_secret.clone().unwrap_or(closed),
        task_deadline_ms: config.limits.task_deadline_ms,
        idempotency_ms: config.limits.idempotency_ms,
        retention_ms: config.retention.tasks_ms,
        price: 0,
        banned_words: config.limits.banned_words.iter().map(|word| word.to_lowercase()).collect(),
        dev: None,
    })
}

/// The stages' settings.
pub(crate) fn core_settings(config: &Config) -> CoreSettings {
    let (work, limits) = (&config.work, &config.limits);
    CoreSettings {
        media_base: media_base(config),
        hook_base: work.hooks.then(|| public_base(config)),
        submit_lease_ms: work.submit_lease_ms,
        poll_lease_ms: work.poll_lease_ms,
        archive_lease_ms: work.archive_lease_ms,
        notify_lease_ms: work.notify_lease_ms,
        lease_margin_ms: work.lease_margin_ms,
        call_timeout_ms: limits.call_timeout_ms,
        submit_timeout_max_ms: limits.submit_timeout_max_ms,
        uncertain_ms: work.uncertain_ms,
        uncertain_period_ms: work.uncertain_period_ms,
        missing_confirm_ms: work.missing_confirm_ms,
        input_wait_ms: work.input_wait_ms,
        retry_max_ms: work.retry_max_ms,
        callback_ladder_ms: config.callbacks.ladder_ms.clone(),
        artifact_max_bytes: limits.artifact_max_bytes,
        download_timeout_ms: limits.download_timeout_ms,
        concurrency: Concurrency {
            submit: work.submit_concurrency,
            poll: work.poll_concurrency,
            archive: work.archive_concurrency,
            notify: work.notify_concurrency,
        },
        retention_ms: config.retention.tasks_ms,
    }
}

/// The HTTP client's settings.
pub(crate) fn outbound_settings(config: &Config) -> anyhow::Result<OutboundSettings> {
    Ok(OutboundSettings {
        artifact_ranges: ranges(&config.fetch.artifact_ranges)?,
        input_ranges: ranges(&config.fetch.input_ranges)?,
        callback_ranges: ranges(&config.callbacks.allowed_ranges)?,
        connect_timeout_ms: config.limits.connect_timeout_ms,
        input_max_bytes: config.limits.input_max_bytes,
        ..OutboundSettings::default()
    })
}

fn ranges(texts: &[String]) -> anyhow::Result<Arc<AddressRanges>> {
    Ok(Arc::new(AddressRanges::parse(texts)?))
}
