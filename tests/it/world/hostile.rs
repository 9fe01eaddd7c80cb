//! Bad input from outside: a clear error in the family's shape, and nothing else happens.

use super::process::Backlot;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn refused(backlot: &Backlot, body: &Value, status: u16, param: &str) {
    let (given, answer) = backlot.post("/mj/submit/imagine", body).await;
    assert_eq!(given, status, "{body} → {answer}");
    assert_eq!(answer["error"]["param"], param, "{body} → {answer}");
    assert_eq!(answer["code"], 4, "{body} → {answer}");
    assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{answer}");
}

async fn count_tasks(backlot: &Backlot) -> usize {
    let (_, list) = backlot.get("/v1/tasks?limit=100").await;
    list["data"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_are_refused_in_words_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let backlot = Backlot::start(&folder.path().join("data")).await;

    for hook in [
        "file:///etc/passwd",
        "http://10.0.0.1/",
        "http://user:pw@example.com/",
        "http://[fd00::1]/",
        "gopher://example.com/",
        "http://169.254.169.254/latest",
        "nonsense",
        "http://0x7f.1.2.3.4.5/",
    ] {
        refused(&backlot, &json!({ "prompt": "x", "notifyHook": hook }), 400, "notifyHook").await;
    }
    refused(&backlot, &json!({ "prompt": 7.5 }), 400, "prompt").await;
    refused(&backlot, &json!({ "prompt": { "a": 1 } }), 400, "prompt").await;
    refused(&backlot, &json!({}), 400, "prompt").await;
    refused(&backlot, &json!({ "prompt": "x", "base64Array": "not an array" }), 400, "base64Array").await;

    let deep = format!("{{\"prompt\":{}1{}}}", "[".repeat(50_000), "]".repeat(50_000));
    for (body, status) in [(deep.into_bytes(), 400), (b"{\"prompt\":".to_vec(), 400), (vec![b' '; 65 << 20], 413)] {
        let request = backlot.client.post(format!("{}/mj/submit/imagine", backlot.base)).bearer_auth(&backlot.token);
        let response = request.header("content-type", "application/json").body(body).send().await.expect("it answers");
        assert_eq!(response.status().as_u16(), status);
        assert!(response.headers().contains_key("x-request-id"));
    }

    half_sent(&backlot).await;
    assert_eq!(count_tasks(&backlot).await, 0, "no task came of any of this");
    let id = backlot.imagine(&json!({ "prompt": "and it goes on" })).await;
    let (_, task) = backlot.wait(&format!("/mj/task/{id}/fetch")).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
}

/// A body that stops half way, and a connection that is closed for writing.
async fn half_sent(backlot: &Backlot) {
    let mut socket = TcpStream::connect(backlot.address()).await.expect("it listens");
    let head = format!(
        "POST /mj/submit/imagine HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{\"prompt\":",
        backlot.address(),
        backlot.token
    );
    socket.write_all(head.as_bytes()).await.expect("it takes the head");
    socket.shutdown().await.expect("the half can be closed");
    let mut answer = Vec::new();
    // Either an error or a closed connection is right; what counts is that nothing was accepted.
    let _closed = socket.read_to_end(&mut answer).await;
    assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
}
