//! A private Postgres from Debian's binaries, with fsync.

use super::{bound_command, end, free_port};
use crate::machine;
use anyhow::{Context, bail};
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection as _, Executor as _, PgConnection, PgPool, Row as _};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// How long it may take to start.
const START_MAX: Duration = Duration::from_secs(60);
/// The pause between two looks whether it has.
const START_PAUSE: Duration = Duration::from_millis(100);
/// Who runs it when we are root, whom it refuses.
const USER: &str = "postgres";

/// A server; it ends with this value.
#[derive(Debug)]
pub(crate) struct Postgres {
    port: u16,
    child: Mutex<Child>,
    folder: TempDir,
}

/// What was executed since the last [`Postgres::reset`].
#[derive(Debug, Clone, Copy)]
pub(crate) struct Statements {
    /// Statements beside BEGIN and COMMIT.
    pub(crate) statements: f64,
    /// COMMITs by name, and openings that commit by themselves.
    pub(crate) commits: f64,
}

impl Postgres {
    /// Makes a cluster in a temporary folder and starts it.
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let binaries = binaries()?;
        let folder = tempfile::tempdir()?;
        // Only root may, and has to, become somebody else.
        let user = (fs::metadata("/proc/self")?.uid() == 0).then_some(USER);
        if let Some(user) = user {
            let owned = Command::new("chown").arg(user).arg(folder.path()).status()?;
            anyhow::ensure!(owned.success(), "there is no user {user}");
        }
        let data = folder.path().join("data");
        let made = bound_command(&binaries.join("initdb"), "KILL", user)
            .arg("-D")
            .arg(&data)
            .args(["-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "-U", USER])
            .stdout(Stdio::null())
            .status()?;
        anyhow::ensure!(made.success(), "initdb failed");
        let port = free_port()?;
        let server = Self { port, child: Mutex::new(launch(port, folder.path())?), folder };
        timeout(START_MAX, server.answers()).await.context("Postgres does not start")?;
        let mut connection = PgConnection::connect(&server.url("postgres")).await?;
        connection.execute("CREATE EXTENSION pg_stat_statements").await?;
        Ok(server)
    }

    /// Ends it: `KILL` as a lost machine would, `INT` as an administrator who waits for nobody.
    pub(crate) fn stop(&self, signal: &str) -> anyhow::Result<()> {
        end(&mut self.child.lock().unwrap_or_else(PoisonError::into_inner), signal)
    }

    /// The same server again, once it has ended.
    pub(crate) async fn start_again(&self) -> anyhow::Result<()> {
        let again = async {
            loop {
                // Sessions of a killed server may outlive it for a moment, and keep the next one down.
                let child = launch(self.port, self.folder.path())?;
                *self.child.lock().unwrap_or_else(PoisonError::into_inner) = child;
                if timeout(START_PAUSE * 20, self.answers()).await.is_ok() {
                    return anyhow::Ok(());
                }
                let ended = self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait()?.is_some();
                if !ended {
                    self.answers().await;
                    return Ok(());
                }
            }
        };
        timeout(START_MAX, again).await.context("Postgres does not start again")?
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> std::net::SocketAddr {
        std::net::SocketAddr::from(([127, 0, 0, 1], self.port))
    }

    async fn answers(&self) {
        while PgConnection::connect(&self.url("postgres")).await.is_err() {
            sleep(START_PAUSE).await;
        }
    }

    /// The URL of a database.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}", self.port)
    }

    /// Makes an empty database and tells its URL.
    pub(crate) async fn database(&self, name: &str) -> anyhow::Result<String> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        connection.execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}"))).await?;
        Ok(self.url(name))
    }

    /// Forgets what was executed.
    pub(crate) async fn reset(&self) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        connection.execute("SELECT pg_stat_statements_reset()").await?;
        Ok(())
    }

    /// What was executed since the last reset, in all databases.
    pub(crate) async fn statements(&self) -> anyhow::Result<Statements> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        let sql = "SELECT \
             CAST(COALESCE(SUM(calls) FILTER (WHERE query !~* '^(begin|commit|rollback)'), 0) AS DOUBLE PRECISION), \
             CAST(COALESCE(SUM(calls) FILTER (WHERE query ~* '^commit' OR query LIKE '/* open_tasks */%'), 0) AS DOUBLE PRECISION) \
             FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'";
        let row = connection.fetch_one(sql).await?;
        Ok(Statements { statements: row.try_get(0)?, commits: row.try_get(1)? })
    }

    /// The statements that took the most of its time since the last reset: milliseconds, calls, beginning.
    pub(crate) async fn slowest(&self, limit: i64) -> anyhow::Result<Vec<String>> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        let sql = "SELECT FORMAT('%s ms in %s calls: %s', ROUND(CAST(total_exec_time AS NUMERIC), 0), calls, \
             LEFT(REGEXP_REPLACE(query, '\\s+', ' ', 'g'), 70)) FROM pg_stat_statements \
             WHERE query NOT LIKE '%pg_stat_statements%' ORDER BY total_exec_time DESC LIMIT $1";
        let rows = sqlx::query(sql).bind(limit).fetch_all(&mut connection).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }

    /// CPU time that it and its sessions have used, ms.
    pub(crate) fn cpu_ms(&self) -> anyhow::Result<f64> {
        machine::family_cpu_ms(self.child.lock().unwrap_or_else(PoisonError::into_inner).id())
    }
}

/// Starts the server whose data lie in a folder.
fn launch(port: u16, folder: &Path) -> anyhow::Result<Child> {
    let user = (fs::metadata("/proc/self")?.uid() == 0).then_some(USER);
    let mut command = bound_command(&binaries()?.join("postgres"), "QUIT", user);
    command.arg("-D").arg(folder.join("data")).args(["-p", &port.to_string()]);
    let sockets = format!("unix_socket_directories={}", folder.display());
    // A quarter of the memory, as its manual advises (chapter "Resource Consumption"): its default is 128 MB.
    let buffers = format!("shared_buffers={}MB", machine::memory_mib()? as u64 / 4);
    let options = [
        &buffers,
        "listen_addresses=127.0.0.1",
        &sockets,
        "max_connections=300",
        "fsync=on",
        "synchronous_commit=on",
        "max_wal_size=8GB",
        "shared_preload_libraries=pg_stat_statements",
        "track_io_timing=off",
    ];
    command.args(options.iter().flat_map(|option| ["-c", option]));
    Ok(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // A server that has ended by itself is no error, and its folder goes anyway.
        let _ended = self.stop("QUIT");
    }
}

/// A pool of plain connections, for what stands beside the ledger.
pub(crate) async fn pool(url: &str, connections: u32) -> anyhow::Result<PgPool> {
    let options = PgPoolOptions::new().max_connections(connections).min_connections(connections);
    Ok(options.test_before_acquire(false).connect(url).await?)
}

/// The newest of Debian's versions.
fn binaries() -> anyhow::Result<PathBuf> {
    let version = |path: &Path| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let versions = fs::read_dir("/usr/lib/postgresql").context("Postgres is not installed (apt: postgresql)")?;
    let newest = versions.flatten().map(|entry| entry.path()).max_by_key(|path| version(path));
    match newest.map(|path| path.join("bin")) {
        Some(path) if path.join("initdb").is_file() => Ok(path),
        _ => bail!("Postgres has no initdb (apt: postgresql)"),
    }
}
