//! Objects on their way out.

use super::client::Bucket;
use super::error::{self, Doing};
use crate::{ByteStream, ObjectMeta, StoreError};
use aws_sdk_s3::primitives::{ByteStream as Body, DateTime};
use futures::{StreamExt, stream};
use std::ops::Range;
use std::time::Duration;

/// No object is larger (S3's guide, "multipart upload limits", 48.8 TiB): a place behind it is behind the
/// end, and is never written into a header that a store may read as a signed number.
const OBJECT_MAX_BYTES: u64 = 1 << 46;

/// What an object is said to be when nothing was said.
const UNKNOWN_TYPE: &str = "application/octet-stream";

/// What is known of an object.
pub(super) async fn head(bucket: &Bucket, key: &str) -> Result<ObjectMeta, StoreError> {
    let request = bucket.client.head_object().bucket(&bucket.name).key(bucket.full_key(key));
    let found = request.send().await.map_err(|e| error::read(Doing::Looking, &e))?;
    let bytes = found.content_length.and_then(|bytes| u64::try_from(bytes).ok());
    let bytes = bytes.ok_or_else(|| Doing::Looking.away("it does not tell the object's length"))?;
    meta(Doing::Looking, bytes, found.content_type, found.e_tag, found.last_modified)
}

/// Reads a range, or everything when `None`. `idle_limit` is how long the next bytes may take to come.
pub(super) async fn range(
    bucket: &Bucket,
    key: &str,
    range: Option<Range<u64>>,
    idle_limit: Duration,
) -> Result<(ObjectMeta, ByteStream), StoreError> {
    let header = match &range {
        None => None,
        Some(range) => match range_header(range) {
            Some(header) => Some(header),
            None => return nothing_of(bucket, key).await,
        },
    };
    let request = bucket.client.get_object().bucket(&bucket.name).key(bucket.full_key(key)).set_range(header);
    let found = match request.send().await {
        Ok(found) => found,
        // Behind the end, or of an object without bytes.
        Err(e) if error::status(&e) == Some(416) => return nothing_of(bucket, key).await,
        Err(e) => return Err(error::read(Doing::Reading, &e)),
    };
    let bytes = match (&range, found.content_range.as_deref()) {
        (None, _) => found.content_length.and_then(|bytes| u64::try_from(bytes).ok()),
        (Some(_), content_range) => content_range.and_then(whole_bytes),
    };
    let bytes = bytes.ok_or_else(|| Doing::Reading.away("it does not tell the object's length"))?;
    let meta = meta(Doing::Reading, bytes, found.content_type, found.e_tag, found.last_modified)?;
    Ok((meta, pieces(found.body, idle_limit)))
}

/// A range that holds nothing is no range to S3, so that only the object itself is asked for.
async fn nothing_of(bucket: &Bucket, key: &str) -> Result<(ObjectMeta, ByteStream), StoreError> {
    Ok((head(bucket, key).await?, stream::empty().boxed()))
}

/// The `Range` header; `None` when the range holds nothing of any object.
fn range_header(range: &Range<u64>) -> Option<String> {
    if range.start >= range.end || range.start >= OBJECT_MAX_BYTES {
        return None;
    }
    let is_open = range.end > OBJECT_MAX_BYTES;
    Some(if is_open { format!("bytes={}-", range.start) } else { format!("bytes={}-{}", range.start, range.end - 1) })
}

/// The length of the whole object in `bytes 0-9/100`.
fn whole_bytes(content_range: &str) -> Option<u64> {
    content_range.rsplit_once('/')?.1.trim().parse().ok()
}

fn meta(
    doing: Doing,
    bytes: u64,
    content_type: Option<String>,
    etag: Option<String>,
    modified: Option<DateTime>,
) -> Result<ObjectMeta, StoreError> {
    let etag = etag.ok_or_else(|| doing.away("it does not tell the object's ETag"))?;
    let etag = if etag.ends_with('"') { etag } else { format!("\"{etag}\"") };
    let content_type = content_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned());
    let modified_ms = modified.and_then(|modified| modified.to_millis().ok()).unwrap_or_default();
    Ok(ObjectMeta { bytes, content_type, etag, modified_ms })
}

/// The body as it comes; nothing is read ahead of whoever asks beyond a connection's own buffers.
fn pieces(body: Body, idle_limit: Duration) -> ByteStream {
    let next = move |mut body: Body| async move {
        let next = tokio::time::timeout(idle_limit, body.next()).await;
        match next.map_err(|_| Doing::Reading.away("it stopped in the middle of the bytes"))? {
            None => Ok(None),
            Some(Ok(piece)) => Ok(Some((piece, body))),
            Some(Err(e)) => Err(error::read_cut(Doing::Reading, &e)),
        }
    };
    stream::try_unfold(body, next).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_as_http_does() {
        assert_eq!(range_header(&(0..1)).as_deref(), Some("bytes=0-0"));
        assert_eq!(range_header(&(5..u64::MAX)).as_deref(), Some("bytes=5-"));
        assert_eq!(range_header(&(5..5)), None);
        assert_eq!(range_header(&(u64::MAX - 1..u64::MAX)), None);
        assert_eq!(whole_bytes("bytes 0-9/100"), Some(100));
        assert_eq!(whole_bytes("bytes 0-9/*"), None);
        assert_eq!(whole_bytes("bytes"), None);
    }
}
