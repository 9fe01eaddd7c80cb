//! A bucket of S3, or of any store that speaks its protocol.
//!
//! An object of up to [`S3Settings::single_put_max_bytes`] goes as one request, a larger one in parts
//! ([`upload`]); either way it is seen whole or not at all. What all puts hold in memory stays below
//! [`S3Settings::buffers_max_bytes`] ([`buffers`]). Everything that the SDK may do by itself has a
//! stated limit ([`client`]), and its errors are read in one place ([`error`]).

mod buffers;
mod client;
mod error;
mod intake;
mod read;
mod settings;
mod signing;
mod upload;
mod walk;

pub use settings::{ChecksumMode, Links, S3Settings, S3SettingsError};
pub use signing::PayloadSigning;

use crate::{ByteStream, ObjectMeta, PutReceipt, Store, StoreError, key};
use async_trait::async_trait;
use aws_sdk_s3::config::Config;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::primitives::ByteStream as Body;
use buffers::Buffers;
use bytes::Bytes;
use client::Bucket;
use error::Doing;
use intake::Intake;
use settings::PUT_BESIDE_BYTES;
use std::fmt;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::Instant;
use upload::Cut;
use walk::Swept;

/// What a probe writes and removes again. No key begins with a dot, so that it is never listed.
const PROBE_KEY: &str = ".probe";

/// How long a probe may take before the store counts as away.
const CHECK_LIMIT: Duration = Duration::from_secs(2);

/// For how long a good probe stands for the next ones: each costs two requests, one of them of the dearer
/// kind, and is asked for by every process's readiness.
const CHECK_GOOD_FOR: Duration = Duration::from_secs(10);

/// Artifacts in a bucket.
pub struct S3Store {
    bucket: Bucket,
    settings: S3Settings,
    buffers: Buffers,
    /// When a probe last went well.
    checked: Mutex<Option<Instant>>,
    /// Whether it was said that this store has no list of uploads.
    warned: AtomicBool,
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let S3Settings { endpoint, region, bucket, prefix, .. } = &self.settings;
        let mut shown = f.debug_struct("S3Store");
        shown.field("endpoint", endpoint).field("region", region).field("bucket", bucket).field("prefix", prefix);
        shown.finish_non_exhaustive()
    }
}

impl S3Store {
    /// A store of these settings; the first of their problems when they have any. Asks nobody yet.
    pub fn new(settings: S3Settings) -> Result<Self, S3SettingsError> {
        if let Some(problem) = settings.problems().into_iter().next() {
            return Err(problem);
        }
        let (bucket, buffers) = (Bucket::new(&settings), Buffers::new(settings.buffers_max_bytes));
        Ok(Self { bucket, settings, buffers, checked: Mutex::default(), warned: AtomicBool::new(false) })
    }

    async fn put_whole(&self, key: &str, content_type: &str, bytes: Bytes) -> Result<(), StoreError> {
        let request = self.bucket.client.put_object().bucket(&self.bucket.name).key(self.bucket.full_key(key));
        let request = request.content_type(content_type).body(Body::from(bytes)).customize();
        let request = if self.bucket.signs_payload { request } else { request.disable_payload_signing() };
        request.send().await.map(drop).map_err(|e| error::read(Doing::Putting, &e))
    }

    /// Writes a few bytes and removes them again, each with one attempt. Removing is tried only: a key pair
    /// that may write but not delete is good enough for artifacts.
    async fn probe(&self) -> Result<(), StoreError> {
        let once = || Config::builder().retry_config(RetryConfig::disabled());
        let full_key = self.bucket.full_key(PROBE_KEY);
        let put = self.bucket.client.put_object().bucket(&self.bucket.name).key(&full_key);
        let put = put.body(Body::from_static(b"probe")).customize().config_override(once());
        put.send().await.map_err(|e| error::read(Doing::Probing, &e))?;
        let delete = self.bucket.client.delete_object().bucket(&self.bucket.name).key(&full_key);
        if let Err(e) = delete.customize().config_override(once()).send().await {
            tracing::debug!(error = %error::read(Doing::Probing, &e), "a probe could not be removed");
        }
        Ok(())
    }

    fn last_good_check(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        // A time can't be left half written.
        self.checked.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for S3Store {
    /// A put whose answer is lost may have been written, whole; putting it again replaces it.
    async fn put_stream(
        &self,
        key: &str,
        content_type: &str,
        max_bytes: u64,
        body: ByteStream,
    ) -> Result<PutReceipt, StoreError> {
        key::check(key)?;
        let cut = Cut { part_bytes: self.settings.part_bytes, parts_held: self.settings.parts_held };
        let cut = cut.for_object(max_bytes, self.settings.part_max_bytes());
        let mut intake = Intake::new(body, max_bytes.min(cut.object_max_bytes()));
        let first_bytes = self.settings.single_put_bytes().max(cut.part_bytes);
        // Nothing that is longer is taken in, so that what is known to be small takes little room.
        let first_bytes = first_bytes.min(usize::try_from(max_bytes).unwrap_or(usize::MAX));
        let no_room = || Doing::Putting.away(upload::NO_ROOM);
        let beside_bytes = PUT_BESIDE_BYTES.min(first_bytes);
        let mut place = self.buffers.admit(first_bytes, beside_bytes).await.ok_or_else(no_room)?;
        let mut first = place.block(first_bytes).await.ok_or_else(no_room)?;
        intake.fill(&mut first, first_bytes).await?;
        if intake.is_at_end().await? {
            self.put_whole(key, content_type, place.whole(first)).await?;
        } else {
            upload::put(&self.bucket, key, content_type, cut, first.freeze(), &mut intake, &place).await?;
        }
        Ok(intake.receipt())
    }

    /// Where the key pair may not list the bucket, S3 answers 403 for what is not there: that is
    /// [`StoreError::Away`], so the key pair needs `s3:ListBucket`.
    async fn head(&self, key: &str) -> Result<ObjectMeta, StoreError> {
        key::check(key)?;
        read::head(&self.bucket, key).await
    }

    async fn get_range(&self, key: &str, range: Option<Range<u64>>) -> Result<(ObjectMeta, ByteStream), StoreError> {
        key::check(key)?;
        read::range(&self.bucket, key, range, self.settings.idle_timeout).await
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        key::check(key)?;
        let request = self.bucket.client.delete_object().bucket(&self.bucket.name).key(self.bucket.full_key(key));
        match request.send().await.map_err(|e| error::read(Doing::Deleting, &e)) {
            Ok(_) | Err(StoreError::Missing) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn list(&self, prefix: &str, after: Option<&str>, limit: usize) -> Result<Vec<String>, StoreError> {
        key::check_prefix(prefix)?;
        walk::keys(&self.bucket, prefix, after, limit).await
    }

    /// Looks at uploads under our prefix only. A store that has no list of uploads (`NotImplemented`) is left
    /// alone: 0, and one warning that it needs a lifecycle rule of its own.
    async fn sweep_uploads(&self, before_ms: i64) -> Result<usize, StoreError> {
        match walk::sweep(&self.bucket, before_ms).await? {
            Swept::Removed(removed) => Ok(removed),
            Swept::NoList => {
                if !self.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "the store can't list unfinished uploads: give the bucket a rule that aborts old ones"
                    );
                }
                Ok(0)
            }
        }
    }

    /// Writes an object and removes it again; a good answer stands for 10 s.
    async fn check(&self) -> Result<(), StoreError> {
        if self.last_good_check().is_some_and(|checked| checked.elapsed() < CHECK_GOOD_FOR) {
            return Ok(());
        }
        let limit_passed = |_| Doing::Probing.away("it did not answer in time");
        tokio::time::timeout(CHECK_LIMIT, self.probe()).await.map_err(limit_passed)??;
        *self.last_good_check() = Some(Instant::now());
        Ok(())
    }

    fn public_link(&self, key: &str) -> Option<String> {
        match &self.settings.links {
            Links::Proxied => None,
            Links::Public { base_url } => {
                Some(format!("{}/{}", base_url.trim_end_matches('/'), self.bucket.full_key(key)))
            }
        }
    }
}
