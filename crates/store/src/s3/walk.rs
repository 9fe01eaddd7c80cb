//! Lists of what is in the bucket: objects, and uploads that never ended.

use super::client::Bucket;
use super::error::{self, Doing};
use super::upload;
use crate::{StoreError, key};

/// The most names that S3 puts on a page.
const PAGE_MAX: usize = 1_000;

/// The keys that begin with `prefix` and come after `after`, in byte order, at most `limit`. Names in the
/// bucket that are no keys of ours are passed over.
pub(super) async fn keys(
    bucket: &Bucket,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let mut found: Vec<String> = Vec::new();
    let mut after = after.filter(|after| !after.is_empty()).map(|after| bucket.full_key(after));
    while found.len() < limit {
        let page_max = i32::try_from(PAGE_MAX.min(limit - found.len())).unwrap_or(i32::MAX);
        let request = bucket.client.list_objects_v2().bucket(&bucket.name).prefix(bucket.full_key(prefix));
        let request = request.max_keys(page_max).set_start_after(after.clone());
        let page = request.send().await.map_err(|e| error::read(Doing::Listing, &e))?;
        let names: Vec<String> =
            page.contents.unwrap_or_default().into_iter().filter_map(|object| object.key).collect();
        let last = names.last().cloned();
        let ours = names.iter().filter_map(|name| name.strip_prefix(&bucket.prefix));
        found.extend(ours.filter(|name| key::check(name).is_ok()).map(str::to_owned));
        // The next page begins after the last name: a mark of our own outlives any token of the store.
        if page.is_truncated != Some(true) || last.is_none() || last == after {
            break;
        }
        after = last;
    }
    found.truncate(limit);
    Ok(found)
}

/// What came of a sweep.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Swept {
    /// So many uploads were removed.
    Removed(usize),
    /// The store has no list of uploads.
    NoList,
}

/// Aborts the uploads under our prefix that were begun before `before_ms`.
pub(super) async fn sweep(bucket: &Bucket, before_ms: i64) -> Result<Swept, StoreError> {
    let mut removed = 0;
    let mut mark: (Option<String>, Option<String>) = (None, None);
    loop {
        let request = bucket.client.list_multipart_uploads().bucket(&bucket.name).prefix(&bucket.prefix);
        let page = match request.set_key_marker(mark.0.clone()).set_upload_id_marker(mark.1.clone()).send().await {
            Ok(page) => page,
            Err(e) if error::is_unknown_request(&e) => return Ok(Swept::NoList),
            Err(e) => return Err(error::read(Doing::Sweeping, &e)),
        };
        for upload in page.uploads.unwrap_or_default() {
            // An upload without a date is too odd to be removed.
            let begun_ms = upload.initiated.and_then(|begun| begun.to_millis().ok());
            let (Some(full_key), Some(id)) = (upload.key, upload.upload_id) else { continue };
            let is_old = begun_ms.is_some_and(|begun_ms| begun_ms < before_ms);
            if is_old && full_key.starts_with(&bucket.prefix) && upload::abort(bucket, &full_key, &id).await? {
                removed += 1;
            }
        }
        let next = (page.next_key_marker, page.next_upload_id_marker);
        if page.is_truncated != Some(true) || next == mark {
            return Ok(Swept::Removed(removed));
        }
        mark = next;
    }
}
