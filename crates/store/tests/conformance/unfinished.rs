//! However an upload ends, nothing of it is left: no object, and no parts that somebody pays for.

use crate::cases;
use crate::faults::mebibytes;
use crate::server::{Fault, Kind, Server};
use bytes::Bytes;
use futures::future::poll_immediate;
use futures::{StreamExt, stream};
use std::sync::Arc;
use store::{ByteStream, Store, StoreError};
use tokio::sync::{Notify, oneshot};

async fn assert_nothing_left(server: &Server, store: &dyn Store) {
    assert!(cases::all_keys(store).await.is_empty());
    assert_eq!(server.unfinished(), [""; 0]);
}

/// A body of so many MiB that then never goes on, and what tells that it was read that far.
fn stuck_after(count: u8) -> (ByteStream, oneshot::Receiver<()>) {
    let (reached, told) = oneshot::channel();
    let stuck = stream::once(async move {
        reached.send(()).expect("the test waits");
        std::future::pending().await
    });
    (mebibytes(count).chain(stuck).boxed(), told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parts_that_are_always_cut_end_the_upload() {
    let plan = |kind, number| match (kind, number) {
        (Kind::Part, 2..) => Fault::CutRequest(1 << 20),
        _ => Fault::None,
    };
    let server = Server::with(plan).await;
    let store = server.store();
    let put = store.put_stream("a", "video/mp4", 1 << 30, mebibytes(40)).await;
    assert!(matches!(put, Err(StoreError::Away(_))), "{put:?}");
    assert_eq!(server.count(Kind::Abort), 1);
    assert_nothing_left(&server, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_fails_or_is_too_long_ends_the_upload() {
    let server = Server::healthy().await;
    let store = server.store();
    let cut = StoreError::Source("cut short".to_owned());
    let body = mebibytes(20).chain(stream::iter([Err(cut.clone())])).boxed();
    assert_eq!(store.put_stream("a", "video/mp4", 1 << 30, body).await, Err(cut));
    let max_bytes = 19 << 20;
    let put = store.put_stream("a", "video/mp4", max_bytes, mebibytes(20)).await;
    assert_eq!(put, Err(StoreError::TooLarge { max_bytes }));
    assert_eq!((server.count(Kind::Begin), server.count(Kind::Abort)), (2, 2));
    assert_nothing_left(&server, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_is_refused_ends_the_upload() {
    let plan = |kind, _| if kind == Kind::Complete { Fault::Refused(400, "InvalidPart") } else { Fault::None };
    let server = Server::with(plan).await;
    let store = server.store();
    let put = store.put_stream("a", "video/mp4", 1 << 30, mebibytes(9)).await;
    assert_eq!(put, Err(StoreError::Away("uploading an object in parts: it answered 400 InvalidPart".to_owned())));
    assert_nothing_left(&server, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_whose_answer_is_lost_can_be_put_again() {
    let plan = |kind, number| if (kind, number) == (Kind::Complete, 1) { Fault::LostAnswer } else { Fault::None };
    let server = Server::with(plan).await;
    let store = server.store();
    // This server has forgotten the upload when it is asked for the second time; others remember it.
    let first = store.put_stream("a", "video/mp4", 1 << 30, mebibytes(9)).await;
    assert!(matches!(first, Err(StoreError::Away(_))), "{first:?}");
    assert_eq!(store.head("a").await.expect("it was written, whole").bytes, 9 << 20);
    let again = store.put_stream("a", "video/mp4", 1 << 30, mebibytes(9)).await.expect("a put");
    let found = cases::read(&store, "a", None).await.expect("an object");
    assert_eq!(cases::sha256(&found), again.sha256);
    assert_eq!(server.unfinished(), [""; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_that_is_dropped_between_parts_is_aborted() {
    let server = Server::healthy().await;
    let store = server.store();
    let (body, reached) = stuck_after(20);
    let mut put = store.put_stream("a", "video/mp4", 1 << 30, body);
    tokio::select! {
        _ = &mut put => panic!("a body without end was put"),
        (told, ()) = async { (reached.await, server.wait_for_answers(Kind::Part, 2).await) } => {
            told.expect("the source was read to its stuck end");
        }
    }
    assert!(poll_immediate(&mut put).await.is_none());
    assert!(!server.unfinished().is_empty(), "parts are there");
    drop(put);
    server.wait_for_answers(Kind::Abort, 1).await;
    assert_eq!(server.count(Kind::Complete), 0);
    assert_nothing_left(&server, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_put_that_is_dropped_while_its_upload_begins_is_aborted() {
    let release = Arc::new(Notify::new());
    let held = release.clone();
    let plan = move |kind, _| if kind == Kind::Begin { Fault::Held(held.clone()) } else { Fault::None };
    let server = Server::with(plan).await;
    let store = server.store();
    let mut put = store.put_stream("a", "video/mp4", 1 << 30, mebibytes(20));
    tokio::select! {
        _ = &mut put => panic!("the beginning is held"),
        () = server.wait_for(Kind::Begin) => {}
    }
    drop(put);
    release.notify_one();
    server.wait_for_answers(Kind::Abort, 1).await;
    assert_eq!((server.count(Kind::Part), server.count(Kind::Complete)), (0, 0));
    assert_nothing_left(&server, &store).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_refuses_the_abort_does_not_hide_why_the_put_failed() {
    let plan = |kind, _| if kind == Kind::Abort { Fault::Refused(403, "AccessDenied") } else { Fault::None };
    let server = Server::with(plan).await;
    let cut = StoreError::Source("cut short".to_owned());
    let body = mebibytes(9).chain(stream::iter([Err(cut.clone()), Ok(Bytes::new())])).boxed();
    assert_eq!(server.store().put_stream("a", "video/mp4", 1 << 30, body).await, Err(cut));
    assert_eq!(server.count(Kind::Abort), 1);
}
