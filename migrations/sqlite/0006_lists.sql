-- A caller's list of one family: its pages, and how many there are, from the index alone. The index of
-- `modal_of` stays as it is: here it belongs to the table's own text, and one writer has no use for less.
CREATE INDEX task_family ON task (token_id, family, id) WHERE hidden = 0;
