-- The ledger. Only TEXT, BIGINT and BYTEA: times are milliseconds since the epoch, flags 0 or 1, ids
-- and JSON text. COLLATE "C" orders ids by byte, as their births do. The SQLite folder holds the same
-- tables; tests/it/tidy.rs compares the two.

-- Callers' keys, only as hashes. reserved + settled + what is left = granted.
CREATE TABLE token (
    id TEXT COLLATE "C" PRIMARY KEY,
    name TEXT NOT NULL,
    key_hash TEXT NOT NULL UNIQUE,
    masked TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    expires_ms BIGINT,
    unlimited BIGINT NOT NULL,
    granted BIGINT NOT NULL,
    reserved BIGINT NOT NULL CHECK (reserved >= 0),
    settled BIGINT NOT NULL CHECK (settled >= 0),
    created_ms BIGINT NOT NULL
) WITH (fillfactor = 50);

-- One row a task. progress, missing_ms, seed and hidden are side columns: they change without a version.
-- wake_ms is when the ledger wants the task looked at: lease_until_ms, else due_ms, else (queued) created_ms.
CREATE TABLE task (
    id TEXT COLLATE "C" PRIMARY KEY,
    version BIGINT NOT NULL,
    token_id TEXT COLLATE "C" NOT NULL,
    family TEXT NOT NULL,
    action TEXT NOT NULL,
    model TEXT NOT NULL,
    spec TEXT NOT NULL,
    state TEXT NOT NULL,
    shown TEXT NOT NULL,
    phase TEXT NOT NULL,
    progress BIGINT NOT NULL,
    channel TEXT NOT NULL,
    upstream_model TEXT NOT NULL,
    attempt_id TEXT,
    attempts BIGINT NOT NULL,
    client_id TEXT,
    operation TEXT,
    operation_id TEXT,
    details TEXT NOT NULL,
    outputs TEXT NOT NULL,
    failure TEXT,
    warnings TEXT NOT NULL,
    child_id TEXT COLLATE "C",
    retry_of TEXT COLLATE "C",
    modal_of TEXT COLLATE "C" UNIQUE,
    callback_url TEXT,
    external_id TEXT,
    due_ms BIGINT,
    lease_until_ms BIGINT,
    wake_ms BIGINT,
    deadline_ms BIGINT NOT NULL,
    missing_ms BIGINT,
    created_ms BIGINT NOT NULL,
    started_ms BIGINT,
    finished_ms BIGINT,
    answered_ms BIGINT,
    shown_ms BIGINT NOT NULL,
    updated_ms BIGINT NOT NULL,
    reserved BIGINT NOT NULL CHECK (reserved >= 0),
    charged BIGINT NOT NULL CHECK (charged >= 0),
    hidden BIGINT NOT NULL,
    trace TEXT,
    seed TEXT
) WITH (fillfactor = 80);
CREATE INDEX task_token ON task (token_id, id);
CREATE INDEX task_unfinished ON task (state, id, channel) WHERE finished_ms IS NULL;
CREATE INDEX task_wake ON task (state, wake_ms, id) WHERE finished_ms IS NULL;
CREATE INDEX task_deadline ON task (deadline_ms) WHERE finished_ms IS NULL;
CREATE INDEX task_operation ON task (channel, operation_id) WHERE operation_id IS NOT NULL;
CREATE INDEX task_client ON task (client_id) WHERE client_id IS NOT NULL;
CREATE INDEX task_finished ON task (finished_ms) WHERE finished_ms IS NOT NULL;

-- What happened. part 0 is the change that made the version; later parts are notes that made none.
CREATE TABLE event (
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    part BIGINT NOT NULL,
    state TEXT NOT NULL,
    step TEXT NOT NULL,
    note TEXT NOT NULL,
    at_ms BIGINT NOT NULL,
    PRIMARY KEY (task_id, version, part)
);
CREATE INDEX event_at ON event (at_ms);

-- Paid requests, one row each.
CREATE TABLE attempt (
    id TEXT COLLATE "C" PRIMARY KEY,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    channel TEXT NOT NULL,
    upstream_model TEXT NOT NULL,
    begun_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    outcome TEXT,
    note TEXT
);
CREATE INDEX attempt_task ON attempt (task_id, id);
CREATE INDEX attempt_begun ON attempt (begun_ms);

-- Outputs in the store.
CREATE TABLE artifact (
    store_key TEXT COLLATE "C" PRIMARY KEY,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    role TEXT NOT NULL,
    content_type TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    width BIGINT,
    height BIGINT,
    duration_ms BIGINT,
    late BIGINT NOT NULL,
    stored_ms BIGINT NOT NULL
);
CREATE INDEX artifact_task ON artifact (task_id, late, position);
CREATE INDEX artifact_stored ON artifact (stored_ms);

-- Callbacks in the order of their task's versions.
CREATE TABLE callback (
    id TEXT COLLATE "C" PRIMARY KEY,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    seq BIGINT NOT NULL,
    url TEXT NOT NULL,
    host TEXT NOT NULL,
    word TEXT NOT NULL,
    body BYTEA NOT NULL,
    terminal BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    due_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    last TEXT,
    UNIQUE (task_id, seq)
);
CREATE INDEX callback_due ON callback (due_ms, task_id) WHERE state = 'pending';
CREATE INDEX callback_ended ON callback (ended_ms) WHERE ended_ms IS NOT NULL;

-- Answers to be given again to the same request.
CREATE TABLE idempotency (
    token_id TEXT COLLATE "C" NOT NULL,
    scope TEXT COLLATE "C" NOT NULL,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    body_hash TEXT NOT NULL,
    status BIGINT NOT NULL,
    answer BYTEA NOT NULL,
    expires_ms BIGINT NOT NULL,
    created_ms BIGINT NOT NULL,
    PRIMARY KEY (token_id, scope)
);
CREATE INDEX idempotency_expires ON idempotency (expires_ms);
CREATE INDEX idempotency_task ON idempotency (task_id);

-- Questions asked upstream on a caller's behalf.
CREATE TABLE errand (
    id TEXT COLLATE "C" PRIMARY KEY,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    result TEXT
);
CREATE INDEX errand_task ON errand (task_id, id);

-- Operations that turned up after their task had ended, to be watched until they end.
CREATE TABLE orphan (
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    operation_id TEXT NOT NULL,
    operation TEXT NOT NULL,
    attempt_id TEXT,
    channel TEXT NOT NULL,
    created_ms BIGINT NOT NULL,
    ended_ms BIGINT,
    PRIMARY KEY (task_id, operation_id)
);
CREATE INDEX orphan_open ON orphan (created_ms, task_id) WHERE ended_ms IS NULL;

-- Configured accounts. api_key and hook_secret are sealed.
CREATE TABLE channel (
    name TEXT COLLATE "C" PRIMARY KEY,
    dialect TEXT NOT NULL,
    base_url TEXT NOT NULL,
    api_key TEXT NOT NULL,
    hook_secret TEXT NOT NULL,
    models TEXT NOT NULL,
    weight BIGINT NOT NULL,
    priority BIGINT NOT NULL,
    slots BIGINT NOT NULL,
    rate_per_min BIGINT NOT NULL,
    burst BIGINT NOT NULL,
    uncertain TEXT NOT NULL,
    options TEXT NOT NULL,
    paused BIGINT NOT NULL,
    removed BIGINT NOT NULL,
    created_ms BIGINT NOT NULL
);

-- Counters that tell other processes to read again.
CREATE TABLE counter (
    name TEXT COLLATE "C" PRIMARY KEY,
    value BIGINT NOT NULL
);

-- Who does a job that one process at a time may do.
CREATE TABLE lease (
    name TEXT COLLATE "C" PRIMARY KEY,
    holder TEXT NOT NULL,
    until_ms BIGINT NOT NULL
);
