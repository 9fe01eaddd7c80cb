//! Inline inputs go to the store, decoded on the way, before the task is opened.

use crate::api::Api;
use crate::dates;
use crate::inline::{Broken, Pieces, sniff};
use bytes::Bytes;
use contracts::Problem;
use contracts::inputs::INPUT_MAX_BYTES;
use futures::StreamExt;
use futures::stream;
use store::StoreError;
use task::{InputData, Spec, TaskId};

/// Inline inputs of at most so many characters stay in the task's row.
pub const INLINE_KEEP_CHARS: usize = 4 * 1024;

/// Moves a spec's large inline inputs into the store. One that can't be decoded becomes
/// [`InputData::Broken`]: the task fails, not the request. 503 when the store is away; whatever was
/// put by then is an orphan under `inputs/` and is swept.
pub async fn put(api: &Api, task: TaskId, spec: &mut Spec, now_ms: i64) -> Result<(), Problem> {
    for (position, input) in spec.inputs.iter_mut().enumerate() {
        let InputData::Inline(text) = &input.data else { continue };
        if text.len() <= INLINE_KEEP_CHARS {
            continue;
        }
        let stem = format!("inputs/{}/{task}-{position}", dates::path_of(now_ms));
        input.data = match Pieces::of(text) {
            Ok(pieces) => put_pieces(api, &stem, pieces).await?,
            Err(broken) => broken_input(broken),
        };
    }
    Ok(())
}

async fn put_pieces(api: &Api, stem: &str, mut pieces: Pieces) -> Result<InputData, Problem> {
    let first = match pieces.next() {
        Some(Ok(first)) => first,
        Some(Err(broken)) => return Ok(broken_input(broken)),
        None => return Ok(broken_input(Broken::Empty)),
    };
    let (content_type, extension) = sniff(&first);
    let key = format!("{stem}.{extension}");
    let source = |piece: Result<Bytes, Broken>| piece.map_err(|broken| StoreError::Source(broken.to_string()));
    let body = stream::once(async move { Ok(first) }).chain(stream::iter(pieces.map(source))).boxed();
    match api.front.store.put_stream(&key, content_type, INPUT_MAX_BYTES as u64, body).await {
        Ok(receipt) => Ok(InputData::Stored { key, content_type: content_type.to_owned(), bytes: receipt.bytes }),
        Err(StoreError::Source(_)) => Ok(broken_input(Broken::NotBase64)),
        Err(StoreError::TooLarge { max_bytes }) => {
            Err(Problem::too_large(None, format!("an input is larger than {max_bytes} bytes once decoded")))
        }
        Err(error) => {
            tracing::warn!(%error, "an input could not be stored; nothing was accepted");
            Err(Problem::unavailable(
                "the file store is temporarily unavailable; nothing was accepted, please try again",
            ))
        }
    }
}

fn broken_input(broken: Broken) -> InputData {
    InputData::Broken(format!("an input could not be read: {broken}"))
}
