//! A world for one test: its own database, and tasks from a small mould.

use ledger::{AttemptNote, Change, Keyring, Ledger, NewEvent, NewToken, Opening, Options};
use sqlx::{AnyConnection, Connection as _, Executor as _};
use std::io::Write as _;
use std::sync::Arc;
use task::clock::SeededEntropy;
use task::spec::{Kind, Spec};
use task::task::Details;
use task::{
    Artifact, AttemptId, ClientId, Failure, FailureKind, NewCallback, Operation, Output, Phase, Role, Shown, Source,
    State, Step, Task, TaskId, Token, TokenId,
};

/// When every test begins, ms.
pub const NOW: i64 = 1_790_000_000_000;

pub struct World {
    pub url: String,
    pub ledger: Ledger,
    pub entropy: Arc<SeededEntropy>,
    folder: tempfile::TempDir,
    server: Option<(String, String)>,
}

async fn open(url: &str, entropy: &Arc<SeededEntropy>) -> Ledger {
    let options = Options {
        url: url.to_owned(),
        keyring: Keyring::from_bytes([9; 32]),
        entropy: entropy.clone(),
        max_connections: 6,
    };
    Ledger::open(options).await.expect("the database is there")
}

impl World {
    /// A file of its own.
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let url = format!("sqlite:{}", folder.path().join("ledger.db").display());
        Self::begin(url, folder, None).await
    }

    /// A database of its own, if there is a server.
    pub async fn postgres() -> Option<Self> {
        let Ok(server) = std::env::var("BACKLOT_TEST_POSTGRES") else {
            let required = std::env::var("BACKLOT_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1");
            assert!(!required, "BACKLOT_TEST_REQUIRE_ALL=1, but BACKLOT_TEST_POSTGRES names no server");
            let mut stderr = std::io::stderr();
            writeln!(stderr, "skipped on Postgres: BACKLOT_TEST_POSTGRES is not set").expect("stderr is open");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("l").tempdir().expect("a temporary folder can be made");
        let suffix = folder.path().file_name().expect("it has a name").to_string_lossy().to_lowercase();
        // Two folder names may differ only in case, which a database's name here can't.
        let name = format!("ledger_{suffix}_{}", std::process::id());
        on_server(&server, &format!("CREATE DATABASE {name}")).await;
        let (head, query) = server.split_once('?').map_or((server.as_str(), None), |(head, q)| (head, Some(q)));
        let base = head.rsplit_once('/').map_or(head, |(base, _)| base);
        let url = format!("{base}/{name}{}", query.map(|q| format!("?{q}")).unwrap_or_default());
        Some(Self::begin(url, folder, Some((server, name))).await)
    }

    async fn begin(url: String, folder: tempfile::TempDir, server: Option<(String, String)>) -> Self {
        // For what these tests do behind the ledger's back.
        sqlx::any::install_default_drivers();
        let entropy = Arc::new(SeededEntropy::new(11));
        let ledger = open(&url, &entropy).await;
        ledger.migrate().await.expect("an empty database can be migrated");
        Self { url, ledger, entropy, folder, server }
    }

    pub async fn end(self) {
        self.ledger.close().await;
        if let Some((server, name)) = &self.server {
            on_server(server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }

    pub fn is_postgres(&self) -> bool {
        self.server.is_some()
    }

    /// Another process's ledger on the same database.
    pub async fn second(&self) -> Ledger {
        open(&self.url, &Arc::new(SeededEntropy::new(99))).await
    }

    /// Everything that is stored, as bytes: SQLite's files, or every row of the tables with secrets.
    pub async fn raw(&self) -> Vec<u8> {
        if self.is_postgres() {
            let mut connection = AnyConnection::connect(&self.url).await.expect("the database is there");
            let sql = "SELECT CAST(c.* AS TEXT) FROM channel c UNION ALL SELECT CAST(t.* AS TEXT) FROM token t";
            let rows: Vec<(String,)> = sqlx::query_as(sql).fetch_all(&mut connection).await.expect("tables exist");
            return rows.into_iter().flat_map(|(row,)| row.into_bytes()).collect();
        }
        let files = std::fs::read_dir(self.folder.path()).expect("the folder is there");
        files.flat_map(|file| std::fs::read(file.expect("it can be listed").path()).expect("it can be read")).collect()
    }

    /// Runs SQL behind the ledger's back.
    pub async fn sql(&self, sql: &'static str) {
        let mut connection = AnyConnection::connect(&self.url).await.expect("the database is there");
        connection.execute(sqlx::raw_sql(sql)).await.expect("the statement is right");
    }

    /// Locks a task's row, on Postgres, until what it gives is dropped.
    pub async fn hold(&self, id: TaskId) -> AnyConnection {
        let mut connection = AnyConnection::connect(&self.url).await.expect("the database is there");
        connection.execute(sqlx::raw_sql("BEGIN")).await.expect("a transaction can begin");
        let held = sqlx::query("SELECT id FROM task WHERE id = $1 FOR UPDATE").bind(id.to_string());
        held.fetch_one(&mut connection).await.expect("the task is there");
        connection
    }

    /// Resolves when a session of this database waits for a lock.
    pub async fn until_somebody_waits(&self) {
        let mut connection = AnyConnection::connect(&self.url).await.expect("the database is there");
        let sql =
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        loop {
            let (waiting,): (i64,) = sqlx::query_as(sql).fetch_one(&mut connection).await.expect("it can be asked");
            if waiting > 0 {
                return;
            }
        }
    }

    pub async fn token(&self, granted: Option<i64>) -> Token {
        let id = TokenId::new(NOW, self.entropy.as_ref());
        let new = NewToken {
            name: "a caller".into(),
            key_hash: format!("{id:0>64}"),
            masked: "sk-ab…wxyz".into(),
            unlimited: granted.is_none(),
            granted: granted.unwrap_or(0),
            expires_ms: None,
        };
        self.ledger.create_token(new, NOW).await.expect("a token can be made")
    }

    pub async fn token_now(&self, id: TokenId) -> Token {
        let tokens = self.ledger.tokens().await.expect("tokens can be listed");
        tokens.into_iter().find(|token| token.id == id).expect("it was made")
    }

    pub fn task_id(&self) -> TaskId {
        TaskId::new(NOW, self.entropy.as_ref())
    }

    pub fn task(&self, token: TokenId) -> Task {
        Task {
            id: self.task_id(),
            version: 1,
            token,
            family: "midjourney".into(),
            action: "IMAGINE".into(),
            model: "mj_imagine".into(),
            spec: Spec { prompt: "a lighthouse".into(), ..Spec::new(Kind::Image) },
            state: State::Queued,
            shown: Shown::Queued,
            phase: Phase::Waiting,
            progress: 0,
            channel: "one".into(),
            upstream_model: "mj_imagine".into(),
            attempt: None,
            attempts: 0,
            client: None,
            operation: None,
            details: Details::default(),
            outputs: vec![],
            artifacts: vec![],
            failure: None,
            warnings: vec![],
            child: None,
            retry_of: None,
            callback_url: None,
            external_id: None,
            due_ms: None,
            lease_until_ms: None,
            deadline_ms: NOW + 3_600_000,
            missing_ms: None,
            created_ms: NOW,
            started_ms: None,
            finished_ms: None,
            answered_ms: None,
            shown_ms: NOW,
            updated_ms: NOW,
            reserved: 0,
            charged: 0,
            hidden: false,
            trace: None,
        }
    }

    /// Opens a task of an unlimited token; gives it as it is stored.
    pub async fn opened(&self) -> Task {
        let token = self.token(None).await;
        let task = self.task(token.id);
        self.ledger.open_task(opening(task.clone())).await.expect("it can be opened");
        task
    }

    /// Takes a stored task one step on; gives it as it is stored then.
    pub async fn step(&self, task: &Task, step: Step, now_ms: i64) -> Task {
        let change = self.change(task, step, now_ms);
        let after = change.after.clone();
        self.ledger.commit(vec![change]).await.expect("nobody else changes it");
        after
    }

    pub fn change(&self, task: &Task, step: Step, now_ms: i64) -> Change {
        let event = NewEvent { step: step.name(), note: serde_json::json!({ "why": "test" }) };
        let after = task.after(step, now_ms).expect("the step is allowed");
        Change { before: task.clone(), after, event, attempt: None, callback: None }
    }

    /// The change that takes a lease, with its attempt.
    pub fn lease(&self, task: &Task, now_ms: i64) -> Change {
        let attempt = AttemptId::new(now_ms, self.entropy.as_ref());
        let client = ClientId::new(now_ms, self.entropy.as_ref());
        let step = Step::TakeLease { attempt, client, lease_until_ms: now_ms + 60_000 };
        let mut change = self.change(task, step, now_ms);
        change.attempt = Some(AttemptNote::Begin {
            attempt,
            client,
            channel: task.channel.clone(),
            upstream_model: task.upstream_model.clone(),
        });
        change
    }

    /// Opens a task and takes it to `running` with operation `operation`.
    pub async fn running(&self, operation: &str) -> Task {
        let task = self.opened().await;
        let lease = self.lease(&task, NOW + 1);
        let leased = lease.after.clone();
        self.ledger.commit(vec![lease]).await.expect("nobody else changes it");
        let operation = Operation { id: operation.into(), memo: serde_json::json!({ "n": 1 }) };
        self.step(&leased, Step::Accept { operation, warnings: vec!["fitted".into()] }, NOW + 2).await
    }

    pub async fn read(&self, id: TaskId) -> Task {
        self.ledger.task(id).await.expect("it can be read").expect("it is there")
    }
}

async fn on_server(server: &str, sql: &str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(server).await.expect("BACKLOT_TEST_POSTGRES answers");
    connection.execute(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))).await.expect("databases may be created there");
}

pub fn opening(task: Task) -> Opening {
    Opening { task: Box::new(task), callback: None, idempotency: None, only_child_of: None, reserve: 0 }
}

pub fn callback(word: &str, terminal: bool) -> NewCallback {
    NewCallback {
        url: "https://caller.example/hook".into(),
        host: "caller.example".into(),
        word: word.into(),
        body: format!("{{\"status\":\"{word}\"}}").into_bytes(),
        terminal,
    }
}

pub fn failure() -> Failure {
    Failure::never(FailureKind::Upstream, "it did not work", "the vendor said 17")
}

pub fn artifact(task: TaskId, position: i64) -> Artifact {
    Artifact {
        position,
        role: Role::Image,
        piece: 0,
        key: format!("task-artifacts/2026/09/21/midjourney/imagine/{task}-{position}.png"),
        content_type: "image/png".into(),
        bytes: 12_345,
        sha256: "ab".repeat(32),
        width: Some(1024),
        height: None,
        duration_ms: Some(5000),
        late: false,
    }
}

pub fn output() -> Output {
    Output::new(Role::Image, Source::Url("https://vendor.example/1.png".into()))
}
