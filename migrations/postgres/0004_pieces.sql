-- Which of several results an artifact belongs to; the clips that callers may go on from, by the vendor's
-- id for them; and tasks by their caller's own id.
ALTER TABLE artifact ADD COLUMN piece BIGINT NOT NULL DEFAULT 0;
CREATE TABLE clip (
    token_id TEXT COLLATE "C" NOT NULL,
    clip_id TEXT COLLATE "C" NOT NULL,
    task_id TEXT COLLATE "C" NOT NULL REFERENCES task (id) ON DELETE CASCADE,
    PRIMARY KEY (token_id, clip_id, task_id)
);
CREATE INDEX clip_task ON clip (task_id);
CREATE INDEX task_external ON task (token_id, external_id, id) WHERE external_id IS NOT NULL;
