//! What waits on this machine while the store is away.

use crate::cases;
use bytes::Bytes;
use futures::future::poll_immediate;
use futures::{StreamExt, TryStreamExt, stream};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use store::{ByteStream, PutReceipt, Spill, SpilledObject, StoreError};
use task::clock::ManualClock;

const MAX_BYTES: u64 = 100;

async fn open(folder: &Path) -> Spill {
    let clock = Arc::new(ManualClock::new(1_790_000_000_000));
    Spill::open(folder.to_path_buf(), MAX_BYTES, clock).await.expect("a folder opens")
}

fn body(bytes: usize) -> ByteStream {
    let pieces: Vec<_> = vec![7_u8; bytes].chunks(9).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces).boxed()
}

async fn put(spill: &Spill, key: &str, bytes: usize) -> Result<PutReceipt, StoreError> {
    spill.put(key, "image/png", body(bytes)).await
}

fn keys(spill: &Spill) -> Vec<String> {
    spill.list(None, 100).into_iter().map(|object| object.key).collect()
}

/// What is read of an object, with the sum that it was put with.
async fn read(spill: &Spill, key: &str) -> Result<(PutReceipt, Vec<u8>), StoreError> {
    let (receipt, body) = spill.read(key).await?;
    let pieces: Vec<Bytes> = body.try_collect().await?;
    Ok((receipt, pieces.concat()))
}

#[tokio::test]
async fn what_was_spilled_is_read_until_it_is_discarded() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spill = open(folder.path()).await;
    let put = put(&spill, "a/1.png", 40).await.expect("a put");
    assert_eq!(put.sha256, cases::sha256(&[7; 40]));
    assert_eq!(spill.list(None, 10), [SpilledObject { key: "a/1.png".to_owned(), bytes: 40 }]);
    assert_eq!(spill.used_bytes(), 40);
    for _ in 0..2 {
        assert_eq!(read(&spill, "a/1.png").await, Ok((put.clone(), vec![7; 40])));
        assert!(spill.holds("a/1.png"));
    }
    spill.discard("a/1.png").await.expect("discarded");
    assert!(spill.list(None, 10).is_empty() && !spill.holds("a/1.png"));
    assert_eq!(spill.used_bytes(), 0);
    assert_eq!(read(&spill, "a/1.png").await, Err(StoreError::Missing));
}

#[tokio::test]
async fn the_limit_holds_and_what_does_not_fit_leaves_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spill = open(folder.path()).await;
    put(&spill, "a", 60).await.expect("a put");
    let full = Err(StoreError::TooLarge { max_bytes: MAX_BYTES });
    assert_eq!(put(&spill, "b", 41).await, full);
    assert_eq!((keys(&spill), spill.used_bytes()), (vec!["a".to_owned()], 60));
    put(&spill, "b", 40).await.expect("it fits exactly");
    assert_eq!(put(&spill, "c", 1).await, full);
    spill.discard("a").await.expect("discarded");
    spill.discard("a").await.expect("discarding nothing is fine");
    assert_eq!(spill.used_bytes(), 40);
    put(&spill, "b", 30).await.expect("another under the same key");
    assert_eq!((keys(&spill), spill.used_bytes()), (vec!["b".to_owned()], 30));
}

#[tokio::test]
async fn a_put_that_fails_or_is_dropped_gives_its_room_back() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spill = open(folder.path()).await;
    let cut = StoreError::Source("cut short".to_owned());
    let failing = body(50).chain(stream::iter([Err(cut.clone())])).boxed();
    assert_eq!(spill.put("a", "image/png", failing).await, Err(cut));
    assert_eq!(spill.used_bytes(), 0);

    let (reached, told) = tokio::sync::oneshot::channel();
    let stuck = stream::once(async move {
        reached.send(()).expect("the test waits");
        std::future::pending().await
    });
    let mut put_it = Box::pin(spill.put("a", "image/png", body(50).chain(stuck).boxed()));
    tokio::select! {
        _ = &mut put_it => panic!("a body without end was put"),
        told = told => told.expect("the source was read to its stuck end"),
    }
    assert!(poll_immediate(&mut put_it).await.is_none());
    assert_eq!(put(&spill, "b", 51).await, Err(StoreError::TooLarge { max_bytes: MAX_BYTES }), "its room is taken");
    drop(put_it);
    put(&spill, "b", 100).await.expect("all the room is there again");
    assert_eq!(keys(&spill), ["b"]);
}

#[tokio::test]
async fn what_waits_is_known_after_a_restart() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spill = open(folder.path()).await;
    for (key, bytes) in [("b/2", 20), ("a", 10), ("b/1", 30)] {
        put(&spill, key, bytes).await.expect("a put");
    }
    drop(spill);
    fs::write(folder.path().join(".uploads/1789999999999-1-0.part"), b"half").expect("left by a dead process");
    let spill = open(folder.path()).await;
    assert_eq!(spill.used_bytes(), 60);
    assert_eq!(keys(&spill), ["a", "b/1", "b/2"]);
    assert_eq!(spill.list(Some("a"), 1), [SpilledObject { key: "b/1".to_owned(), bytes: 30 }]);
    assert_eq!(fs::read_dir(folder.path().join(".uploads")).expect("a folder").count(), 0);
    let (receipt, bytes) = read(&spill, "b/2").await.expect("it waits");
    assert_eq!((receipt.sha256, bytes), (cases::sha256(&[7; 20]), vec![7; 20]));
}

#[tokio::test]
async fn bytes_that_changed_on_the_disk_are_told_by_their_sum() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let spill = open(folder.path()).await;
    put(&spill, "a", 10).await.expect("a put");
    // The same length at the same time, as a failing disk does it.
    let path = folder.path().join("a");
    let modified = fs::metadata(&path).expect("a file").modified().expect("a time");
    let file = fs::OpenOptions::new().write(true).open(&path).expect("a file");
    std::os::unix::fs::FileExt::write_all_at(&file, b"x", 3).expect("written");
    file.set_modified(modified).expect("a time");
    drop(file);
    let (receipt, bytes) = read(&spill, "a").await.expect("it can be read");
    assert_eq!(receipt.sha256, cases::sha256(&[7; 10]), "the sum of what was put");
    assert_ne!(receipt.sha256, cases::sha256(&bytes));
}
