use super::{ROOMY_BYTES, put, read, sha256};
use futures::{StreamExt, stream};
use store::{Store, StoreError};

pub async fn what_was_put_is_read_back(store: &dyn Store) {
    let receipt = put(store, "a/b.png", "image/png", b"the bytes of a picture").await.expect("a put");
    assert_eq!(receipt.bytes, 22);
    assert_eq!(receipt.sha256, sha256(b"the bytes of a picture"));
    let meta = store.head("a/b.png").await.expect("an object");
    assert_eq!(meta.bytes, 22);
    assert_eq!(meta.content_type, "image/png");
    assert!(meta.etag.starts_with('"') && meta.etag.ends_with('"') && meta.etag.len() > 2, "{}", meta.etag);
    assert_eq!(read(store, "a/b.png", None).await.expect("an object"), b"the bytes of a picture");

    put(store, "empty", "text/plain", b"").await.expect("an empty object is an object");
    assert_eq!(store.head("empty").await.expect("an object").bytes, 0);
    assert_eq!(read(store, "empty", None).await.expect("an object"), b"");
}

pub async fn a_reader_keeps_what_it_opened(store: &dyn Store) {
    put(store, "a", "text/plain", b"first").await.expect("a put");
    let (meta, body) = store.get_range("a", None).await.expect("an object");
    put(store, "a", "text/plain", b"second, longer").await.expect("a put");
    let pieces: Vec<_> = body.map(|piece| piece.expect("a piece")).collect().await;
    assert_eq!(pieces.concat(), b"first");
    assert_eq!(meta.bytes, 5);
}

pub async fn ranges_are_cut_to_what_exists(store: &dyn Store) {
    put(store, "a", "text/plain", b"0123456789").await.expect("a put");
    let cases: [(std::ops::Range<u64>, &[u8]); 9] = [
        (0..10, b"0123456789"),
        (0..1, b"0"),
        (3..7, b"3456"),
        (9..10, b"9"),
        (5..5, b""),
        (8..100, b"89"),
        (10..20, b""),
        (1_000..u64::MAX, b""),
        (0..u64::MAX, b"0123456789"),
    ];
    for (range, expected) in cases {
        let found = read(store, "a", Some(range.clone())).await.expect("a range");
        assert_eq!(found, expected, "{range:?}");
    }
    let backwards = std::ops::Range { start: 7, end: 3 };
    assert_eq!(read(store, "a", Some(backwards)).await.expect("a range"), b"");
    let (meta, _) = store.get_range("a", Some(2..4)).await.expect("a range");
    assert_eq!(meta.bytes, 10, "the metadata speaks of the whole object");
}

pub async fn what_is_missing_is_missing(store: &dyn Store) {
    assert_eq!(store.head("no/such").await, Err(StoreError::Missing));
    assert!(matches!(store.get_range("no/such", None).await, Err(StoreError::Missing)));
    put(store, "no/such/thing", "text/plain", b"1").await.expect("a put");
    assert_eq!(store.head("no/such/thin").await, Err(StoreError::Missing));
}

pub async fn a_folder_is_no_object(store: &dyn Store) {
    put(store, "no/such/thing", "text/plain", b"1").await.expect("a put");
    assert_eq!(store.head("no/such").await, Err(StoreError::Missing));
    assert!(matches!(store.get_range("no/such", None).await, Err(StoreError::Missing)));
    assert_eq!(store.delete("no/such").await, Ok(()));
    assert_eq!(read(store, "no/such/thing", None).await.expect("an object"), b"1");
}

pub async fn hostile_keys_are_refused(store: &dyn Store) {
    let long_part = "a".repeat(300);
    let long_key = "part/".repeat(400) + "end";
    let hostile = [
        "",
        "/",
        "/etc/passwd",
        "..",
        "../a",
        "a/../../b",
        "a/..",
        ".",
        "./a",
        "a//b",
        "a/",
        "a\0b",
        "a\\..\\b",
        "a b",
        "ümlaut",
        ".uploads/x",
        ".meta/x",
        "a/.hidden",
        &long_part,
        &long_key,
    ];
    for key in hostile {
        let body = stream::iter([Ok(bytes::Bytes::from_static(b"x"))]).boxed();
        let put = store.put_stream(key, "text/plain", ROOMY_BYTES, body).await;
        assert_eq!(put, Err(StoreError::BadKey), "put {key:?}");
        assert_eq!(store.head(key).await, Err(StoreError::BadKey), "head {key:?}");
        assert!(matches!(store.get_range(key, None).await, Err(StoreError::BadKey)), "get {key:?}");
        assert_eq!(store.delete(key).await, Err(StoreError::BadKey), "delete {key:?}");
    }
    for prefix in ["..", "/", "a/../", "\0"] {
        assert_eq!(store.list(prefix, None, 10).await, Err(StoreError::BadKey), "list {prefix:?}");
    }
    assert!(super::all_keys(store).await.is_empty());
}

pub async fn a_healthy_store_says_so(store: &dyn Store) {
    assert_eq!(store.check().await, Ok(()));
    assert!(super::all_keys(store).await.is_empty(), "a probe leaves nothing");
}
