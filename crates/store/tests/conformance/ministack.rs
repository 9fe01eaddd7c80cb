//! The suite for S3 on a second server, `ministack` 1.5.33 (PyPI), which has what `s3s-fs` lacks: the list of
//! unfinished uploads. It is asked when `BACKLOT_TEST_MINISTACK` is the path of its program; with
//! `BACKLOT_TEST_REQUIRE_ALL=1` it has to be there.

use crate::cases;
use aws_sdk_s3::config::retry::{RetryConfig, RetryPartition, TokenBucket};
use aws_sdk_s3::config::{BehaviorVersion, Config, Credentials, Region};
use aws_sdk_s3::primitives::ByteStream as Body;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{StreamExt, stream};
use std::io::Write;
use std::process::Stdio;
use std::time::Duration;
use store::{S3Settings, S3Store, Store, StoreError};
use task::Secret;
use tempfile::TempDir;
use tokio::process::{Child, Command};

/// Cases that this server can't do, each with the reason.
const CANNOT: &[(&str, &str)] = &[];

/// How long the server may take to answer for the first time.
const START_LIMIT: Duration = Duration::from_secs(60);

type Case = for<'a> fn(&'a dyn Store) -> BoxFuture<'a, ()>;

macro_rules! tests {
    ($($case:ident),+ $(,)?) => {
        const CASES: &[(&str, Case)] = &[$((stringify!($case), |store| Box::pin(cases::$case(store)))),+];
    };
}

with_every_case!(tests);

struct Ministack {
    endpoint: String,
    client: aws_sdk_s3::Client,
    _folder: TempDir,
    _process: Child,
}

impl Ministack {
    /// A server of its own, if there is a program.
    async fn start() -> Option<Self> {
        let Ok(program) = std::env::var("BACKLOT_TEST_MINISTACK") else {
            let required = std::env::var("BACKLOT_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1");
            assert!(!required, "BACKLOT_TEST_REQUIRE_ALL=1, but BACKLOT_TEST_MINISTACK names no program");
            let mut stderr = std::io::stderr();
            writeln!(stderr, "skipped on ministack: BACKLOT_TEST_MINISTACK is not set").expect("stderr is open");
            return None;
        };
        let folder = tempfile::tempdir().expect("a temporary folder");
        let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = free.local_addr().expect("it is bound").port();
        drop(free);
        let mut command = Command::new(program);
        command.env("GATEWAY_PORT", port.to_string()).env("BIND_HOST", "127.0.0.1").env("HOME", folder.path());
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.kill_on_drop(true).spawn().expect("ministack starts");
        let endpoint = format!("http://127.0.0.1:{port}");
        let made = Self { client: client(&endpoint), endpoint, _folder: folder, _process: process };
        // The client asks again and again until the server listens.
        let ready = tokio::time::timeout(START_LIMIT, made.client.list_buckets().send()).await;
        ready.expect("ministack answers in time").expect("ministack answers");
        Some(made)
    }

    fn settings(&self, bucket: &str) -> S3Settings {
        S3Settings {
            endpoint: Some(self.endpoint.clone()),
            path_style: true,
            backoff: Duration::from_millis(1),
            ..S3Settings::new("us-east-1", bucket, "test", Secret::new("test"))
        }
    }

    async fn store(&self, bucket: &str) -> S3Store {
        self.client.create_bucket().bucket(bucket).send().await.expect("a bucket");
        S3Store::new(self.settings(bucket)).expect("the settings fit together")
    }

    async fn unfinished(&self, bucket: &str) -> Vec<String> {
        let page = self.client.list_multipart_uploads().bucket(bucket).send().await.expect("a list");
        page.uploads.unwrap_or_default().into_iter().filter_map(|upload| upload.key).collect()
    }

    async fn begin(&self, bucket: &str, key: &str) {
        let begun = self.client.create_multipart_upload().bucket(bucket).key(key).send().await.expect("an upload");
        let part = self.client.upload_part().bucket(bucket).key(key).set_upload_id(begun.upload_id).part_number(1);
        part.body(Body::from_static(b"half of it")).send().await.expect("a part");
    }
}

fn client(endpoint: &str) -> aws_sdk_s3::Client {
    let partition = RetryPartition::custom("ministack").token_bucket(TokenBucket::unlimited()).build();
    let retries = RetryConfig::standard().with_max_attempts(1_000).with_initial_backoff(Duration::from_millis(20));
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("test", "test", None, None, "test"))
        .endpoint_url(endpoint)
        .force_path_style(true)
        .retry_partition(partition)
        .retry_config(retries.with_max_backoff(Duration::from_millis(100)))
        .http_client(aws_smithy_http_client::Builder::new().build_http());
    aws_sdk_s3::Client::from_conf(config.build())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_suite() {
    let Some(server) = Ministack::start().await else { return };
    let mut stderr = std::io::stderr();
    for (number, (name, case)) in CASES.iter().enumerate() {
        if CANNOT.iter().any(|(cannot, _)| cannot == name) {
            continue;
        }
        // What was written last is the case that failed.
        writeln!(stderr, "ministack: {name}").expect("stderr is open");
        let store = server.store(&format!("bucket-{number}")).await;
        case(&store).await;
    }
    for (name, reason) in CANNOT {
        assert!(CASES.iter().any(|(case, _)| case == name) && !reason.is_empty(), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_never_ended_are_swept_under_our_prefix() {
    let Some(server) = Ministack::start().await else { return };
    server.store("swept").await;
    let settings = S3Settings { prefix: "ours/".to_owned(), ..server.settings("swept") };
    let store = S3Store::new(settings).expect("the settings fit together");
    cases::put(&store, "kept", "text/plain", b"whole").await.expect("a put");
    for key in ["ours/a", "ours/b/c", "others/d"] {
        server.begin("swept", key).await;
    }
    assert_eq!(store.sweep_uploads(1_000).await, Ok(0), "none is as old as that");
    assert_eq!(server.unfinished("swept").await.len(), 3);
    assert_eq!(store.sweep_uploads(i64::MAX).await, Ok(2));
    assert_eq!(server.unfinished("swept").await, ["others/d"]);
    assert_eq!(store.sweep_uploads(i64::MAX).await, Ok(0));
    assert_eq!(cases::read(&store, "kept", None).await.expect("an object"), b"whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_upload_is_aborted_and_a_whole_one_is_read_back() {
    let Some(server) = Ministack::start().await else { return };
    let store = server.store("parts").await;
    let mebibytes = |count: u8| (0..count).map(|number| Ok(Bytes::from(vec![number; 1 << 20])));
    let cut = stream::iter(mebibytes(20).chain([Err(StoreError::Source("cut short".to_owned()))]));
    let failed = store.put_stream("a", "video/mp4", 1 << 30, cut.boxed()).await;
    assert_eq!(failed, Err(StoreError::Source("cut short".to_owned())));
    assert!(server.unfinished("parts").await.is_empty());
    assert_eq!(store.head("a").await, Err(StoreError::Missing));

    let receipt = store.put_stream("a", "video/mp4", 1 << 30, stream::iter(mebibytes(20)).boxed()).await;
    assert_eq!(receipt.expect("a put").bytes, 20 << 20);
    let found = cases::read(&store, "a", Some((17 << 20) - 1..(17 << 20) + 1)).await.expect("a range");
    assert_eq!(found, [16, 17]);
    assert_eq!(store.head("a").await.expect("an object").content_type, "video/mp4");
}
