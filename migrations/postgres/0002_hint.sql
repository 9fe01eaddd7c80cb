-- Operations that upstreams' callbacks named for tasks in doubt; the newest one for each task.
CREATE TABLE hint (
    task_id TEXT COLLATE "C" PRIMARY KEY REFERENCES task (id) ON DELETE CASCADE,
    operation_id TEXT NOT NULL
);
