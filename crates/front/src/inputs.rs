//! Inputs go to the store before the task is opened: inline ones decoded on the way, files as they are.

use crate::dates;
use crate::inline::{Broken, Pieces, sniff};
use bytes::Bytes;
use contracts::Problem;
use contracts::inputs::INPUT_MAX_BYTES;
use futures::StreamExt;
use futures::stream;
use store::{ByteStream, Store, StoreError};
use task::{InputData, Spec, TaskId};

/// Inline inputs of at most so many characters stay in the task's row.
pub const INLINE_KEEP_CHARS: usize = 4 * 1024;

/// The longest piece of a file that is handed to the store at once.
const PIECE_BYTES: usize = 256 * 1024;

/// Moves a spec's files and large inline inputs into the store. One that is empty or can't be decoded
/// becomes [`InputData::Broken`]: the task fails, not the request. 413 for one that is too large, 503 when
/// the store is away; whatever was put by then is an orphan under `inputs/` and is swept.
pub async fn put(store: &dyn Store, task: TaskId, spec: &mut Spec, now_ms: i64) -> Result<(), Problem> {
    for (position, input) in spec.inputs.iter_mut().enumerate() {
        let stem = format!("inputs/{}/{task}-{position}", dates::path_of(now_ms));
        input.data = match &input.data {
            InputData::Inline(text) if text.len() > INLINE_KEEP_CHARS => match Pieces::of(text) {
                Ok(pieces) => put_pieces(store, &stem, pieces).await?,
                Err(broken) => broken_input(broken),
            },
            InputData::Bytes(bytes) => put_file(store, &stem, bytes.clone()).await?,
            _ => continue,
        };
    }
    Ok(())
}

/// Bytes in memory as a body for the store.
pub fn stream_of(mut bytes: Bytes) -> ByteStream {
    let pieces = std::iter::from_fn(move || {
        (!bytes.is_empty()).then(|| Ok::<_, StoreError>(bytes.split_to(bytes.len().min(PIECE_BYTES))))
    });
    stream::iter(pieces).boxed()
}

async fn put_file(store: &dyn Store, stem: &str, bytes: Bytes) -> Result<InputData, Problem> {
    if bytes.is_empty() {
        return Ok(broken_input(Broken::Empty));
    }
    // What the form calls it is not to be trusted, and is often nothing but "octet-stream".
    let (content_type, extension) = sniff(&bytes);
    keep(store, format!("{stem}.{extension}"), content_type, stream_of(bytes)).await
}

async fn put_pieces(store: &dyn Store, stem: &str, mut pieces: Pieces) -> Result<InputData, Problem> {
    let first = match pieces.next() {
        Some(Ok(first)) => first,
        Some(Err(broken)) => return Ok(broken_input(broken)),
        None => return Ok(broken_input(Broken::Empty)),
    };
    let (content_type, extension) = sniff(&first);
    let source = |piece: Result<Bytes, Broken>| piece.map_err(|broken| StoreError::Source(broken.to_string()));
    let body = stream::once(async move { Ok(first) }).chain(stream::iter(pieces.map(source))).boxed();
    keep(store, format!("{stem}.{extension}"), content_type, body).await
}

async fn keep(store: &dyn Store, key: String, content_type: &str, body: ByteStream) -> Result<InputData, Problem> {
    match store.put_stream(&key, content_type, INPUT_MAX_BYTES as u64, body).await {
        Ok(receipt) => Ok(InputData::Stored { key, content_type: content_type.to_owned(), bytes: receipt.bytes }),
        Err(StoreError::Source(_)) => Ok(broken_input(Broken::NotBase64)),
        Err(StoreError::TooLarge { max_bytes }) => {
            Err(Problem::too_large(None, format!("an input is larger than {max_bytes} bytes")))
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

#[cfg(test)]
mod tests {
    use super::*;
    use futures::TryStreamExt;
    use std::sync::Arc;
    use store::FolderStore;
    use task::clock::{ManualClock, SeededEntropy};
    use task::{Input, Kind};

    const NOW_MS: i64 = 1_795_305_600_000;

    /// Puts one file of a form; gives what became of it, and the store.
    async fn put_one(bytes: Bytes) -> (Result<InputData, Problem>, FolderStore, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let clock = Arc::new(ManualClock::new(NOW_MS));
        let store = FolderStore::open(folder.path().to_owned(), clock).expect("the store opens");
        let input = Input { role: "first_frame".into(), data: InputData::Bytes(bytes) };
        let mut spec = Spec { inputs: vec![input], ..Spec::new(Kind::Video) };
        let task = TaskId::new(NOW_MS, &SeededEntropy::new(3));
        let done = put(&store, task, &mut spec, NOW_MS).await;
        (done.map(|()| spec.inputs.remove(0).data), store, folder)
    }

    #[tokio::test]
    async fn a_file_is_stored_whole_as_what_its_bytes_are() {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        bytes.resize(2 * PIECE_BYTES + 17, 7);
        let (put, store, _folder) = put_one(bytes.clone().into()).await;
        let Ok(InputData::Stored { key, content_type, bytes: length }) = put else { panic!("not stored: {put:?}") };
        assert_eq!((content_type.as_str(), length), ("image/png", bytes.len() as u64));
        assert!(key.starts_with("inputs/2026/11/22/task_") && key.ends_with("-0.png"), "{key}");
        let (_, stream) = store.get_range(&key, None).await.expect("it is in the store");
        let stored: Vec<Bytes> = stream.try_collect().await.expect("it can be read");
        assert!(stored.concat() == bytes, "every piece, in order");
    }

    #[tokio::test]
    async fn an_empty_file_is_a_broken_input_and_a_huge_one_a_refusal() {
        let (put, ..) = put_one(Bytes::new()).await;
        assert!(matches!(&put, Ok(InputData::Broken(why)) if why.contains("empty")), "{put:?}");
        let (put, ..) = put_one(vec![7; INPUT_MAX_BYTES + 1].into()).await;
        let problem = put.expect_err("is too large");
        assert_eq!((problem.status, problem.code), (413, "payload_too_large"));
    }
}
