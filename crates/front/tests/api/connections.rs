//! Real sockets: half-sent bodies, half-closed peers, large heads, draining.

use crate::harness::World;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Served {
    world: World,
    address: SocketAddr,
    soft: CancellationToken,
    done: JoinHandle<std::io::Result<()>>,
}

/// Long enough that no drain of a test runs out of time.
const DRAIN_MS: u64 = 10_000;

async fn serve() -> Served {
    serve_with(DRAIN_MS).await
}

async fn serve_with(drain_ms: u64) -> Served {
    let world = World::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("is bound");
    let soft = CancellationToken::new();
    let done = tokio::spawn(front::serve(listener, world.router.clone(), soft.clone(), drain_ms));
    Served { world, address, soft, done }
}

impl Served {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("it listens")
    }
}

async fn answer(mut socket: TcpStream) -> String {
    let mut text = Vec::new();
    // A reset after the answer is no matter.
    let _ = socket.read_to_end(&mut text).await;
    String::from_utf8(text).expect("is text")
}

fn submit(length: usize) -> String {
    format!(
        "POST /mj/submit/imagine HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer sk-test-unlimited\r\n\
         content-length: {length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_peer_that_closed_its_sending_side_gets_its_answer() {
    let served = serve().await;
    let mut socket = served.connect().await;
    let body = r#"{"prompt":"a cat"}"#;
    socket.write_all((submit(body.len()) + body).as_bytes()).await.expect("is sent");
    socket.shutdown().await.expect("is closed");
    let text = answer(socket).await;
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("Submitted successfully"), "{text}");
}

#[tokio::test]
async fn a_body_that_breaks_off_opens_no_task() {
    let served = serve().await;
    let mut socket = served.connect().await;
    socket.write_all((submit(1000) + r#"{"prompt":"a cat"}"#).as_bytes()).await.expect("is sent");
    socket.shutdown().await.expect("is closed");
    let text = answer(socket).await;
    assert!(text.starts_with("HTTP/1.1 400") && text.contains("cut short"), "{text}");
    assert_eq!(served.world.task_count().await, 0);
}

#[tokio::test]
async fn a_caller_who_hangs_up_cancels_nothing() {
    let served = serve().await;
    let body = r#"{"prompt":"a cat"}"#;
    let mut socket = served.connect().await;
    let head = submit(body.len()).replace("\r\n\r\n", "\r\nprefer: wait=60\r\n\r\n");
    socket.write_all((head + body).as_bytes()).await.expect("is sent");
    while served.world.task_count().await == 0 {
        tokio::task::yield_now().await;
    }
    drop(socket);
    assert_eq!(served.world.task_count().await, 1);
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let served = serve().await;
    let mut socket = served.connect().await;
    let head = format!("GET /v1/tasks HTTP/1.1\r\nhost: x\r\nx-long: {}\r\n\r\n", "a".repeat(128 * 1024));
    // The peer may hang up before all of it is sent.
    let _ = socket.write_all(head.as_bytes()).await;
    let text = answer(socket).await;
    assert!(!text.contains("HTTP/1.1 200"), "{text}");
    assert_eq!(served.world.get("/v1/tasks").await.status, 200, "others are served all the same");
}

/// A submission whose answer is held: once the task is there, the request is surely under way.
async fn held_submission(served: &Served) -> TcpStream {
    let mut socket = served.connect().await;
    let body = r#"{"prompt":"a cat"}"#;
    let head = submit(body.len()).replace("\r\n\r\n", "\r\nprefer: wait=60\r\n\r\n");
    socket.write_all((head + body).as_bytes()).await.expect("is sent");
    while served.world.task_count().await == 0 {
        tokio::task::yield_now().await;
    }
    socket
}

#[tokio::test]
async fn a_drain_lets_requests_finish_and_takes_no_more() {
    let served = serve().await;
    let socket = held_submission(&served).await;
    // An idle connection does not hold the drain up.
    let idle = served.connect().await;
    served.soft.cancel();
    served.world.front.draining.cancel();
    let text = answer(socket).await;
    assert!(text.starts_with("HTTP/1.1 200") && text.contains("Submitted successfully"), "{text}");
    served.done.await.expect("does not panic").expect("ends well");
    assert!(TcpStream::connect(served.address).await.is_err(), "nobody listens any more");
    drop(idle);
}

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for_for_ever() {
    let served = serve().await;
    let mut socket = served.connect().await;
    socket.write_all(b"GET /v1/tasks HTTP/1.1\r\nhost: x\r\nx-slow: ").await.expect("is sent");
    let silent = served.connect().await;
    // From here on time passes whenever nobody has anything to do.
    tokio::time::pause();
    for socket in [socket, silent] {
        let text = tokio::time::timeout(Duration::from_secs(120), answer(socket)).await.expect("the socket is closed");
        assert!(text.is_empty() || text.starts_with("HTTP/1.1 408"), "{text}");
    }
}

#[tokio::test]
async fn a_drain_that_runs_out_of_time_cuts_off_what_is_left() {
    // The clock is not stopped: time would jump over whatever the ledger is asked meanwhile.
    let served = serve_with(1).await;
    let socket = held_submission(&served).await;
    served.soft.cancel();
    served.done.await.expect("does not panic").expect("ends well");
    assert_eq!(answer(socket).await, "", "the connection is cut");
}

#[tokio::test]
async fn a_caller_who_asks_first_is_told_to_go_on_or_refused() {
    let served = serve().await;
    let body = r#"{"prompt":"a cat"}"#;
    let head = submit(body.len()).replace("\r\n\r\n", "\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n");
    let mut socket = served.connect().await;
    socket.write_all(head.as_bytes()).await.expect("is sent");
    let mut told = [0; 25];
    socket.read_exact(&mut told).await.expect("is told");
    assert_eq!(str::from_utf8(&told).expect("is text"), "HTTP/1.1 100 Continue\r\n\r\n");
    socket.write_all(body.as_bytes()).await.expect("is sent");
    let text = answer(socket).await;
    assert!(text.starts_with("HTTP/1.1 200"), "{text}");
    let mut socket = served.connect().await;
    socket.write_all(head.replace("sk-test-unlimited", "sk-wrong").as_bytes()).await.expect("is sent");
    let text = answer(socket).await;
    assert!(text.starts_with("HTTP/1.1 401"), "{text}");
}
