-- What the sweep reads by time: tasks past their deadline, in the only two states that it ends by it
-- (the index over all unfinished ones goes), and errands that nobody has answered yet.
DROP INDEX task_deadline;
CREATE INDEX task_overdue ON task (deadline_ms, id) WHERE state IN ('queued', 'running');
CREATE INDEX errand_open ON errand (created_ms, task_id) WHERE ended_ms IS NULL;
