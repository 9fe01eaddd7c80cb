-- Outputs of unfinished tasks that wait in a process's spill folder while the store is away, and the finished
-- copies beside them (artifact is set). until_ms is how long that folder is waited for.
CREATE TABLE spill (
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    position BIGINT NOT NULL,
    holder TEXT NOT NULL,
    until_ms BIGINT NOT NULL,
    artifact TEXT,
    PRIMARY KEY (task_id, position)
);
