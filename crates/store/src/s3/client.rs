//! The SDK's client with every limit stated, and nothing taken from the environment: no profile, no proxy.

use super::settings::{ChecksumMode, S3Settings};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Config, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use std::time::Duration;

/// How long a connection is kept for the next request. Shorter than what the usual stores and balancers
/// keep theirs (20 s and more), so that a request seldom meets a closed one.
const IDLE_CONNECTION_LIMIT: Duration = Duration::from_secs(15);

/// Connections that are kept for the next request.
const IDLE_CONNECTIONS_MAX: usize = 64;

/// The bucket as every request of ours needs it.
#[derive(Clone)]
pub(super) struct Bucket {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) prefix: String,
    /// Whether the body of what is put is part of the signature.
    pub(super) signs_payload: bool,
}

impl Bucket {
    pub(super) fn new(settings: &S3Settings) -> Self {
        let client = Client::from_conf(config(settings));
        let signs_payload = settings.signs_payload();
        Self { client, name: settings.bucket.clone(), prefix: settings.prefix.clone(), signs_payload }
    }

    /// What the bucket calls this key.
    pub(super) fn full_key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }
}

fn config(settings: &S3Settings) -> Config {
    let session_token = settings.session_token.as_ref().map(|token| token.expose().to_owned());
    let secret = settings.secret_access_key.expose();
    let credentials = Credentials::new(&settings.access_key_id, secret, session_token, None, "settings");
    let (request_checksums, response_checksums) = match settings.checksums {
        ChecksumMode::Supported => {
            (RequestChecksumCalculation::WhenSupported, ResponseChecksumValidation::WhenSupported)
        }
        ChecksumMode::Required => (RequestChecksumCalculation::WhenRequired, ResponseChecksumValidation::WhenRequired),
    };
    let retries = RetryConfig::standard()
        .with_max_attempts(settings.attempts)
        .with_initial_backoff(settings.backoff)
        .with_max_backoff(settings.backoff_max);
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout)
        .operation_attempt_timeout(settings.attempt_timeout)
        .operation_timeout(settings.request_timeout)
        .build();
    let mut config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .credentials_provider(credentials)
        .force_path_style(settings.path_style)
        .request_checksum_calculation(request_checksums)
        .response_checksum_validation(response_checksums)
        .retry_config(retries)
        .timeout_config(timeouts)
        // Our own limits stand in its place: an attempt's for what goes out, and for what comes in one
        // that does not count the time in which nobody asks for more.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .http_client(http_client(settings));
    config.set_endpoint_url(settings.endpoint.clone());
    config.build()
}

fn http_client(settings: &S3Settings) -> aws_sdk_s3::config::SharedHttpClient {
    let trusted = match &settings.trusted_ca_pem {
        Some(pem) => TrustStore::empty().with_pem_certificate(pem.as_bytes()),
        // A plain store needs no certificates, and a machine that talks to no other may have none.
        None if settings.is_plain_http() => TrustStore::empty(),
        None => TrustStore::default(),
    };
    let builder = aws_smithy_http_client::Builder::new()
        .pool_idle_timeout(IDLE_CONNECTION_LIMIT)
        .pool_max_idle_per_host(IDLE_CONNECTIONS_MAX)
        .tls_provider(Provider::Rustls(CryptoMode::Ring));
    match TlsContext::builder().with_trust_store(trusted).build() {
        Ok(context) => builder.tls_context(context).build_https(),
        // Nothing but a trust store was asked for, which the builder takes as it is.
        Err(_) => builder.build_https(),
    }
}
