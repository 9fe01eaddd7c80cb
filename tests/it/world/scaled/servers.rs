//! The servers that an installation leans on, each of the test's own: a database, Redis, an S3 server in
//! process over HTTP.

use sqlx::{Connection as _, Executor as _};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// The bucket.
pub(super) const BUCKET: &str = "artifacts";
/// Its key pair.
pub(super) const ACCESS_KEY_ID: &str = "AKIDEXAMPLE";
pub(super) const SECRET: &str = "a-secret-of-the-test";

/// Whether everything that the tests need is there; says so if not, and fails if it must be.
pub(super) fn are_there() -> bool {
    postgres_url().is_some()
}

/// The Postgres server's admin URL, if everything that the tests need is there.
pub(super) fn postgres_url() -> Option<String> {
    let required = std::env::var("BACKLOT_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1");
    let mut missing = Vec::new();
    let url = std::env::var("BACKLOT_TEST_POSTGRES").ok();
    if url.is_none() {
        missing.push("BACKLOT_TEST_POSTGRES is not set");
    }
    let redis = Command::new("redis-server").arg("--version").stdout(Stdio::null()).status();
    if !redis.is_ok_and(|status| status.success()) {
        missing.push("there is no redis-server");
    }
    if missing.is_empty() {
        return url;
    }
    assert!(!required, "BACKLOT_TEST_REQUIRE_ALL=1, but {missing:?}");
    writeln!(std::io::stderr(), "skipped: {missing:?}").expect("stderr is open");
    None
}

/// A port that nobody listens on right now.
pub(super) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    listener.local_addr().expect("it has an address").port()
}

/// A database of the test's own.
pub(super) struct Database {
    admin: String,
    name: String,
    pub(super) url: String,
}

impl Database {
    pub(super) async fn create(admin: String) -> Self {
        let name = format!("scaled_{}_{}", std::process::id(), free_port());
        on_server(&admin, format!("CREATE DATABASE {name}")).await;
        let (head, query) = admin.split_once('?').map_or((admin.as_str(), None), |(head, q)| (head, Some(q)));
        let base = head.rsplit_once('/').map_or(head, |(base, _)| base);
        let url = format!("{base}/{name}{}", query.map(|q| format!("?{q}")).unwrap_or_default());
        Self { name, url, admin }
    }

    pub(super) async fn drop(self) {
        on_server(&self.admin, format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

async fn on_server(admin: &str, sql: String) {
    sqlx::any::install_default_drivers();
    let mut connection = sqlx::AnyConnection::connect(admin).await.expect("the server is there");
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.expect("the statement is right");
}

/// A Redis that keeps nothing.
pub(super) struct Redis {
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

impl Redis {
    pub(super) fn start() -> Self {
        let mut redis =
            Self { port: free_port(), folder: tempfile::tempdir().expect("a folder can be made"), child: None };
        redis.restart();
        redis
    }

    /// As a lost machine would end.
    pub(super) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Starts it, empty; returns when it takes connections.
    pub(super) fn restart(&mut self) {
        self.kill();
        let mut command = Command::new("redis-server");
        command.args(["--save", "", "--appendonly", "no", "--bind", "127.0.0.1", "--port", &self.port.to_string()]);
        command.arg("--dir").arg(self.folder.path()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("redis-server starts");
        let mut lines = BufReader::new(child.stdout.take().expect("its log is piped")).lines().map_while(Result::ok);
        assert!(lines.any(|line| line.contains("eady to accept connections")), "redis-server did not start");
        // Somebody has to read on, or it would stop when the pipe is full.
        std::thread::spawn(move || lines.for_each(drop));
        self.child = Some(child);
    }

    /// Where it is.
    pub(super) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Forgets everything.
    pub(super) fn flush(&self) {
        let mut socket = TcpStream::connect(("127.0.0.1", self.port)).expect("Redis listens");
        socket.write_all(b"FLUSHALL\r\n").expect("it is sent");
        let mut answer = [0; 5];
        socket.read_exact(&mut answer).expect("it answers");
        assert_eq!(&answer, b"+OK\r\n");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// An S3 server in process; it ends with this value.
pub(super) struct S3Server {
    pub(super) address: SocketAddr,
    _folder: TempDir,
    accepting: tokio::task::JoinHandle<()>,
}

impl S3Server {
    pub(super) async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir(folder.path().join(BUCKET)).expect("a bucket can be made");
        let files = s3s_fs::FileSystem::new(folder.path()).expect("the folder can be served");
        let mut builder = s3s::service::S3ServiceBuilder::new(files);
        builder.set_auth(s3s::auth::SimpleAuth::from_single(ACCESS_KEY_ID, SECRET));
        let service = builder.build();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it has an address");
        let accepting = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let http = hyper::server::conn::http1::Builder::new();
                let connection = http.serve_connection(hyper_util::rt::TokioIo::new(socket), service.clone());
                // A client that goes away ends its connection with an error.
                tokio::spawn(async move { drop(connection.await) });
            }
        });
        Self { address, _folder: folder, accepting }
    }
}

impl Drop for S3Server {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
