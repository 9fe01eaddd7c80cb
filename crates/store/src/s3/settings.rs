//! What an operator says about the bucket, and what does not fit together.

use super::signing::PayloadSigning;
use crate::key;
use http::Uri;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use serde::Deserialize;
use std::fmt;
use std::time::Duration;
use task::Secret;

/// The smallest part but the last that S3 takes (its guide, "multipart upload limits").
pub(super) const PART_MIN_BYTES: usize = 5 << 20;

/// The largest body of one request that S3 takes (the same page).
const REQUEST_MAX_BYTES: usize = 5 << 30;

/// The most parts that S3 takes for one object (the same page).
pub(super) const PARTS_MAX: u64 = 10_000;

/// Bytes of a part unless told otherwise: the fewest, so that many puts have room beside each other.
const PART_BYTES: usize = PART_MIN_BYTES;

/// Parts that a put holds at a time at most unless told otherwise.
const PARTS_HELD: usize = 3;

/// Memory that all puts of a store hold unless told otherwise.
const BUFFERS_MAX_BYTES: usize = 64 << 20;

/// What a put is counted with beside its parts at most: what its source and its connections have read, the head that
/// is looked at, and what the allocator does not give back. Measured: 40 MiB with 8 large copies under way.
pub(super) const PUT_BESIDE_BYTES: usize = 5 << 20;

/// How often a request is sent at most unless told otherwise, the first time included.
const ATTEMPTS: u32 = 4;

/// The first pause between two attempts, and the longest one, unless told otherwise.
const BACKOFF: Duration = Duration::from_millis(200);
const BACKOFF_MAX: Duration = Duration::from_secs(5);

/// How long a connection may take to stand unless told otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long one attempt of a request may take, its body included, unless told otherwise.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a request may take with all its attempts unless told otherwise.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(180);

/// How long a download may stand still unless told otherwise.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// When checksums beside the signature are sent and asked for. Some stores refuse those that are sent by
/// default (aws-sdk-rust issue 1240 and the makers' notes name several).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChecksumMode {
    /// Wherever the protocol has them (AWS, MinIO, Ceph).
    #[default]
    Supported,
    /// Only where the protocol demands them.
    Required,
}

/// How callers come to an object's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Links {
    /// Through our own service.
    #[default]
    Proxied,
    /// Straight from the bucket, which anybody may read.
    Public {
        /// What stands before `/<prefix><key>`: the bucket's own address or that of a CDN before it.
        base_url: String,
    },
}

/// A bucket and how to talk to it. [`S3Settings::new`] fills in what is usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Settings {
    /// `http(s)://host[:port][/path]`; AWS's own address of the region when `None`.
    pub endpoint: Option<String>,
    /// Region; stores without regions mostly take `us-east-1` or `auto`.
    pub region: String,
    /// Bucket, which has to be there.
    pub bucket: String,
    /// What stands before each key: empty, or ends with a slash.
    pub prefix: String,
    /// Whether the bucket is named in the path instead of the host; most stores but AWS want that.
    pub path_style: bool,
    /// Access key id.
    pub access_key_id: String,
    /// Its secret.
    pub secret_access_key: Secret,
    /// Session token, for temporary credentials.
    pub session_token: Option<Secret>,
    /// Certificates (PEM) of whoever signed the store's own: trusted instead of those that the machine trusts.
    pub trusted_ca_pem: Option<String>,
    /// When checksums are sent and asked for.
    pub checksums: ChecksumMode,
    /// Whether the bytes of what is put are part of the signature.
    pub payload_signing: PayloadSigning,
    /// How callers come to the bytes.
    pub links: Links,
    /// Bytes of each part of a multipart upload but the last: 5 MiB to 5 GiB. Parts of an object that may be
    /// larger than 10,000 of them are longer.
    pub part_bytes: usize,
    /// Up to this size (rounded up to whole parts) an object goes as one request, up to 5 GiB.
    pub single_put_max_bytes: usize,
    /// Parts that a put holds at a time at most, the one that fills included; at least 1. It has those beyond
    /// the first only while there is room that no other put waits for.
    pub parts_held: usize,
    /// The most bytes that all puts hold at a time. Further puts wait; at least one always goes on.
    pub buffers_max_bytes: usize,
    /// How often a request is sent at most, the first time included; at least 1.
    pub attempts: u32,
    /// The first pause between two attempts; each further one is longer, and they vary.
    pub backoff: Duration,
    /// The longest pause between two attempts.
    pub backoff_max: Duration,
    /// How long a connection may take to stand.
    pub connect_timeout: Duration,
    /// How long one attempt of a request may take, its body included: a part has to pass within it.
    pub attempt_timeout: Duration,
    /// How long a request may take with all its attempts. Uploads and downloads consist of many requests.
    pub request_timeout: Duration,
    /// How long a download may stand still while somebody waits for it.
    pub idle_timeout: Duration,
}

/// A setting that can't be, or does not fit another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {advice}")]
pub struct S3SettingsError {
    /// The field of [`S3Settings`].
    pub field: &'static str,
    /// What to change.
    pub advice: String,
}

impl S3Settings {
    /// A bucket of AWS in this region with this key, and what is usual for everything else.
    pub fn new(region: &str, bucket: &str, access_key_id: &str, secret_access_key: Secret) -> Self {
        Self {
            endpoint: None,
            region: region.to_owned(),
            bucket: bucket.to_owned(),
            prefix: String::new(),
            path_style: false,
            access_key_id: access_key_id.to_owned(),
            secret_access_key,
            session_token: None,
            trusted_ca_pem: None,
            checksums: ChecksumMode::default(),
            payload_signing: PayloadSigning::default(),
            links: Links::default(),
            part_bytes: PART_BYTES,
            single_put_max_bytes: PART_BYTES,
            parts_held: PARTS_HELD,
            buffers_max_bytes: BUFFERS_MAX_BYTES,
            attempts: ATTEMPTS,
            backoff: BACKOFF,
            backoff_max: BACKOFF_MAX,
            connect_timeout: CONNECT_TIMEOUT,
            attempt_timeout: ATTEMPT_TIMEOUT,
            request_timeout: REQUEST_TIMEOUT,
            idle_timeout: IDLE_TIMEOUT,
        }
    }

    /// Everything that has to be changed before a store can be made of this; empty when it can.
    pub fn problems(&self) -> Vec<S3SettingsError> {
        let mut problems = Problems::default();
        problems.unless(!self.region.is_empty(), "region", "name one (us-east-1 where the store has none)");
        problems.unless(
            is_bucket(&self.bucket),
            "bucket",
            "name one: 1 to 255 of a-z, A-Z, 0-9, dot, dash, underscore",
        );
        let is_folder = self.prefix.is_empty() || self.prefix.ends_with('/');
        let well_formed = is_folder && key::check_prefix(&self.prefix).is_ok();
        problems.unless(well_formed, "prefix", "leave it empty, or write folders/with/a/slash/at/the/end/");
        let room_bytes = KEY_ON_SERVER_MAX_BYTES - key::KEY_MAX_BYTES;
        problems.unless(self.prefix.len() <= room_bytes, "prefix", format!("make it at most {room_bytes} bytes long"));
        problems.unless(!self.access_key_id.is_empty(), "access_key_id", "name one");
        problems.unless(!self.secret_access_key.is_empty(), "secret_access_key", "give one");
        let endpoint_ok = self.endpoint.as_deref().is_none_or(is_web_address);
        problems.unless(endpoint_ok, "endpoint", "write http(s)://host[:port], with no credentials or query in it");
        let trusted_ok = self.trusted_ca_pem.as_deref().is_none_or(is_trust);
        problems.unless(
            trusted_ok,
            "trusted_ca_pem",
            "give the text between and with the BEGIN and END CERTIFICATE lines",
        );
        if let Links::Public { base_url } = &self.links {
            problems.unless(is_web_address(base_url), "links.base_url", "write http(s)://host, with no query in it");
        }
        self.sizes(&mut problems);
        self.times(&mut problems);
        problems.0
    }

    fn sizes(&self, problems: &mut Problems) {
        let part_fits = (PART_MIN_BYTES..=REQUEST_MAX_BYTES).contains(&self.part_bytes);
        problems.unless(part_fits, "part_bytes", "choose 5 MiB to 5 GiB, which is what S3 takes");
        let single_fits = part_fits && self.single_put_bytes() <= REQUEST_MAX_BYTES;
        problems.unless(single_fits, "single_put_max_bytes", "choose at most 5 GiB, rounded up to whole parts");
        problems.unless(self.parts_held > 0, "parts_held", "choose at least 1");
        let room_fits = self.put_memory_max_bytes() <= self.buffers_max_bytes;
        problems.unless(room_fits, "buffers_max_bytes", format!("choose at least {}", self.put_memory_max_bytes()));
        problems.unless(self.attempts > 0, "attempts", "choose at least 1");
    }

    fn times(&self, problems: &mut Problems) {
        let limits = [
            ("connect_timeout", self.connect_timeout),
            ("attempt_timeout", self.attempt_timeout),
            ("request_timeout", self.request_timeout),
            ("idle_timeout", self.idle_timeout),
        ];
        for (field, limit) in limits {
            problems.unless(!limit.is_zero(), field, "choose more than 0");
        }
        let connect_fits = self.connect_timeout <= self.attempt_timeout;
        problems.unless(connect_fits, "connect_timeout", "choose at most attempt_timeout, of which it is a part");
        let attempt_fits = self.attempt_timeout <= self.request_timeout;
        problems.unless(attempt_fits, "attempt_timeout", "choose at most request_timeout, of which it is a part");
        problems.unless(self.backoff <= self.backoff_max, "backoff", "choose at most backoff_max");
    }

    /// What a put of unknown length takes of [`Self::buffers_max_bytes`] before it begins, and has until it ends:
    /// as many puts go on side by side as there is room for so many bytes.
    pub fn put_memory_max_bytes(&self) -> usize {
        self.single_put_bytes().saturating_add(PUT_BESIDE_BYTES)
    }

    /// The longest part that there is room for.
    pub(super) fn part_max_bytes(&self) -> usize {
        self.buffers_max_bytes.saturating_sub(PUT_BESIDE_BYTES).min(REQUEST_MAX_BYTES)
    }

    /// Up to how many bytes an object goes as one request: whole parts, at least one.
    pub(super) fn single_put_bytes(&self) -> usize {
        let part_bytes = self.part_bytes.max(1);
        self.single_put_max_bytes.div_ceil(part_bytes).max(1).saturating_mul(part_bytes)
    }

    /// Whether the store is asked without TLS.
    pub(super) fn is_plain_http(&self) -> bool {
        let scheme = self.endpoint.as_deref().and_then(|endpoint| endpoint.split_once("://"));
        scheme.is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("http"))
    }
}

/// The longest key that S3 takes ("naming Amazon S3 objects").
const KEY_ON_SERVER_MAX_BYTES: usize = 1024;

#[derive(Default)]
struct Problems(Vec<S3SettingsError>);

impl Problems {
    fn unless(&mut self, fits: bool, field: &'static str, advice: impl fmt::Display) {
        if !fits {
            self.0.push(S3SettingsError { field, advice: advice.to_string() });
        }
    }
}

fn is_bucket(name: &str) -> bool {
    let written = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    !name.is_empty() && name.len() <= 255 && !name.starts_with('.') && name.bytes().all(written)
}

fn is_web_address(text: &str) -> bool {
    let Ok(uri) = text.parse::<Uri>() else { return false };
    let no_userinfo = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    matches!(uri.scheme_str(), Some("http" | "https")) && no_userinfo && uri.query().is_none() && !text.contains('#')
}

/// Whether every certificate in the text can be trusted, and there is one.
fn is_trust(pem: &str) -> bool {
    let mut roots = RootCertStore::empty();
    let all_good = CertificateDer::pem_slice_iter(pem.as_bytes())
        .all(|certificate| certificate.is_ok_and(|certificate| roots.add(certificate).is_ok()));
    all_good && !roots.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn usual() -> S3Settings {
        S3Settings::new("eu-central-1", "artifacts", "AKID", Secret::new("secret"))
    }

    fn fields(settings: &S3Settings) -> Vec<&'static str> {
        settings.problems().iter().map(|problem| problem.field).collect()
    }

    #[test]
    fn what_is_usual_fits_together() {
        assert_eq!(fields(&usual()), [""; 0]);
        let endpoint = Some("https://example.org:9000/storage/v1/s3".to_owned());
        let links = Links::Public { base_url: "https://cdn.example.org/a".to_owned() };
        assert_eq!(fields(&S3Settings { endpoint, links, prefix: "a/b/".to_owned(), ..usual() }), [""; 0]);
        assert_eq!(usual().buffers_max_bytes / usual().put_memory_max_bytes(), 6, "puts side by side");
    }

    #[test]
    fn each_setting_that_can_not_be_is_named() {
        let second = Duration::from_secs(1);
        let cases = [
            (S3Settings { region: String::new(), ..usual() }, "region"),
            (S3Settings { bucket: "a/b".to_owned(), ..usual() }, "bucket"),
            (S3Settings { prefix: "a".to_owned(), ..usual() }, "prefix"),
            (S3Settings { prefix: "../".to_owned(), ..usual() }, "prefix"),
            (S3Settings { prefix: "part/".repeat(30), ..usual() }, "prefix"),
            (S3Settings { access_key_id: String::new(), ..usual() }, "access_key_id"),
            (S3Settings { secret_access_key: Secret::default(), ..usual() }, "secret_access_key"),
            (S3Settings { endpoint: Some("example.org".to_owned()), ..usual() }, "endpoint"),
            (S3Settings { endpoint: Some("https://a:b@example.org".to_owned()), ..usual() }, "endpoint"),
            (S3Settings { links: Links::Public { base_url: "ftp://a".to_owned() }, ..usual() }, "links.base_url"),
            (S3Settings { trusted_ca_pem: Some("no certificate".to_owned()), ..usual() }, "trusted_ca_pem"),
            (
                S3Settings { single_put_max_bytes: 6 << 30, buffers_max_bytes: 7 << 30, ..usual() },
                "single_put_max_bytes",
            ),
            (S3Settings { parts_held: 0, ..usual() }, "parts_held"),
            (S3Settings { buffers_max_bytes: 5 << 20, ..usual() }, "buffers_max_bytes"),
            (S3Settings { attempts: 0, ..usual() }, "attempts"),
            (S3Settings { idle_timeout: Duration::ZERO, ..usual() }, "idle_timeout"),
            (S3Settings { attempt_timeout: second, ..usual() }, "connect_timeout"),
            (S3Settings { request_timeout: 10 * second, ..usual() }, "attempt_timeout"),
            (S3Settings { backoff: 60 * second, ..usual() }, "backoff"),
        ];
        for (settings, field) in cases {
            assert_eq!(fields(&settings), [field]);
        }
        let small = S3Settings { part_bytes: 1 << 20, ..usual() };
        assert!(fields(&small).contains(&"part_bytes"));
    }

    #[test]
    fn no_secret_is_printed() {
        let settings = S3Settings { session_token: Some(Secret::new("the-token")), ..usual() };
        let printed = format!("{settings:?}");
        assert!(!printed.contains("\"secret\"") && !printed.contains("the-token"), "{printed}");
    }
}
