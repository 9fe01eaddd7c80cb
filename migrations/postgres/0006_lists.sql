-- Hardly any task is another's answer, so that the index for these need not hold a null for every other
-- one. And a caller's list of one family: its pages, and how many there are, from the index alone. The
-- strictest lock comes first: one that grows could wait for somebody who waits for it.
ALTER TABLE task DROP CONSTRAINT task_modal_of_key;
CREATE UNIQUE INDEX task_modal_of ON task (modal_of) WHERE modal_of IS NOT NULL;
CREATE INDEX task_family ON task (token_id, family, id) WHERE hidden = 0;
