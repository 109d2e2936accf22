-- forbid: RENAME
-- base
CREATE TABLE t (id int);
-- old
ALTER TABLE t ADD COLUMN theirs text;
-- new
ALTER TABLE t ADD COLUMN ours timestamptz;
