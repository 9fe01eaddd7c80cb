//! An object that goes in parts: seen whole once it is completed, and never before.
//!
//! An upload that ends in any other way is aborted, also when whoever waited for it is dropped: then by a
//! task of its own. What that can't reach (the process dies, the store is away, a part that the store was
//! still taking in while it aborted) is left to [`super::sweep`].

use super::buffers::Place;
use super::client::Bucket;
use super::error::{self, Doing};
use super::intake::Intake;
use super::settings::PARTS_MAX;
use crate::StoreError;
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::primitives::ByteStream as Body;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;

/// What a part's length is a multiple of once it has to be longer than was set.
const PART_STEP_BYTES: u64 = 1 << 20;

/// What an upload says whose room is closed, which it never is.
pub(super) const NO_ROOM: &str = "there is no room for it in memory";

/// How parts are cut and how many are held at a time, at most.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cut {
    pub(super) part_bytes: usize,
    pub(super) parts_held: usize,
}

impl Cut {
    /// Parts long enough that an object of `max_bytes` consists of no more than S3 takes, but none beyond
    /// `part_max_bytes`. All are of one length, which some stores demand.
    pub(super) fn for_object(self, max_bytes: u64, part_max_bytes: usize) -> Self {
        if max_bytes <= self.object_max_bytes() {
            return self;
        }
        let longer = max_bytes.div_ceil(PARTS_MAX).next_multiple_of(PART_STEP_BYTES);
        let longer = usize::try_from(longer).unwrap_or(usize::MAX).min(part_max_bytes);
        Self { part_bytes: self.part_bytes.max(longer), ..self }
    }

    /// The largest object that fits into as many parts as S3 takes.
    pub(super) fn object_max_bytes(self) -> u64 {
        (self.part_bytes as u64).saturating_mul(PARTS_MAX)
    }
}

/// Puts `first` and everything that still comes from `intake`. On any error nothing is left.
pub(super) async fn put(
    bucket: &Bucket,
    key: &str,
    content_type: &str,
    cut: Cut,
    first: Bytes,
    intake: &mut Intake,
    place: &Place,
) -> Result<(), StoreError> {
    let upload = Upload::begin(bucket.clone(), key.to_owned(), content_type.to_owned()).await?;
    match send_parts(&upload, cut, first, intake, place).await {
        Ok(parts) => upload.finish(parts).await,
        Err(error) => {
            upload.abandon().await;
            Err(error)
        }
    }
}

/// Sends part after part. At most `parts_held` exist at a time, and fewer where there is no room for more: another
/// one is only filled when fewer are on their way.
async fn send_parts(
    upload: &Upload,
    cut: Cut,
    first: Bytes,
    intake: &mut Intake,
    place: &Place,
) -> Result<Vec<CompletedPart>, StoreError> {
    let blocks = stream::try_unfold((intake, first, 1_i32), move |(intake, mut first, number)| async move {
        let block = if !first.is_empty() {
            let part = first.split_to(first.len().min(cut.part_bytes));
            // Nothing of it may be kept once its last part is sent: the block is wanted again.
            if first.is_empty() {
                first = Bytes::new();
            }
            part
        } else if intake.is_at_end().await? {
            return Ok(None);
        } else {
            let mut block = place.block(cut.part_bytes).await.ok_or_else(|| Doing::Uploading.away(NO_ROOM))?;
            intake.fill(&mut block, cut.part_bytes).await?;
            block.freeze()
        };
        Ok(Some(((number, block), (intake, first, number + 1))))
    });
    let sent = blocks.map_ok(|(number, block)| upload.send(number, block)).try_buffer_unordered(cut.parts_held);
    let mut parts: Vec<CompletedPart> = sent.boxed().try_collect().await?;
    parts.sort_unstable_by_key(CompletedPart::part_number);
    Ok(parts)
}

/// A begun upload; dropping it aborts it.
struct Upload {
    bucket: Bucket,
    full_key: String,
    /// Gone once the upload is completed or being aborted.
    id: Option<String>,
}

impl Upload {
    /// Begins an upload in a task of its own, so that one whose beginner is dropped meanwhile is still known
    /// and aborted.
    async fn begin(bucket: Bucket, key: String, content_type: String) -> Result<Self, StoreError> {
        let begun = tokio::spawn(async move {
            let full_key = bucket.full_key(&key);
            let request = bucket.client.create_multipart_upload().bucket(&bucket.name).key(&full_key);
            let answer = request.content_type(content_type).send().await;
            let id = answer.map_err(|e| error::read(Doing::Uploading, &e))?.upload_id;
            let id = id.ok_or_else(|| Doing::Uploading.away("it gave the upload no id"))?;
            Ok(Self { bucket, full_key, id: Some(id) })
        });
        begun.await.map_err(|_| Doing::Uploading.away("the process is ending"))?
    }

    async fn send(&self, number: i32, block: Bytes) -> Result<CompletedPart, StoreError> {
        let request = self.bucket.client.upload_part().bucket(&self.bucket.name).key(&self.full_key);
        let request = request.set_upload_id(self.id.clone()).part_number(number).body(Body::from(block)).customize();
        let request = if self.bucket.signs_payload { request } else { request.disable_payload_signing() };
        let part = request.send().await.map_err(|e| error::read(Doing::Uploading, &e))?;
        task::fail_point!("archive.after_part");
        let completed = CompletedPart::builder().part_number(number).set_e_tag(part.e_tag);
        Ok(completed.set_checksum_crc32(part.checksum_crc32).build())
    }

    async fn finish(mut self, parts: Vec<CompletedPart>) -> Result<(), StoreError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let request = self.bucket.client.complete_multipart_upload().bucket(&self.bucket.name).key(&self.full_key);
        task::fail_point!("archive.after_last_part");
        match request.set_upload_id(self.id.clone()).multipart_upload(parts).send().await {
            Ok(_) => {
                self.id = None;
                Ok(())
            }
            Err(e) => {
                let error = error::read(Doing::Uploading, &e);
                self.abandon().await;
                Err(error)
            }
        }
    }

    /// Aborts the upload and waits for that; an abort that has begun goes on when nobody waits any more.
    async fn abandon(mut self) {
        // A task that was cancelled because the process ends leaves the upload to the sweep.
        if let Some(aborting) = self.begin_abort() {
            drop(aborting.await);
        }
    }

    fn begin_abort(&mut self) -> Option<JoinHandle<()>> {
        let id = self.id.take()?;
        let runtime = Handle::try_current().ok()?;
        let (bucket, full_key) = (self.bucket.clone(), std::mem::take(&mut self.full_key));
        Some(runtime.spawn(async move {
            if let Err(error) = abort(&bucket, &full_key, &id).await {
                tracing::warn!(%error, "an upload could not be aborted and is left to the sweep");
            }
        }))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        drop(self.begin_abort());
    }
}

/// Aborts an upload; tells whether there was one.
pub(super) async fn abort(bucket: &Bucket, full_key: &str, id: &str) -> Result<bool, StoreError> {
    let request = bucket.client.abort_multipart_upload().bucket(&bucket.name).key(full_key).upload_id(id);
    match request.send().await {
        Ok(_) => Ok(true),
        Err(e) if e.code() == Some("NoSuchUpload") => Ok(false),
        Err(e) => Err(error::read(Doing::Sweeping, &e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_grow_with_what_an_object_may_be() {
        let cut = Cut { part_bytes: 5 << 20, parts_held: 1 };
        let part_bytes = |max_bytes| cut.for_object(max_bytes, 60 << 20).part_bytes;
        assert_eq!(part_bytes(2 << 30), 5 << 20);
        assert_eq!(part_bytes(50_000 << 20), 5 << 20);
        assert_eq!(part_bytes((50_000 << 20) + 1), 6 << 20);
        assert_eq!(part_bytes(100 << 30), 11 << 20);
        assert_eq!(part_bytes(u64::MAX), 60 << 20, "a part has to fit into memory");
        assert!(cut.for_object(500 << 30, 60 << 20).object_max_bytes() >= 500 << 30);
    }
}
