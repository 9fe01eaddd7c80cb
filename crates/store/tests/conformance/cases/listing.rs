use super::{all_keys, put, read};
use store::{Store, StoreError};

pub async fn keys_are_listed_in_order_and_in_pages(store: &dyn Store) {
    let keys = ["a-b", "a.b/z", "a/b", "a/b-c", "a/b.d/e", "a/c/d", "a0", "b/1", "b/10", "b/2"];
    for key in keys.iter().rev() {
        put(store, key, "text/plain", key.as_bytes()).await.expect("a put");
    }
    assert_eq!(all_keys(store).await, keys, "byte order of the whole key");

    for limit in [1, 3, 9, 10, 11] {
        let mut found: Vec<String> = Vec::new();
        loop {
            let page = store.list("", found.last().map(String::as_str), limit).await.expect("a page");
            assert!(page.len() <= limit);
            let is_last = page.len() < limit;
            found.extend(page);
            if is_last {
                break;
            }
        }
        assert_eq!(found, keys, "in pages of {limit}");
    }

    let under = async |prefix: &str, after: Option<&str>| store.list(prefix, after, 100).await.expect("a list");
    assert_eq!(under("a/", None).await, ["a/b", "a/b-c", "a/b.d/e", "a/c/d"]);
    assert_eq!(under("a/b", None).await, ["a/b", "a/b-c", "a/b.d/e"]);
    assert_eq!(under("b/1", None).await, ["b/1", "b/10"]);
    assert_eq!(under("a/", Some("a/b-c")).await, ["a/b.d/e", "a/c/d"]);
    assert_eq!(under("a/", Some("a/b.d")).await, ["a/b.d/e", "a/c/d"], "a mark need not exist");
    assert_eq!(under("b/", Some("a")).await, ["b/1", "b/10", "b/2"]);
    assert!(under("b/", Some("c")).await.is_empty());
    assert!(under("none/here/", None).await.is_empty());
    assert!(store.list("", None, 0).await.expect("a list").is_empty());
}

pub async fn deleting_is_quiet_and_final(store: &dyn Store) {
    put(store, "a/1", "text/plain", b"1").await.expect("a put");
    put(store, "a/2", "text/plain", b"2").await.expect("a put");
    assert_eq!(store.delete("a/1").await, Ok(()));
    assert_eq!(store.head("a/1").await, Err(StoreError::Missing));
    assert_eq!(store.delete("a/1").await, Ok(()), "removing nothing is fine");
    assert_eq!(store.delete("never/was").await, Ok(()));
    assert_eq!(all_keys(store).await, ["a/2"]);
    put(store, "a/1", "text/other", b"again").await.expect("a put");
    assert_eq!(store.head("a/1").await.expect("an object").content_type, "text/other");
    assert_eq!(read(store, "a/1", None).await.expect("an object"), b"again");
}

pub async fn sweeping_keeps_finished_objects(store: &dyn Store) {
    put(store, "a", "text/plain", b"1").await.expect("a put");
    assert_eq!(store.sweep_uploads(i64::MAX).await, Ok(0));
    assert_eq!(read(store, "a", None).await.expect("an object"), b"1");
}
