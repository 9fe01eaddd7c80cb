use super::{ROOMY_BYTES, all_keys, put, read, sha256};
use bytes::Bytes;
use futures::future::{join_all, poll_immediate};
use futures::{StreamExt, stream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::{Store, StoreError};

pub async fn an_object_is_replaced_whole(store: &dyn Store) {
    put(store, "a", "text/plain", b"a long first version").await.expect("a put");
    let first = store.head("a").await.expect("an object");
    put(store, "a", "image/png", b"short").await.expect("a put");
    let second = store.head("a").await.expect("an object");
    assert_eq!((second.bytes, second.content_type.as_str()), (5, "image/png"));
    assert_ne!(first.etag, second.etag);
    assert_eq!(read(store, "a", None).await.expect("an object"), b"short");
    assert_eq!(all_keys(store).await, ["a"]);
}

pub async fn too_large_leaves_nothing(store: &dyn Store) {
    let body = || stream::iter([Ok(Bytes::from_static(b"12345")), Ok(Bytes::from_static(b"67890"))]).boxed();
    assert_eq!(store.put_stream("a", "text/plain", 9, body()).await, Err(StoreError::TooLarge { max_bytes: 9 }));
    assert_eq!(store.head("a").await, Err(StoreError::Missing));
    assert!(store.put_stream("a", "text/plain", 10, body()).await.is_ok(), "the limit itself is allowed");
    assert!(store.put_stream("a", "text/plain", 3, body()).await.is_err());
    assert_eq!(read(store, "a", None).await.expect("the object before"), b"1234567890");
}

pub async fn a_failing_source_leaves_nothing(store: &dyn Store) {
    put(store, "kept", "text/plain", b"before").await.expect("a put");
    for key in ["new", "kept"] {
        let cut = StoreError::Source("cut short".to_owned());
        let body = stream::iter([Ok(Bytes::from_static(b"half of it")), Err(cut.clone())]).boxed();
        assert_eq!(store.put_stream(key, "text/plain", ROOMY_BYTES, body).await, Err(cut));
    }
    assert_eq!(store.head("new").await, Err(StoreError::Missing));
    assert_eq!(read(store, "kept", None).await.expect("the object before"), b"before");
    assert_eq!(all_keys(store).await, ["kept"]);
}

pub async fn a_dropped_put_leaves_nothing(store: &dyn Store) {
    let written = stream::iter((0..64).map(|_| Ok(Bytes::from(vec![7; 64 * 1024]))));
    let (all_read, reached_end) = tokio::sync::oneshot::channel();
    let stuck = stream::once(async move {
        all_read.send(()).expect("the test waits");
        std::future::pending().await
    });
    let mut put = store.put_stream("a/b", "text/plain", ROOMY_BYTES, written.chain(stuck).boxed());
    tokio::select! {
        _ = &mut put => panic!("a body without end was put"),
        reached = reached_end => reached.expect("the source was read to its stuck end"),
    }
    assert!(poll_immediate(&mut put).await.is_none());
    assert_eq!(store.head("a/b").await, Err(StoreError::Missing), "nothing is seen before the end");
    drop(put);
    assert!(all_keys(store).await.is_empty());
}

fn numbered_body(number: usize) -> Vec<u8> {
    vec![u8::try_from(number).expect("below 256"); 10_000 + number]
}

pub async fn many_puts_side_by_side(store: &dyn Store) {
    let puts = (0..64).map(|number| async move {
        let key = format!("many/{}/{number:02}", number % 4);
        put(store, &key, "text/plain", &numbered_body(number)).await.map(|receipt| (key, receipt))
    });
    for (number, put) in join_all(puts).await.into_iter().enumerate() {
        let (key, receipt) = put.expect("a put");
        assert_eq!(receipt.sha256, sha256(&numbered_body(number)));
        assert_eq!(read(store, &key, None).await.expect("an object"), numbered_body(number));
    }
    assert_eq!(all_keys(store).await.len(), 64);

    // Deletes beside puts in the same folders.
    let deletes_and_puts = (0..64).map(|number| async move {
        if number % 2 == 0 {
            store.delete(&format!("many/{}/{number:02}", number % 4)).await
        } else {
            put(store, &format!("many/{}/x{number}", number % 4), "text/plain", b"x").await.map(|_| ())
        }
    });
    for done in join_all(deletes_and_puts).await {
        assert_eq!(done, Ok(()));
    }
    assert_eq!(all_keys(store).await.len(), 64);
}

pub async fn of_puts_to_one_key_one_wins_whole(store: &dyn Store) {
    let puts = (0..64).map(|number| async move { put(store, "one", "text/plain", &numbered_body(number)).await });
    for put in join_all(puts).await {
        put.expect("a put");
    }
    let (meta, won) = (store.head("one").await.expect("an object"), read(store, "one", None).await.expect("an object"));
    assert_eq!(won, numbered_body(usize::from(won[0])));
    assert_eq!(meta.bytes, won.len() as u64);
}

pub async fn readers_never_see_a_mixture(store: &dyn Store) {
    let versions: Vec<(String, Vec<u8>)> =
        (0..4_u8).map(|number| (format!("text/v{number}"), vec![number; 5_000 + usize::from(number)])).collect();
    put(store, "a", &versions[0].0, &versions[0].1).await.expect("a put");
    let writer = async {
        for _ in 0..8 {
            for (content_type, bytes) in &versions {
                put(store, "a", content_type, bytes).await.expect("a put");
            }
        }
    };
    let reader = async {
        for _ in 0..100 {
            let (meta, body) = store.get_range("a", None).await.expect("an object is always there");
            let pieces: Vec<Bytes> = body.map(|piece| piece.expect("a piece")).collect().await;
            let bytes = pieces.concat();
            let (content_type, expected) = &versions[usize::from(bytes[0])];
            assert_eq!(&bytes, expected);
            assert_eq!(meta.bytes, expected.len() as u64);
            assert_eq!(&meta.content_type, content_type);
        }
    };
    tokio::join!(writer, reader, async {
        for _ in 0..100 {
            store.head("a").await.expect("an object is always there");
        }
    });
}

/// Bytes that are counted as long as anybody holds them.
struct Counted {
    bytes: Vec<u8>,
    held: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.held.fetch_sub(self.bytes.len(), Ordering::SeqCst);
    }
}

pub async fn memory_does_not_grow_with_the_object(store: &dyn Store) {
    const PIECES: usize = 1_024;
    const PIECE_BYTES: usize = 64 * 1024;
    // S3 holds a part of a multipart upload (5 MiB at least) at a time, and a few of them.
    const HELD_MAX_BYTES: usize = 24 * 1024 * 1024;
    let held = Arc::new(AtomicUsize::new(0));
    let most_held = Arc::new(AtomicUsize::new(0));
    let (count, most) = (held.clone(), most_held.clone());
    let body = stream::iter(0..PIECES).map(move |number| {
        let now_held = count.fetch_add(PIECE_BYTES, Ordering::SeqCst) + PIECE_BYTES;
        most.fetch_max(now_held, Ordering::SeqCst);
        let bytes = vec![u8::try_from(number % 251).unwrap_or_default(); PIECE_BYTES];
        Ok(Bytes::from_owner(Counted { bytes, held: count.clone() }))
    });
    let receipt = store.put_stream("big", "video/mp4", ROOMY_BYTES, body.boxed()).await.expect("a put");
    assert_eq!(receipt.bytes, (PIECES * PIECE_BYTES) as u64);
    assert!(most_held.load(Ordering::SeqCst) <= HELD_MAX_BYTES, "{} bytes were held", most_held.load(Ordering::SeqCst));
    assert_eq!(held.load(Ordering::SeqCst), 0, "nothing is held after the put");

    let (_, mut body) = store.get_range("big", None).await.expect("an object");
    let mut place = 0_usize;
    while let Some(piece) = body.next().await {
        let piece = piece.expect("a piece");
        assert!(piece.len() <= 1024 * 1024, "a piece of {} bytes", piece.len());
        for (offset, byte) in piece.iter().enumerate().step_by(4_093) {
            assert_eq!(usize::from(*byte), (place + offset) / PIECE_BYTES % 251);
        }
        place += piece.len();
    }
    assert_eq!(place, PIECES * PIECE_BYTES);
}
