//! What S3 does when the net or the store fails: what a caller sees, and how often it was tried.

use crate::cases;
use crate::server::{ACCESS_KEY_ID, Fault, Kind, SECRET, Server};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use std::time::Duration;
use store::{ByteStream, S3Settings, S3Store, Store, StoreError};
use task::Secret;

/// How long a stuck download may go on before the test has failed; many times its own limit.
const END_LIMIT: Duration = Duration::from_secs(30);

/// A body of so many MiB, the nth of them made of the byte n.
pub fn mebibytes(count: u8) -> ByteStream {
    stream::iter((0..count).map(|number| Ok(Bytes::from(vec![number; 1 << 20])))).boxed()
}

/// The reason for which the store is away.
fn reason(result: Result<impl Sized, StoreError>) -> String {
    match result {
        Err(StoreError::Away(reason)) => reason,
        Err(error) => panic!("another error: {error}"),
        Ok(_) => panic!("it went well"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_passes_is_tried_again() {
    let passing = [
        Fault::Refused(503, "SlowDown"),
        Fault::Refused(500, "InternalError"),
        Fault::CutRequest(1),
        Fault::LostAnswer,
    ];
    for fault in passing {
        let shown = format!("{fault:?}");
        let plan = move |kind, number| match (kind, number) {
            (Kind::Put | Kind::Part | Kind::Get, 1) => fault.clone(),
            _ => Fault::None,
        };
        let server = Server::with(plan).await;
        let store = server.store();
        cases::put(&store, "small", "text/plain", b"small").await.expect("the second attempt is good");
        assert_eq!(server.count(Kind::Put), 2, "{shown}");
        assert_eq!(cases::read(&store, "small", None).await.expect("an object"), b"small");
        assert_eq!(server.count(Kind::Get), 2, "{shown}");
        let receipt = store.put_stream("large", "video/mp4", 1 << 30, mebibytes(17)).await.expect("a put");
        assert_eq!(receipt.bytes, 17 << 20);
        assert_eq!(server.count(Kind::Part), 4, "{shown}");
        let found = cases::read(&store, "large", None).await.expect("an object");
        assert_eq!(cases::sha256(&found), receipt.sha256);
        assert!(server.unfinished().is_empty());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_that_is_cut_in_the_middle_is_sent_again() {
    let plan = |kind, number| match (kind, number) {
        (Kind::Part, 2) => Fault::CutRequest(3 << 20),
        _ => Fault::None,
    };
    let server = Server::with(plan).await;
    let store = server.store();
    let receipt = store.put_stream("a", "video/mp4", 1 << 30, mebibytes(30)).await.expect("a put");
    assert_eq!(server.count(Kind::Part), 5, "four parts, one of them twice");
    let found = cases::read(&store, "a", None).await.expect("an object");
    assert_eq!(cases::sha256(&found), receipt.sha256);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_stays_away_is_tried_as_often_as_was_said() {
    let server = Server::with(|_, _| Fault::Refused(503, "SlowDown")).await;
    let store = S3Store::new(S3Settings { attempts: 3, ..server.settings() }).expect("the settings fit together");
    let said = reason(cases::put(&store, "a", "text/plain", b"1").await);
    assert_eq!(said, "putting an object: it asks to slow down (503 SlowDown)");
    assert_eq!(server.count(Kind::Put), 3);
    assert_eq!(reason(store.head("a").await), "looking at an object: it asks to slow down (503)");
    assert_eq!(reason(store.check().await), "probing the bucket: it asks to slow down (503 SlowDown)");
    assert_eq!(server.count(Kind::Put), 4, "a probe is sent once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_credentials_are_told_without_them() {
    let server = Server::healthy().await;
    cases::put(&server.store(), "a", "text/plain", b"1").await.expect("a put");
    let wrong_secret = S3Settings { secret_access_key: Secret::new("not-the-secret"), ..server.settings() };
    let wrong_id = S3Settings { access_key_id: "AKIDUNKNOWN".to_owned(), ..server.settings() };
    for settings in [wrong_secret, wrong_id] {
        let store = S3Store::new(settings).expect("the settings fit together");
        let said = [
            reason(cases::put(&store, "a", "text/plain", b"2").await),
            reason(store.put_stream("a", "video/mp4", 1 << 30, mebibytes(9)).await),
            reason(store.head("a").await),
            reason(store.get_range("a", None).await.map(drop)),
            reason(store.delete("a").await),
            reason(store.list("", None, 10).await),
            reason(store.check().await),
        ];
        for said in said {
            assert!(said.contains("it refused our credentials"), "{said}");
            for hidden in ["AKID", "not-the-secret", "X-Amz", "http://", "127.0.0.1"] {
                assert!(!said.contains(hidden), "{said}");
            }
        }
    }
    assert_eq!(cases::read(&server.store(), "a", None).await.expect("untouched"), b"1");
}

#[tokio::test]
async fn the_store_s_own_message_is_not_repeated() {
    let server = Server::with(|_, _| Fault::Refused(400, "InvalidRequest")).await;
    let said = reason(cases::put(&server.store(), "a", "text/plain", b"1").await);
    assert_eq!(said, "putting an object: it answered 400 InvalidRequest");
    assert!(!said.contains(SECRET) && !said.contains(ACCESS_KEY_ID));
}

#[tokio::test]
async fn a_store_that_is_not_there_is_away() {
    let server = Server::healthy().await;
    let store = server.store();
    drop(server);
    let said = reason(cases::put(&store, "a", "text/plain", b"1").await);
    assert!(said.starts_with("putting an object: "), "{said}");
    assert!(!said.contains("127.0.0.1"), "{said}");
    assert!(matches!(store.head("a").await, Err(StoreError::Away(_))));
    assert!(matches!(store.get_range("a", None).await, Err(StoreError::Away(_))));
    assert!(matches!(store.delete("a").await, Err(StoreError::Away(_))));
    assert!(matches!(store.list("", None, 1).await, Err(StoreError::Away(_))));
    assert!(matches!(store.sweep_uploads(0).await, Err(StoreError::Away(_))));
    assert!(matches!(store.check().await, Err(StoreError::Away(_))));
}

#[tokio::test]
async fn a_store_that_never_answers_is_away() {
    let server = Server::with(|_, _| Fault::Never).await;
    let limit = Duration::from_millis(100);
    let settings = S3Settings { connect_timeout: limit, attempt_timeout: limit, attempts: 2, ..server.settings() };
    let store = S3Store::new(settings).expect("the settings fit together");
    let said = reason(cases::put(&store, "a", "text/plain", b"1").await);
    assert_eq!(said, "putting an object: it did not answer in time");
    assert_eq!(server.count(Kind::Put), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_download_that_is_cut_or_stops_ends_with_an_error() {
    for fault in [Fault::CutAnswer(1 << 20), Fault::StuckAnswer(1 << 20)] {
        let plan = move |kind, _| if kind == Kind::Get { fault.clone() } else { Fault::None };
        let server = Server::with(plan).await;
        let idle_timeout = Duration::from_millis(300);
        let store = S3Store::new(S3Settings { idle_timeout, ..server.settings() }).expect("the settings fit together");
        store.put_stream("a", "video/mp4", 1 << 30, mebibytes(4)).await.expect("a put");
        let (meta, body) = store.get_range("a", None).await.expect("it begins well");
        assert_eq!(meta.bytes, 4 << 20);
        let end = tokio::time::timeout(END_LIMIT, body.try_collect::<Vec<Bytes>>()).await;
        let said = reason(end.expect("it ends by itself"));
        assert!(said.starts_with("reading an object: "), "{said}");
    }
}
