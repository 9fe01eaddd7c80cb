//! Official SDKs, unmodified, their base URL changed and nothing else (`tests/sdk/README.md`).

use super::faults::sim_counts;
use super::process::{Backlot, binary, log_of};
use crate::tidy::{read, root};
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;

/// Where `tests/run` has installed the SDKs; `None` when it has not, which only a quick run may say.
#[expect(clippy::print_stderr, reason = "whoever runs the tests has to see what was left out")]
pub(super) fn installed() -> Option<PathBuf> {
    let folder = std::env::var_os("BACKLOT_TEST_SDK").map(PathBuf::from);
    let must = std::env::var_os("BACKLOT_TEST_REQUIRE_ALL").is_some();
    assert!(folder.is_some() || !must, "the SDKs are not installed: BACKLOT_TEST_SDK names no folder");
    if folder.is_none() {
        eprintln!("skipped: the SDKs are not installed (tests/run without --fast installs them)");
    }
    folder
}

/// Runs a script to its end; its last line has to be `ok`.
async fn run(backlot: &Backlot, interpreter: PathBuf, script: &str, more: &[(&str, &str)]) {
    let variables = [("BASE", backlot.base.as_str()), ("KEY", backlot.token.as_str())];
    let told = run_with(interpreter, script, &[&variables, more].concat()).await;
    told.unwrap_or_else(|said| panic!("{said}\n{}", log_of(&backlot.data)));
}

/// The same against whatever the variables say; the error is what it printed.
async fn run_with(interpreter: PathBuf, script: &str, variables: &[(&str, &str)]) -> Result<(), String> {
    let sdk = installed().expect("was asked before");
    let path = root().join("tests/sdk").join(script);
    let mut command = Command::new(interpreter);
    if script.ends_with(".mjs") {
        // Node looks for a module's packages beside the module, or beside where it was started with a text.
        command.args(["--input-type=module", "-e", &read(&path)]).current_dir(sdk.join("node"));
    } else {
        command.arg(path);
    }
    command.envs(variables.iter().copied()).env("PYTHONWARNINGS", "ignore").kill_on_drop(true);
    let output = command.output().await.expect("the interpreter runs");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let complained = String::from_utf8_lossy(&output.stderr).into_owned();
    let fine = output.status.success() && said.trim_end().ends_with("ok");
    if fine { Ok(()) } else { Err(format!("{script}\n{said}\n{complained}")) }
}

async fn with_backlot(scripts: &[(&str, &str)]) {
    let Some(sdk) = installed() else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let backlot = Backlot::start(&data).await;
    for (interpreter, script) in scripts {
        run(&backlot, sdk.join(interpreter), script, &[]).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_openai_sdk_makes_films() {
    with_backlot(&[("python/bin/python", "front/openai_videos.py")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_node_openai_sdk_makes_films() {
    with_backlot(&[("node/bin/node", "front/openai_videos.mjs")]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ark_runtime_makes_films() {
    with_backlot(&[("python/bin/python", "front/ark_tasks.py")]).await;
}

/// The make-believe upstream is driven by those whom its vendors wrote their SDKs for: a fresh one each.
async fn against_the_sim(interpreter: &str, script: &str) {
    let Some(sdk) = installed() else { return };
    let mut sim = Command::new(binary())
        .args(["sim", "--listen", "127.0.0.1:0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .expect("the binary starts");
    let mut lines = BufReader::new(sim.stdout.take().expect("its output is piped")).lines();
    let first = lines.next_line().await.expect("its output can be read").expect("it says where it is");
    let base = first.split([' ', ';']).find(|word| word.starts_with("http://")).expect("it says where it is");
    let told = run_with(sdk.join(interpreter), script, &[("BASE", base), ("KEY", "sim")]).await;
    told.unwrap_or_else(|said| panic!("{said}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_openai_sdk_takes_the_sim_for_its_vendor() {
    against_the_sim("python/bin/python", "sim/openai_videos.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ark_runtime_takes_the_sim_for_its_vendor() {
    against_the_sim("python/bin/python", "sim/ark.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google_s_older_sdk_takes_the_sim_for_its_vendor() {
    against_the_sim("python-genai2/bin/python", "sim/gemini_lro.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn google_s_sdk_takes_the_sim_for_its_vendor() {
    against_the_sim("python/bin/python", "sim/vertex.py").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fal_client_takes_the_sim_for_its_vendor() {
    against_the_sim("python/bin/python", "sim/fal.py").await;
}

/// What becomes of the first answer on its way back.
#[derive(Debug, Clone, Copy)]
enum FirstAnswer {
    /// The connection is cut before a byte of it has come.
    Cut,
    /// It is 503, as a balancer says whose service takes too long.
    Unavailable,
}

/// The SDK repeats what was accepted; its upstream has begun each film once.
async fn retried_after(trouble: FirstAnswer) {
    let Some(sdk) = installed() else { return };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let data = folder.path().join("data");
    let backlot = Backlot::start(&data).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let between = format!("http://{}", listener.local_addr().expect("it has an address"));
    let proxy = tokio::spawn(spoil_the_first_answer(listener, backlot.address(), trouble));
    run(&backlot, sdk.join("python/bin/python"), "front/openai_retry.py", &[("BETWEEN", &between)]).await;
    proxy.abort();
    let counts = sim_counts(&data, &backlot.client).await;
    for prompt in ["a film that must be made once", "a film with a key"] {
        assert_eq!(counts["prompts"][prompt]["accepted"], 1, "{trouble:?}: {counts}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cut_answer_never_makes_a_second_film() {
    retried_after(FirstAnswer::Cut).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_503_in_place_of_the_answer_never_makes_a_second_film() {
    retried_after(FirstAnswer::Unavailable).await;
}

/// Passes everything on, but of the first connection's answer not a byte.
async fn spoil_the_first_answer(listener: TcpListener, to: String, trouble: FirstAnswer) {
    let mut is_first = true;
    loop {
        let (mut client, _) = listener.accept().await.expect("a connection comes");
        let mut server = TcpStream::connect(&to).await.expect("the service is there");
        if !std::mem::replace(&mut is_first, false) {
            tokio::spawn(async move { copy_bidirectional(&mut client, &mut server).await });
            continue;
        }
        tokio::spawn(async move {
            ask_in_vain(&mut client, &mut server).await;
            if let FirstAnswer::Unavailable = trouble {
                let answer = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
                client.write_all(answer).await.expect("the caller reads");
            }
        });
    }
}

/// Passes the request on until the answer begins.
async fn ask_in_vain(client: &mut TcpStream, server: &mut TcpStream) {
    let (mut from_server, mut to_server) = server.split();
    let (mut buffer, mut answer) = (vec![0u8; 64 << 10], [0u8; 1]);
    loop {
        tokio::select! {
            read = client.read(&mut buffer) => match read {
                Ok(0) | Err(_) => return,
                Ok(length) => to_server.write_all(&buffer[..length]).await.expect("the service reads"),
            },
            _ = from_server.read(&mut answer) => return,
        }
    }
}
