//! What every store must do, whatever it is made of. Each case gets a store of its own, empty.

mod listing;
mod reading;
mod writing;

pub use listing::*;
pub use reading::*;
pub use writing::*;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use std::ops::Range;
use store::{PutReceipt, Store, StoreError};

/// Hands the names of all cases to the macro `$tests`.
macro_rules! with_every_case {
    ($tests:ident) => {
        $tests!(
            what_was_put_is_read_back,
            an_object_is_replaced_whole,
            a_reader_keeps_what_it_opened,
            ranges_are_cut_to_what_exists,
            what_is_missing_is_missing,
            a_folder_is_no_object,
            hostile_keys_are_refused,
            too_large_leaves_nothing,
            a_failing_source_leaves_nothing,
            a_dropped_put_leaves_nothing,
            many_puts_side_by_side,
            of_puts_to_one_key_one_wins_whole,
            readers_never_see_a_mixture,
            memory_does_not_grow_with_the_object,
            keys_are_listed_in_order_and_in_pages,
            deleting_is_quiet_and_final,
            sweeping_keeps_finished_objects,
            a_healthy_store_says_so,
        );
    };
}

/// A limit that no case but the one about limits comes near.
const ROOMY_BYTES: u64 = 1 << 30;

/// Puts these bytes, in pieces of a few bytes.
pub async fn put(store: &dyn Store, key: &str, content_type: &str, bytes: &[u8]) -> Result<PutReceipt, StoreError> {
    let pieces: Vec<_> = bytes.chunks(7).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    store.put_stream(key, content_type, ROOMY_BYTES, stream::iter(pieces).boxed()).await
}

/// Reads an object (or a range of it) whole.
pub async fn read(store: &dyn Store, key: &str, range: Option<Range<u64>>) -> Result<Vec<u8>, StoreError> {
    let (_, body) = store.get_range(key, range).await?;
    let pieces: Vec<Bytes> = body.try_collect().await?;
    Ok(pieces.concat())
}

/// SHA-256, lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Every key in the store.
pub async fn all_keys(store: &dyn Store) -> Vec<String> {
    store.list("", None, 1_000).await.expect("a list")
}
